"""The choice of a 2-D view of the codes: two dimensions, principal axes, UMAP or t-SNE."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import dimensions_by_kl, kl_by_dimension
from vae_explorer.analysis.projections import PROJECTIONS, tsne_projection, umap_projection
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.update import add_projection, is_writable
from vae_explorer.figures.scatter import ScatterInfo
from vae_explorer.ui.loaders import load_axes, load_latents, load_meta, load_neighbour_metrics
from vae_explorer.ui.markdown import escape_markdown

__all__ = ["View", "choose_view", "show_view_metrics"]

PCA, DIMENSIONS, UMAP = "PCA", "Dimensions", PROJECTIONS["umap"]

# One at a time, or two visitors would compute the same.
_COMPUTING = Lock()


class View(NamedTuple):
    """Codes as they are shown, a name for that, and what its axes mean."""

    info: ScatterInfo
    name: str
    meaning: str


def choose_view(path: Path) -> View:
    """Show the widgets that choose a view of a checkpoint's codes, and return it.

    Two dimensions have one view and need no widget.
    """
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    dims = latents.mean.shape[1]
    kind = DIMENSIONS
    if dims > 2:
        stored = {title: name for name, title in PROJECTIONS.items()}
        kind = st.segmented_control(
            "View",
            [PCA, DIMENSIONS, *stored],
            default=UMAP if stored[UMAP] in latents.projections else PCA,
            key="view",
            required=True,
            persist_state="session",
        )
        if kind in stored and (xy := latents.projections.get(stored[kind])) is not None:
            info = ScatterInfo.of(latents, xy, classes, (f"{kind} 1", f"{kind} 2"))
            return View(
                info,
                kind,
                f"{kind} keeps neighbours together; its axes and distances mean nothing.",
            )
        if kind in stored:
            _offer_projection(path, stored[kind])
            kind = PCA
    if kind == PCA:
        xy, names = load_axes(path).project(latents.mean), ("PC 1", "PC 2")
    else:
        chosen = (0, 1) if dims == 2 else _choose_dimensions(latents)
        xy, names = latents.mean[:, chosen], (f"z{chosen[0]}", f"z{chosen[1]}")
    info = ScatterInfo.of(latents, xy, classes, names)
    return View(info, ", ".join(names), f"{dims} dimensions, projected onto two." * (dims > 2))


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

    first = choose("Across", order)
    return first, choose("Up", [dimension for dimension in order if dimension != first])


def _offer_projection(path: Path, name: str) -> None:
    """Say that the projection `name` is missing, and show a button that computes and saves it."""
    title, count = PROJECTIONS[name], len(load_latents(path).mean)
    st.info(f"This checkpoint has no {title} yet, so this is PCA.")
    if not is_writable(path):
        st.caption(
            f"It cannot be computed here: no write permission for {escape_markdown(str(path))}"
        )
        return
    st.caption("Missing projections are computed on demand and saved with the checkpoint.")
    if st.button(f"Compute {title} of {count:,} codes"):
        try:
            _add_projection(path, name)
        except (ValueError, OSError) as error:
            st.error(escape_markdown(str(error)))
        else:
            st.rerun()


def _add_projection(path: Path, name: str) -> None:
    text = f"{PROJECTIONS[name]}, a minute or so for 10,000 codes; stay on this page …"
    with _COMPUTING:
        latents = load_latents(path)
        if name in latents.projections:
            return  # by someone else, meanwhile
        if name == "tsne":
            bar = st.progress(0.0, text)
            xy = tsne_projection(
                latents.mean, on_progress=lambda share: bar.progress(min(share, 1.0), text)
            )
        else:
            with st.spinner(text, show_time=True):
                xy = umap_projection(latents.mean)
        add_projection(path, latents, name, xy)


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
        "point's class. Trustworthiness: 1 where points that are near in this view are near in "
        "the latent space, over a random 5,000 of them. The Model page's metrics are of the codes "
        "themselves.",
    )
