"""Every test digit at its place in the latent space, coloured by class."""

from __future__ import annotations

import streamlit as st

from vae_explorer.figures.scatter import scatter_figure
from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.loaders import load_latents
from vae_explorer.ui.selection import selected_rows, show_digit, show_group
from vae_explorer.ui.view import CHART, UMAP, choose_view, show_view_figures

path = chosen_checkpoint()
latents = load_latents(path)

st.subheader("Where the encoder puts each test image")
st.caption(
    "A point is one image's posterior mean. **Click** one to see it decoded, **lasso** many, "
    "click a class in the legend to hide it. A class's name stands where it is most by itself."
)
chart, details = st.columns([2, 1], gap="medium")
with details:
    view = choose_view(path, key="scatter_view", default=UMAP)
    if view.plane is None:
        st.caption(f"{view.name} keeps neighbours together; its axes and distances mean nothing.")
    elif latents.mean.shape[1] > 2:
        st.caption(f"{latents.mean.shape[1]} dimensions, dropped onto a plane.")
with chart, st.container(key="map"):
    event = st.plotly_chart(
        scatter_figure(view.info),
        key=f"scatter {path} {view.name}",
        height="stretch",
        on_select="rerun",
        config=CHART,
    )
with details:
    rows = selected_rows(event)
    if not rows:
        st.info("Click a point, or lasso many.", icon=":material/touch_app:")
    elif len(rows) == 1:
        show_digit(path, rows[0])
    else:
        show_group(path, rows)
    if rows:
        st.caption("Double-click the map to clear the selection.")
# Last, because it takes a moment.
with chart:
    show_view_figures(path, view)
