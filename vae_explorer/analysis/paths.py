"""Paths between two codes: straight, or turning about the origin."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["INTERPOLATIONS", "path_between"]

INTERPOLATIONS = ("straight", "spherical")

# Below this sine two directions count as one line, and the turn between them as undefined.
PARALLEL = 1e-6


def path_between(a: np.ndarray, b: np.ndarray, steps: int, interpolation: str) -> np.ndarray:
    """Return `steps` codes from a to b, (D,) each, in equal steps, float64 with shape (steps, D).

    `spherical` turns from a to b at constant speed while the length goes linearly. For ends of one
    length this is Shoemake's (1985) formula, which strays without bound for others as the angle
    nears pi. Where no turn is defined, the path is straight. The browser's `space/paths.js` goes
    the same ways.
    """
    a, b, t = a.astype(np.float64), b.astype(np.float64), np.linspace(0, 1, steps)[:, None]
    path = (1 - t) * a + t * b
    lengths = np.linalg.norm([a, b], axis=1)
    if interpolation == "straight" or not lengths.all():
        return path
    start, end = a / lengths[0], b / lengths[1]
    cosine = start @ end
    across = end - cosine * start
    sine = np.linalg.norm(across)
    if sine < PARALLEL:
        if cosine > 0 or len(a) == 1:
            return path
        # Opposite ends: the axis that leans least towards them keeps the most of itself.
        least = np.abs(start).argmin()
        across = np.eye(len(a))[least] - start[least] * start
    angle = t * math.atan2(sine, cosine)
    turned = np.cos(angle) * start + np.sin(angle) * across / np.linalg.norm(across)
    path[1:-1] = (turned * ((1 - t) * lengths[0] + t * lengths[1]))[1:-1]
    return path
