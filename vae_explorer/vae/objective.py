"""The evidence lower bound and its two parts, one value an image, in nats.

    log p(x) >= E_q[log p(x|z)] - KL(q(z|x) || p(z))                  (Kingma & Welling 2014)
    log p(x) >= E_q[log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)]         (Burda et al. 2016)

Grey pixels under the Bernoulli likelihood are scored by binary cross-entropy on [0, 1] values.
The Gaussian likelihood has unit variance and omits its constant, log(2 pi) / 2 a pixel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vae_explorer.data import Split, to_float
from vae_explorer.vae.model import VAE, Posterior, VAEOutput

__all__ = [
    "DECODED_AT_ONCE",
    "ElboMeans",
    "NegativeElbo",
    "gaussian_kl",
    "importance_weighted_bound",
    "log_likelihood",
    "mean_elbo",
    "negative_elbo",
]

# Most images decoded at a time: 4,000 of 28 x 28 pixels take 13 MB for each layer of that size.
DECODED_AT_ONCE = 4000
EVAL_BATCH = 1000


class NegativeElbo(NamedTuple):
    """The two parts of the negative ELBO, in nats, each with shape (B,)."""

    reconstruction: Tensor
    kl: Tensor

    def total(self, beta: float = 1.0) -> Tensor:
        """Return reconstruction + beta * KL with shape (B,); beta = 1 is the bound itself."""
        return self.reconstruction + beta * self.kl


class ElboMeans(NamedTuple):
    """Means over a split, in nats per image; neg_elbo = reconstruction + kl."""

    neg_elbo: float
    reconstruction: float
    kl: float


def log_likelihood(params: Tensor, x: Tensor, likelihood: str) -> Tensor:
    """Return log p(x|z), summed over an image's pixels.

    Args:
        params: the decoder's output with shape (..., C, H, W).
        x: images in [0, 1] with shape (..., C, H, W).
        likelihood: `bernoulli` (params are logits) or `gaussian` (means, unit variance).

    Returns:
        Nats with shape (...).
    """
    if likelihood == "bernoulli":
        pixels = -F.binary_cross_entropy_with_logits(params, x.expand_as(params), reduction="none")
    else:
        pixels = -0.5 * (x - params).square()
    return pixels.flatten(-3).sum(-1)


def gaussian_kl(posterior: Posterior) -> Tensor:
    """Return KL(N(mean, exp(logvar)) || N(0, 1)) for each dimension, (B, D) in nats."""
    mean, logvar = posterior
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1)


def negative_elbo(output: VAEOutput, x: Tensor, likelihood: str) -> NegativeElbo:
    """Return the parts of the negative ELBO of images x, (B, C, H, W), from one pass."""
    return NegativeElbo(
        reconstruction=-log_likelihood(output.params, x, likelihood),
        kl=gaussian_kl(output.posterior).sum(-1),
    )


@torch.no_grad()
def mean_elbo(model: VAE, split: Split, seed: int = 0) -> ElboMeans:
    """Measure the ELBO of a split with one sampled z an image, the same noise for a seed.

    The model's mode (training or not) and the global noise stay as they were.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    sums = torch.zeros(2, dtype=torch.float64)
    for images in split.images.split(EVAL_BATCH):
        x = to_float(images.to(device))
        parts = negative_elbo(model(x, noise), x, model.config.likelihood)
        sums += torch.stack([part.sum(dtype=torch.float64).cpu() for part in parts])
    model.train(was_training)
    reconstruction, kl = (sums / len(split.images)).tolist()
    return ElboMeans(reconstruction + kl, reconstruction, kl)


def importance_weighted_bound(
    model: VAE, x: Tensor, samples: int, generator: torch.Generator | None = None
) -> Tensor:
    """Return the K-sample importance-weighted bound on log p(x) (Burda et al. 2016).

    Args:
        model: the model; its posterior is the proposal.
        x: images in [0, 1] with shape (B, C, H, W).
        samples: K, the number of z drawn for each image; 1 gives the ELBO itself.
        generator: where the noise comes from; None: torch's global one of x's device.

    Returns:
        Nats with shape (B,).
    """
    posterior = model.encode(x)
    at_once = max(1, DECODED_AT_ONCE // len(x))
    drawn = [min(at_once, samples - k) for k in range(0, samples, at_once)]
    log_weights = [_log_weights(model, x, posterior, count, generator) for count in drawn]
    return torch.logsumexp(torch.cat(log_weights), dim=0) - math.log(samples)


def _log_weights(
    model: VAE, x: Tensor, posterior: Posterior, samples: int, generator: torch.Generator | None
) -> Tensor:
    """Return log p(x|z) p(z) / q(z|x) for `samples` draws of z ~ q(z|x), (samples, B) in nats."""
    mean, logvar = posterior
    shape = (samples, *mean.shape)
    eps = torch.randn(shape, generator=generator, dtype=mean.dtype, device=x.device)
    z = mean + (logvar / 2).exp() * eps
    params = model.decode(z.flatten(0, 1)).unflatten(0, (samples, len(x)))
    log_joint = log_likelihood(params, x, model.config.likelihood) - 0.5 * z.square().sum(-1)
    # The two densities' constants, D/2 log(2 pi), are the same and cancel in the ratio.
    return log_joint + 0.5 * (eps.square() + logvar).sum(-1)
