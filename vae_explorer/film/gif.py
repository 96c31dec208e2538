"""A film as an animated GIF, to be shown where no browser is: on a slide, in a README."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from vae_explorer.film.film import Film

__all__ = ["film_gif", "gif_bytes"]

SIDE, FRAMES, FRAME_MS, LAST_MS = 480, 72, 90, 2000
COLOURS, DOT = 96, 1.8
CAPTION_HEIGHT = 40


def film_gif(film: Film, label: np.ndarray, colours: Sequence[str]) -> bytes:
    """Return the film as a GIF: the lattice, on it the images' codes, below it epoch and −ELBO.

    Args:
        film: S snapshots of M test images.
        label: class of each image, (M,).
        colours: `#rrggbb` for each class.
    """
    sheets = [_sheet(sheet) for sheet in film.sheets]
    times = np.linspace(0, len(sheets) - 1, FRAMES)
    frames = [_frame(film, sheets, label, colours, time) for time in times]
    palette = frames[-1].quantize(COLOURS)
    pictures = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    return gif_bytes(pictures, [FRAME_MS] * (FRAMES - 1) + [LAST_MS], _note(film))


def gif_bytes(frames: Sequence[Image.Image], durations: Sequence[int], comment: str) -> bytes:
    """Return frames, each shown for so many milliseconds, as a GIF that starts again at its end."""
    stream = io.BytesIO()
    frames[0].save(
        stream,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=list(durations),
        loop=0,
        comment=comment,
    )
    return stream.getvalue()


def _sheet(sheet: bytes) -> Image.Image:
    with Image.open(io.BytesIO(sheet), formats=["WEBP"]) as picture:
        return picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)


def _frame(
    film: Film,
    sheets: Sequence[Image.Image],
    label: np.ndarray,
    colours: Sequence[str],
    time: float,
) -> Image.Image:
    """Return the picture at a time in snapshots, between which everything is interpolated."""
    k = min(int(time), len(sheets) - 2)
    share = time - k
    frame = Image.new("RGB", (SIDE, SIDE + CAPTION_HEIGHT), "white")
    frame.paste(Image.blend(sheets[k], sheets[k + 1], share))
    draw = ImageDraw.Draw(frame)
    before, after = film.xy[k].astype(np.float32), film.xy[k + 1].astype(np.float32)
    x, y, side = film.box
    places = ((1 - share) * before + share * after - [x, y]) / side
    inside = (np.abs(places) < 0.5).all(axis=1)
    for (right, up), one in zip(places[inside], label[inside], strict=True):
        left, top = (right + 0.5) * SIDE, (0.5 - up) * SIDE
        draw.ellipse((left - DOT, top - DOT, left + DOT, top + DOT), fill=colours[one])
    epoch = (1 - share) * film.epoch[k] + share * film.epoch[k + 1]
    loss = (1 - share) * film.neg_elbo[k] + share * film.neg_elbo[k + 1]
    caption = f"epoch {epoch:.1f} of {film.epoch[-1]:.0f}    -ELBO {loss:.1f} nats per image"
    draw.text((8, SIDE + 5), caption, fill="black")
    draw.text((8, SIDE + 21), _note(film), fill="black")
    return frame


def _note(film: Film) -> str:
    """Say what the numbers and the pictures are of."""
    return (
        f"-ELBO and dots: {len(film.row):,} test images. Pictures: "
        f"{film.across} x {film.across} decoded; between snapshots, blends of two."
    )
