"""The ELBO of a whole split, always measured in the same way: one sampled z an image."""

from __future__ import annotations

from typing import NamedTuple

import torch

from vae_explorer.data import Split, pixels
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import negative_elbo

__all__ = ["ElboMeans", "mean_elbo"]

EVAL_BATCH = 1000


class ElboMeans(NamedTuple):
    """Means over a split, in nats per image; neg_elbo = reconstruction + kl."""

    neg_elbo: float
    reconstruction: float
    kl: float


@torch.no_grad()
def mean_elbo(model: VAE, split: Split, seed: int = 0) -> ElboMeans:
    """Measure the ELBO on a split with one sampled z an image (the same noise for a seed).

    The model is left in the mode (training or not) in which it came.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    sums = torch.zeros(2, dtype=torch.float64, device="cpu")
    # Forked, so that a measurement does not shift the noise of the training around it.
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        for images in split.images.split(EVAL_BATCH):
            x = pixels(images.to(device))
            parts = negative_elbo(model(x), x, model.config.likelihood)
            sums += torch.stack([part.sum(dtype=torch.float64).cpu() for part in parts])
    model.train(was_training)
    reconstruction, kl = (sums / len(split.images)).tolist()
    return ElboMeans(reconstruction + kl, reconstruction, kl)
