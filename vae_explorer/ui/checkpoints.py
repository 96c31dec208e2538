"""The checkpoint picker in the sidebar: what can be opened, and why the rest cannot."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from vae_explorer.checkpoint.folder import CheckpointEntry, list_checkpoints
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.ui.markdown import plain

__all__ = ["checkpoint_folders", "choose_checkpoint"]

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints"


def choose_checkpoint() -> Path:
    """Show the picker and return the chosen checkpoint's folder.

    The choice is kept across pages and in the URL (`?checkpoint=NAME`), so that a link reopens it.
    """
    entries = _entries()
    usable = {name: entry for name, entry in entries.items() if entry.meta}
    with st.sidebar:
        if not usable:
            folders = " or ".join(map(str, _folders()))
            st.error(
                f"Found no checkpoint to open in {folders}. Run `python train.py` to make some."
            )
            _show_broken(entries)
            st.stop()
        asked = st.query_params.get("checkpoint")
        if asked and asked not in usable:
            # Kept, because the page may run again before anyone has read it.
            st.session_state.not_there = asked
        if missing := st.session_state.get("not_there"):
            why = "cannot be opened" if missing in entries else "is not here"
            st.warning(plain(f"The link asks for the checkpoint “{missing}”, which {why}."))
        if st.session_state.get("chosen") not in usable:
            st.session_state.chosen = asked if asked in usable else _first(usable)
        elif asked in usable and asked != st.session_state.get("asked"):
            # The address is another than it was left: someone went back to it.
            st.session_state.chosen = asked
        # Written before every run: a widget's own value does not outlive a change of page when
        # it was first set by the program, as a link does.
        st.session_state.checkpoint = st.session_state.chosen
        name = st.radio(
            "Checkpoint",
            list(usable),
            key="checkpoint",
            captions=[_facts(entry.meta) for entry in usable.values()],
            on_change=_keep_choice,
        )
        _show_broken(entries)
    if asked != name:
        st.query_params["checkpoint"] = name
    st.session_state.asked = name
    return usable[name].path


def checkpoint_folders() -> dict[str, CheckpointEntry]:
    """Return every folder that is listed, by the name that the picker gives it."""
    return _entries()


def _keep_choice() -> None:
    st.session_state.chosen = st.session_state.checkpoint
    st.session_state.not_there = None


def _folders() -> list[Path]:
    extra = os.environ.get("VAE_EXPLORER_CHECKPOINTS")
    return [SHIPPED, *([Path(extra)] if extra else [])]


def _entries() -> dict[str, CheckpointEntry]:
    """Return every listed folder by name; the second of two with one name says where it is."""
    entries: dict[str, CheckpointEntry] = {}
    for folder in dict.fromkeys(path.resolve() for path in _folders()):
        for entry in sorted(list_checkpoints(folder), key=_by_size):
            name = entry.path.name
            entries[f"{name} ({folder.name})" if name in entries else name] = entry
    return entries


def _by_size(entry: CheckpointEntry) -> tuple[str, int, str]:
    """Order by data set, and then from the fewest latent dimensions to the most."""
    if entry.meta is None:
        return "", 0, entry.path.name
    return entry.meta.dataset.name, entry.meta.model.latent_dim, entry.path.name


def _first(usable: dict[str, CheckpointEntry]) -> str:
    """Open on a plane, if there is one: it is the easiest space to see."""
    return min(usable, key=lambda name: usable[name].meta.model.latent_dim != 2)


def _facts(meta: Meta) -> str:
    unfinished = meta.epochs_done < meta.training.epochs
    return (
        f"{meta.dataset.name} · {meta.model.latent_dim}-D · "
        f"−ELBO {meta.metrics['test_neg_elbo']:.1f}"
        + f" · {meta.epochs_done} of {meta.training.epochs} epochs"
        * unfinished
    )


def _show_broken(entries: dict[str, CheckpointEntry]) -> None:
    broken = {name: entry.problem for name, entry in entries.items() if entry.problem}
    if broken:
        st.markdown("**Cannot be opened**")
    for name, problem in broken.items():
        st.caption(f":material/folder_off: **{plain(name)}** · {plain(problem)}")
