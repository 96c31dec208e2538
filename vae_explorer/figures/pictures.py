"""Decoded images laid out in one picture, and pictures as PNG files that say what they show."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from vae_explorer.checkpoint.text import plain_text

__all__ = ["LARGEST", "enlarged", "interleave", "mosaic", "note_of", "png_bytes", "usual_scale"]

# Pixels a side that a file may have, that a picture on a page has, and that a file has, about,
# where no scale is given.
LARGEST, ON_PAGE, USUAL = 16_384, 4096, 1000


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


def usual_scale(picture: np.ndarray) -> int:
    """Return how many pixels wide a pixel of a picture, (H, W, C), is in a file for papers."""
    return max(1, USUAL // max(picture.shape))


def note_of(
    name: str, kind: str, codes: Sequence[np.ndarray] = (), **said: object
) -> dict[str, str]:
    """Return what a file's metadata say: a title, and all that the picture depends on, as JSON.

    Args:
        name: of the checkpoint.
        kind: of the picture, as `python -m vae_explorer.render` calls it.
        codes: that it is made from, (D,) each.
        said: what else it depends on; None is left out.
    """
    # As short as float32 allows.
    z = [[float(str(value)) for value in np.float32(code)] for code in codes]
    said = {"checkpoint": name, "kind": kind, "z": z or None} | said
    return {
        "title": f"{kind} of {plain_text(name)}",
        "description": json.dumps({k: v for k, v in said.items() if v is not None}),
    }


def png_bytes(
    picture: np.ndarray, scale: int = 1, note: Mapping[str, str] | None = None, most: int = ON_PAGE
) -> bytes:
    """Return a uint8 picture, (H, W, C), as a PNG file, each pixel `scale` pixels wide.

    It is enlarged less where a side would have more than `most` pixels. For `note` see `note_of`.
    """
    info, file = PngInfo(), io.BytesIO()
    for key, text in (note or {}).items():
        info.add_text(key.capitalize(), text)
    shown = enlarged(picture, max(1, min(scale, most // max(picture.shape))))
    shown.save(file, "PNG", pnginfo=info)
    return file.getvalue()
