"""Paths between two codes by numpy and scipy, as the browser's must be."""

from __future__ import annotations

import numpy as np
from scipy.spatial import geometric_slerp

__all__ = ["path_between"]


def path_between(a: np.ndarray, b: np.ndarray, steps: int, kind: str) -> np.ndarray:
    """Return `steps` points from a to b, (steps, D): `straight`, or turning from one to the
    other at constant speed while the length goes linearly (`spherical`)."""
    a, b, t = a.astype(np.float64), b.astype(np.float64), np.linspace(0, 1, steps)
    if kind == "straight":
        return (1 - t[:, None]) * a + t[:, None] * b
    lengths = np.linalg.norm([a, b], axis=1)
    turned = geometric_slerp(a / lengths[0], b / lengths[1], t)
    return turned * np.linspace(*lengths, steps)[:, None]
