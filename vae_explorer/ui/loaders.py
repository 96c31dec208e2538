"""What pages load, each thing once for all visitors: the only caches of the app.

What cannot be loaded is said on the page, which then stops. Everything is keyed by the folder and
by when its files changed, so a checkpoint that is trained again while the app runs is read again.
Cached values are shared: pages must not change them.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from threading import Timer
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np
import streamlit as st

from vae_explorer.analysis.alignment import Alignment, align, shared_rows
from vae_explorer.analysis.codes import PrincipalAxes, principal_axes
from vae_explorer.analysis.neighbours import NeighbourMetrics, neighbour_metrics
from vae_explorer.checkpoint import folder as checkpoint
from vae_explorer.checkpoint.folder import files_changed
from vae_explorer.checkpoint.history import Epoch, read_history
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.figures.style import class_colour
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

__all__ = [
    "import_torch_soon",
    "load_alignment",
    "load_axes",
    "load_film",
    "load_history",
    "load_latents",
    "load_live",
    "load_meta",
    "load_model",
    "load_neighbour_figures",
    "load_originals",
]


# Seconds in which a browser has fetched and drawn the first chart.
IMPORT_DELAY = 3.0

Parameters, Result = ParamSpec("Parameters"), TypeVar("Result")


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


def _or_stop(load: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Turn what is wrong with a file into words on the page, and stop it there."""

    @wraps(load)
    def loading(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return load(*args, **kwargs)
        except (ValueError, FileNotFoundError) as error:
            logging.getLogger(__name__).exception("a page stopped")
            st.error(str(error))
            st.stop()

    return loading


@_or_stop
def load_meta(path: Path) -> Meta:
    """Return a checkpoint's description."""
    return _meta(path, files_changed(path))


@_or_stop
def load_latents(path: Path) -> Latents:
    """Return a checkpoint's codes of the test split."""
    return _latents(path, files_changed(path))


@_or_stop
def load_axes(path: Path) -> PrincipalAxes:
    """Return the principal axes of a checkpoint's codes."""
    return _axes(path, files_changed(path))


@_or_stop
def load_live(path: Path) -> dict[str, str | int]:
    """Lay out what the live map of a checkpoint fetches, and return by what names.

    `key` is the checkpoint as it is on disk now. `points`, `decoder` and `encoder` are digests of
    blobs; a network too large for a browser is "" and runs on the server.
    """
    changed = files_changed(path)
    live = _live(path, changed)
    for name, blob in live.blobs.items():
        BLOBS.put(name, blob)
    CHECKPOINTS.put(live.names["key"], Source(path, changed))
    return live.names


class LiveFilm(NamedTuple):
    """The film of a checkpoint's training, and the digest of the blob that a browser fetches."""

    film: Film
    name: str


@_or_stop
def load_film(path: Path) -> LiveFilm | None:
    """Lay out the film of a checkpoint's training, and return it; None where it has none."""
    found = _film(path, files_changed(path))
    if found is None:
        return None
    film, blob = found
    name = digest(blob)
    BLOBS.put(name, blob)
    return LiveFilm(film, name)


@_or_stop
def load_model(path: Path):
    """Return a checkpoint's model, a `vae_explorer.vae.model.VAE`."""
    return _model(path, files_changed(path))


@_or_stop
def load_history(path: Path) -> list[Epoch]:
    """Return a checkpoint's training history."""
    return read_history(path / "history.csv")


def load_alignment(first: Path, other: Path) -> Alignment | None:
    """Return how the codes of `other` lie in the space of `first`.

    None where they have other dimensions, or no test images in common.
    """
    changed = files_changed(first), files_changed(other)
    metas = [_meta(path, when) for path, when in zip((first, other), changed, strict=True)]
    same = metas[0].dataset.checksum == metas[1].dataset.checksum
    if not same or metas[0].model.latent_dim != metas[1].model.latent_dim:
        return None
    return _alignment(first, other, *changed)


def load_neighbour_figures(path: Path, name: str, view: np.ndarray) -> NeighbourMetrics:
    """Return how well the view called `name`, (N, 2), keeps the neighbours of the codes."""
    return _neighbour_figures(path, files_changed(path), name, view)


def load_originals(path: Path, rows: np.ndarray) -> np.ndarray | None:
    """Return the test images of rows of the codes, (N, C, H, W) in [0, 1].

    None where the data set is not on disk, or other data is there under its name.
    """
    recorded = _meta(path, files_changed(path)).dataset
    try:
        images = _test_split(recorded.name, recorded.checksum).images
    except (ValueError, FileNotFoundError):
        return None
    return images[load_latents(path).index[rows]].numpy() / 255


@st.cache_resource(max_entries=32, show_spinner=False)
def _meta(path: Path, changed: tuple[int, ...]) -> Meta:
    return checkpoint.load_meta(path)


@st.cache_resource(max_entries=8, show_spinner=False)
def _latents(path: Path, changed: tuple[int, ...]) -> Latents:
    return checkpoint.load_latents(path)


@st.cache_resource(max_entries=8, show_spinner=False)
def _axes(path: Path, changed: tuple[int, ...]) -> PrincipalAxes:
    return principal_axes(_latents(path, changed).mean)


@st.cache_resource(max_entries=4, show_spinner=False)
def _film(path: Path, changed: tuple[int, ...]) -> tuple[Film, bytes] | None:
    meta, latents = _meta(path, changed), _latents(path, changed)
    film = read_film(path, *latents.mean.shape)
    return None if film is None else (film, film_blob(film, latents, meta, _colours(meta)))


def _colours(meta: Meta) -> list[str]:
    return [class_colour(kind) for kind in range(len(meta.dataset.classes))]


@st.cache_resource(max_entries=16, show_spinner=False)
def _alignment(
    first: Path, other: Path, changed: tuple[int, ...], other_changed: tuple[int, ...]
) -> Alignment | None:
    try:
        a, b = _latents(first, changed), _latents(other, other_changed)
    except FileNotFoundError:
        return None
    rows_a, rows_b = shared_rows(a, b)
    return align(a.mean[rows_a], b.mean[rows_b]) if len(rows_a) else None


class _Live(NamedTuple):
    """The names of what a live map fetches, and the blobs by digest."""

    names: dict[str, str | int]
    blobs: dict[str, bytes]


@st.cache_resource(max_entries=8, show_spinner=False)
def _live(path: Path, changed: tuple[int, ...]) -> _Live:
    meta = _meta(path, changed)
    try:
        latents, axes = _latents(path, changed), _axes(path, changed)
    except FileNotFoundError:
        # A decoder can be looked at without any codes.
        latents = Latents.empty(meta.model.latent_dim)
        axes = principal_axes(latents.mean)
    points = points_blob(latents, meta, axes, _colours(meta))
    blobs, names = {digest(points): points}, {"points": digest(points)}
    for part in ("decoder", "encoder"):
        plan = plan_of_checkpoint(path, part)
        names[part] = ""
        if plan.macs <= BROWSER_MACS:
            blob = plan_blob(plan)
            names[part] = digest(blob)
            blobs[names[part]] = blob
    names["key"] = digest(f"{path} {changed}".encode())
    names["name"] = path.name
    return _Live(names, blobs)


@st.cache_resource(max_entries=64, show_spinner="Measuring this view …")
def _neighbour_figures(
    path: Path, changed: tuple[int, ...], name: str, _view: np.ndarray
) -> NeighbourMetrics:
    latents = _latents(path, changed)
    return neighbour_metrics(latents.mean, _view, latents.label)


@st.cache_resource(max_entries=8, show_spinner="Loading the model …")
def _model(path: Path, changed: tuple[int, ...]):
    return checkpoint.load_model(path)


@st.cache_resource(max_entries=4, show_spinner="Reading the data set …")
def _test_split(name: str, checksum: str):
    from vae_explorer.data import load_dataset

    return load_dataset(name, download=False, checksum=checksum).test
