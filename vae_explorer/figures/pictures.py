"""Decoded images laid out in one picture, and pictures as PNG files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

__all__ = ["mosaic", "png_bytes"]

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


def png_bytes(picture: np.ndarray, scale: int = 1) -> bytes:
    """Return a uint8 picture, (H, W, C), as a PNG file, each pixel `scale` pixels wide.

    A large picture is enlarged less.
    """
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    scale = max(1, min(scale, LARGEST // max(image.size)))
    size = image.width * scale, image.height * scale
    file = io.BytesIO()
    image.resize(size, Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()
