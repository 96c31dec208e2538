"""A talk: scenes, one after the other, with the whole window for themselves.

The browser takes what each page of a scene takes by itself, under names such as `film mnist-2d`.
It asks for those that are only in scenes of a visitor's own, which stay in the browser.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from vae_explorer.analysis.views import why_no_plane
from vae_explorer.checkpoint.text import plain_text
from vae_explorer.live.store import digest
from vae_explorer.scenes import (
    DEFAULT_SCENES,
    MAX_SCENES,
    Scenes,
    parse_scenes,
    read_scenes,
    split_needs,
)
from vae_explorer.ui.checkpoints import Shown, read_checkpoints, why_not_compared
from vae_explorer.ui.live_map import (
    comparison_data,
    film_data,
    show_present,
    wanted_pages,
)
from vae_explorer.ui.loaders import (
    load_film,
    load_live,
    load_page,
    why_no_film,
    why_no_map,
    why_not_exported,
)
from vae_explorer.ui.markdown import escape_markdown

state = st.session_state


def _take_file() -> None:
    """Take the file that was opened; another one stays open where this one is wrong."""
    file = state.scene_file
    state.scenes_problem = None
    if file is None:
        return
    try:
        state.opened_scenes = file.name, parse_scenes(file.getvalue(), file.name)
    except ValueError as error:
        state.scenes_problem = str(error)


def _given() -> tuple[str, Scenes]:
    """Return the name of the file that is shown, "" for the one that comes with the app, and it."""
    if "opened_scenes" in state:
        return state.opened_scenes
    if file := os.environ.get("VAE_EXPLORER_SCENES"):
        try:
            return os.path.basename(file), read_scenes(file)
        except (ValueError, OSError) as error:
            st.error(escape_markdown(f"VAE_EXPLORER_SCENES: {error}"))
    return "", read_scenes(DEFAULT_SCENES)


def _asked(given: Scenes) -> list[str]:
    """Return the names of what the scenes and the browser need."""
    wanted = wanted_pages()
    texts = [text for text in wanted if isinstance(text, str)] if isinstance(wanted, list) else []
    return list(dict.fromkeys([scene.needs for scene in given.scenes] + texts[:MAX_SCENES]))


def _pages(
    asked: Iterable[str], known: dict[str, Shown], broken: dict[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what each page takes by its name, and a sentence for each that cannot be had."""
    pages, missing = {}, {}
    for needs in asked:
        try:
            page, names = split_needs(needs)
            for name in names:
                if name not in known:
                    raise ValueError(broken.get(name, f"{name} is not here"))
            pages[needs] = _data(page, [known[name] for name in names])
        except ValueError as error:
            missing[needs] = plain_text(str(error))
    return pages, missing


def _data(page: str, shown: list[Shown]) -> dict[str, Any]:
    """Return what a page takes; a `ValueError` says why it cannot be had."""
    path = shown[0].path
    if page == "film":
        problem = why_no_film(path)
    else:
        problem = why_no_plane({name: meta.model.latent_dim for name, _, meta in shown})
        for one in shown:
            problem = problem or why_no_map(one.path)
        problem = problem or why_not_compared(shown)
    if problem:
        raise ValueError(problem)
    match page:
        case "film":
            return film_data(path.name, load_film(path).name)
        case "compare":
            return comparison_data(shown)
        case _:
            return load_live(path)


def _offer_file(paths: dict[str, Path]) -> None:
    """Offer the talk with its checkpoints, by name, as one file, where they fit one."""
    alike = all(name == path.name for name, path in paths.items())
    if not alike or any(map(why_not_exported, paths.values())):
        return
    st.download_button(
        "Download as one file that runs anywhere",
        lambda: load_page.or_raise(given, *paths.values()),
        file_name=f"{given.title or 'Talk'}.html",
        mime="text/html",
        on_click="ignore",
        help="The talk and its checkpoints, in a page that needs no Python and no network. It "
        "takes some seconds.",
    )


def _bar() -> None:
    """Show what is done with files, where what is wrong with one is seen too."""
    if state.get("scenes_problem"):
        st.error(escape_markdown(state.scenes_problem))
    with st.container(horizontal=True):
        with st.popover("Open a file of scenes"):
            st.file_uploader(
                "A file of scenes",
                type="json",
                key="scene_file",
                on_change=_take_file,
                max_upload_size=4,
            )
        if "opened_scenes" in state:
            st.button(f"Close {escape_markdown(file)}", on_click=lambda: state.pop("opened_scenes"))
        if not missing.keys() & {scene.needs for scene in given.scenes}:
            names = [name for scene in given.scenes for name in scene.checkpoints]
            _offer_file({name: known[name].path for name in names})


file, given = _given()
known, broken = read_checkpoints()
pages, missing = _pages(_asked(given), known, broken)
_bar()
show_present(
    given.as_data()
    | {
        "key": digest(repr((file, given)).encode()),
        "file": plain_text(file) if file else "",
        "pages": pages,
        "missing": missing,
        # The talk that the app is opened with begins by itself, once.
        "play": "play_scenes" in state and "opened_scenes" not in state,
    }
)
