"""The server: `streamlit run app.py`. The pages are in vae_explorer/ui, what they fetch in live."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from vae_explorer.live.doors import Doors
from vae_explorer.live.routes import routes
from vae_explorer.scenes import read_scenes

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["app"]

ROOT = Path(__file__).parent
BASE = f"/{st.get_option('server.baseUrlPath').strip('/')}".rstrip("/")
PAGES = ("compare", "film", "projections", "samples", "model", "present")
# Addresses of former pages, and where what they showed is now.
MOVED = {
    "manifold": "?tool=manifold",
    "interpolate": "?tool=interpolate",
    "scatter": "projections",
    "reconstruct": "samples",
}


def _document() -> str:
    """Return Streamlit's own document, told where the server is.

    Streamlit's script would look for the server below the page's address first: two 404s in the
    console, and half a second. A proxy may show the app below a path that the server never sees.
    """
    document = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    page = rf"/\/(?:{'|'.join(PAGES)})?\/?$/"
    path = f"'{BASE}'" if BASE else f"location.pathname.replace({page},'')"
    told = f"<script>window.__streamlit={{BACKEND_BASE_URL:location.origin+{path}+'/'}}</script>"
    return document.replace("<head>", f"<head>{told}", 1)


def _check_scenes() -> None:
    """Say what is wrong with the talk that the app is to open with, to who starts the server."""
    try:
        if file := os.environ.get("VAE_EXPLORER_SCENES"):
            read_scenes(file)
    except (ValueError, OSError) as error:
        print(f"VAE_EXPLORER_SCENES: {error}", file=sys.stderr)


_check_scenes()
DOCUMENT = _document()


def _page(request: Request) -> HTMLResponse:
    return HTMLResponse(DOCUMENT, headers={"Cache-Control": "no-cache"})


def _moved(request: Request) -> RedirectResponse:
    target = MOVED[request.url.path.rsplit("/", 1)[-1]]
    query = request.url.query
    return RedirectResponse(
        f"./{target}" + (("&" if "?" in target else "?") + query if query else "")
    )


app = st.App(
    ROOT / "vae_explorer" / "ui" / "page" / "main.py",
    routes=[
        *routes(BASE),
        *(Route(f"{BASE}/{name}", _page) for name in ("", *PAGES)),
        *(Route(f"{BASE}/{name}", _moved) for name in MOVED),
    ],
    middleware=[
        Middleware(
            Doors,
            names=(
                *filter(None, map(st.get_option, ("server.address", "browser.serverAddress"))),
                *st.get_option("server.corsAllowedOrigins"),
            ),
            patterns=st.get_option("server.allowedHosts"),
            any_origin=not st.get_option("server.enableCORS"),
            scripts=re.findall(r"<script>(.+?)</script>", DOCUMENT, re.DOTALL),
        )
    ],
)
