"""A summary of a model: its layers, their shapes and parameters.

It needs only the config, neither weights nor torch.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.layers import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Dropout,
    Layer,
    decoder_layers,
    encoder_layers,
    output_shape,
)

__all__ = ["Block", "blocks", "network_in_words", "parameter_count"]

_NAMES = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "leaky_relu": "leaky ReLU"}


class Block(NamedTuple):
    """A layer with weights and what is applied to its output.

    Attributes:
        part: `encoder` or `decoder`.
        layer: its name, such as `dense 784 → 400`.
        then: what is applied to its output; for the encoder's last layer, what that is.
        shape: of one example of its output, (C, H, W) or (D,).
        parameters: trained numbers, a following batch normalisation's included.
    """

    part: str
    layer: str
    then: str
    shape: tuple[int, ...]
    parameters: int


def blocks(config: ModelConfig) -> list[Block]:
    """List the blocks of a model, from the image to the code and back."""
    pixels = (math.prod(config.image_shape),)
    encoder = _blocks("encoder", encoder_layers(config), pixels)
    decoder = _blocks("decoder", decoder_layers(config), (config.latent_dim,))
    codes = "mean and log σ" if config.posterior == "logscale" else "mean and log σ²"
    # Both networks end in flat values.
    encoder[-1] = encoder[-1]._replace(then=codes)
    decoder[-1] = decoder[-1]._replace(shape=config.image_shape)
    return encoder + decoder


def parameter_count(config: ModelConfig) -> int:
    """Return how many parameters a model has."""
    return sum(block.parameters for block in blocks(config))


def network_in_words(config: ModelConfig) -> str:
    """Return a model's layers in a line, such as `784-400-2, ReLU`."""
    name = _NAMES.get(config.activation, config.activation)
    widths, back = config.hidden, config.decoder_widths
    if config.family == "mlp":
        there = "-".join(map(str, (math.prod(config.image_shape), *widths, config.latent_dim)))
        decoder = "-".join(map(str, (*back, math.prod(config.image_shape))))
        return there + f"-{decoder}" * (back != widths[::-1]) + f", {name}"
    there = "-".join(map(str, (config.image_shape[0], *widths, 2 * config.latent_dim)))
    decoder = "-".join(map(str, (config.latent_dim, *back, config.image_shape[0])))
    return f"convolutions {there}, leaky ReLU, and transposed ones {decoder}, {name}"


def _blocks(part: str, layers: list[Layer], shape: tuple[int, ...]) -> list[Block]:
    found: list[Block] = []
    for layer in layers:
        shape = output_shape(layer, shape)
        if isinstance(layer, Dense | Conv | ConvTranspose):
            found.append(Block(part, _words(layer), "", shape, _parameters(layer)))
        elif words := _words(layer):
            last = found[-1]
            then = f"{last.then}, {words}" if last.then else words
            found[-1] = last._replace(then=then, parameters=last.parameters + _parameters(layer))
    return found


def _words(layer: Layer) -> str:
    """Return a layer's name, or "" for one that only changes the shape."""
    words = ""
    match layer:
        case Dense(inputs, outputs):
            words = f"dense {inputs} → {outputs}"
        case Conv(inputs, outputs, kernel, stride, pad):
            words = f"conv {inputs} → {outputs}, {kernel}×{kernel}, stride {stride}"
            words += f", padding {pad}" * bool(pad)
        case ConvTranspose(inputs, outputs, kernel, stride, pad):
            words = f"transposed conv {inputs} → {outputs}, {kernel}×{kernel}, stride {stride}"
            words += f", padding {pad}" * bool(pad)
        case BatchNorm():
            words = "batch-norm"
        case Activation(name):
            words = _NAMES.get(name, name)
        case Dropout(rate):
            words = f"dropout {rate:g}"
    return words


def _parameters(layer: Layer) -> int:
    match layer:
        case Dense(inputs, outputs):
            return inputs * outputs + outputs
        case Conv(inputs, outputs, kernel) | ConvTranspose(inputs, outputs, kernel):
            return inputs * outputs * kernel**2 + outputs
        case BatchNorm(channels):
            return 2 * channels
    return 0
