"""The variational autoencoder (Kingma & Welling 2014): encoder, decoder, and the two as one.

q(z|x) = N(mean(x), diag(exp(logvar(x))))      p(z) = N(0, I)      p(x|z) = decoder(z)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.layers import (
    LEAKY_SLOPE,
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
    decoder_layers,
    encoder_layers,
)

__all__ = ["VAE", "Decoder", "Encoder", "Posterior", "VAEOutput", "build", "sample"]

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "leaky_relu": partial(nn.LeakyReLU, LEAKY_SLOPE),
    "sigmoid": nn.Sigmoid,
    "clamp": partial(nn.Hardtanh, 0.0, 1.0),
}
# Layers whose fields are their module's arguments, in the same order.
_MODULES: dict[type[Layer], type[nn.Module]] = {
    Dense: nn.Linear,
    Conv: nn.Conv2d,
    ConvTranspose: nn.ConvTranspose2d,
    Dropout: nn.Dropout,
    Flatten: nn.Flatten,
}


class Posterior(NamedTuple):
    """The parameters of q(z|x), a diagonal Gaussian, each with shape (B, D)."""

    mean: Tensor
    logvar: Tensor


class _DoubleSecondHalf(nn.Module):
    """The module of `LogScaleToLogVar`."""

    def forward(self, x: Tensor) -> Tensor:
        mean, logscale = x.chunk(2, dim=-1)
        return torch.cat([mean, 2 * logscale], dim=-1)


class VAEOutput(NamedTuple):
    """One pass through the model: the likelihood's parameters (B, C, H, W) and q(z|x)."""

    params: Tensor
    posterior: Posterior


class Encoder(nn.Module):
    """Images to the parameters of q(z|x)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = build(encoder_layers(config))

    def forward(self, x: Tensor) -> Posterior:
        """Encode images x with shape (B, C, H, W) in [0, 1]; mean and logvar have (B, D)."""
        return Posterior(*self.layers(x.flatten(1)).chunk(2, dim=-1))


class Decoder(nn.Module):
    """Latent vectors to the parameters of p(x|z): logits (Bernoulli) or means (Gaussian)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.image_shape = config.image_shape
        self.layers = build(decoder_layers(config))

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

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> VAEOutput:
        """Encode x, (B, C, H, W), draw one z ~ q(z|x) an image, and decode it.

        `generator` is where the noise comes from; None: torch's global one of x's device.
        """
        posterior = self.encode(x)
        return VAEOutput(self.decode(sample(posterior, generator)), posterior)


def sample(posterior: Posterior, generator: torch.Generator | None = None) -> Tensor:
    """Draw z = mean + exp(logvar / 2) * eps, eps ~ N(0, I), with shape (B, D)."""
    mean, logvar = posterior
    eps = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + (logvar / 2).exp() * eps


def build(layers: Sequence[Layer]) -> nn.Sequential:
    """Make the module of a list of layers; a layer keeps its index, and so its weights' names.

    Raises:
        ValueError: for anything but a layer, or an activation with an unknown name.
    """
    modules: list[nn.Module] = []
    spatial = False
    for layer in layers:
        if isinstance(layer, Conv | ConvTranspose | Unflatten):
            spatial = True
        elif isinstance(layer, Dense | Flatten):
            spatial = False
        modules.append(_module(layer, spatial))
    return nn.Sequential(*modules)


def _module(layer: Layer, spatial: bool) -> nn.Module:
    """Make the module of one layer; spatial: its input has shape (B, C, H, W), not (B, C)."""
    match layer:
        case BatchNorm(channels):
            return nn.BatchNorm2d(channels) if spatial else nn.BatchNorm1d(channels)
        case Unflatten(shape):
            return nn.Unflatten(1, shape)
        case Activation(name) if name in _ACTIVATIONS:
            return _ACTIVATIONS[name]()
        case LogScaleToLogVar():
            return _DoubleSecondHalf()
        case Dense() | Conv() | ConvTranspose() | Dropout() | Flatten():
            return _MODULES[type(layer)](*layer)
    raise ValueError(
        f"layers: found {layer!r}, expected one of the layers in layers.py, an activation "
        f"with a name among {', '.join(_ACTIVATIONS)}"
    )
