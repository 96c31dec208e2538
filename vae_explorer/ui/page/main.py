"""The app's main script: set-up, and the way between the pages.

It stands among the pages, and not above them, because a folder `pages` beside the main script turns
on Streamlit's older way of finding pages: in ui/ an old clone may still have one.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from vae_explorer.ui.checkpoints import choose_checkpoint, choose_compared, compared, open_page
from vae_explorer.ui.loaders import import_torch_soon, of_one_state

UI = Path(__file__).parents[1]

st.set_page_config(page_title="VAE Explorer", page_icon=UI / "icon.png", layout="wide")
st.html(UI / "style.css")

present = st.Page("present.py", title="Present")
page = st.navigation(
    [
        st.Page("explore.py", title="Explore", default=True),
        st.Page("compare.py", title="Compare"),
        st.Page("film.py", title="Film"),
        st.Page("projections.py", title="Projections"),
        st.Page("samples.py", title="Samples"),
        st.Page("model.py", title="Model"),
        present,
    ],
    position="top",
)

state, is_start = st.session_state, page.url_path == "" and not st.query_params
if os.environ.get("VAE_EXPLORER_SCENES") and is_start and "open_page" not in state:
    state.play_scenes = True
    st.switch_page(present)
choose = {"compare": choose_compared, "present": open_page}.get(page.url_path, choose_checkpoint)
choose(page.url_path)
with of_one_state(*(shown.path for shown in compared())):
    page.run()
import_torch_soon()
