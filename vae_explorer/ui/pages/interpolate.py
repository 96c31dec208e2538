"""From one clicked digit to another, step by step."""

from __future__ import annotations

import streamlit as st

from vae_explorer.figures import path_figure, scatter_figure
from vae_explorer.geometry import PATHS
from vae_explorer.ui.ends import choose_ends, end_title
from vae_explorer.ui.loaders import load_axes, load_latents
from vae_explorer.ui.picker import choose_checkpoint
from vae_explorer.ui.strip import show_strip
from vae_explorer.ui.view import choose_view, path_on_view
from vae_explorer.geometry import path as latent_path

path = choose_checkpoint()
latents = load_latents(path)

st.subheader("From one digit to another")
st.caption("**Click** a digit for A, then another for B; each further click moves the two in turn.")
map_column, path_column = st.columns(2, gap="medium")
with map_column:
    view = choose_view(path)
    ends = choose_ends(path, scatter_figure(view.info, height=430), view.name)
with path_column:
    left, right = st.columns(2)
    kind = left.segmented_control(
        "Way",
        PATHS,
        default="lerp",
        key="path_kind",
        required=True,
        persist_state="session",
        help="lerp: a straight line. slerp: turns around the origin at constant speed.",
    )
    steps = right.slider("Steps", 3, 30, 11, key="path_steps", persist_state="session")
    z = latent_path(latents.mean[ends.a], latents.mean[ends.b], steps, kind)
    st.plotly_chart(
        path_figure(view.info, path_on_view(z, view, load_axes(path)), height=430),
        key="path",
        config={"scrollZoom": True, "displaylogo": False},
    )
show_strip(path, z, f"{path.name}-{end_title(path, ends.a)}-{end_title(path, ends.b)}-{kind}")
