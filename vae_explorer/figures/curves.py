"""Plotly figures: data to an `*Info`, an `*Info` to a figure. Nothing here knows Streamlit."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from vae_explorer.analysis.planes import Lattice, Plane
from vae_explorer.checkpoint.history import Epoch
from vae_explorer.figures.pictures import png_bytes
from vae_explorer.figures.scatter import CLASS_COLOURS, ScatterInfo, name_traces, point_traces

__all__ = [
    "ManifoldInfo",
    "histories_figure",
    "history_figure",
    "kl_figure",
    "manifold_figure",
    "path_figure",
    "scatter_figure",
]

PATH_COLOUR = "#d6006c"
FONT_SIZE = 16
# Enough to see where the classes lie behind a path.
BACKDROP_SIZE = 2500
_GRID = "rgba(128, 128, 128, 0.25)"


class ManifoldInfo(NamedTuple):
    """A decoded lattice: its plane, its nodes, and the mosaic of the decoded images, uint8."""

    plane: Plane
    lattice: Lattice
    picture: np.ndarray


def scatter_figure(info: ScatterInfo) -> go.Figure:
    """Draw every code, a WebGL trace a class, with the class's name at its median.

    `customdata` of a point is its row in the latents, which survives any filtering by class, and
    `text` its index in the test split.
    """
    figure = _plane_figure(info.axis_names)
    figure.add_traces([*point_traces(info, opacity=0.65), *name_traces(info)])
    return figure.update_layout(_ranges(info.xy))


def path_figure(info: ScatterInfo, path_xy: np.ndarray) -> go.Figure:
    """Draw a path, (S, 2), from A to B over a sample of the codes, faded."""
    figure = _plane_figure(info.axis_names)
    every = max(1, len(info.label) // BACKDROP_SIZE)
    figure.add_traces(point_traces(info.taking(slice(None, None, every)), opacity=0.3))
    figure.update_traces(hoverinfo="skip", hovertemplate=None)
    # WebGL like the codes: whatever else is in a plot, plotly puts WebGL on top.
    figure.add_scattergl(
        x=path_xy[:, 0],
        y=path_xy[:, 1],
        mode="lines+markers",
        line={"color": PATH_COLOUR, "width": 4},
        marker={"size": 9},
        name="path",
        hovertemplate="(%{x:.2f}, %{y:.2f})<extra></extra>",
    )
    figure.add_scattergl(
        x=path_xy[[0, -1], 0],
        y=path_xy[[0, -1], 1],
        mode="markers+text",
        text=["A", "B"],
        textfont={"color": "white", "size": FONT_SIZE, "weight": "bold"},
        marker={"color": PATH_COLOUR, "size": 28, "line": {"color": "white", "width": 2}},
        name="ends",
        hoverinfo="skip",
    )
    return figure.update_layout(_ranges(info.xy), showlegend=False)


def manifold_figure(info: ManifoldInfo, codes: ScatterInfo | None = None) -> go.Figure:
    """Draw a mosaic with its axes in z, and over it the codes where they are given.

    Nodes stand at equal distances, so the axes count nodes and their ticks say z. The picture of
    node [row, column] is centred on that node: the same place is the same z for both layers.
    """
    size = len(info.lattice.values)
    figure = _plane_figure(info.plane.names)
    source = base64.b64encode(png_bytes(info.picture, scale=2)).decode()
    figure.add_layout_image(
        source=f"data:image/png;base64,{source}",
        xref="x",
        yref="y",
        x=-0.5,
        y=size - 0.5,
        sizex=size,
        sizey=size,
        sizing="stretch",
        layer="below",
    )
    nodes = info.lattice.coordinates().reshape(-1, 2)
    if codes is None:
        figure.add_scattergl(
            x=info.lattice.position(nodes[:, 0]),
            y=info.lattice.position(nodes[:, 1]),
            customdata=nodes,
            mode="markers",
            marker={"size": 1, "opacity": 0.01},
            showlegend=False,
            hovertemplate=f"{info.plane.names[0]} = %{{customdata[0]:.2f}}<br>"
            f"{info.plane.names[1]} = %{{customdata[1]:.2f}}<extra></extra>",
        )
    else:
        placed = codes._replace(xy=info.lattice.position(codes.xy))
        # By quantile all that is beyond the last node is near it: there the last step decides.
        beyond = (info.lattice.values[-1] - info.lattice.values[-2]) / 2
        inside = (np.abs(codes.xy) <= info.lattice.values[-1] + beyond).all(axis=1)
        shown = placed.taking(inside)
        figure.add_traces([*point_traces(shown, opacity=0.8), *name_traces(shown)])
        # Positions on this picture count nodes; only the axes' ticks say z.
        figure.update_traces(
            selector={"mode": "markers"},
            hovertemplate="test image %{text}<extra>%{fullData.name}</extra>",
        )
    extent = info.lattice.values[-1]
    step = 1 if extent <= 4 else 2
    ticks = np.arange(-np.floor(extent), np.floor(extent) + 1, step)
    if len(ticks) < 3:
        ticks = info.lattice.values[[0, -1]]
    axis = {
        "tickvals": info.lattice.position(ticks),
        "ticktext": [f"{tick:g}" for tick in ticks],
        "range": [-0.5, size - 0.5],
        "showgrid": False,
    }
    return figure.update_xaxes(**axis).update_yaxes(**axis).update_layout(hoverdistance=-1)


def history_figure(history: list[Epoch]) -> go.Figure:
    """Draw the −ELBO of the training and the test split, epoch by epoch."""
    figure = _figure()
    epochs = [row.epoch for row in history]
    for name, values, colour in (
        ("train", [row.train_neg_elbo for row in history], CLASS_COLOURS[1]),
        ("test", [row.test_neg_elbo for row in history], CLASS_COLOURS[0]),
    ):
        figure.add_scatter(
            x=epochs,
            y=values,
            name=name,
            mode="lines+markers" if len(epochs) < 3 else "lines",
            line={"color": colour, "width": 3},
            hovertemplate="epoch %{x}: %{y:.2f} nats<extra>" + name + "</extra>",
        )
    figure.update_yaxes(range=_history_range(history))
    figure.update_xaxes(title_text="epoch", dtick=1 if len(history) <= 10 else None)
    return figure.update_yaxes(title_text="−ELBO, nats per image")


def histories_figure(histories: Mapping[str, list[Epoch]]) -> go.Figure:
    """Draw the −ELBO of several trainings by name: on the test split, and dotted in training."""
    figure = _figure()
    for k, (name, history) in enumerate(histories.items()):
        colour = CLASS_COLOURS[k % len(CLASS_COLOURS)]
        for split, dash, width in (("test", "solid", 3), ("train", "dot", 2)):
            figure.add_scatter(
                x=[row.epoch for row in history],
                y=[getattr(row, f"{split}_neg_elbo") for row in history],
                name=f"{name}, {split}",
                mode="lines+markers" if len(history) < 3 else "lines",
                line={"color": colour, "width": width, "dash": dash},
                hovertemplate="epoch %{x}: %{y:.2f} nats<extra>" + f"{name}, {split}</extra>",
            )
    ranges = [limits for history in histories.values() if (limits := _history_range(history))]
    if len(ranges) == len(histories):
        lows, highs = zip(*ranges, strict=True)
        figure.update_yaxes(range=[min(lows), max(highs)])
    figure.update_xaxes(title_text="epoch")
    return figure.update_yaxes(title_text="−ELBO, nats per image")


def _history_range(history: list[Epoch]) -> list[float] | None:
    """Return what a plot of a history shows, so that neither the first fall nor a lone spike
    flattens all the rest: both run off the top. None shows a short history as a whole."""
    if len(history) < 10:
        return None
    tested = np.array([row.test_neg_elbo for row in history[1:]])
    trained = np.array([row.train_neg_elbo for row in history[1:]])
    # A spike is apart from all others by more than they are from each other.
    high = max(_without_spikes(tested).max(), np.quantile(trained, 0.9))
    low = min(tested.min(), trained.min())
    margin = 0.05 * (high - low)
    return [low - margin, high + margin]


def _without_spikes(values: np.ndarray) -> np.ndarray:
    """Leave out what is farther above the median than five times the upper half's spread."""
    middle, upper = np.quantile(values, [0.5, 0.9])
    return values[values <= middle + 5 * (upper - middle) + 1e-9]


def kl_figure(kl: np.ndarray, active: np.ndarray) -> go.Figure:
    """Draw the mean KL of each dimension, (D,) nats, the largest first; inactive ones are grey."""
    figure = _figure()
    order = np.argsort(-np.asarray(kl), kind="stable")
    for name, chosen, colour in (
        ("active", order[active[order]], CLASS_COLOURS[0]),
        ("inactive", order[~active[order]], CLASS_COLOURS[3]),
    ):
        if len(chosen):
            figure.add_bar(
                x=[str(d) for d in chosen],
                y=np.asarray(kl)[chosen],
                name=name,
                marker={"color": colour},
                hovertemplate="z%{x}: %{y:.3f} nats<extra></extra>",
            )
    figure.update_xaxes(
        title_text="latent dimension",
        type="category",
        categoryorder="array",
        categoryarray=[str(d) for d in order],
        dtick=1,
        tickangle=0,
        tickfont={"size": FONT_SIZE if len(order) <= 10 else 12},
        showgrid=False,
    )
    return figure.update_yaxes(title_text="KL, nats")


def _ranges(xy: np.ndarray) -> dict:
    """Return axis ranges that hold the points xy, (N, 2), so that two figures show one frame."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.04 * (high - low).max() + 1e-6
    return {
        f"{axis}axis": {"range": [float(low[k] - margin), float(high[k] + margin)]}
        for k, axis in enumerate("xy")
    }


def _figure() -> go.Figure:
    font = {"size": FONT_SIZE}
    axis = {"tickfont": font, "title": {"font": font}, "showgrid": True, "gridcolor": _GRID}
    return go.Figure(
        layout={
            # Above the plot there is room for plotly's buttons, which else lie on the legend.
            "margin": {"l": 10, "r": 10, "t": 36, "b": 10},
            "font": font,
            "hoverlabel": {"font": font},
            "legend": {"font": font, "itemsizing": "constant", "tracegroupgap": 0},
            "xaxis": axis,
            "yaxis": axis,
        }
    )


def _plane_figure(axis_names: tuple[str, str]) -> go.Figure:
    """An empty figure of a plane: one unit is as long on both axes."""
    figure = _figure()
    # The plot gives way to the ranges, not they to it: a wide window adds no empty plane.
    axis = {"zeroline": False, "constrain": "domain"}
    figure.update_xaxes(**axis, title_text=axis_names[0])
    figure.update_yaxes(**axis, title_text=axis_names[1], scaleanchor="x", scaleratio=1)
    # A constant revision lets plotly keep zoom and hidden classes when the page runs again.
    return figure.update_layout(dragmode="pan", uirevision="kept")
