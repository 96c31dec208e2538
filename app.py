"""The server: `streamlit run app.py`. The pages are in vae_explorer/ui."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from vae_explorer.ui.loaders import import_torch

__all__ = ["app"]

# Streamlit would take the folder ui/pages for its older kind of multi-page app until main.py has
# run once, and open a first visitor's link to a page without main.py. There is no public switch.
PagesManager.uses_pages_directory = False


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Import torch while the browser still opens the page: the first decode need not wait."""
    Thread(target=import_torch, daemon=True).start()
    yield


app = st.App(Path(__file__).parent / "vae_explorer" / "ui" / "main.py", lifespan=lifespan)
