"""The choice of two to four checkpoints that are compared."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from vae_explorer.checkpoint.folder import load_meta
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.ui.checkpoints import checkpoint_folders
from vae_explorer.ui.markdown import plain

__all__ = ["choose_contestants"]

MOST = 4
# As the address has them: no folder's name holds it.
SEPARATOR = "/"


def choose_contestants() -> dict[str, tuple[Path, Meta]]:
    """Show the widget that chooses checkpoints, and return two to four of them by name.

    Any whose description can be read may be chosen, also where its codes are missing. The choice
    is kept in the session and in the URL (`?compare=A/B`). Images of different shapes are refused.
    """
    known = _known()
    if len(known) < 2:
        st.info(
            f"A comparison takes two checkpoints, and {len(known)} can be opened here. "
            "`python train.py --help` says how to make more."
        )
        st.stop()
    _read_address(known)
    kept = [name for name in st.session_state.contestants if name in known]
    if gone := [name for name in st.session_state.contestants if name not in known]:
        st.warning(plain(f"No longer here: {', '.join(gone)}. The others stay."))
    # Written before every run: a widget's own value does not outlive a change of page.
    st.session_state.compare = kept
    # Only what can be compared with those that are chosen is offered.
    shape = known[kept[0]][1].model.image_shape if kept else None
    fitting = [
        name
        for name, (_, meta) in known.items()
        if shape in (None, meta.model.image_shape) or name in kept
    ]
    chosen = st.multiselect(
        "Checkpoints under one hand, two to four",
        fitting,
        key="compare",
        max_selections=MOST,
        on_change=_keep_choice,
        label_visibility="collapsed",
        placeholder="Checkpoints under one hand, two to four",
    )
    if chosen != gone + kept:
        st.session_state.contestants = chosen
    address = SEPARATOR.join(chosen)
    if st.query_params.get("compare") != address:
        st.query_params["compare"] = address
    if len(chosen) < 2:
        st.info(f"Choose {'one more' if chosen else 'two'}: a comparison takes two to four.")
        st.stop()
    _refuse_other_shapes({name: known[name][1] for name in chosen})
    return {name: known[name] for name in chosen}


def _known() -> dict[str, tuple[Path, Meta]]:
    known = {}
    for name, entry in checkpoint_folders().items():
        try:
            known[name] = entry.path, entry.meta or load_meta(entry.path)
        except (ValueError, OSError):
            continue
    return known


def _read_address(known: dict[str, tuple[Path, Meta]]) -> None:
    """Begin with what a link asks for, or with the first two that can be compared."""
    if "contestants" in st.session_state:
        return
    asked = [name for name in st.query_params.get("compare", "").split(SEPARATOR) if name]
    if missing := [name for name in asked if name not in known]:
        st.warning(plain(f"The link asks for {', '.join(missing)}, which cannot be compared here."))
    names = list(dict.fromkeys(name for name in asked if name in known))[:MOST]
    first = names[0] if names else next(iter(known))
    shape = known[first][1].model.image_shape
    alike = [name for name, (_, meta) in known.items() if meta.model.image_shape == shape]
    if len(names) < 2:
        names = list(dict.fromkeys([first, *alike]))[:2]
    st.session_state.contestants = names


def _keep_choice() -> None:
    st.session_state.contestants = st.session_state.compare


def _refuse_other_shapes(metas: dict[str, Meta]) -> None:
    shapes = {name: meta.model.image_shape for name, meta in metas.items()}
    if len(set(shapes.values())) == 1:
        return
    said = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    st.error(
        plain(
            f"Image shapes (C, H, W): found {said}, expected one for all, because one picture is "
            "decoded or encoded by all. Take those out that differ."
        )
    )
    st.stop()
