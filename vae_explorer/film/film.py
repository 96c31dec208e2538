"""The film of a training: its snapshots as a browser plays them, `film.npz` in a checkpoint folder.

Every snapshot has the places of the same test images on one plane, and a lattice over that plane,
decoded: one picture of G x G pictures, as WebP. A decoder of a million weights takes two megabytes
even in half precision; what it draws takes some ten kilobytes.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from vae_explorer.checkpoint.folder import FILM
from vae_explorer.checkpoint.place import read_whole
from vae_explorer.checkpoint.writing import claim
from vae_explorer.files.reading import (
    Header,
    array_headers,
    check_range,
    read_arrays,
)
from vae_explorer.files.storage import write_arrays

__all__ = ["MAX_SNAPSHOTS", "Film", "add_film", "load_film"]

MAX_SNAPSHOTS = 1000
# A browser and the GIF unpack a sheet whole: 20 x 20 pictures of 256 x 256 fit.
MAX_PIXELS = 2**25
SIDES = (1e-6, 1e9)
# What fits a browser's numbers, in 16 and 32 bits.
RANGES = {
    **{"step": (0, 2**32 - 1), "sizes": (12, 2**31), "across": (1, 64), "sheets": (0, 255)},
    **dict.fromkeys(("epoch", "center", "axes", "box"), (-1e9, 1e9)),
    **{"xy": (-65504, 65504), "neg_elbo": (-1e30, 1e30)},
}


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
    if not os.path.lexists(file):
        return None
    found = read_arrays(file, _expected(file, dims))
    check_range(file, found, RANGES | {"row": (0, count - 1)})
    if (np.diff(found["step"].astype(np.int64)) <= 0).any():
        raise ValueError(f"{file}: found steps that do not rise, expected one after the other")
    # As Python's number: in float16 there is no 1e9.
    side = found["box"][2].item()
    if not SIDES[0] <= side <= SIDES[1]:
        raise ValueError(
            f"{file}: found a lattice along {side:g}, expected {SIDES[0]:g} to {SIDES[1]:g}"
        )
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
        sheets=_sheets(file, found["sheets"].astype(np.uint8).tobytes(), found["sizes"].tolist()),
    )


def _expected(file: Path, dims: int) -> dict[str, Header]:
    """Return which arrays must be there, for as many snapshots and images as there are."""
    found = array_headers(file)
    snapshots, filmed, size = (
        next(iter(found[name].shape), 0) if name in found else 0
        for name in ("step", "row", "sheets")
    )
    if not 2 <= snapshots <= MAX_SNAPSHOTS or not filmed or not size:
        raise ValueError(
            f"{file}: found {snapshots:,} snapshots of {filmed:,} images in {size:,} bytes, "
            f"expected 2 to {MAX_SNAPSHOTS:,} of at least one"
        )
    return {
        **dict.fromkeys(("step", "sizes"), Header("whole", (snapshots,))),
        **dict.fromkeys(("epoch", "neg_elbo"), Header("float", (snapshots,))),
        **{"row": Header("whole", (filmed,)), "xy": Header("float", (snapshots, filmed, 2))},
        **{"center": Header("float", (dims,)), "axes": Header("float", (2, dims))},
        **{"box": Header("float", (3,)), "across": Header("whole", ())},
        "sheets": Header("whole", (size,)),
    }


def _sheets(file: Path, content: bytes, sizes: list[int]) -> tuple[bytes, ...]:
    """Cut the pictures from each other, and check of each how large it will be."""
    if sum(sizes) != len(content):
        raise ValueError(f"{file}: found sheets of {len(content):,} bytes, expected {sum(sizes):,}")
    ends = list(accumulate(sizes))
    sheets = tuple(content[end - size : end] for size, end in zip(sizes, ends, strict=True))
    found = {_webp_size(sheet) for sheet in sheets}
    (width, height), *others = found
    if others or not 1 <= width * height <= MAX_PIXELS:
        raise ValueError(
            f"{file}: found a sheet that is no WebP picture or one of {width} x {height} pixels, "
            f"expected WebP pictures of one size, of at most {MAX_PIXELS:,} pixels"
        )
    return sheets


def _webp_size(picture: bytes) -> tuple[int, int]:
    """Return width and height of a still WebP picture, from its header; 0 and 0 of other bytes."""
    if picture[:4] == b"RIFF" and picture[8:16] == b"WEBPVP8 " and picture[23:26] == b"\x9d\x01*":
        width, height = struct.unpack_from("<HH", picture.ljust(30), 26)
        return width & 0x3FFF, height & 0x3FFF
    if picture[:4] == b"RIFF" and picture[8:16] == b"WEBPVP8L" and picture[20:21] == b"/":
        (bits,) = struct.unpack_from("<I", picture.ljust(30), 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
