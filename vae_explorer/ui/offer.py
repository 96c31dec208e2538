"""The offer of a flat view that a checkpoint has not got yet: computed once, and stored with it."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import streamlit as st

from vae_explorer.analysis.projections import PROJECTIONS, tsne_projection, umap_projection
from vae_explorer.checkpoint.update import add_projection, is_writable
from vae_explorer.ui.loaders import load_latents

__all__ = ["offer_projection"]

# One at a time, or two visitors would compute the same.
_COMPUTING = Lock()


def offer_projection(path: Path, name: str) -> None:
    """Show that a view is missing, and a button that computes and stores it.

    Args:
        path: of the checkpoint.
        name: of the view, as `PROJECTIONS` has it.
    """
    title, count = PROJECTIONS[name], len(load_latents(path).mean)
    st.info(f"No {title} is stored with this checkpoint, so this is PCA.")
    if not is_writable(path):
        st.caption(f"It cannot be computed here: no write permission for {path}")
        return
    if st.button(f"Compute {title} of {count:,} codes", icon=":material/scatter_plot:"):
        try:
            _compute(path, name)
        except (ValueError, OSError) as error:
            st.error(str(error))
        else:
            st.rerun()


def _compute(path: Path, name: str) -> None:
    text = f"{PROJECTIONS[name]}, a minute or so for 10,000 codes; stay on this page …"
    with _COMPUTING:
        latents = load_latents(path)
        if name in latents.projections:
            return  # by someone else, meanwhile
        if name == "tsne":
            bar = st.progress(0.0, text)
            view = tsne_projection(
                latents.mean, on_progress=lambda share: bar.progress(min(share, 1.0), text)
            )
        else:
            with st.spinner(text, show_time=True):
                view = umap_projection(latents.mean)
        add_projection(path, latents, name, view)
