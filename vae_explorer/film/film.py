"""The film of a training: its snapshots as a browser plays them, `film.npz` in a checkpoint folder.

Every snapshot has the places of the same test images on one plane, and a lattice over that plane,
decoded: one picture of G x G pictures, as WebP. A decoder of a million weights takes two megabytes
even in half precision; what it draws takes some ten kilobytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae_explorer.checkpoint.folder import FILM
from vae_explorer.checkpoint.place import read_whole
from vae_explorer.checkpoint.storage import check_arrays, read_arrays, write_arrays
from vae_explorer.checkpoint.writing import claim

__all__ = ["Film", "add_film", "load_film"]


@dataclass(frozen=True)
class Film:
    """S snapshots of M test images.

    Attributes:
        step: steps taken, int64 with shape (S,), rising.
        epoch: the same in epochs, float32 with shape (S,).
        neg_elbo: of the images, nats per image, float32 with shape (S,).
        row: which row of the checkpoint's codes each image is, int64 with shape (M,).
        xy: where the images are on the plane, float16 with shape (S, M, 2).
        center, axes: of the plane in the latent space, float32 with shapes (D,) and (2, D).
        box: the square of the plane that the lattice covers: x and y of its middle, its side.
        across: G, pictures along a side; they are decoded at the middles of G x G cells.
        sheets: S pictures as WebP; the top row of pictures comes first.
    """

    step: np.ndarray
    epoch: np.ndarray
    neg_elbo: np.ndarray
    row: np.ndarray
    xy: np.ndarray
    center: np.ndarray
    axes: np.ndarray
    box: np.ndarray
    across: int
    sheets: tuple[bytes, ...]


def add_film(path: Path | str, film: Film) -> None:
    """Save the film of a checkpoint's training in its folder.

    Raises:
        OSError: where the folder cannot be written to, or another process writes to it.
    """
    arrays = {name: value for name, value in vars(film).items() if name != "sheets"}
    sizes = np.array([len(sheet) for sheet in film.sheets], dtype=np.int64)
    sheets = np.frombuffer(b"".join(film.sheets), dtype=np.uint8)
    with claim(path) as folder:
        write_arrays(folder / FILM, arrays | {"sizes": sizes, "sheets": sheets})


@read_whole
def load_film(path: Path, count: int, dims: int) -> Film | None:
    """Read the film of a checkpoint folder, or None where it has none.

    Args:
        path: the folder.
        count, dims: N and D of the checkpoint's codes.

    Raises:
        ValueError: where the file is damaged or does not fit the codes; it names the file.
    """
    file = path / FILM
    if not file.is_file():
        return None
    found = read_arrays(file)
    snapshots, filmed, size = (
        len(found[name]) if np.ndim(found.get(name)) else 0 for name in ("step", "row", "sheets")
    )
    shapes = {
        **dict.fromkeys(("step", "epoch", "neg_elbo", "sizes"), (snapshots,)),
        **{"row": (filmed,), "xy": (snapshots, filmed, 2)},
        **{"center": (dims,), "axes": (2, dims), "box": (3,), "across": (), "sheets": (size,)},
    }
    check_arrays(file, found, shapes)
    _check_values(file, found, count)
    ends = np.cumsum(found["sizes"])
    data = found["sheets"].astype(np.uint8).tobytes()
    sheets = tuple(data[end - size : end] for size, end in zip(found["sizes"], ends, strict=True))
    if any(sheet[:4] != b"RIFF" or sheet[8:12] != b"WEBP" for sheet in sheets):
        raise ValueError(f"{file}: found a sheet that is no WebP picture")
    return Film(
        step=found["step"].astype(np.int64),
        epoch=found["epoch"].astype(np.float32),
        neg_elbo=found["neg_elbo"].astype(np.float32),
        row=found["row"].astype(np.int64),
        xy=found["xy"].astype(np.float16),
        center=found["center"].astype(np.float32),
        axes=found["axes"].astype(np.float32),
        box=found["box"].astype(np.float32),
        across=int(found["across"]),
        sheets=sheets,
    )


def _check_values(file: Path, found: dict[str, np.ndarray], count: int) -> None:
    if len(found["step"]) < 2:
        raise ValueError(f"{file}: found {len(found['step'])} snapshot, expected at least two")
    if found["row"].min() < 0 or found["row"].max() >= count:
        raise ValueError(f"{file}: found row {found['row'].max()}, expected 0 to {count - 1}")
    if (np.diff(found["step"]) <= 0).any():
        raise ValueError(f"{file}: found steps that do not rise, expected one after the other")
    if found["box"][2] <= 0 or not 1 <= found["across"] <= 64:
        raise ValueError(
            f"{file}: found a lattice of {found['across']} pictures along {found['box'][2]}, "
            "expected 1 to 64 along more than 0"
        )
    if found["sizes"].min() < 12 or found["sizes"].sum() != len(found["sheets"]):
        raise ValueError(
            f"{file}: found sheets of {len(found['sheets'])} bytes, expected "
            f"{found['sizes'].sum()}, at least 12 each"
        )
