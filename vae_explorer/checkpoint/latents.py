"""The codes of the test split, and their file, `latents.npz`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vae_explorer.checkpoint.storage import check_arrays, read_arrays, write_arrays

__all__ = ["Latents", "read_latents", "write_latents"]


@dataclass(frozen=True)
class Latents:
    """Codes of N test images.

    Attributes:
        mean, logvar: of q(z|x), float32 with shape (N, D).
        label: class of each image, int64 with shape (N,).
        index: which image of the test split each row is, int64 with shape (N,).
        projections: 2-D views by name (`umap`, `tsne`), float32 with shape (N, 2).
    """

    mean: np.ndarray
    logvar: np.ndarray
    label: np.ndarray
    index: np.ndarray
    projections: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, dims: int) -> Latents:
        """Return no codes of `dims` dimensions."""
        codes, numbers = np.zeros((0, dims), np.float32), np.zeros(0, np.int64)
        return cls(codes, codes, numbers, numbers)


def write_latents(file: Path, latents: Latents) -> None:
    """Write codes and their projections to an `.npz` file."""
    codes = {name: getattr(latents, name) for name in ("mean", "logvar", "label", "index")}
    write_arrays(file, codes | latents.projections)


def read_latents(file: Path, dims: int, classes: int) -> Latents:
    """Read what `write_latents` wrote.

    Args:
        file: to be read.
        dims, classes: D and the number of classes, which the codes must have.

    Raises:
        ValueError: where the file is damaged or has other codes; it names the file.
    """
    found = read_arrays(file)
    count = len(found["label"]) if np.ndim(found.get("label")) else 0
    shapes = {"label": (count,), "index": (count,), "mean": (count, dims), "logvar": (count, dims)}
    projections = found.keys() - shapes
    check_arrays(file, found, shapes | dict.fromkeys(sorted(projections), (count, 2)))
    label, index = found["label"].astype(np.int64), found["index"].astype(np.int64)
    if index.min() < 0:
        raise ValueError(f"{file}: found index {index.min()}, expected 0 or more")
    if label.min() < 0 or label.max() >= classes:
        raise ValueError(f"{file}: found label {label.max()}, expected 0 to {classes - 1}")
    floats = {name: found[name].astype(np.float32) for name in found if name not in shapes}
    return Latents(
        mean=found["mean"].astype(np.float32),
        logvar=found["logvar"].astype(np.float32),
        label=label,
        index=index,
        projections=floats,
    )
