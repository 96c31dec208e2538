"""Plots for print, by matplotlib: vectors, with text that stays text, and no browser.

Plotly, which draws the pages, needs a browser to write a file.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.lines import Line2D
from matplotlib.text import Text

from vae_explorer.checkpoint.text import MAX_NAME, plain_text
from vae_explorer.figures.pictures import enlarged
from vae_explorer.figures.scatter import (
    ScatterInfo,
    class_layers,
    extent,
    name_places,
    readable_ink,
)
from vae_explorer.figures.style import class_colour

__all__ = ["Ticks", "labelled_picture", "printed_scatter", "ticks_at", "traversal_ticks"]

# Inches a side of the scatter, and points a side of a code's mark.
SIDE, MARK = 4.5, 2.2
# Between a class's name and the next one, in 1/100 inch.
GAP = 2
LEGEND_ROWS = 20
SIGMAS = (1, 2, 3)
# Where a ring's name may stand, as angles from the right: the one that is farthest from others.
ANGLES = np.pi * np.array([1, 3, 5, 7, 2, 6, 0, 4]) / 4
# A viewer that smooths pictures leaves pixels of so many more their edges.
SHARP = 2000

# Class names may be in letters that matplotlib's own font lacks; these have them, where installed.
_WIDE_FONTS = ("Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "Hiragino Sans", "Yu Gothic")
_STYLE = {
    **{"svg.fonttype": "none", "svg.hashsalt": "vae-explorer", "pdf.fonttype": 42},
    **{"text.parse_math": False, "font.size": 10, "axes.linewidth": 0.6, "axes.axisbelow": True},
    **{"xtick.major.width": 0.6, "ytick.major.width": 0.6, "savefig.pad_inches": 0.04},
}


class Ticks(NamedTuple):
    """What stands along a side of a picture: a title, and names by place, in images from 0."""

    title: str = ""
    names: Mapping[float, str] = {}


def ticks_at(values: np.ndarray) -> dict[float, str]:
    """Return names for whole numbers, some ten at most, by place among rising or falling values."""
    order = np.argsort(values)
    low, high = values[order[0]], values[order[-1]]
    step = max(1, round((high - low) / 8)) if high - low >= 2 else (high - low) / 4
    wanted = np.arange(math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6) + 1) * step
    places = np.interp(wanted, values[order], order)
    return {
        place: f"{value:.3g}".replace("-", "−")
        for place, value in zip(places.tolist(), wanted.tolist(), strict=True)
    }


def traversal_ticks(dims: Sequence[int], kl: np.ndarray, values: np.ndarray) -> tuple[Ticks, Ticks]:
    """Return what stands below and left of dimensions that are moved to `values`, a row each.

    `kl` has every dimension's mean KL, (D,) in nats.
    """
    return (
        Ticks("z of the dimension (prior standard deviations)", ticks_at(values)),
        Ticks(names={k: f"z{dim} · KL {kl[dim]:.2f} nats" for k, dim in enumerate(dims)}),
    )


def printed_scatter(
    info: ScatterInfo,
    *,
    origin: np.ndarray | None,
    marks: Mapping[str, np.ndarray],
    file_format: str,
    dpi: int,
    note: Mapping[str, str],
) -> bytes:
    """Draw every code of at least one, each class's name among its points, and a legend.

    Args:
        info: the codes; an axis's name has its unit.
        origin: where the prior's mean is on the plane, (2,), to draw rings at its standard
            deviations; None where codes are not on a plane.
        marks: places to be named, (2,) each.
        file_format: `png`, `svg` or `pdf`.
        dpi: pixels an inch of a PNG.
        note: see `note_of`.
    """
    with _style():
        figure = Figure(figsize=(SIDE, SIDE))
        axes = figure.add_axes((0, 0, 1, 1))
        for number, (label, rows) in enumerate(class_layers(info)):
            colour, gid = class_colour(label), f"class-{label}-{number}"
            x, y = info.xy[rows].T
            style = {"ls": "", "marker": "o", "ms": MARK, "mew": 0, "alpha": 0.65}
            axes.plot(x, y, color=colour, gid=gid, **style)
        # Where the posterior collapsed, the innermost ring tells how small the codes are.
        inner = [] if origin is None else [origin - SIGMAS[0], origin + SIGMAS[0]]
        low, high = extent(np.concatenate([info.xy, *(p[None] for p in [*marks.values(), *inner])]))
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
        axes.set(xlabel=info.axis_names[0], ylabel=info.axis_names[1])
        named = name_places(info)
        if origin is not None:
            _draw_rings(axes, origin, [*named.values(), *marks.values()])
        texts = [
            _draw_name(axes, place, plain_text(info.classes[label], MAX_NAME), class_colour(label))
            for label, place in named.items()
        ]
        _spread(figure, axes, texts)
        _draw_legend(axes, info)
        for name, place in marks.items():
            disc = {"boxstyle": "circle", "fc": "white", "ec": "black", "lw": 1.4}
            axes.text(*place, name, bbox=disc, zorder=6, **_CENTRED)
        return _saved(figure, file_format, note, dpi)


def labelled_picture(
    picture: np.ndarray,
    *,
    cell: tuple[int, int],
    scale: float,
    x: Ticks,
    y: Ticks,
    file_format: str,
    note: Mapping[str, str],
    dpi: int = 96,
) -> bytes:
    """Draw a picture with axes about it.

    Args:
        picture: uint8, (H, W, C).
        cell: height and width of one of its images with its gap, in pixels.
        scale: of a pixel, in 1/96 inch.
        x, y: what stands below and left of it.
        file_format: `png`, `svg` or `pdf`.
        note: see `note_of`.
        dpi: pixels an inch of a PNG.
    """
    height, width, _ = picture.shape
    with _style():
        figure = Figure(figsize=(width * scale / 96, height * scale / 96))
        axes = figure.add_axes((0, 0, 1, 1))
        shown = np.asarray(enlarged(picture, max(1, SHARP // max(height, width))))
        edges = (0, width / cell[1], height / cell[0], 0)
        axes.imshow(
            shown,
            **{"cmap": "gray", "vmin": 0, "vmax": 255, "extent": edges},
            **{"interpolation": "none", "aspect": "auto"},
        )
        axes.set_xticks([place + 0.5 for place in x.names], list(x.names.values()))
        axes.set_yticks([place + 0.5 for place in y.names], list(y.names.values()))
        axes.set(xlabel=x.title, ylabel=y.title)
        return _saved(figure, file_format, note, dpi)


_CENTRED = {"ha": "center", "va": "center", "fontsize": 8, "fontweight": "bold"}


def _draw_rings(axes: Axes, origin: np.ndarray, taken: list[np.ndarray]) -> None:
    """Draw the prior's circles at whole standard deviations, and name each where there is room."""
    turn = np.linspace(0, 2 * np.pi, 181)
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    for sigma in SIGMAS:
        circle = origin[:, None] + sigma * np.array([np.cos(turn), np.sin(turn)])
        axes.plot(*circle, color="black", lw=0.6, alpha=0.6, gid=f"sigma-{sigma}")
        places = origin + sigma * np.array([np.cos(ANGLES), np.sin(ANGLES)]).T
        inside = ((low < places) & (places < high)).all(axis=1)
        if not inside.any():
            continue
        room = np.linalg.norm(places[:, None] - np.array(taken), axis=-1).min(axis=1)
        x, y = places[np.where(inside, room, -1).argmax()]
        box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75}
        axes.text(x, y, f"{sigma}σ", bbox=box, clip_on=True, **_CENTRED | {"fontsize": 7})


def _draw_name(axes: Axes, place: np.ndarray, name: str, colour: str) -> Text:
    """Name a class: a letter on a disc, a longer name in a frame of its colour."""
    box = {"boxstyle": "circle,pad=0.25", "fc": colour, "ec": "white", "lw": 1}
    ink, size = readable_ink(colour), 8
    if len(name) > 1:
        box |= {"boxstyle": "round,pad=0.2", "fc": "white", "ec": colour, "alpha": 0.9}
        ink, size = "black", 7
    look = _CENTRED | {"fontsize": size}
    return axes.text(*place, name, color=ink, bbox=box, zorder=5, gid="class-name", **look)


def _draw_legend(axes: Axes, info: ScatterInfo) -> None:
    """Say what each colour means, right of the plot; a class without points is left out."""
    present = np.unique(info.label).tolist()
    disc = {"ls": "", "marker": "o", "ms": 6, "mew": 0}
    axes.legend(
        [Line2D([], [], color=class_colour(label), **disc) for label in present],
        [plain_text(info.classes[label], MAX_NAME) for label in present],
        **{"loc": "upper left", "bbox_to_anchor": (1, 1), "frameon": False},
        **{"ncols": -(-len(present) // LEGEND_ROWS), "handletextpad": 0.2},
    )


def _spread(figure: Figure, axes: Axes, texts: Sequence[Text]) -> None:
    """Move names down, from the top on, until none lies on another, as far as the plot has room."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    placed = []
    for text in sorted(texts, key=lambda text: -text.get_position()[1]):
        box = start = text.get_window_extent(renderer).padded(GAP)
        while hit := [other for other in placed if box.overlaps(other)]:
            box = box.translated(0, min(other.y0 for other in hit) - box.y1 - 1)
        box = box if box.y0 > axes.bbox.y0 else start
        placed.append(box)
        x, y = axes.transData.transform(text.get_position())
        text.set_position(axes.transData.inverted().transform((x, y + box.y0 - start.y0)))


@contextmanager
def _style() -> Iterator[None]:
    """Draw by this file's style alone, whatever the user's own matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        installed = {font.name for font in fontManager.ttflist}
        wide = [name for name in _WIDE_FONTS if name in installed]
        matplotlib.rcParams.update(_STYLE | {"font.family": ["sans-serif", *wide]})
        yield


def _saved(figure: Figure, file_format: str, note: Mapping[str, str], dpi: int) -> bytes:
    """Return a figure as a file, the same bytes each time."""
    names = {
        "png": ("Title", "Description", {"Software": "VAE Explorer"}),
        "svg": ("Title", "Description", {"Creator": "VAE Explorer", "Date": None}),
        "pdf": ("Title", "Subject", {"Creator": "VAE Explorer", "CreationDate": None}),
    }
    title, description, others = names[file_format]
    metadata = {title: note["title"], description: note["description"], **others}
    file = io.BytesIO()
    figure.savefig(file, format=file_format, dpi=dpi, bbox_inches="tight", metadata=metadata)
    return file.getvalue()
