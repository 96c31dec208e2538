"""A lattice of codes, decoded: what lies where in the latent space."""

from __future__ import annotations

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode
from vae_explorer.analysis.planes import SPACINGS, lattice
from vae_explorer.figures.curves import ManifoldInfo, manifold_figure
from vae_explorer.figures.pictures import mosaic, png_bytes
from vae_explorer.figures.scatter import ScatterInfo
from vae_explorer.ui.checkpoints import choose_checkpoint
from vae_explorer.ui.loaders import load_latents, load_meta, load_model
from vae_explorer.ui.row import show_row
from vae_explorer.ui.view import CHART, PCA, RAW, choose_center, choose_plane

path = choose_checkpoint()
latents, classes = load_latents(path), load_meta(path).dataset.classes
dims = latents.mean.shape[1]

st.subheader("What the decoder makes of every place")
chart, controls = st.columns([3, 1], gap="medium")
with controls:
    size = st.slider("Images a side", 5, 30, 20, key="grid_size", persist_state="session")
    extent = st.slider("Range, ± z", 1.0, 5.0, 3.0, 0.5, key="grid_extent", persist_state="session")
    spacing = st.segmented_control(
        "Spacing",
        SPACINGS,
        default="linear",
        key="grid_spacing",
        required=True,
        persist_state="session",
        help="linear: equal steps in z. quantile: equal steps of prior probability, so that every "
        "image stands for the same share of N(0, I).",
    )
    center, kind = np.zeros(dims), RAW
    if dims > 2:
        kind = st.segmented_control(
            "Plane", [PCA, RAW], default=PCA, key="plane", required=True, persist_state="session"
        )
        center = choose_center(path)
    plane = choose_plane(path, center, kind)
    height = st.number_input(
        f"The row at {plane.names[1]} =", -5.0, 5.0, 0.4, 0.1, key="row", persist_state="session"
    )
    show_codes = st.toggle("Test codes on top", key="grid_codes", persist_state="session")

nodes = lattice(size, extent, spacing)
images = decode(load_model(path), plane.at(nodes.coordinates()).reshape(-1, dims))
picture = mosaic(images, columns=size)
codes = ScatterInfo.of(latents, plane.coordinates(latents.mean), classes, plane.names)
with chart, st.container(key="tall-map"):
    st.plotly_chart(
        manifold_figure(ManifoldInfo(plane, nodes, picture), codes if show_codes else None),
        key="manifold",
        height="stretch",
        config=CHART,
    )
with chart:
    show_row(path, plane, nodes, height)
with controls:
    steps = "equal steps in z" if spacing == "linear" else "equal steps of prior probability"
    if show_codes and dims > 2:
        st.caption("The codes are dropped onto this plane; most of them lie off it.")
    st.caption(
        f"{size} × {size} images over {plane.names[0]}, {plane.names[1]} from −{extent:g} to "
        f"{extent:g}, {spacing} spacing: {steps}. Each is the mean of p(x|z) at its centre."
    )
    st.download_button(
        "Download PNG",
        png_bytes(picture, scale=2),
        file_name=f"{path.name}-{'-'.join(plane.names)}-{spacing}-{extent:g}.png".replace(" ", ""),
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
    )
