"""The choice of a flat view of the codes: raw dimensions, principal axes, UMAP or t-SNE."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import dimensions_by_kl, kl_by_dimension
from vae_explorer.analysis.planes import Plane, dimension_plane, principal_plane
from vae_explorer.analysis.projections import PROJECTIONS
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.figures.scatter import ScatterInfo
from vae_explorer.ui.loaders import load_axes, load_latents, load_meta, load_neighbour_metrics
from vae_explorer.ui.offer import offer_projection

__all__ = [
    "CHART",
    "PCA",
    "RAW",
    "UMAP",
    "View",
    "choose_center",
    "choose_plane",
    "choose_view",
    "place_on_view",
    "show_view_figures",
]

PCA, RAW, UMAP = "PCA", "Dimensions", PROJECTIONS["umap"]

# How every map takes the mouse: the wheel zooms, and the lasso is in sight.
CHART = {"scrollZoom": True, "displaylogo": False, "displayModeBar": True}


class View(NamedTuple):
    """Codes as they are shown; `plane` is the one they are dropped onto, where there is one."""

    info: ScatterInfo
    plane: Plane | None
    name: str


def choose_view(path: Path, key: str, default: str) -> View:
    """Show the widgets that choose a view of a checkpoint's codes, and return it.

    A plane has one view and needs no widget. `key` keeps the choice, which starts at `default`
    where the checkpoint has that view.
    """
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    kind = RAW
    if latents.mean.shape[1] > 2:
        flat = {title: name for name, title in PROJECTIONS.items()}
        there = default not in flat or flat[default] in latents.projections
        kind = st.segmented_control(
            "View",
            [PCA, RAW, *flat],
            default=default if there else PCA,
            key=key,
            required=True,
            persist_state="session",
        )
        if kind in flat:
            xy = latents.projections.get(flat[kind])
            if xy is not None:
                info = ScatterInfo.of(latents, xy, classes, (f"{kind} 1", f"{kind} 2"))
                return View(info, None, kind)
            offer_projection(path, flat[kind])
            kind = PCA
    plane = choose_plane(path, latents.mean.mean(axis=0, dtype=np.float64), kind)
    info = ScatterInfo.of(latents, plane.coordinates(latents.mean), classes, plane.names)
    return View(info, plane, ", ".join(plane.names))


def choose_plane(path: Path, center: np.ndarray, kind: str) -> Plane:
    """Show the widgets that choose a plane of a kind through `center`, (D,), and return it."""
    latents = load_latents(path)
    dims = latents.mean.shape[1]
    if dims == 1:
        st.error(
            f"{path.name}: found 1 latent dimension, expected at least 2 to draw a plane; "
            "train one with --latent-dim 2"
        )
        st.stop()
    if kind == PCA:
        return principal_plane(center, load_axes(path))
    if dims == 2:
        return dimension_plane(center, 0, 1)
    first, second = _choose_dimensions(latents)
    return dimension_plane(center, first, second)


def _choose_dimensions(latents: Latents) -> tuple[int, int]:
    """Offer the dimensions by KL, the most informative first, and return two different ones."""
    kl, order = kl_by_dimension(latents), dimensions_by_kl(latents).tolist()

    def title(dimension: int) -> str:
        return f"z{dimension} · KL {kl[dimension]:.2f} nats"

    first = st.selectbox(
        "Across", order, key="first_dimension", format_func=title, persist_state="session"
    )
    rest = [dimension for dimension in order if dimension != first]
    second = st.selectbox(
        "Up", rest, key="second_dimension", format_func=title, persist_state="session"
    )
    return first, second


def choose_center(path: Path) -> np.ndarray:
    """Show the widget that chooses what a plane goes through, and return that code, (D,)."""
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    centers = {"the prior's mean, 0": np.zeros(latents.mean.shape[1])}
    centers["the mean of all codes"] = latents.mean.mean(axis=0, dtype=np.float64)
    for kind, name in enumerate(classes):
        rows = latents.label == kind
        if rows.any():
            centers[f"the mean code of {name}"] = latents.mean[rows].mean(axis=0, dtype=np.float64)
    name = st.selectbox("Plane through", list(centers), key="center", persist_state="session")
    return centers[name]


def show_view_figures(path: Path, view: View) -> None:
    """Say how well a view keeps neighbours; a plane of two dimensions keeps them all."""
    latents = load_latents(path)
    if latents.mean.shape[1] == 2:
        return
    found = load_neighbour_metrics(path, view.name, view.info.xy)
    st.caption(
        f"{view.name}: **5-NN accuracy {found.knn_accuracy:.3f}** among its own points, "
        f"**trustworthiness {found.trustworthiness:.3f}** as a view of the "
        f"{latents.mean.shape[1]} dimensions.",
        help="5-NN accuracy: how often the five nearest other points in this view vote for a "
        "point's class. Trustworthiness: 1 where points that are near in this view are near in "
        "the latent space, over a random 5,000 of them. The Model page's figures are of the codes "
        "themselves.",
    )


def place_on_view(z: np.ndarray, view: View, latents: Latents) -> np.ndarray:
    """Return where codes z, (N, D), stand in a view, (N, 2).

    A view without a plane has no place for a new code: there each stands where the nearest test
    code does.
    """
    if view.plane is not None:
        return view.plane.coordinates(z)
    distances = np.linalg.norm(latents.mean[None] - z[:, None], axis=-1)
    return view.info.xy[distances.argmin(axis=1)]
