"""The two ends of a path, A and B, taken by clicking digits in a scatter."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from vae_explorer.checkpoint.latents import Latents
from vae_explorer.ui.loaders import load_latents, load_meta
from vae_explorer.ui.selection import selected_rows
from vae_explorer.ui.view import CHART

__all__ = ["Ends", "choose_ends", "end_title"]


class Ends(NamedTuple):
    """Rows of the latents at which a path starts and stops, and the end the next click moves."""

    a: int
    b: int
    turn: str


def choose_ends(path: Path, figure: go.Figure, view_name: str) -> Ends:
    """Show a scatter whose clicks set A and B in turn, and return the ends.

    The figure must not change with the ends: a changed plotly chart is drawn anew, and would lose
    its zoom with every click.
    """
    slot, chart_key = f"ends {path}", f"ends scatter {path} {view_name}"
    if slot not in st.session_state:
        st.session_state[slot] = _first_ends(load_latents(path))

    def take_click() -> None:
        rows = selected_rows(st.session_state[chart_key])
        # A click on empty ground clears plotly's selection and says nothing about the ends.
        if len(rows) == 1:
            ends = st.session_state[slot]
            moved = {"A": {"a": rows[0], "turn": "B"}, "B": {"b": rows[0], "turn": "A"}}
            st.session_state[slot] = ends._replace(**moved[ends.turn])

    ends = st.session_state[slot]
    st.markdown(
        f"**A**: {end_title(path, ends.a)}, **B**: {end_title(path, ends.b)}.  \n"
        f"**Click a digit** to set **{ends.turn}**; clicks move the two in turn."
    )
    with st.container(key="half-map"):
        st.plotly_chart(
            figure,
            key=chart_key,
            height="stretch",
            on_select=take_click,
            selection_mode="points",
            config=CHART,
        )
    return ends


def end_title(path: Path, row: int) -> str:
    """Return an end in words: its class and its index in the test split."""
    latents = load_latents(path)
    name = load_meta(path).dataset.classes[latents.label[row]]
    return f"{name} (test image {latents.index[row]})"


def _first_ends(latents: Latents) -> Ends:
    """Start with two far classes, each by the digit nearest to its mean, so the page opens full."""
    kinds = np.unique(latents.label)
    means = np.array([latents.mean[latents.label == kind].mean(axis=0) for kind in kinds])
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1)
    first, second = np.unravel_index(apart.argmax(), apart.shape)
    nearest = [
        int(np.linalg.norm(latents.mean - means[kind], axis=1).argmin()) for kind in (first, second)
    ]
    return Ends(nearest[0], nearest[1], "A")
