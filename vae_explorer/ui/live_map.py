"""The live map on a page: a component of ours, decoded in the browser (see live/browser).

Python lays out what the browser fetches, and hears of the hand when it is let go: z, the digits
taken, the plane and the view are then kept for the session. The browser has them in the address,
and Python reads them from there when a session begins.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vae_explorer.live.hand import Hand, hand_from_query, hand_from_state
from vae_explorer.ui.loaders import load_latents, load_live
from vae_explorer.ui.markdown import plain
from vae_explorer.ui.mounted import base_of, component

__all__ = ["show_latent_map"]


def show_latent_map(path: Path) -> None:
    """Show the live map of a checkpoint, where the hand was when it was last seen."""
    count, dims = load_latents(path).mean.shape
    if dims == 1:
        st.error(
            f"{path.name}: found 1 latent dimension, expected at least 2 to draw a plane; "
            "train one with --latent-dim 2"
        )
        st.stop()
    kept, key = f"hand of {path}", f"map of {path}"
    if kept not in st.session_state:
        st.session_state[kept] = _hand_of_link(dims, count)
    # The checkpoint may have been trained anew since, with other dimensions.
    st.session_state[kept], _ = hand_from_state(st.session_state[kept].to_state(), dims, count)
    moved, _ = hand_from_state(st.session_state.get(key, {}).get("hand"), dims, count)
    if moved.z is not None:
        st.session_state[kept] = moved
    component(
        key=key,
        data=load_live(path)
        | {"hand": st.session_state[kept].to_state(), "base": base_of("explore-mount.js")},
        on_hand_change=lambda: None,
    )


def _hand_of_link(dims: int, count: int) -> Hand:
    """Read the URL as the session finds it; later it tells of another checkpoint's hand."""
    if st.session_state.get("link was read"):
        return Hand()
    st.session_state["link was read"] = True
    hand, problems = hand_from_query(st.query_params, dims, count)
    for problem in problems:
        st.warning(plain(f"The link's {problem}"))
    return hand
