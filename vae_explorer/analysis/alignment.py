"""How one latent space lies in another: the rotation that lays its codes on the other's.

A latent space has no orientation: p(z) = N(0, I) looks the same from every side, so that two runs
of one recipe end turned against each other, or mirrored. Orthogonal Procrustes (Schoenemann 1966)
finds the rotation or reflection R that brings codes b nearest to codes a of the same images,

    R = argmin |a - b R|_F  over  R^T R = I,   R = U V^T with b^T a = U S V^T

about the origin, which is the prior's, and without any scaling, which would leave the prior.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vae_explorer.checkpoint.latents import Latents

__all__ = ["Alignment", "align", "align_latents", "shared_rows"]


class Alignment(NamedTuple):
    """The rotation from one space to another, and what it leaves over.

    rotation: R, (D, D), orthogonal: codes b of the one lie at b R in the other.
    disparity: |a - b R|^2 / (|a|^2 + |b|^2) over the shared images: 0 where the spaces are the
        same but for R, 1 where they have nothing in common.
    shared: how many images both have encoded.
    """

    rotation: np.ndarray
    disparity: float
    shared: int


def shared_rows(a: Latents, b: Latents) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of `a` and of `b` that are of the same test images, in one order."""
    _, rows_a, rows_b = np.intersect1d(a.index, b.index, return_indices=True)
    return rows_a, rows_b


def align(a: np.ndarray, b: np.ndarray) -> Alignment:
    """Return the alignment of codes b onto codes a, (N, D) each, of the same N images.

    Raises:
        ValueError: for codes of different shapes, or none.
    """
    if a.shape != b.shape or not len(a):
        raise ValueError(
            f"codes: found {a.shape} and {b.shape}, expected two of one shape with at least one row"
        )
    a, b = a.astype(np.float64), b.astype(np.float64)
    u, singular, vt = np.linalg.svd(b.T @ a)
    total = (a**2).sum() + (b**2).sum()
    # |a - b R|^2 = |a|^2 + |b|^2 - 2 tr(S).
    disparity = 1 - 2 * singular.sum() / total if total else 0.0
    return Alignment(u @ vt, float(max(0.0, disparity)), len(a))


def align_latents(a: Latents, b: Latents) -> Alignment | None:
    """Return the alignment of codes `b` onto codes `a` of one data set.

    None where they have other dimensions, or no test images in common.
    """
    rows_a, rows_b = shared_rows(a, b)
    if a.mean.shape[1] != b.mean.shape[1] or not len(rows_a):
        return None
    return align(a.mean[rows_a], b.mean[rows_b])
