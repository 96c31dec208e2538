"""Components of ours on a page: what Streamlit carries of them, and where they find the rest."""

from __future__ import annotations

import streamlit as st

from vae_explorer.live.routes import ASSETS, PREFIX, asset_version

__all__ = ["base_of", "component"]


# Only this small part travels with each run; it imports the rest, which the browser keeps.
component = st.components.v2.component(
    "vae_explorer_live",
    js=(ASSETS / "mount.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def base_of(script: str) -> dict[str, str]:
    """Return where a component whose script is `script` finds its files and its data."""
    base = st.get_option("server.baseUrlPath").strip("/")
    prefix = f"/{base}{PREFIX}" if base else PREFIX
    return {"live": prefix, "assets": f"{prefix}/assets/{asset_version()}", "script": script}
