"""Everything on a page that runs in the browser (see live/browser): the maps, and the address.

Python lays out what the browser fetches. What a visitor does with a map stays in the browser, and
in the page's address.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from vae_explorer.analysis.views import why_no_plane
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.checkpoint.text import plain_text
from vae_explorer.live.blobs import compared
from vae_explorer.live.routes import ASSETS, PREFIX, asset_version
from vae_explorer.ui.loaders import load_alignment, load_latents, load_live
from vae_explorer.ui.markdown import escape_markdown, widget_key

__all__ = [
    "comparison_data",
    "film_data",
    "show_comparison",
    "show_film",
    "show_map",
    "show_present",
    "stop_without_a_plane",
    "wanted_pages",
    "write_address",
]

# Only this small part travels with each run; it imports the rest, which the browser keeps.
_component = st.components.v2.component(
    "vae_explorer_live",
    js=(ASSETS / "mount.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def show_map(path: Path) -> None:
    """Show the live map of a checkpoint."""
    stop_without_a_plane({path.name: load_latents(path).mean.shape[1]})
    _component(
        key=widget_key("map of", path),
        data=load_live(path) | {"base": _base("explore.js")},
    )


def show_comparison(shown: Sequence[tuple[str, Path, Meta]]) -> None:
    """Show the live maps of two to four checkpoints under one handle: name, folder, description."""
    stop_without_a_plane({name: meta.model.latent_dim for name, _, meta in shown})
    _component(key="comparison", data=comparison_data(shown) | {"base": _base("compare.js")})


def comparison_data(shown: Sequence[tuple[str, Path, Meta]]) -> dict[str, Any]:
    """Return what the page Compare takes of two to four checkpoints; see `show_comparison`."""
    first = shown[0][1]
    checkpoints = []
    for name, path, meta in shown:
        alignment = None if path == first else load_alignment(first, path)
        checkpoints.append(load_live(path) | {"name": plain_text(name)} | compared(meta, alignment))
    key = " ".join(checkpoint["key"] for checkpoint in checkpoints)
    return {"key": key, "checkpoints": checkpoints}


def show_film(name: str, digest: str) -> None:
    """Show the film of the checkpoint `name`, whose blob has the digest `digest`."""
    _component(key="film", data=film_data(name, digest) | {"base": _base("film.js")})


def film_data(name: str, digest: str) -> dict[str, str]:
    """Return what the page Film takes; see `show_film`."""
    return {"key": digest, "name": plain_text(name)}


def show_present(data: dict[str, Any]) -> None:
    """Show scenes; `ui/page/present.py` says what stands in `data`."""
    # Named here, or what the browser wants would not come back.
    _component(
        key="present",
        data=data | {"base": _base("present.js")},
        on_wanted_change=lambda: None,
    )


def wanted_pages() -> Any:
    """Return what the browser wants to have on the page Present, as it came from there."""
    return (st.session_state.get("present") or {}).get("wanted")


def write_address(page: str, /, **choice: str | None) -> None:
    """Have the browser write the choice into the address of the page at the URL path `page`.

    None takes a name out of it; what stands in it by other names stays.
    """
    key = "address of " + " ".join(choice)
    _component(key=key, data={"page": page, "choice": choice, "base": _base("address.js")})


def _base(script: str) -> dict[str, str]:
    """Return where a component whose script is `script` finds its files and its data.

    The paths begin at the server's own, which the browser knows.
    """
    live = PREFIX.strip("/")
    return {"live": live, "assets": f"{live}/assets/{asset_version()}", "script": script}


def stop_without_a_plane(dims: dict[str, int]) -> None:
    """Say which checkpoints have too few dimensions for a map, and stop the page."""
    if problem := why_no_plane(dims):
        st.error(escape_markdown(problem))
        st.stop()
