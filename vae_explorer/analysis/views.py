"""Codes in two dimensions: two dimensions, two principal axes, or a stored projection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from vae_explorer.analysis.codes import PrincipalAxes, dimensions_by_kl, principal_axes
from vae_explorer.analysis.projections import PROJECTIONS
from vae_explorer.checkpoint.latents import Latents

__all__ = ["View", "find_view", "why_no_plane"]


class View(NamedTuple):
    """Codes in two dimensions.

    Attributes:
        name: as `find_view` takes it, and the address in the browser.
        xy: coordinates, (N, 2).
        titles: of the two axes.
        center, axes: of the plane: the code at (0, 0), (D,), and two orthonormal directions,
            (2, D); None where it is no plane.
    """

    name: str
    xy: np.ndarray
    titles: tuple[str, str]
    center: np.ndarray | None = None
    axes: np.ndarray | None = None

    def place(self, z: np.ndarray) -> np.ndarray:
        """Return coordinates of z, (D,), on the plane, (2,)."""
        return (z - self.center) @ self.axes.T


def find_view(latents: Latents, name: str, principal: PrincipalAxes | None = None) -> View:
    """Return the view of codes of at least two dimensions that is asked for.

    Args:
        latents: the codes.
        name: `dims:i,j`; `z`, the two dimensions of the largest KL; `pca:i,j`; `pca`, the first
            two axes; `umap` or `tsne`.
        principal: the codes' axes, where they are known.

    Raises:
        ValueError: where there is no such view.
    """
    dims = latents.mean.shape[1]
    if dims < 2:
        raise ValueError("view: found 1 latent dimension, expected 2 or more; draw a traversal")
    if name in PROJECTIONS:
        title = PROJECTIONS[name]
        if name not in latents.projections:
            raise ValueError(
                f"view: found no {title} in the checkpoint, expected it; the page Projections "
                "computes and saves it"
            )
        return View(name, latents.projections[name], (f"{title} 1", f"{title} 2"))
    if name == "z":
        name = "dims:{},{}".format(*sorted(dimensions_by_kl(latents)[:2].tolist()))
    name = "pca:0,1" if name == "pca" else name
    found = re.fullmatch(r"(dims|pca):(\d{1,9}),(\d{1,9})", name)
    pair = [int(number) for number in found.groups()[1:]] if found else [0, 0]
    if pair[0] == pair[1] or max(pair) >= dims:
        raise ValueError(
            f"view: found {name!r}, expected z, pca, umap, tsne, or dims:i,j or pca:i,j with two "
            f"numbers from 0 to {dims - 1}"
        )
    if found[1] == "dims":
        titles = f"z{pair[0]}", f"z{pair[1]}"
        return View(name, latents.mean[:, pair], titles, np.zeros(dims), np.eye(dims)[pair])
    principal = principal or principal_axes(latents.mean)
    titles = f"PC {pair[0] + 1}", f"PC {pair[1] + 1}"
    xy = principal.project(latents.mean, *pair)
    return View(name, xy, titles, principal.center, principal.axes[pair])


def why_no_plane(dims: Mapping[str, int]) -> str | None:
    """Return in a sentence which checkpoints, of so many dimensions, have too few for a map."""
    flat = [name for name, count in dims.items() if count < 2]
    if not flat:
        return None
    return (
        f"{', '.join(flat)}: found 1 latent dimension, expected at least 2 to draw a map; "
        "train one with --latent-dim 2"
    )
