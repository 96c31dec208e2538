"""The choice of a 2-D view of the codes: two dimensions, principal axes, UMAP or t-SNE."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import dimensions_by_kl, kl_by_dimension
from vae_explorer.analysis.projections import PROJECTIONS
from vae_explorer.analysis.views import find_view
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.text import parse_whole
from vae_explorer.checkpoint.writing import why_not_writable
from vae_explorer.figures.scatter import ScatterInfo
from vae_explorer.ui.link import linked
from vae_explorer.ui.live_map import stop_without_a_plane
from vae_explorer.ui.loaders import load_axes, load_latents, load_meta, load_neighbour_metrics
from vae_explorer.ui.markdown import escape_markdown
from vae_explorer.ui.projection_job import (
    ProjectionJob,
    projection_job,
    running_job,
    start_projection,
)

__all__ = ["View", "choose_view", "show_view_metrics"]

PCA, DIMENSIONS, UMAP = "PCA", "Dimensions", PROJECTIONS["umap"]
ACROSS, UP = "Across", "Up"


class View(NamedTuple):
    """Codes as they are shown, a name for that, what its axes mean, and how the address has it.

    As a first visitor finds it, the address need not have it.
    """

    info: ScatterInfo
    name: str
    meaning: str
    plane: str | None = None


def choose_view(path: Path) -> View:
    """Show the widgets that choose a view of a checkpoint's codes, and return it.

    Two dimensions have one view and need no widget.
    """
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    dims = latents.mean.shape[1]
    stop_without_a_plane({path.name: dims})
    _read_plane(dims)
    kind, plane = DIMENSIONS, None
    if dims > 2:
        stored = {title: name for name, title in PROJECTIONS.items()}
        usual = UMAP if stored[UMAP] in latents.projections else PCA
        kind = st.segmented_control(
            "View",
            [PCA, DIMENSIONS, *stored],
            # What the link asks for is its value already.
            default=None if st.session_state.get("view") else usual,
            key="view",
            required=True,
            persist_state="session",
        )
        plane = None if kind == usual else stored.get(kind, "pca")
        if kind in stored and stored[kind] in latents.projections:
            found = find_view(latents, stored[kind])
            return View(
                ScatterInfo.of(latents, found.xy, classes, found.titles),
                kind,
                f"{kind} keeps neighbours together; its axes and distances mean nothing.",
                plane,
            )
        if kind in stored:
            _offer_projection(path, stored[kind])
            kind = PCA
    if kind == PCA:
        found = find_view(latents, "pca", load_axes(path))
    else:
        chosen = (0, 1) if dims == 2 else _choose_dimensions(latents)
        plane = None if dims == 2 else f"dims:{chosen[0]},{chosen[1]}"
        found = find_view(latents, "dims:{},{}".format(*chosen))
    info = ScatterInfo.of(latents, found.xy, classes, found.titles)
    meaning = f"{dims} dimensions, projected onto two." * (dims > 2)
    return View(info, ", ".join(found.titles), meaning, plane)


def _read_plane(dims: int) -> None:
    """Choose what a link asks for, of codes of `dims` dimensions; see Explore's links."""
    kinds = {"pca": PCA, "pca:0,1": PCA} | PROJECTIONS

    def read(text: str) -> tuple[str, list[int]] | None:
        kind, _, rest = text.partition(":")
        chosen = [parse_whole(part, 0, dims - 1) for part in rest.split(",")]
        pair = len(chosen) == 2 and None not in chosen and chosen[0] != chosen[1]
        if kind == "dims" and pair and (dims > 2 or chosen == [0, 1]):
            return DIMENSIONS, chosen
        return (kinds[text], []) if dims > 2 and text in kinds else None

    expected = "dims:i,j or pca or umap or tsne" if dims > 2 else "dims:0,1"
    asked = linked("plane", expected, read)
    if asked and dims > 2:
        st.session_state["view"] = asked[0]
        for label, dimension in zip((ACROSS, UP), asked[1], strict=False):
            st.session_state[f"dimension {label}"] = dimension


def _choose_dimensions(latents: Latents) -> tuple[int, int]:
    """Offer the dimensions by KL, the most informative first, and return two different ones."""
    kl, order = kl_by_dimension(latents), dimensions_by_kl(latents).tolist()

    def choose(label: str, offered: list[int]) -> int:
        return st.selectbox(
            label,
            offered,
            key=f"dimension {label}",
            format_func=lambda dimension: f"z{dimension} · KL {kl[dimension]:.2f} nats",
            persist_state="session",
        )

    first = choose(ACROSS, order)
    return first, choose(UP, [dimension for dimension in order if dimension != first])


def _offer_projection(path: Path, name: str) -> None:
    """Say that the projection `name` is missing, and show what becomes of it or how to get it."""
    title, codes = PROJECTIONS[name], load_latents(path).mean
    st.info(f"This checkpoint has no {title} yet, so this is PCA.")
    job = projection_job(path, name, codes)
    if job and not job.ended:
        _show_job(job, len(codes))
        return
    if job and job.problem:
        st.error(escape_markdown(f"The computation failed. {job.problem}"))
    if problem := why_not_writable(path):
        st.caption(f"It cannot be computed here: {escape_markdown(problem)}")
        return
    st.caption("Missing projections are computed on demand and saved with the checkpoint.")
    st.button(
        f"Compute {title} of {len(codes):,} codes",
        on_click=start_projection,
        args=(path, name, codes),
    )


@st.fragment(run_every=1)
def _show_job(job: ProjectionJob, count: int) -> None:
    """Say how far a projection of `count` codes is, and show it when it is there."""
    title = PROJECTIONS[job.name]
    if job.ended:
        st.rerun()
    if job.started is None:
        first = running_job()
        text = f"{title} waits for its turn"
        if first:
            text += f": {PROJECTIONS[first.name]} of {escape_markdown(first.path.name)} comes first"
    else:
        seconds = time.monotonic() - job.started
        text = f"{title} of {count:,} codes: {seconds:.0f} s; 10,000 take a minute or so"
    st.progress(min(job.share, 1.0), f"{text}. You can leave this page: the result is saved.")


def show_view_metrics(path: Path, view: View) -> None:
    """Say how well a view keeps neighbours; one of two dimensions keeps them all."""
    dims = load_latents(path).mean.shape[1]
    if dims == 2:
        return
    found = load_neighbour_metrics(path, view.name, np.asarray(view.info.xy))
    st.caption(
        f"{view.name}: **5-NN accuracy {found.knn_accuracy:.3f}** among its own points, "
        f"**trustworthiness {found.trustworthiness:.3f}** as a view of the {dims} dimensions.",
        help="5-NN accuracy: how often the five nearest other points in this view vote for a "
        "point's class, over a random 10,000 of them at most. Trustworthiness: 1 where points that "
        "are near in this view are near in the latent space, over a random 5,000 of them. The "
        "Model page's metrics are of the codes themselves.",
    )
