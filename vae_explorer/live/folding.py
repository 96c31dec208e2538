"""Layers and their weights folded into products, of which `plan.plan_of` makes a plan.

Tensors are channels-last here, (H, W, C), and PyTorch's flat tensors are channels-first. So a
flat tensor comes with its `order`: the place in PyTorch's tensor of each value in ours. It ends
in the rows or columns of a dense layer's matrix.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from vae_explorer.vae.layers import (
    LAYER_ACTIVATIONS,
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LogScaleToLogVar,
    Unflatten,
    output_shape,
)

__all__ = ["Folded", "Product", "fold"]

_EPSILON = 1e-5  # PyTorch's in batch normalisation


@dataclass
class Product:
    """A dense layer or a convolution, with what was folded into it.

    Attributes:
        name: of the layer, as its weights have it.
        kind: as in `plan.Step`.
        layer: as it was given.
        height, width: of the input; 1 and 1 for a dense layer.
        weight: (..., outputs), float64; see `plan.Step` for the axes before.
        bias: (outputs,), float64.
        activation: the name of the one that follows.
    """

    name: str
    kind: str
    layer: Dense | Conv | ConvTranspose
    height: int
    width: int
    weight: np.ndarray
    bias: np.ndarray
    activation: str = "none"


class Folded(NamedTuple):
    """The products in their order, and the output's shape in PyTorch's order."""

    products: list[Product]
    output_shape: tuple[int, ...]


def fold(
    layers: Sequence[Layer],
    weights: Mapping[str, np.ndarray],
    prefix: str,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...] | None,
) -> Folded:
    """Fold a list of layers; arguments and errors are those of `plan.plan_of`."""
    folding = _Folding(weights, input_shape)
    for index, layer in enumerate(layers):
        folding.add(f"{prefix}{index}", layer)
    return folding.finish(output_shape)


class _Folding:
    def __init__(self, weights: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> None:
        self.weights = weights
        self.shape = shape
        self.order = np.arange(math.prod(shape))
        self.products: list[Product] = []
        self.after_product = False

    def add(self, name: str, layer: Layer) -> None:
        match layer:
            case Dense():
                self._dense(name, layer)
            case Conv() | ConvTranspose():
                self._convolution(name, layer)
            case BatchNorm(channels):
                self._normalise(name, channels)
            case Activation(activation):
                self._activate(name, activation)
            case Flatten():
                self._flatten()
            case Unflatten(shape):
                self._unflatten(name, shape)
            case LogScaleToLogVar():
                self._double_second_half(name)
            case Dropout():
                return  # passes everything on in evaluation mode
            case _:
                raise ValueError(f"{name}: found {layer!r}, expected one of layers.Layer")
        self.after_product = isinstance(layer, Dense | Conv | ConvTranspose)

    def finish(self, shape: tuple[int, ...] | None) -> Folded:
        if not self.products:
            raise ValueError("layers: found no dense layer or convolution, expected at least one")
        if shape is not None and tuple(shape) != self.shape:
            self._unflatten("output_shape", tuple(shape))
        elif len(self.shape) == 1:
            self._arrange("the output", np.arange(len(self.order)))
        return Folded(self.products, self.shape)

    def _dense(self, name: str, layer: Dense) -> None:
        if not self.products:
            self._flatten()
        self._fit(name, layer)
        weight = self._read(f"{name}.weight", (layer.outputs, layer.inputs)).T[self.order]
        bias = self._read(f"{name}.bias", (layer.outputs,))
        self.products.append(Product(name, "dense", layer, 1, 1, weight, bias))
        self.shape, self.order = (layer.outputs,), np.arange(layer.outputs)

    def _convolution(self, name: str, layer: Conv | ConvTranspose) -> None:
        fitting = self._fit(name, layer)
        _, height, width = self.shape
        inputs, outputs, kernel, _, _ = layer
        if isinstance(layer, Conv):
            kind = "conv"
            weight = self._read(f"{name}.weight", (outputs, inputs, kernel, kernel))
            weight = weight.transpose(2, 3, 1, 0)
        else:
            kind = "conv_transpose"
            weight = self._read(f"{name}.weight", (inputs, outputs, kernel, kernel))
            weight = weight.transpose(0, 2, 3, 1)
        bias = self._read(f"{name}.bias", (outputs,))
        self.products.append(Product(name, kind, layer, height, width, weight, bias))
        self.shape = fitting

    def _normalise(self, name: str, channels: int) -> None:
        if not self.after_product:
            raise ValueError(
                f"{name}: found batch normalisation, expected it directly after a dense layer or "
                "a convolution, where it folds into the weights; move it before the activation"
            )
        self._fit(name, BatchNorm(channels))
        mean, variance, weight, bias = (
            self._read(f"{name}.{part}", (channels,))
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        scale = weight / np.sqrt(variance + _EPSILON)
        last = self.products[-1]
        last.weight = last.weight * scale
        last.bias = (last.bias - mean) * scale + bias

    def _activate(self, name: str, activation: str) -> None:
        if activation not in LAYER_ACTIVATIONS:
            raise ValueError(
                f"{name}: found activation {activation!r}, expected one of "
                f"{', '.join(LAYER_ACTIVATIONS)}"
            )
        if not self.products or self.products[-1].activation != "none":
            raise ValueError(
                f"{name}: found activation {activation}, expected a dense layer or a convolution "
                "between it and what comes before"
            )
        self.products[-1].activation = activation

    def _flatten(self) -> None:
        if len(self.shape) == 3:
            self.order = _torch_places(self.shape)
            self.shape = (math.prod(self.shape),)

    def _unflatten(self, name: str, shape: tuple[int, ...]) -> None:
        self._fit(name, Unflatten(shape))
        if self.shape != shape:
            self._arrange(name, _torch_places(shape))
            self.shape = shape

    def _double_second_half(self, name: str) -> None:
        """Double what the second half of the last product's outputs will be."""
        self._fit(name, LogScaleToLogVar())
        last = self.products[-1] if self.products else None
        if last is None or last.activation != "none":
            raise ValueError(
                f"{name}: found a doubling, expected a dense layer or a convolution before it"
            )
        self._arrange(name, np.arange(len(self.order)))
        half = len(last.bias) // 2
        last.weight = np.concatenate([last.weight[..., :half], 2 * last.weight[..., half:]], -1)
        last.bias = np.concatenate([last.bias[:half], 2 * last.bias[half:]])

    def _fit(self, name: str, layer: Layer) -> tuple[int, ...]:
        """Return the shape after `layer`, or name the layer that does not fit."""
        try:
            return output_shape(layer, self.shape)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    def _arrange(self, name: str, order: np.ndarray) -> None:
        """Bring the flat tensor into `order`: an earlier dense layer gives it out that way."""
        if np.array_equal(self.order, order):
            return
        last = self.products[-1] if self.products else None
        if last is None or last.kind != "dense":
            raise ValueError(
                f"{name}: found values in another order of channels, expected a dense layer "
                "between this and the last convolution or the input, to put them in order"
            )
        columns = np.argsort(self.order)[order]
        last.weight, last.bias = last.weight[:, columns], last.bias[columns]
        self.order = order

    def _read(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name not in self.weights:
            raise ValueError(
                f"{name}: found no such tensor, expected one with shape {shape}; these weights "
                "belong to another model"
            )
        values = np.asarray(self.weights[name])
        if values.shape != shape:
            raise ValueError(
                f"{name}: found shape {values.shape}, expected {shape}; these weights belong to "
                "another model"
            )
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name}: found values that are not finite, expected numbers; train again, "
                "with a lower learning rate"
            )
        return values.astype(np.float64)


def _torch_places(shape: tuple[int, ...]) -> np.ndarray:
    """Return the place in a flattened (C, H, W) of each value in the order (H, W, C)."""
    return np.arange(math.prod(shape)).reshape(shape).transpose(1, 2, 0).ravel()
