"""From the snapshots of a training to its film: everything on the plane where it ends."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from vae_explorer.analysis.codes import principal_axes
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.film.film import Film
from vae_explorer.film.snapshots import Snapshot
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE

__all__ = ["make_film"]

# Pictures along a side of the lattice, and how well they are kept.
ACROSS = 20
QUALITY = 35
# The share of the codes on either side that do not widen the lattice.
STRAYS = 0.002
MARGIN = 1.12
# Two dimensions show the prior to three standard deviations.
MIN_SIDE = 6.6


def make_film(
    snapshots: Sequence[Snapshot], config: ModelConfig, latents: Latents, steps_an_epoch: int
) -> Film:
    """Make the film of at least two snapshots.

    Two dimensions are a plane; of more, the plane is that of the finished codes' first two
    principal axes, through their mean.

    Args:
        snapshots: in their order.
        config: of the model.
        latents: the finished codes; the filmed ones are their first rows.
        steps_an_epoch: of the run.
    """
    center, axes = _plane(latents)
    xy = np.stack([(snapshot.mean - center) @ axes.T for snapshot in snapshots])
    box = _box(xy[-1], config.latent_dim)
    z = center + _lattice(box) @ axes
    sheets = tuple(_sheet(snapshot, config, z) for snapshot in snapshots)
    step = np.array([snapshot.step for snapshot in snapshots])
    return Film(
        step=step,
        epoch=(step / steps_an_epoch).astype(np.float32),
        neg_elbo=np.array([snapshot.neg_elbo for snapshot in snapshots], dtype=np.float32),
        row=np.arange(xy.shape[1]),
        xy=xy.astype(np.float16),
        center=center.astype(np.float32),
        axes=axes.astype(np.float32),
        box=box,
        across=ACROSS,
        sheets=sheets,
    )


def _plane(latents: Latents) -> tuple[np.ndarray, np.ndarray]:
    dims = latents.mean.shape[1]
    if dims <= 2:
        return np.zeros(dims), np.eye(2, dims)
    principal = principal_axes(latents.mean)
    return principal.center, principal.axes[:2]


def _box(xy: np.ndarray, dims: int) -> np.ndarray:
    low, high = np.quantile(xy, [STRAYS, 1 - STRAYS], axis=0)
    side = MARGIN * max((high - low).max(), 1e-3)
    return np.array([*(low + high) / 2, max(side, MIN_SIDE * (dims <= 2))], dtype=np.float32)


def _lattice(box: np.ndarray) -> np.ndarray:
    """Return the middles of the lattice's cells, the top row first, (G * G, 2)."""
    x, y, side = box.astype(np.float64)
    ticks = ((np.arange(ACROSS) + 0.5) / ACROSS - 0.5) * side
    right, up = np.meshgrid(x + ticks, y + ticks[::-1])
    return np.stack([right.ravel(), up.ravel()], axis=1)


@torch.no_grad()
def _sheet(snapshot: Snapshot, config: ModelConfig, z: np.ndarray) -> bytes:
    """Return the pictures of codes z, (G * G, D), as one picture."""
    model = VAE(config).eval()
    model.decoder.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in snapshot.decoder.items()}
    )
    pictures = model.generate(torch.from_numpy(z).float()).mul(255).round().byte().numpy()
    channels, height, width = config.image_shape
    rows = pictures.reshape(ACROSS, ACROSS, channels, height, width)
    sheet = rows.transpose(0, 3, 1, 4, 2).reshape(ACROSS * height, ACROSS * width, channels)
    stream = io.BytesIO()
    image = Image.fromarray(sheet.squeeze(2) if channels == 1 else sheet)
    image.save(stream, "WEBP", quality=QUALITY, method=6)
    return stream.getvalue()
