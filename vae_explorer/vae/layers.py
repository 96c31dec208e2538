"""The networks as lists of layers, which PyTorch builds and the browser runs without PyTorch.

A layer has the same index in its list and in the `nn.Sequential` that `model.build` makes of it,
so that `decoder.layers.2.weight` belongs to `decoder_layers(config)[2]`. Shapes are PyTorch's,
channels first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from vae_explorer.vae.config import ACTIVATIONS, ModelConfig
from vae_explorer.vae.kernels import Kernel, fitted_kernels, padding

__all__ = [
    "LAYER_ACTIVATIONS",
    "LEAKY_SLOPE",
    "Activation",
    "BatchNorm",
    "Conv",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "LogScaleToLogVar",
    "Unflatten",
    "decoder_layers",
    "encoder_layers",
    "output_shape",
    "weight_shapes",
]

# A config chooses one of `ACTIVATIONS`; the others have fixed places.
LAYER_ACTIVATIONS = (*ACTIVATIONS, "leaky_relu", "sigmoid", "clamp")
LEAKY_SLOPE = 0.2
# Values that a layer makes of one image, and weights of a model: what memory has room for.
MAX_OUTPUT, MAX_WEIGHTS = 2**23, 2**28


class Dense(NamedTuple):
    """x @ W.T + b: (B, inputs) to (B, outputs)."""

    inputs: int
    outputs: int


class Conv(NamedTuple):
    """A square convolution, zero-padded: (B, inputs, H, W) to (B, outputs, H', W')."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int


class ConvTranspose(NamedTuple):
    """The transpose of `Conv`: H' = (H - 1) * stride - 2 * padding + kernel."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int


class BatchNorm(NamedTuple):
    """Each channel to mean 0 and variance 1 (Ioffe & Szegedy 2015), then scaled and shifted."""

    channels: int


class Activation(NamedTuple):
    """A function of each value: one of `LAYER_ACTIVATIONS`; `clamp` is to [0, 1]."""

    name: str


class Dropout(NamedTuple):
    """Values dropped in training, with probability `rate`."""

    rate: float


class Flatten(NamedTuple):
    """(B, C, H, W) to (B, C * H * W)."""


class Unflatten(NamedTuple):
    """(B, C * H * W) to (B, C, H, W) with `shape` (C, H, W)."""

    shape: tuple[int, int, int]


class LogScaleToLogVar(NamedTuple):
    """(B, 2 * D): the second half doubled, from the logarithm of a scale to that of a variance."""


Layer = (
    Dense
    | Conv
    | ConvTranspose
    | BatchNorm
    | Activation
    | Dropout
    | Flatten
    | Unflatten
    | LogScaleToLogVar
)


def encoder_layers(config: ModelConfig) -> list[Layer]:
    """List the encoder's layers: flat pixels (B, C * H * W) to mean and logvar (B, 2 * D)."""
    codes = 2 * config.latent_dim
    if config.family == "mlp":
        widths = [math.prod(config.image_shape), *config.hidden, codes]
        layers = _perceptron(widths, config.activation, config.dropout)
    else:
        channels, side, _ = config.image_shape
        widths = [channels, *config.hidden, codes]
        kernels = config.kernels or fitted_kernels(side, len(widths) - 1)
        convolutions = _convolutions(Conv, widths, kernels, "leaky_relu", config.dropout)
        layers = [Unflatten(config.image_shape), *convolutions, Flatten()]
    return layers + [LogScaleToLogVar()] * (config.posterior == "logscale")


def decoder_layers(config: ModelConfig) -> list[Layer]:
    """List the decoder's layers: codes (B, D) to flat likelihood parameters (B, C * H * W)."""
    if config.family == "mlp":
        widths = [config.latent_dim, *config.decoder_widths, math.prod(config.image_shape)]
        return _perceptron(widths, config.activation)
    channels, side, _ = config.image_shape
    widths = [config.latent_dim, *config.decoder_widths, channels]
    kernels = config.decoder_kernels or fitted_kernels(side, len(widths) - 1)[::-1]
    convolutions = _convolutions(ConvTranspose, widths, kernels, config.activation)
    return [Unflatten((config.latent_dim, 1, 1)), *convolutions, Flatten()]


def output_shape(layer: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of one example, (C, H, W) or (D,), that a layer makes of `shape`.

    Raises:
        ValueError: for a shape that the layer does not take.
    """
    after: tuple[int, ...] | None = None
    match layer:
        case Dense(inputs, outputs) if shape == (inputs,):
            after = (outputs,)
        case Conv(inputs, outputs, kernel, stride, padding) if _is_image(shape, inputs):
            after = (outputs, *((n + 2 * padding - kernel) // stride + 1 for n in shape[1:]))
        case ConvTranspose(inputs, outputs, kernel, stride, padding) if _is_image(shape, inputs):
            after = (outputs, *((n - 1) * stride - 2 * padding + kernel for n in shape[1:]))
        case BatchNorm(channels) if shape[0] == channels:
            after = shape
        case Unflatten(image) if shape in ((math.prod(image),), image):
            after = image
        case Flatten():
            after = (math.prod(shape),)
        case LogScaleToLogVar() if len(shape) == 1 and shape[0] % 2 == 0:
            after = shape
        case Activation() | Dropout():
            after = shape
    if after is None or min(after) < 1:
        raise ValueError(f"found an input of shape {shape}, expected one that fits {layer!r}")
    return after


def weight_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of a model, by the name that PyTorch gives it.

    Raises:
        ValueError: for a model that memory has no room for.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    pixels = (math.prod(config.image_shape),)
    parts = {"encoder": (encoder_layers(config), pixels)}
    parts |= {"decoder": (decoder_layers(config), (config.latent_dim,))}
    for part, (layers, shape) in parts.items():
        for index, layer in enumerate(layers):
            shape = output_shape(layer, shape)  # noqa: PLW2901
            if math.prod(shape) > MAX_OUTPUT:
                raise ValueError(
                    f"{part}.layers.{index}: found an output of shape {shape}, expected at most "
                    f"{MAX_OUTPUT:,} values"
                )
            found = _weights(layer).items()
            shapes |= {f"{part}.layers.{index}.{name}": weight for name, weight in found}
    if (count := sum(map(math.prod, shapes.values()))) > MAX_WEIGHTS:
        raise ValueError(f"model: found {count:,} weights, expected at most {MAX_WEIGHTS:,}")
    return shapes


def _weights(layer: Layer) -> dict[str, tuple[int, ...]]:
    match layer:
        case Dense(inputs, outputs):
            return {"weight": (outputs, inputs), "bias": (outputs,)}
        case Conv(inputs, outputs, kernel):
            return {"weight": (outputs, inputs, kernel, kernel), "bias": (outputs,)}
        case ConvTranspose(inputs, outputs, kernel):
            return {"weight": (inputs, outputs, kernel, kernel), "bias": (outputs,)}
        case BatchNorm(channels):
            names = ("weight", "bias", "running_mean", "running_var")
            return dict.fromkeys(names, (channels,)) | {"num_batches_tracked": ()}
    return {}


def _is_image(shape: tuple[int, ...], channels: int) -> bool:
    return len(shape) == 3 and shape[0] == channels


def _perceptron(widths: list[int], activation: str, dropout: float = 0.0) -> list[Layer]:
    """Dense layers through `widths`, with an activation (and dropout) between any two."""
    layers: list[Layer] = []
    for inputs, outputs in itertools.pairwise(widths):
        if layers:
            layers.append(Activation(activation))
            if dropout:
                layers.append(Dropout(dropout))
        layers.append(Dense(inputs, outputs))
    return layers


def _convolutions(
    kind: type[Conv | ConvTranspose],
    channels: list[int],
    kernels: Sequence[Kernel],
    activation: str,
    dropout: float = 0.0,
) -> list[Layer]:
    """The same for convolutions through `channels`, batch-normalised before the activation."""
    layers: list[Layer] = []
    for inputs, outputs, kernel in zip(channels[:-1], channels[1:], kernels, strict=True):
        if layers:
            layers += [BatchNorm(inputs), Activation(activation)]
            if dropout:
                layers.append(Dropout(dropout))
        layers.append(kind(inputs, outputs, *kernel[:2], padding(kernel)))
    return layers
