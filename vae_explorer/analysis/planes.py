"""Planes through latent space: of two dimensions, or of two principal axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vae_explorer.analysis.codes import PrincipalAxes

__all__ = ["Plane", "dimension_plane", "principal_plane"]


class Plane(NamedTuple):
    """A plane in latent space, with coordinates on it.

    origin: the point with coordinates (0, 0), with shape (D,).
    axes: two orthonormal directions, (2, D).
    names: of the two axes, for a figure.
    """

    origin: np.ndarray
    axes: np.ndarray
    names: tuple[str, str]

    def at(self, coordinates: np.ndarray) -> np.ndarray:
        """Return z, (..., D), at coordinates on the plane with shape (..., 2)."""
        return self.origin + np.asarray(coordinates) @ self.axes

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        """Return the coordinates, (..., 2), of z, (..., D), projected onto the plane."""
        return (np.asarray(z) - self.origin) @ self.axes.T


def dimension_plane(center: np.ndarray, first: int, second: int) -> Plane:
    """Return the plane of two latent dimensions through `center`, (D,).

    Its coordinates are z's own: all but the two dimensions stay as they are in `center`.
    """
    axes = np.eye(len(center))[[first, second]]
    return _through(center, np.zeros(len(center)), axes, (f"z{first}", f"z{second}"))


def principal_plane(
    center: np.ndarray, principal: PrincipalAxes, first: int = 0, second: int = 1
) -> Plane:
    """Return the plane of two principal axes through `center`, (D,).

    Its coordinates are those of the PCA view, measured from the mean of the codes.
    """
    axes = principal.axes[[first, second]]
    return _through(center, principal.center, axes, (f"PC {first + 1}", f"PC {second + 1}"))


def _through(
    center: np.ndarray, zero: np.ndarray, axes: np.ndarray, names: tuple[str, str]
) -> Plane:
    """Shift the plane at `zero` along its normal, until it goes through `center`."""
    offset = center - zero
    return Plane(zero + offset - (offset @ axes.T) @ axes, axes, names)
