"""Codes by class, as plotly draws them: a colour, a trace of points and a name for each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from vae_explorer.checkpoint.latents import Latents

__all__ = ["CLASS_COLOURS", "ScatterInfo", "class_colour", "name_traces", "point_traces"]

# Petroff 2021, "Accessible Color Sequences for Data Visualization": ten colours that keep apart
# under the common kinds of colour blindness.
CLASS_COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)

# Cells a side of the grid in which a class's name looks for its place.
NAME_CELLS = 16


class ScatterInfo(NamedTuple):
    """A view of N codes: coordinates (N, 2), class and test index (N,), names of classes, axes."""

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

    def taking(self, rows: np.ndarray | slice) -> ScatterInfo:
        """Return the view of some of the rows alone."""
        return self._replace(xy=self.xy[rows], label=self.label[rows], index=self.index[rows])


def point_traces(info: ScatterInfo, opacity: float) -> list[go.Scattergl]:
    """Return a trace of points for each class that has any."""
    traces = []
    for kind, name in enumerate(info.classes):
        rows = np.flatnonzero(info.label == kind)
        if len(rows):
            x, y = info.xy[rows].astype(np.float32).T
            traces.append(
                go.Scattergl(
                    x=x,
                    y=y,
                    customdata=rows.astype(np.int32),
                    text=info.index[rows].astype(np.int32),
                    mode="markers",
                    marker={"color": class_colour(kind), "size": 5, "opacity": opacity},
                    selected={"marker": {"size": 9, "opacity": 1}},
                    unselected={"marker": {"opacity": 0.12}},
                    name=name,
                    legendgroup=name,
                    hovertemplate=f"<b>{name}</b> · test image %{{text}}<br>"
                    "(%{x:.2f}, %{y:.2f})<extra></extra>",
                )
            )
    return traces


def name_traces(info: ScatterInfo) -> list[go.Scattergl]:
    """Return a trace for each class that has points: its name, where it is most by itself."""
    traces = []
    for kind, (x, y) in _name_places(info).items():
        # A disc holds a digit; a longer name stands by itself.
        name, colour = info.classes[kind], class_colour(kind)
        on_disc = len(name) == 1
        ink = _ink(colour) if on_disc else None
        traces.append(
            go.Scattergl(
                x=[x],
                y=[y],
                text=[name],
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


def _name_places(info: ScatterInfo) -> dict[int, np.ndarray]:
    """Return for each class with points the middle of its points in one cell of a coarse grid.

    The cell is the one where the class outnumbers all others by most. Medians will not do: in a
    good plane the classes are rays, whose medians crowd around the origin.
    """
    if not len(info.label):
        return {}
    low, high = np.quantile(info.xy, [0.002, 0.998], axis=0)
    scaled = (info.xy - low) / np.maximum(high - low, 1e-9)
    cell = (scaled * NAME_CELLS).astype(int).clip(0, NAME_CELLS - 1) @ [NAME_CELLS, 1]
    present = np.unique(info.label)
    counts = np.array(
        [np.bincount(cell[info.label == kind], minlength=NAME_CELLS**2) for kind in present]
    )
    # Twice its own less all: its lead over the others together.
    best = (2 * counts - counts.sum(axis=0)).argmax(axis=1)
    return {
        int(kind): np.median(info.xy[(info.label == kind) & (cell == place)], axis=0)
        for kind, place in zip(present, _where_present(best, counts), strict=True)
    }


def _where_present(best: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Move a class that leads nowhere from an empty cell to its own fullest one."""
    led = counts[np.arange(len(best)), best] > 0
    return np.where(led, best, counts.argmax(axis=1))


def class_colour(kind: int) -> str:
    return CLASS_COLOURS[kind % len(CLASS_COLOURS)]


def _ink(colour: str) -> str:
    """Return black or white, whichever is easier to read on a `#rrggbb` colour."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else "white"
