"""The server: `streamlit run app.py`. The pages are in vae_explorer/ui, what they fetch in live."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vae_explorer.live.routes import routes

__all__ = ["app"]

app = st.App(
    Path(__file__).parent / "vae_explorer" / "ui" / "main.py",
    routes=routes(st.get_option("server.baseUrlPath")),
)
