"""Which checkpoint the pages show, and which ones Compare compares: the choice in the top bar.

A choice is kept in the session, and stands in the address (`?checkpoint=NAME`, `?compare=A/B`). The
address is read when a page is opened, by a link or by going back to it. The browser writes it: what
Python writes there adds an entry to the browser's history.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from vae_explorer.checkpoint.folder import CheckpointEntry, list_checkpoints, load_meta
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.checkpoint.text import plain_text
from vae_explorer.scenes import MAX_COMPARED, MIN_COMPARED
from vae_explorer.ui.link import open_link
from vae_explorer.ui.live_map import write_address
from vae_explorer.ui.loaders import States, say_until_changed, states_of, why_no_map
from vae_explorer.ui.markdown import escape_markdown, widget_key

__all__ = [
    "Shown",
    "choose",
    "choose_checkpoint",
    "choose_compared",
    "chosen_checkpoint",
    "compared",
    "open_page",
    "read_checkpoints",
    "usable_checkpoints",
    "why_not_compared",
]

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints"
# As the address has them: no folder's name holds it.
SEPARATOR = "/"
# A longer list is searched.
MAX_LISTED = 12


class Shown(NamedTuple):
    """A checkpoint that a page shows: the name it is listed by, its folder, its description."""

    name: str
    path: Path
    meta: Meta


def chosen_checkpoint() -> Path:
    """Return the folder of the checkpoint that the page shows."""
    return st.session_state.shown[0].path


def compared() -> list[Shown]:
    """Return the two to four checkpoints that Compare compares."""
    return st.session_state.shown


def choose_checkpoint(page: str) -> None:
    """Show the picker of the one checkpoint that the page at the URL path `page` shows.

    The choice stays where it cannot be opened any more; the page says so, and waits for it.
    """
    before, state = _chosen_states(), st.session_state
    entries = _entries()
    usable = _usable(entries)
    if not usable and "chosen" not in state:
        folders = " or ".join(map(str, _folders()))
        st.error(
            escape_markdown(
                f"{folders}: found no checkpoint that can be opened, expected at least one; run "
                "python train.py to make some"
            )
        )
        _list_broken(entries)
        st.stop()
    _read_address(page, usable, entries)
    # Written before every run: a widget's own value does not outlive what the program has set.
    state.picker_name = state.chosen
    several = len({shown.meta.dataset.name for shown in usable.values()}) > 1
    titles = {name: _title(shown, several) for name, shown in usable.items()}
    if state.chosen not in usable:
        titles = {state.chosen: f"{state.chosen} · cannot be opened"} | titles
    with st.container(key="picker", horizontal=True):
        st.selectbox(
            "Checkpoint",
            list(titles),
            key="picker_name",
            format_func=lambda name: plain_text(titles[name]),
            on_change=lambda: choose(st.session_state.picker_name),
            label_visibility="collapsed",
        )
        if any(entry.problem for entry in entries.values()):
            with st.popover("⚠", help="Folders that cannot be opened"):
                _list_broken(entries)
    write_address(page, checkpoint=state.chosen, compare=None)
    if state.chosen not in usable:
        say_until_changed(_problem(state.chosen, entries), before)
        st.stop()
    state.shown = [usable[state.chosen]]


def choose(name: str) -> None:
    """Choose the checkpoint `name` for the pages to come, as the picker does."""
    st.session_state.chosen = name
    st.session_state.missing = []
    st.session_state.link_problems = []


def usable_checkpoints() -> dict[str, Shown]:
    """Return the checkpoints that can be opened, by data set and latent dimensions."""
    return _usable(_entries())


def choose_compared(page: str) -> None:
    """Show the choice of two to four checkpoints, for Compare at the URL path `page`.

    Any whose description can be read may be chosen, also where its codes are missing. Until
    someone chooses, they are the chosen checkpoint and the next one that fits it. One that cannot
    be opened any more stays chosen; the page says so, and goes on with the others.
    """
    before, state = _chosen_states(), st.session_state
    entries = _entries()
    known = _known(entries)
    if known:
        _read_address(page, known, entries)
    chosen = _compared_names(known, entries)
    # What a link has just asked for was not chosen before.
    before = states_of(known[name].path for name in chosen if name in known) | before
    problems = {
        name: problem
        for name in chosen
        if (problem := why_no_map(known[name].path) if name in known else _problem(name, entries))
    }
    names = [name for name in chosen if name not in problems]
    label = escape_markdown(", ".join(chosen) or "Choose checkpoints")
    with st.container(key="picker"), st.popover(label, key="compared_picker", width="stretch"):
        _list_compared(known, chosen)
        _list_broken(entries)
    if problems:
        say_until_changed(" ".join(problems.values()), before)
    if len(names) < MIN_COMPARED:
        more = (
            "choose one more in the bar above."
            if len(known) >= MIN_COMPARED
            else f"{len(known)} can be opened here. Run `python train.py` to make more."
        )
        st.info(f"A comparison takes {MIN_COMPARED} to {MAX_COMPARED} checkpoints: {more}")
        st.stop()
    if problem := why_not_compared([known[name] for name in names]):
        say_until_changed(problem, before)
        st.stop()
    write_address(page, compare=SEPARATOR.join(chosen), checkpoint=None)
    state.shown = [known[name] for name in names]


def why_not_compared(shown: Sequence[Shown]) -> str | None:
    """Return in a sentence why checkpoints cannot be compared; None where they can."""
    if len({meta.model.image_shape for *_, meta in shown}) == 1:
        return None
    found = ", ".join(f"{name} {meta.model.image_shape}" for name, _, meta in shown)
    return (
        f"image shapes (C, H, W): found {found}, expected one for all, because one picture is "
        "encoded by all; take those out that differ"
    )


def read_checkpoints() -> tuple[dict[str, Shown], dict[str, str]]:
    """Return each checkpoint whose description can be read, and what is wrong with the others."""
    entries = _entries()
    known = _known(entries)
    return known, {name: _problem(name, entries) for name in entries if name not in known}


def open_page(page: str) -> None:
    """Open the page at the URL path `page`, which shows what it names itself, without a choice."""
    st.session_state.open_page = page
    st.session_state.shown = []


def _read_address(page: str, fit: dict[str, Shown], entries: dict[str, CheckpointEntry]) -> None:
    """Take the choice from the address when a page is opened, and make one if there is none.

    While a page stays open, its address follows the choice and is not read.

    Args:
        page: its URL path.
        fit: the checkpoints that it can show.
        entries: all folders that are listed.
    """
    state = st.session_state
    if state.get("open_page") != page:
        state.open_page = page
        open_link()
        several = [name for name in st.query_params.get("compare", "").split(SEPARATOR) if name]
        checkpoint = st.query_params.get("checkpoint")
        asked = list(dict.fromkeys(several or ([checkpoint] if checkpoint else [])))
        found = [name for name in asked if name in fit]
        # What this page has lost is said elsewhere.
        kept = {state.get("chosen"), *(state.get("compared_names") or [])}
        state.missing = [name for name in asked if name not in fit and name not in kept]
        if len(found) >= MIN_COMPARED:
            state.compared_names = found[:MAX_COMPARED]
        if found and ("chosen" not in state or not several):
            state.chosen = found[0]
    for name in state.missing:
        why = "cannot be opened" if name in entries else "is not here"
        st.warning(escape_markdown(f"The link asks for the checkpoint “{name}”, which {why}."))
    if "chosen" not in state:
        # Open on a plane, if there is one: it is the easiest space to see.
        state.chosen = min(fit, key=lambda name: fit[name].meta.model.latent_dim != 2)


def _compared_names(known: dict[str, Shown], entries: dict[str, CheckpointEntry]) -> list[str]:
    """Return the names of what is compared: what was chosen, or two to begin with."""
    state = st.session_state
    if state.get("compared_names") is not None:
        return state.compared_names
    # They stay until another checkpoint is chosen, also where one of them goes.
    chosen, offered = state.get("chosen"), state.get("offered", [])
    if chosen and (offered[:1] != [chosen] or len(offered) < MIN_COMPARED):
        alike = _alike(chosen, known) if chosen in known else []
        fitting = [chosen, *(name for name in alike if entries[name].meta)]
        state.offered = offered = list(dict.fromkeys(fitting))[:MIN_COMPARED]
    return offered


def _alike(chosen: str, known: dict[str, Shown]) -> list[str]:
    """Return the names of checkpoints whose images have the shape of the chosen one's."""
    shape = known[chosen].meta.model.image_shape
    return [name for name, shown in known.items() if shown.meta.model.image_shape == shape]


def _list_compared(known: dict[str, Shown], names: list[str]) -> None:
    """Show a box for each checkpoint, by data set; those that cannot be added say why.

    Args:
        known: those that can be opened.
        names: the chosen ones, also those that cannot be opened any more.
    """
    wanted = ""
    if len(known) > MAX_LISTED:
        wanted = st.text_input("Search", key="compared_search", placeholder="name or data set")
    shapes = [known[name].meta.model.image_shape for name in names if name in known]
    shape = shapes[0] if shapes else None

    def toggle(name: str) -> None:
        rest = [other for other in names if other != name]
        st.session_state.compared_names = rest if name in names else [*names, name]

    def box(name: str, text: str, disabled: bool = False) -> None:
        key = widget_key("compare", name)
        st.session_state[key] = name in names
        st.checkbox(
            escape_markdown(text), key=key, disabled=disabled, on_change=toggle, args=(name,)
        )

    for name in names:
        if name not in known:
            box(name, f"{name} — cannot be opened")
    listed = [
        shown
        for name, shown in known.items()
        if name in names or wanted.lower() in f"{name} {shown.meta.dataset.name}".lower()
    ]
    for dataset, group in groupby(listed, key=lambda shown: shown.meta.dataset.name):
        st.caption(escape_markdown(dataset))
        for shown in group:
            why = ""
            if shown.name not in names and len(names) == MAX_COMPARED:
                why = f"{MAX_COMPARED} are chosen"
            elif shape not in (None, shown.meta.model.image_shape) and shown.name not in names:
                found, expected = _size(shown.meta.model.image_shape), _size(shape)
                why = f"images of {found}, expected {expected}"
            box(shown.name, _title(shown) + f" — {why}" * bool(why), bool(why))


def _list_broken(entries: dict[str, CheckpointEntry]) -> None:
    """Show each folder that cannot be opened, and why."""
    broken = {name: entry.problem for name, entry in entries.items() if entry.problem}
    if broken:
        st.markdown("**Cannot be opened**")
    for name, problem in broken.items():
        st.caption(f"**{escape_markdown(name)}** · {escape_markdown(problem)}")


def _problem(name: str, entries: dict[str, CheckpointEntry]) -> str:
    """Say why a checkpoint that was chosen cannot be opened any more."""
    if name not in entries:
        return f"No longer here: {name}."
    return f"{name} cannot be opened now. {entries[name].problem}."


def _chosen_states() -> States:
    """Return the state of the folders of all that is chosen; see `states_of`."""
    state = st.session_state
    names = [state.get("chosen"), *(state.get("compared_names") or state.get("offered") or [])]
    return states_of(state.get("homes", {}).get(name) for name in names)


def _title(shown: Shown, with_dataset: bool = False) -> str:
    """Return what a list says of a checkpoint, such as `mnist-20d · 20-D · 93.0`."""
    meta = shown.meta
    facts = [shown.name, *([meta.dataset.name] * with_dataset), f"{meta.model.latent_dim}-D"]
    if meta.epochs_done < meta.training.epochs:
        facts.append(f"{meta.epochs_done} of {meta.training.epochs} epochs")
    return " · ".join([*facts, f"{meta.metrics['test_neg_elbo']:.1f}"])


def _size(image_shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, image_shape))


def _folders() -> list[Path]:
    extra = os.environ.get("VAE_EXPLORER_CHECKPOINTS")
    return [SHIPPED, *([Path(extra)] if extra else [])]


def _entries() -> dict[str, CheckpointEntry]:
    """Return every listed folder by name; the second of two with one name says where it is.

    In a session a name stays with its folder: where that goes, none of the same name takes it over.
    """
    entries: dict[str, CheckpointEntry] = {}
    homes = st.session_state.setdefault("homes", {})
    for folder in dict.fromkeys(path.resolve() for path in _folders()):
        for entry in list_checkpoints(folder):
            name = entry.path.name
            if name in entries or homes.get(name, entry.path) != entry.path:
                name = f"{name} ({folder.name})"
            entries[name] = entry
            homes[name] = entry.path
    return entries


def _usable(entries: dict[str, CheckpointEntry]) -> dict[str, Shown]:
    found = {k: Shown(k, entry.path, entry.meta) for k, entry in entries.items() if entry.meta}
    return dict(sorted(found.items(), key=lambda item: _by_size(item[1].meta)))


def _known(entries: dict[str, CheckpointEntry]) -> dict[str, Shown]:
    """Return the checkpoints whose description can be read, also those that lack another file."""
    known = {}
    for name, entry in entries.items():
        try:
            known[name] = Shown(name, entry.path, entry.meta or load_meta(entry.path))
        except (ValueError, OSError):
            continue
    return dict(sorted(known.items(), key=lambda item: _by_size(item[1].meta)))


def _by_size(meta: Meta) -> tuple[str, int]:
    """Order by data set, and then from the fewest latent dimensions to the most."""
    return meta.dataset.name, meta.model.latent_dim
