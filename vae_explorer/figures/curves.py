"""Curves and bars: the −ELBO of trainings epoch by epoch, the KL of every dimension."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.figures.style import (
    CLASS_COLOURS,
    FONT_SIZE,
    base_figure,
    class_colour,
    plotly_text,
)

__all__ = ["histories_figure", "history_figure", "kl_figure", "spikes"]


def history_figure(history: list[Epoch]) -> go.Figure:
    """Draw the −ELBO of the training and the test split, epoch by epoch.

    Spikes run off the top, where their epochs are named.
    """
    figure = base_figure()
    _add_curve(figure, history, "train", "train", color=CLASS_COLOURS[1], width=3)
    _add_curve(figure, history, "test", "test", color=CLASS_COLOURS[0], width=3)
    for first, last in _runs(set().union(*spikes(history).values())):
        figure.add_annotation(
            x=first,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            # The arrow stands on the spike.
            xshift=-5,
            showarrow=False,
            text=f"↑ {first}" if first == last else f"↑ {first}–{last}",
            hovertext=f"above this plot: train {history[first - 1].train_neg_elbo:,.0f}, test "
            f"{history[first - 1].test_neg_elbo:,.0f} nats at epoch {first}",
        )
    figure.update_yaxes(range=_history_range(history), title_text="−ELBO, nats per image")
    return figure.update_xaxes(title_text="epoch", dtick=1 if len(history) <= 10 else None)


def histories_figure(histories: Mapping[str, list[Epoch]]) -> go.Figure:
    """Draw the −ELBO of several trainings by name: on the test split, and dotted in training."""
    figure = base_figure()
    for k, (name, history) in enumerate(histories.items()):
        shown = plotly_text(name)
        _add_curve(figure, history, "test", f"{shown}, test", color=class_colour(k), width=3)
        dotted = {"color": class_colour(k), "width": 2, "dash": "dot"}
        _add_curve(figure, history, "train", f"{shown}, train", **dotted)
    ranges = [limits for history in histories.values() if (limits := _history_range(history))]
    if len(ranges) == len(histories):
        lows, highs = zip(*ranges, strict=True)
        figure.update_yaxes(range=[min(lows), max(highs)])
    figure.update_xaxes(title_text="epoch")
    return figure.update_yaxes(title_text="−ELBO, nats per image")


def _add_curve(
    figure: go.Figure, history: list[Epoch], split: str, name: str, **line: object
) -> None:
    """Add the −ELBO of one split, `train` or `test`; a short one shows its points."""
    figure.add_scatter(
        x=[row.epoch for row in history],
        y=[getattr(row, f"{split}_neg_elbo") for row in history],
        name=name,
        mode="lines+markers" if len(history) < 3 else "lines",
        line=line,
        hovertemplate="epoch %{x}: %{y:.2f} nats<extra>" + f"{name}</extra>",
    )


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


def spikes(history: list[Epoch]) -> dict[str, list[int]]:
    """Return the epochs in which `train` and `test` run off the top of a plot, after their fall."""
    shown = _history_range(history)
    found: dict[str, list[int]] = {"train": [], "test": []}
    fallen = False
    for row in history if shown else []:
        high = [split for split in found if getattr(row, f"{split}_neg_elbo") > shown[1]]
        fallen = fallen or not high
        for split in high if fallen else []:
            found[split].append(row.epoch)
    return found


def _runs(epochs: set[int]) -> list[tuple[int, int]]:
    """Return the first and the last of each run of neighbours."""
    runs: list[tuple[int, int]] = []
    for epoch in sorted(epochs):
        if runs and runs[-1][1] == epoch - 1:
            runs[-1] = runs[-1][0], epoch
        else:
            runs.append((epoch, epoch))
    return runs


def kl_figure(kl: np.ndarray, active: np.ndarray) -> go.Figure:
    """Draw the mean KL of each dimension, (D,) nats, the largest first; inactive ones are grey."""
    figure = base_figure()
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
