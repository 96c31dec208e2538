"""The variational autoencoder (Kingma & Welling 2014): encoder, decoder, and the two as one.

q(z|x) = N(mean(x), diag(exp(logvar(x))))      p(z) = N(0, I)      p(x|z) = decoder(z)
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae_explorer.config import ModelConfig

__all__ = ["VAE", "Decoder", "Encoder", "Posterior", "VAEOutput", "sample"]

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
}


class Posterior(NamedTuple):
    """The parameters of q(z|x), a diagonal Gaussian, each with shape (B, D)."""

    mean: Tensor
    logvar: Tensor


class VAEOutput(NamedTuple):
    """One pass through the model: the likelihood's parameters (B, C, H, W) and q(z|x)."""

    params: Tensor
    posterior: Posterior


class Encoder(nn.Module):
    """Images to the parameters of q(z|x)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        pixels = math.prod(config.image_shape)
        self.layers = _perceptron(
            [pixels, *config.hidden, 2 * config.latent_dim], config.activation, config.dropout
        )

    def forward(self, x: Tensor) -> Posterior:
        """Encode images x with shape (B, C, H, W) in [0, 1]; mean and logvar have (B, D)."""
        return Posterior(*self.layers(x.flatten(1)).chunk(2, dim=-1))


class Decoder(nn.Module):
    """Latent vectors to the parameters of p(x|z): logits (Bernoulli) or means (Gaussian)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.image_shape = config.image_shape
        pixels = math.prod(config.image_shape)
        self.layers = _perceptron(
            [config.latent_dim, *reversed(config.hidden), pixels], config.activation
        )

    def forward(self, z: Tensor) -> Tensor:
        """Decode z with shape (B, D) to likelihood parameters with shape (B, C, H, W)."""
        return self.layers(z).unflatten(1, self.image_shape)


class VAE(nn.Module):
    """Encoder and decoder with the reparameterised sample between them."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def encode(self, x: Tensor) -> Posterior:
        """Return mean and logvar of q(z|x), each (B, D), for x with shape (B, C, H, W)."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Return logits (Bernoulli) or means (Gaussian), (B, C, H, W), for z with shape (B, D)."""
        return self.decoder(z)

    def generate(self, z: Tensor) -> Tensor:
        """Return the mean image of p(x|z), (B, C, H, W) in [0, 1], for z with shape (B, D)."""
        params = self.decode(z)
        return params.sigmoid() if self.config.likelihood == "bernoulli" else params.clamp(0, 1)

    def forward(self, x: Tensor) -> VAEOutput:
        """Encode x, (B, C, H, W), draw one z ~ q(z|x) for each image, and decode it."""
        posterior = self.encode(x)
        return VAEOutput(self.decode(sample(posterior)), posterior)


def sample(posterior: Posterior) -> Tensor:
    """Draw z = mean + exp(logvar / 2) * eps, eps ~ N(0, I), with shape (B, D)."""
    mean, logvar = posterior
    return mean + (logvar / 2).exp() * torch.randn_like(mean)


def _perceptron(widths: list[int], activation: str, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers through `widths`, with an activation (and dropout) between any two."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        if layers:
            layers.append(_ACTIVATIONS[activation]())
            if dropout:
                layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*layers)
