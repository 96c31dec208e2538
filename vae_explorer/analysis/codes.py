"""Codes of a split: how they are made, what each dimension holds, their principal axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_explorer.checkpoint.latents import Latents

if TYPE_CHECKING:
    from vae_explorer.data import Split
    from vae_explorer.vae.model import VAE

__all__ = [
    "ACTIVE_THRESHOLD",
    "PrincipalAxes",
    "active_units",
    "decode",
    "dimensions_by_kl",
    "encode_split",
    "kl_by_dimension",
    "principal_axes",
    "traverse",
]

ACTIVE_THRESHOLD = 0.01
ENCODE_BATCH = 1000
# What a layer makes of as many codes fits into memory, whatever the model.
DECODE_BATCH = 16


class PrincipalAxes(NamedTuple):
    """The principal axes of a cloud of codes.

    center: its mean, (D,). axes: orthonormal rows, widest first, (D, D).
    variance: of the cloud along each axis, (D,).
    """

    center: np.ndarray
    axes: np.ndarray
    variance: np.ndarray

    def project(self, z: np.ndarray, first: int = 0, second: int = 1) -> np.ndarray:
        """Return coordinates of z, (N, D), on two of the axes, (N, 2)."""
        return (z - self.center) @ self.axes[[first, second]].T


def encode_split(model: VAE, split: Split) -> Latents:
    """Encode every image of a split; the model is expected in evaluation mode."""
    import torch

    from vae_explorer.data import to_float

    device = next(model.parameters()).device
    with torch.no_grad():
        parts = [model.encode(to_float(x.to(device))) for x in split.images.split(ENCODE_BATCH)]
    return Latents(
        mean=torch.cat([part.mean for part in parts]).cpu().numpy(),
        logvar=torch.cat([part.logvar for part in parts]).cpu().numpy(),
        label=split.labels.cpu().numpy(),
        index=np.arange(len(split.labels)),
    )


def kl_by_dimension(latents: Latents) -> np.ndarray:
    """Return the mean KL(q(z|x) || N(0, 1)) of each dimension over the images, (D,) in nats."""
    if not len(latents.mean):
        return np.zeros(latents.mean.shape[1])
    # One after the other: of a million codes, copies of all of them at once fill the memory.
    dimensions = zip(latents.mean.T, latents.logvar.T, strict=True)
    parts = ((mean.astype(np.float64), logvar.astype(np.float64)) for mean, logvar in dimensions)
    return np.array(
        [0.5 * (mean**2 + np.exp(logvar) - logvar - 1).mean() for mean, logvar in parts]
    )


def dimensions_by_kl(latents: Latents) -> np.ndarray:
    """Return the dimensions' numbers, the most informative (largest mean KL) first, (D,)."""
    return np.argsort(-kl_by_dimension(latents), kind="stable")


def active_units(latents: Latents) -> np.ndarray:
    """Mark the dimensions with Cov_x(E[z|x]) > 0.01 (Burda et al. 2016), bool with shape (D,)."""
    if not len(latents.mean):
        return np.zeros(latents.mean.shape[1], dtype=bool)
    return latents.mean.var(axis=0, dtype=np.float64) > ACTIVE_THRESHOLD


def principal_axes(z: np.ndarray) -> PrincipalAxes:
    """Return the principal axes of codes z with shape (N, D).

    An axis and its opposite are equally principal: each is turned so that its largest entry is
    positive, and so the same codes always give the same picture. No codes have the dimensions'
    own axes.
    """
    z = z.astype(np.float64)
    if not len(z):
        dims = z.shape[1]
        return PrincipalAxes(np.zeros(dims), np.eye(dims), np.zeros(dims))
    center = z.mean(axis=0)
    variance, columns = np.linalg.eigh((z - center).T @ (z - center) / len(z))
    axes = columns.T[::-1]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return PrincipalAxes(center, axes * np.sign(largest)[:, None], variance[::-1].clip(min=0))


def traverse(base: np.ndarray, dims: Sequence[int], values: np.ndarray) -> np.ndarray:
    """Return codes that have one dimension after the other at each of `values`, (S,).

    The others are those of `base`, (D,); the codes have shape (len(dims) * S, D).
    """
    z = np.tile(base, (len(dims), len(values), 1))
    for row, dim in zip(z, dims, strict=True):
        row[:, dim] = values
    return z.reshape(-1, len(base))


def decode(model: VAE, z: np.ndarray) -> np.ndarray:
    """Return the mean images of p(x|z), float32 (N, C, H, W) in [0, 1], for codes z, (N, D).

    A pixel of which absurd weights make no number is 0.
    """
    import torch

    codes = torch.from_numpy(np.asarray(z, dtype=np.float32)).split(DECODE_BATCH)
    with torch.no_grad():
        return torch.cat([model.generate(batch) for batch in codes]).nan_to_num().numpy()
