"""Page set-up and the way between the pages."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vae_explorer.ui.loaders import import_torch_soon

HERE = Path(__file__).parent

st.set_page_config(
    page_title="VAE Explorer",
    page_icon=HERE / "icon.png",
    layout="wide",
    initial_sidebar_state=260,
)
st.html(HERE / "style.css")

page = st.navigation(
    [
        st.Page("page/explore.py", title="Explore", icon=":material/pan_tool:", default=True),
        st.Page("page/scatter.py", title="Scatter", icon=":material/scatter_plot:"),
        st.Page("page/manifold.py", title="Manifold", icon=":material/grid_on:"),
        st.Page("page/interpolate.py", title="Interpolate", icon=":material/route:"),
        st.Page("page/reconstruct.py", title="Reconstruct", icon=":material/compare:"),
        st.Page("page/model.py", title="Model", icon=":material/schema:"),
        st.Page("page/film.py", title="Film", icon=":material/movie:"),
        st.Page("page/compare.py", title="Compare", icon=":material/view_column_2:"),
    ]
)

page.run()
import_torch_soon()
