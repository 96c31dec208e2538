"""The scatter of codes by class: points, and the name of every class where it is most by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.text import MAX_NAME, plain_text
from vae_explorer.figures.style import base_figure, class_colour, plotly_text

__all__ = [
    "ScatterInfo",
    "class_layers",
    "extent",
    "name_places",
    "readable_ink",
    "scatter_figure",
]

# Traces that the points of a class are spread over: classes are drawn in turn, so that the last
# one does not cover the others where they overlap.
LAYERS = 5

# Cells a side of the grid in which a class's name looks for its place.
NAME_CELLS = 16


class ScatterInfo(NamedTuple):
    """A view of N codes.

    Attributes:
        xy: coordinates, (N, 2).
        label, index: class and index in the test split, (N,).
        classes: their names.
        axis_names: of the two axes.
    """

    xy: np.ndarray
    label: np.ndarray
    index: np.ndarray
    classes: tuple[str, ...]
    axis_names: tuple[str, str]

    @classmethod
    def of(
        cls,
        latents: Latents,
        xy: np.ndarray,
        classes: tuple[str, ...],
        axis_names: tuple[str, str],
    ) -> ScatterInfo:
        """Take the classes and indices from `latents`, the coordinates from `xy`."""
        return cls(xy, latents.label, latents.index, classes, axis_names)


def scatter_figure(info: ScatterInfo, selected: Sequence[int] = ()) -> go.Figure:
    """Draw every code in WebGL, with the class's name where the class is most by itself.

    The `selected` rows stand out, if there are any.

    `customdata` of a point is its row in the latents, and `text` its index in the test split.
    """
    figure = base_figure()
    # The plot gives way to the ranges, not they to it: a wide window adds no empty plane.
    axis = {"zeroline": False, "constrain": "domain"}
    figure.update_xaxes(**axis, title_text=info.axis_names[0])
    figure.update_yaxes(**axis, title_text=info.axis_names[1], scaleanchor="x", scaleratio=1)
    if len(info.xy):
        low, high = extent(info.xy).tolist()
        figure.update_xaxes(range=[low[0], high[0]])
        figure.update_yaxes(range=[low[1], high[1]])
    figure.add_traces([*_point_traces(info, selected), *_name_traces(info)])
    # A constant revision lets plotly keep zoom and hidden classes when the page runs again.
    return figure.update_layout(dragmode="pan", uirevision="kept")


def extent(xy: np.ndarray) -> np.ndarray:
    """Return the lower left and the upper right corner, (2, 2), that show all of xy, (N, 2)."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.04 * (high - low).max() + 1e-6
    return np.array([low - margin, high + margin])


def class_layers(info: ScatterInfo) -> Iterator[tuple[int, np.ndarray]]:
    """Yield a class and some of its rows, as they are drawn over each other: all classes in turn.

    Nothing is yielded for a class without points.
    """
    rows_of = [np.flatnonzero(info.label == label) for label in range(len(info.classes))]
    for layer in range(LAYERS):
        for label, rows in enumerate(rows_of):
            if len(rows[layer::LAYERS]):
                yield label, rows[layer::LAYERS]


def _point_traces(info: ScatterInfo, selected: Sequence[int]) -> list[go.Scattergl]:
    """Return the traces of points; a class's first one is in the legend."""
    traces, listed = [], set()
    for label, rows in class_layers(info):
        name = info.classes[label]
        x, y = info.xy[rows].astype(np.float32).T
        traces.append(
            go.Scattergl(
                x=x,
                y=y,
                customdata=rows.astype(np.int32),
                text=info.index[rows].astype(np.int32),
                selectedpoints=np.flatnonzero(np.isin(rows, selected)) if selected else None,
                mode="markers",
                marker={"color": class_colour(label), "size": 5, "opacity": 0.65},
                selected={"marker": {"size": 9, "opacity": 1}},
                unselected={"marker": {"opacity": 0.12}},
                name=plotly_text(name),
                legendgroup=name,
                showlegend=label not in listed,
                hovertemplate=f"<b>{plotly_text(name)}</b> · test image %{{text}}<br>"
                "(%{x:.2f}, %{y:.2f})<extra></extra>",
            )
        )
        listed.add(label)
    return traces


def _name_traces(info: ScatterInfo) -> list[go.Scattergl]:
    """Return a trace for each class that has points: its name."""
    traces = []
    for label, (x, y) in name_places(info).items():
        # A disc holds a digit; a longer name stands by itself.
        name, colour = info.classes[label], class_colour(label)
        on_disc = len(name) == 1
        ink = readable_ink(colour) if on_disc else None
        traces.append(
            go.Scattergl(
                x=[x],
                y=[y],
                text=[plain_text(name, MAX_NAME)],
                mode="markers+text" if on_disc else "text",
                textfont={"size": 17, "weight": "bold", "color": ink},
                marker={"color": colour, "size": 25, "line": {"color": "white", "width": 2}},
                # Names stay as they are when points are selected.
                selected={"marker": {"opacity": 1}, "textfont": {"color": ink}},
                unselected={"marker": {"opacity": 1}, "textfont": {"color": ink}},
                legendgroup=name,
                showlegend=False,
                hoverinfo="skip",
            )
        )
    return traces


def name_places(info: ScatterInfo) -> dict[int, np.ndarray]:
    """Return for each class with points the middle of its points in one cell of a coarse grid.

    The cell is the one with the most of them, weighed by the class's share of it, as on the live
    map. Medians will not do: in a good plane the classes are rays, whose medians crowd around the
    origin.
    """
    if not len(info.label):
        return {}
    low, high = np.quantile(info.xy, [0.002, 0.998], axis=0)
    scaled = (info.xy - low) / np.maximum(high - low, 1e-9)
    cell = (scaled * NAME_CELLS).astype(int).clip(0, NAME_CELLS - 1) @ [NAME_CELLS, 1]
    present = np.unique(info.label)
    counts = np.array(
        [np.bincount(cell[info.label == label], minlength=NAME_CELLS**2) for label in present]
    )
    places = (counts**2 / np.maximum(counts.sum(axis=0), 1)).argmax(axis=1)
    return {
        int(label): np.median(info.xy[(info.label == label) & (cell == place)], axis=0)
        for label, place in zip(present, places, strict=True)
    }


def readable_ink(colour: str) -> str:
    """Return black or white, whichever is easier to read on a `#rrggbb` colour."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "white"
