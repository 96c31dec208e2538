"""Decoded images laid out in one picture, and pictures as PNG files."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

__all__ = ["enlarged", "interleave", "mosaic", "png_bytes"]

# Pixels along a picture that is worth enlarging.
LARGEST = 4096


def mosaic(images: np.ndarray, columns: int, gap: int = 0) -> np.ndarray:
    """Lay images out row by row, the first one at the top left.

    Args:
        images: (N, C, H, W) in [0, 1], C of 1 (grey) or 3 (RGB).
        columns: images a row.
        gap: mid-grey pixels between neighbours; the last row is filled up with them too.

    Returns:
        One uint8 picture, (rows * H + gaps, columns * W + gaps, C).
    """
    count, channels, height, width = images.shape
    pixels = np.rint(images.clip(0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    rows = -(-count // columns)
    picture = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 128, dtype=np.uint8
    )
    for number, image in enumerate(pixels):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def interleave(kinds: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Return images of several kinds so that a mosaic has each row of one above that of the next.

    Args:
        kinds: the same N images in each kind, (N, C, H, W) in [0, 1].
        columns: images a row; each kind's last row is filled up with mid-grey ones.
    """
    missing = -len(kinds[0]) % columns
    full = [np.pad(kind, ((0, missing), *[(0, 0)] * 3), constant_values=0.5) for kind in kinds]
    rows = [kind[k : k + columns] for k in range(0, len(full[0]), columns) for kind in full]
    return np.concatenate(rows)


def enlarged(picture: np.ndarray, scale: int) -> Image.Image:
    """Return a uint8 picture, (H, W, C), with each pixel as a square of `scale` pixels a side."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)


def png_bytes(picture: np.ndarray, scale: int = 1) -> bytes:
    """Return a uint8 picture, (H, W, C), as a PNG file, each pixel `scale` pixels wide.

    A large picture is enlarged less.
    """
    file = io.BytesIO()
    enlarged(picture, max(1, min(scale, LARGEST // max(picture.shape)))).save(file, "PNG")
    return file.getvalue()
