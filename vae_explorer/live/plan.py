"""A network as a short list of matrix products, which the page runs itself.

`plan_of` turns a list of layers and their weights into a `Plan`. A plan is channels-last
throughout: a picture is (H, W, C), and every weight is a matrix whose columns are the outputs, so
that each step is rows @ matrix + bias. Batch normalisation, dropout and the order of channels are
settled when the plan is made. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from vae_explorer.live.folding import Product, fold
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.layers import Activation, Layer, decoder_layers, encoder_layers

__all__ = ["Plan", "Step", "decoder_plan", "encoder_plan", "plan_of"]


class Step(NamedTuple):
    """One product, its bias and the activation after it.

    Attributes:
        kind: `dense`, `conv` or `conv_transpose`.
        inputs, outputs: channels; for a dense step, values.
        kernel, stride, padding: of the kernel, as in PyTorch; 1, 1 and 0 for a dense step.
        height, width: of the input; 1 and 1 for a dense step.
        activation: a name from `layers.LAYER_ACTIVATIONS`, or `none`.
        weight: where in `Plan.weights` the matrix begins: dense (inputs, outputs), conv
            (kernel * kernel * inputs, outputs) with rows in the order (ky, kx, input),
            conv_transpose (inputs, kernel * kernel * outputs) with columns (ky, kx, output).
        bias: where the bias begins, (outputs,).
    """

    kind: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int
    height: int
    width: int
    activation: str
    weight: int
    bias: int


@dataclass(frozen=True, eq=False)
class Plan:
    """A network ready to run.

    Attributes:
        input_shape, output_shape: of one example, (H, W, C) or (D,).
        steps: in their order.
        weights: all matrices and biases, float16 or float32, 1-D.
        macs: multiply-adds an example.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    steps: tuple[Step, ...]
    weights: np.ndarray
    macs: int

    def header(self) -> dict[str, Any]:
        """Return all but the weights as plain JSON values; `dtype` is that of the weights."""
        return {
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
            "steps": [step._asdict() for step in self.steps],
            "macs": self.macs,
            "dtype": self.weights.dtype.name,
        }


def encoder_plan(
    config: ModelConfig, weights: Mapping[str, np.ndarray], dtype: object = np.float32
) -> Plan:
    """Plan the encoder: a picture (H, W, C) in [0, 1] to mean and logvar in one row, (2 * D,)."""
    layers = encoder_layers(config)
    return plan_of(layers, weights, "encoder.layers.", config.image_shape, dtype=dtype)


def decoder_plan(
    config: ModelConfig, weights: Mapping[str, np.ndarray], dtype: object = np.float32
) -> Plan:
    """Plan the decoder: a code (D,) to the mean picture (H, W, C) in [0, 1]."""
    final = Activation("sigmoid" if config.likelihood == "bernoulli" else "clamp")
    layers = [*decoder_layers(config), final]
    shape = (config.latent_dim,)
    return plan_of(layers, weights, "decoder.layers.", shape, config.image_shape, dtype=dtype)


def plan_of(
    layers: Sequence[Layer],
    weights: Mapping[str, np.ndarray],
    prefix: str,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...] | None = None,
    *,
    dtype: object = np.float32,
) -> Plan:
    """Plan a list of layers, as it runs in evaluation mode.

    Args:
        layers: in their order; a Dense that comes first takes a picture as it is, flattened.
        weights: by their names in the module `model.build` makes: f"{prefix}{index}.weight".
        prefix: of those names, with its last point.
        input_shape: of one example in PyTorch's order, (C, H, W) or (D,).
        output_shape: (C, H, W) of the picture that a flat output is; None leaves it as it is.
        dtype: of the plan's weights, float16 or float32.

    Raises:
        ValueError: for weights that are missing, not finite or of another shape (it names the
            tensor), and for layers that do not fit each other or cannot be folded.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float16, np.float32):
        raise ValueError(f"dtype: found {dtype}, expected float16 or float32")
    folded = fold(layers, weights, prefix, tuple(input_shape), output_shape)
    steps, parts, offset = [], [], 0
    for product in folded.products:
        bias = offset + product.weight.size
        steps.append(_step(product, offset, bias))
        parts += [_cast(product, "weight", dtype), _cast(product, "bias", dtype)]
        offset = bias + product.bias.size
    return Plan(
        input_shape=_channels_last(tuple(input_shape)),
        output_shape=_channels_last(folded.output_shape),
        steps=tuple(steps),
        weights=np.concatenate(parts),
        macs=sum(_macs(step) for step in steps),
    )


def _step(product: Product, weight: int, bias: int) -> Step:
    layer = product.layer
    kernel = layer[2:] if product.kind != "dense" else (1, 1, 0)
    return Step(
        product.kind,
        layer.inputs,
        layer.outputs,
        *kernel,
        product.height,
        product.width,
        product.activation,
        weight,
        bias,
    )


def _cast(product: Product, name: str, dtype: np.dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = getattr(product, name).astype(dtype).ravel()
    if not np.isfinite(values).all():
        raise ValueError(
            f"{product.name}.{name}: found values beyond {dtype}, expected at most "
            f"{np.finfo(dtype).max:g}; make the plan in float32"
        )
    return values


def _channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if len(shape) == 1 else (*shape[1:], shape[0])


def _macs(step: Step) -> int:
    positions = step.height * step.width
    if step.kind == "conv":
        positions = math.prod(
            (size + 2 * step.padding - step.kernel) // step.stride + 1
            for size in (step.height, step.width)
        )
    return positions * step.kernel**2 * step.inputs * step.outputs
