"""Decoded images put together: mosaics, strips, PNG and GIF files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

__all__ = ["gif_bytes", "mosaic", "png_bytes"]


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
    rows = -(-count // columns)
    picture = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 128, dtype=np.uint8
    )
    for number, image in enumerate(to_bytes(images)):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        picture[top : top + height, left : left + width] = image
    return picture


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Return images (N, C, H, W) in [0, 1] as uint8 with shape (N, H, W, C)."""
    return np.rint(images.clip(0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)


def png_bytes(picture: np.ndarray, scale: int = 1) -> bytes:
    """Return a uint8 picture, (H, W, C), as a PNG file, each pixel `scale` pixels wide."""
    file = io.BytesIO()
    _enlarge(picture, scale).save(file, "PNG")
    return file.getvalue()


def gif_bytes(images: np.ndarray, scale: int = 10, seconds: float = 0.1) -> bytes:
    """Return images, (N, C, H, W) in [0, 1], as a GIF that plays there and back for ever."""
    there = [_enlarge(image, scale) for image in to_bytes(images)]
    # The ends are shown once each on the way round.
    frames = there + there[-2:0:-1]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=int(1000 * seconds), loop=0
    )
    return file.getvalue()


def _enlarge(picture: np.ndarray, scale: int) -> Image.Image:
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    return image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
