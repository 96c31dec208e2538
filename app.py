"""The server: `streamlit run app.py`. The pages are in vae_explorer/ui, what they fetch in live."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from vae_explorer.live.routes import routes

__all__ = ["app"]

# Streamlit would take the folder ui/pages for its older kind of multi-page app until main.py has
# run once, and open a first visitor's link to a page without main.py. There is no public switch.
PagesManager.uses_pages_directory = False

app = st.App(
    Path(__file__).parent / "vae_explorer" / "ui" / "main.py",
    routes=routes(st.get_option("server.baseUrlPath")),
)
