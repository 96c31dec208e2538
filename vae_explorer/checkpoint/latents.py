"""The codes of the test split, and their file, `latents.npz`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vae_explorer.files.reading import (
    Header,
    array_headers,
    check_arrays,
    check_range,
    read_arrays,
)
from vae_explorer.files.storage import write_arrays

__all__ = ["MAX_CODE", "Latents", "check_latents", "read_latents", "write_latents"]

# Of two codes no one can say which is nearer to the other.
MIN_CODES, MAX_CODES = 3, 2**21
# Squares and variances of these are numbers in 32 bits, with room for sums of millions.
MAX_CODE, LOGVARS = 1e9, (-1000.0, 60.0)


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


def read_latents(file: Path, dims: int, classes: int, images: int) -> Latents:
    """Read what `write_latents` wrote.

    Args:
        file: to be read.
        dims, classes, images: D, the number of classes and the size of the test split, which the
            codes must fit.

    Raises:
        ValueError: where the file is damaged or has other codes; it names the file.
    """
    expected = _expected(file, dims)
    found = read_arrays(file, expected)
    views = sorted(expected.keys() - {"mean", "logvar", "label", "index"})
    ranges = dict.fromkeys(("mean", *views), (-MAX_CODE, MAX_CODE)) | {"logvar": LOGVARS}
    ranges |= {"label": (0, classes - 1), "index": (0, images - 1)}
    check_range(file, found, ranges)
    return Latents(
        mean=found["mean"].astype(np.float32),
        logvar=found["logvar"].astype(np.float32),
        label=found["label"].astype(np.int64),
        index=found["index"].astype(np.int64),
        projections={name: found[name].astype(np.float32) for name in views},
    )


def check_latents(file: Path, dims: int) -> None:
    """Refuse, by `ValueError`, a file without codes of `dims` dimensions; only headers are read."""
    check_arrays(file, _expected(file, dims))


def _expected(file: Path, dims: int) -> dict[str, Header]:
    """Return which arrays must be there, for as many codes as there are labels."""
    found = array_headers(file)
    count = next(iter(found["label"].shape), 0) if "label" in found else 0
    if not MIN_CODES <= count <= MAX_CODES:
        raise ValueError(f"{file}: found {count:,} labels, expected {MIN_CODES} to {MAX_CODES:,}")
    if not all(name.isidentifier() and len(name) < 40 for name in found):
        raise ValueError(f"{file}: found a projection whose name is no plain word, expected one")
    codes, numbers = Header("float", (count, dims)), Header("whole", (count,))
    expected = {"mean": codes, "logvar": codes, "label": numbers, "index": numbers}
    return dict.fromkeys(found, Header("float", (count, 2))) | expected
