"""From one clicked digit to another, step by step."""

from __future__ import annotations

import streamlit as st

from vae_explorer.analysis.planes import PATHS
from vae_explorer.analysis.planes import path as path_between
from vae_explorer.figures.curves import path_figure, scatter_figure
from vae_explorer.ui.checkpoints import choose_checkpoint
from vae_explorer.ui.ends import choose_ends
from vae_explorer.ui.loaders import load_latents
from vae_explorer.ui.strip import show_strip
from vae_explorer.ui.view import CHART, PCA, choose_view, place_on_view

path = choose_checkpoint()
latents = load_latents(path)

st.subheader("From one digit to another")
way, count, seen = st.columns([1, 1, 2], gap="medium")
with seen:
    view = choose_view(path, key="path_view", default=PCA)
kind = way.segmented_control(
    "Way",
    PATHS,
    default="lerp",
    key="path_kind",
    required=True,
    persist_state="session",
    help="lerp: a straight line. slerp: a turn about the origin at constant speed.",
)
steps = count.slider("Steps", 3, 30, 11, key="path_steps", persist_state="session")

clicked, shown = st.columns(2, gap="medium")
with clicked:
    ends = choose_ends(path, scatter_figure(view.info), view.name)
z = path_between(latents.mean[ends.a], latents.mean[ends.b], steps, kind)
with shown:
    placing = "each step at its nearest test digit" if view.plane is None else view.name
    st.markdown(f"**The path** from A to B, {kind} in {steps} steps  \n({placing})")
    with st.container(key="path-map"):
        st.plotly_chart(
            path_figure(view.info, place_on_view(z, view, latents)),
            key="path",
            height="stretch",
            config=CHART,
        )
show_strip(path, z, f"{path.name}-{latents.index[ends.a]}-{latents.index[ends.b]}-{kind}")
