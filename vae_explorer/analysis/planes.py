"""Shapes in latent space: paths between two codes, planes through it, lattices on a plane."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from vae_explorer.analysis.codes import PrincipalAxes

__all__ = [
    "PATHS",
    "SPACINGS",
    "Lattice",
    "Plane",
    "dimension_plane",
    "lattice",
    "lerp",
    "path",
    "principal_plane",
    "slerp",
]

PATHS = ("lerp", "slerp")
SPACINGS = ("linear", "quantile")

# Below this sine two directions count as one line, and the rotation between them as undefined.
_PARALLEL = 1e-6

_NORMAL = NormalDist()


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Return the points (1 - t) a + t b of the straight line, (..., D), for t with shape (...)."""
    t = np.asarray(t, dtype=np.float64)[..., None]
    return (1 - t) * a + t * b


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Turn from a to b at constant angular speed, while the length goes linearly.

    For ends of equal length this is Shoemake's (1985) formula,
    sin((1-t) w) / sin(w) a + sin(t w) / sin(w) b, with w the angle between a and b. For ends of
    unequal length that formula strays without bound as w nears pi; a linear length does not.

    Where the rotation is not defined: a zero end or parallel ends give `lerp`, and opposite ends
    go round by way of a fixed direction at right angles to a.

    Args:
        a, b: the ends, each with shape (D,).
        t: fractions of the way with shape (...).

    Returns:
        Points with shape (..., D).
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    long_a, long_b = np.linalg.norm(a), np.linalg.norm(b)
    if long_a == 0 or long_b == 0:
        return lerp(a, b, t)
    start, end = a / long_a, b / long_b
    cosine = start @ end
    across = end - cosine * start
    sine = np.linalg.norm(across)
    if sine < _PARALLEL:
        if cosine > 0 or len(a) == 1:
            return lerp(a, b, t)
        across = _perpendicular(start)
    else:
        across = across / sine
    t = np.asarray(t, dtype=np.float64)[..., None]
    angle = t * np.arctan2(sine, cosine)
    length = (1 - t) * long_a + t * long_b
    return length * (np.cos(angle) * start + np.sin(angle) * across)


def path(a: np.ndarray, b: np.ndarray, steps: int, kind: str = "lerp") -> np.ndarray:
    """Return `steps` points from a to b, both included, with shape (steps, D).

    Raises:
        ValueError: for fewer than two steps, ends of two shapes or an unknown kind.
    """
    if steps < 2:
        raise ValueError(f"steps: found {steps}, expected at least 2, the two ends")
    if np.shape(a) != np.shape(b) or np.ndim(a) != 1:
        raise ValueError(
            f"ends: found shapes {np.shape(a)} and {np.shape(b)}, expected one shape (D,)"
        )
    if kind not in PATHS:
        raise ValueError(f"path: found {kind!r}, expected one of {', '.join(PATHS)}")
    points = (slerp if kind == "slerp" else lerp)(a, b, np.linspace(0, 1, steps))
    # The ends are the digits themselves, free of rounding.
    points[0], points[-1] = a, b
    return points


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
        """Return the coordinates, (..., 2), of z, (..., D), dropped onto the plane."""
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


class Lattice(NamedTuple):
    """A square lattice on a plane: `size` coordinates along each axis, from -extent to extent.

    values: the coordinates in ascending order, the same along both axes, (size,).
    spacing: `linear` (equal steps) or `quantile` (equal steps of prior probability).
    """

    values: np.ndarray
    spacing: str

    def coordinates(self) -> np.ndarray:
        """Return every node, (size, size, 2), as a picture lies: first row on top, x to the right.

        So [0, 0] is the top left corner, the smallest x and the largest y.
        """
        x, y = np.meshgrid(self.values, self.values[::-1])
        return np.stack([x, y], axis=-1)

    def position(self, value: np.ndarray) -> np.ndarray:
        """Return where along an axis a coordinate lies, 0 at the first node, size - 1 at the last.

        Nodes are drawn at equal distances, so this is where a code belongs on such a picture.
        """
        scaled, ends = np.asarray(value, dtype=np.float64), self.values[[0, -1]]
        if self.spacing == "quantile":
            scaled, ends = _normal_cdf(scaled), _normal_cdf(ends)
        return (scaled - ends[0]) / (ends[1] - ends[0]) * (len(self.values) - 1)


def lattice(size: int, extent: float = 3.0, spacing: str = "linear") -> Lattice:
    """Return a lattice of `size` by `size` nodes over [-extent, extent] on both axes.

    Raises:
        ValueError: for fewer than two nodes, an extent that is not positive, unknown spacing.
    """
    if size < 2:
        raise ValueError(f"size: found {size}, expected at least 2")
    if not 0 < extent < np.inf:
        raise ValueError(f"extent: found {extent}, expected a number above 0")
    if spacing == "linear":
        return Lattice(np.linspace(-extent, extent, size), spacing)
    if spacing == "quantile":
        edge = _NORMAL.cdf(extent)
        probabilities = np.linspace(1 - edge, edge, size)
        return Lattice(np.array([_NORMAL.inv_cdf(p) for p in probabilities]), spacing)
    raise ValueError(f"spacing: found {spacing!r}, expected one of {', '.join(SPACINGS)}")


def _normal_cdf(value: np.ndarray) -> np.ndarray:
    return np.vectorize(_NORMAL.cdf, otypes=[np.float64])(value)


def _perpendicular(direction: np.ndarray) -> np.ndarray:
    """Return a unit vector at right angles to a unit `direction`, (D,) with D of at least 2."""
    # The axis that leans least towards `direction` keeps the most of itself when that is removed.
    axis = np.eye(len(direction))[np.abs(direction).argmin()]
    across = axis - (axis @ direction) * direction
    return across / np.linalg.norm(across)
