"""What pages load, each thing once for all visitors: the only caches of the app.

What cannot be loaded is said on the page, which then stops, and goes on when the files changed.
Everything is keyed by the folder and by when its files changed, so a checkpoint that is trained
again while the app runs is read again. Cached values are shared: pages must not change them.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import update_wrapper, wraps
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Generic, NamedTuple, ParamSpec, TypeVar

import numpy as np
import streamlit as st

from vae_explorer import export
from vae_explorer.analysis.alignment import Alignment, align_latents
from vae_explorer.analysis.codes import PrincipalAxes, principal_axes
from vae_explorer.analysis.neighbours import NeighbourMetrics, neighbour_metrics
from vae_explorer.checkpoint import folder as checkpoint
from vae_explorer.checkpoint.folder import HISTORY, files_changed
from vae_explorer.checkpoint.history import Epoch, read_history
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.checkpoint.place import find_folder
from vae_explorer.figures import style
from vae_explorer.film.film import Film
from vae_explorer.film.film import load_film as read_film
from vae_explorer.live.blobs import (
    BROWSER_MACS,
    film_blob,
    plan_blob,
    plan_of_checkpoint,
    points_blob,
)
from vae_explorer.live.store import BLOBS, CHECKPOINTS, Source, digest
from vae_explorer.scenes import Scenes
from vae_explorer.ui.markdown import escape_markdown

if TYPE_CHECKING:
    from vae_explorer.data import Split
    from vae_explorer.vae.model import VAE

__all__ = [
    "States",
    "class_colours",
    "import_torch_soon",
    "load_alignment",
    "load_axes",
    "load_film",
    "load_history",
    "load_latents",
    "load_live",
    "load_meta",
    "load_model",
    "load_neighbour_metrics",
    "load_originals",
    "load_page",
    "load_test_split",
    "of_one_state",
    "part_of_page",
    "say_until_changed",
    "states_of",
    "why_no_film",
    "why_no_map",
    "why_not_exported",
]


# Seconds in which a browser has fetched and drawn the first chart.
IMPORT_DELAY = 3.0
# Seconds between two looks at the files of a checkpoint that cannot be shown.
LOOK_EVERY = 2

Parameters, Result = ParamSpec("Parameters"), TypeVar("Result")
States = Mapping[Path, tuple[int, ...]]


@st.cache_resource(show_spinner=False)
def import_torch_soon() -> None:
    """Import torch in the background, a moment after the first page has gone out.

    The first picture then need not wait for it, and the first page, which has none, is not held
    up: an import keeps the interpreter busy for seconds.
    """
    timer = Timer(IMPORT_DELAY, _import_torch)
    timer.daemon = True
    timer.start()


def _import_torch() -> None:
    import torch  # noqa: F401

    # A full collection with torch loaded would hold every visitor up for 200 ms.
    gc.collect()
    gc.freeze()


def _loader(
    entries: int = 8, message: str | bool = False
) -> Callable[[Callable[Parameters, Result]], _Loader[Parameters, Result]]:
    """Make a function a loader: see `_Loader`. The newest `entries` of its results are kept."""

    def decorate(load: Callable[Parameters, Result]) -> _Loader[Parameters, Result]:
        return _Loader(load, entries, message)

    return decorate


class _Loader(Generic[Parameters, Result]):
    """A function that reads checkpoint folders, run once for each state of their files.

    What is wrong with a file is said on the page, which stops; `or_raise` is for other loaders.
    """

    def __init__(
        self, load: Callable[Parameters, Result], entries: int, message: str | bool
    ) -> None:
        def cached(changed: list[tuple[int, ...]], *args: Parameters.args) -> Result:
            return load(*args)

        # Streamlit tells cached functions apart by their names.
        cached.__qualname__ = load.__qualname__
        self._cached = st.cache_resource(max_entries=entries, show_spinner=message)(cached)
        self.clear = self._cached.clear
        update_wrapper(self, load)

    def __call__(self, *args: Parameters.args) -> Result:
        before = states_of(args)
        try:
            return self.or_raise(*args)
        except (ValueError, OSError) as error:
            logging.getLogger(__name__).exception("a page stopped")
            say_until_changed(str(error), before)
            st.stop()

    def or_raise(self, *args: Parameters.args) -> Result:
        return self._cached(list(states_of(args).values()), *args)


def states_of(args: Iterable[object]) -> States:
    """Return the state of each checkpoint folder among `args`; see `files_changed`."""
    return {arg: files_changed(arg) for arg in args if isinstance(arg, Path)}


def _changed(states: States) -> bool:
    return states_of(states) != states


def say_until_changed(problem: str, states: States) -> None:
    """Say what is wrong with checkpoints, and run the page again when their files are others.

    Args:
        problem: in one sentence.
        states: what was found; see `states_of`.
    """
    st.error(escape_markdown(problem))
    if states:
        _look_again(states)


@st.fragment(run_every=LOOK_EVERY)
def _look_again(states: States) -> None:
    if _changed(states):
        st.rerun()
    st.caption("This page goes on by itself when the files have changed.")


@contextmanager
def of_one_state(*paths: Path) -> Iterator[None]:
    """Run the page again where a block fails because a checkpoint was replaced under it."""
    before = states_of(paths)
    try:
        yield
    except Exception:
        if _changed(before):
            st.rerun()
        raise


def part_of_page(show: Callable[[Path], None]) -> Callable[[Path], None]:
    """Make `show` a fragment, which runs by itself while its checkpoint is as the page found it.

    Where that has changed, the whole page runs again.
    """

    @st.fragment
    @wraps(show)
    def part(path: Path, before: States) -> None:
        if _changed(before):
            st.rerun()
        with of_one_state(path):
            show(path)

    return lambda path: part(path, states_of([path]))


@_loader(entries=64)
def load_meta(path: Path) -> Meta:
    """Return a checkpoint's description."""
    return checkpoint.load_meta(path)


@_loader()
def load_latents(path: Path) -> Latents:
    """Return a checkpoint's codes of the test split."""
    return checkpoint.load_latents(path)


@_loader()
def load_axes(path: Path) -> PrincipalAxes:
    """Return the principal axes of a checkpoint's codes."""
    return principal_axes(load_latents.or_raise(path).mean)


@_loader(message="Loading the model …")
def load_model(path: Path) -> VAE:
    """Return a checkpoint's model, in evaluation mode."""
    return checkpoint.load_model(path)


@_loader(entries=64, message="Measuring this view …")
def load_neighbour_metrics(path: Path, name: str, view: np.ndarray) -> NeighbourMetrics:
    """Return how well the view called `name`, (N, 2), keeps the neighbours of the codes."""
    latents = load_latents.or_raise(path)
    return neighbour_metrics(latents.mean, view, latents.label)


@_loader(entries=16)
def load_alignment(first: Path, other: Path) -> Alignment | None:
    """Return how the codes of `other` lie in the space of `first`.

    None where they have other dimensions, or no test images in common.
    """
    metas = load_meta.or_raise(first), load_meta.or_raise(other)
    same_data = len({meta.dataset.checksum for meta in metas}) == 1
    if not same_data or len({meta.model.latent_dim for meta in metas}) > 1:
        return None
    try:
        a, b = load_latents.or_raise(first), load_latents.or_raise(other)
    except FileNotFoundError:
        return None
    return align_latents(a, b)


@_loader()
def load_history(path: Path) -> list[Epoch]:
    """Return a checkpoint's training history, without rows where its file is missing."""
    try:
        return read_history(find_folder(path) / HISTORY)
    except FileNotFoundError:
        return []


def load_originals(path: Path, rows: np.ndarray) -> np.ndarray | None:
    """Return the test images of rows of the codes, (N, C, H, W) in [0, 1].

    None where the data set is not on disk, or has other images than the model.
    """
    recorded, shape = load_meta(path).dataset, load_meta(path).model.image_shape
    try:
        split = load_test_split.or_raise(recorded.name, recorded.checksum)
    except (ValueError, OSError):
        return None
    return split.pictures(load_latents(path).index[rows], shape)


@_loader(entries=4, message="Reading the data set …")
def load_test_split(name: str, checksum: str) -> Split:
    """Return the test images of a data set, which must be on disk."""
    from vae_explorer.data import load_dataset

    return load_dataset(name, download=False, checksum=checksum).test


class Live(NamedTuple):
    """What the browser fetches of a checkpoint.

    names: `points`, `decoder` and `encoder` are digests of blobs; a network too large for a
        browser is "" and runs on the server. `key` is the checkpoint as it is on disk now.
    blobs: by digest.
    """

    names: dict[str, str | int]
    blobs: dict[str, bytes]


def load_live(path: Path) -> dict[str, str | int]:
    """Store what the live map of a checkpoint fetches, and return by what names; see `Live`."""
    live = _live(path)
    for name, blob in live.blobs.items():
        BLOBS.put(name, blob)
    CHECKPOINTS.put(live.names["key"], Source(path, files_changed(path)))
    return live.names


def why_no_map(path: Path) -> str | None:
    """Return in a sentence why a checkpoint cannot be shown on a map; None where it can."""
    try:
        _live.or_raise(path)
    except (ValueError, OSError) as error:
        return str(error)
    return None


def why_no_film(path: Path) -> str | None:
    """Return in a sentence why a checkpoint's film cannot be shown; None where it can."""
    try:
        found = _film.or_raise(path)
    except (ValueError, OSError) as error:
        return str(error)
    return None if found else f"{path.name} has no film"


@_loader()
def _live(path: Path) -> Live:
    meta = load_meta.or_raise(path)
    try:
        latents, axes = load_latents.or_raise(path), load_axes.or_raise(path)
    except FileNotFoundError:
        # A decoder can be looked at without any codes.
        latents = Latents.empty(meta.model.latent_dim)
        axes = principal_axes(latents.mean)
    parts = [points_blob(latents, meta, axes, class_colours(meta))]
    for part in ("decoder", "encoder"):
        plan = plan_of_checkpoint(path, part)
        parts.append(plan_blob(plan) if plan.macs <= BROWSER_MACS else b"")
    digests = [digest(blob) if blob else "" for blob in parts]
    names = dict(zip(("points", "decoder", "encoder"), digests, strict=True))
    names["key"] = digest(f"{path} {files_changed(path)}".encode())
    names["name"] = path.name
    return Live(names, {name: blob for name, blob in zip(digests, parts, strict=True) if blob})


class LiveFilm(NamedTuple):
    """The film of a checkpoint's training, and the digest of the blob that a browser fetches."""

    film: Film
    name: str


def load_film(path: Path) -> LiveFilm | None:
    """Store the film of a checkpoint's training, and return it; None where it has none."""
    found = _film(path)
    if found is None:
        return None
    film, blob = found
    name = digest(blob)
    BLOBS.put(name, blob)
    return LiveFilm(film, name)


@_loader(entries=4)
def _film(path: Path) -> tuple[Film, bytes] | None:
    meta, latents = load_meta.or_raise(path), load_latents.or_raise(path)
    film = read_film(path, *latents.mean.shape)
    return None if film is None else (film, film_blob(film, latents, meta, class_colours(meta)))


@_loader(entries=2)
def load_page(talk: Scenes | None, *paths: Path) -> bytes:
    """Return the page of checkpoints, with a talk or none, that runs without the app."""
    return export.export_page(paths, scenes=talk)


@_loader()
def why_not_exported(path: Path) -> str | None:
    """Return in a sentence why a checkpoint has no such page; None where it has one."""
    return export.why_not_exported(path)


def class_colours(meta: Meta) -> list[str]:
    """Return `#rrggbb` for each class of a checkpoint's data set."""
    return style.class_colours(len(meta.dataset.classes))
