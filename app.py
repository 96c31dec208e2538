"""The server: `streamlit run app.py`. The pages are in vae_explorer/ui."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st

from vae_explorer.ui.loaders import import_torch

__all__ = ["app"]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Import torch while the browser still opens the page: the first decode need not wait."""
    Thread(target=import_torch, daemon=True).start()
    yield


app = st.App(Path(__file__).parent / "vae_explorer" / "ui" / "main.py", lifespan=lifespan)
