"""The networks as lists of layers: what PyTorch builds and what a page runs without PyTorch.

A layer's index in its list is its index in the `nn.Sequential` that `model.build` makes of the
list, so that the list names the weights: `decoder.layers.2.weight` belongs to
`decoder_layers(config)[2]`. Shapes are PyTorch's, channels first.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from vae_explorer.config import ACTIVATIONS, ModelConfig

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
    "Unflatten",
    "decoder_layers",
    "encoder_layers",
]

# A config chooses between the first ones; the others have their fixed places.
LAYER_ACTIVATIONS = (*ACTIVATIONS, "leaky_relu", "sigmoid", "clamp")
LEAKY_SLOPE = 0.2


class Dense(NamedTuple):
    """x @ W.T + b: (B, inputs) to (B, outputs)."""

    inputs: int
    outputs: int


class Conv(NamedTuple):
    """A square convolution with zeros around: (B, inputs, H, W) to (B, outputs, H', W')."""

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


Layer = Dense | Conv | ConvTranspose | BatchNorm | Activation | Dropout | Flatten | Unflatten


def encoder_layers(config: ModelConfig) -> list[Layer]:
    """List the encoder's layers: flat pixels (B, C * H * W) to mean and logvar (B, 2 * D)."""
    pixels = math.prod(config.image_shape)
    widths = [pixels, *config.hidden, 2 * config.latent_dim]
    return _perceptron(widths, config.activation, config.dropout)


def decoder_layers(config: ModelConfig) -> list[Layer]:
    """List the decoder's layers: codes (B, D) to flat likelihood parameters (B, C * H * W)."""
    pixels = math.prod(config.image_shape)
    widths = [config.latent_dim, *reversed(config.hidden), pixels]
    return _perceptron(widths, config.activation)


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
