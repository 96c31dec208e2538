"""The choice of a flat view of the codes: raw dimensions, principal axes or UMAP."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from vae_explorer.checkpoint import Latents
from vae_explorer.class_traces import ScatterInfo
from vae_explorer.geometry import Plane, dimension_plane, principal_plane
from vae_explorer.latents import dimensions_by_kl, kl_by_dimension
from vae_explorer.ui.loaders import load_axes, load_latents, load_meta

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
]

PCA, RAW, UMAP = "PCA", "Dimensions", "UMAP"

# How every map takes the mouse: the wheel zooms, and the lasso is in sight.
CHART = {"scrollZoom": True, "displaylogo": False, "displayModeBar": True}


class View(NamedTuple):
    """Codes as they are shown. `plane` is the plane they are dropped onto; UMAP has none."""

    info: ScatterInfo
    plane: Plane | None
    name: str


def choose_view(path: Path, key: str, default: str) -> View:
    """Show the widgets that choose a view of a checkpoint's codes, and return it.

    A plane has one view and needs no widget. `key` keeps the choice, which starts at `default`
    where the checkpoint has that view.
    """
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    if latents.mean.shape[1] > 2:
        kinds = [PCA, RAW] + [UMAP] * ("umap" in latents.projections)
        kind = st.segmented_control(
            "View",
            kinds,
            default=default if default in kinds else PCA,
            key=key,
            required=True,
            persist_state="session",
        )
        if kind == UMAP:
            xy = latents.projections["umap"]
            info = ScatterInfo.of(latents, xy, classes, ("UMAP 1", "UMAP 2"))
            return View(info, None, UMAP)
    else:
        kind = RAW
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


def place_on_view(z: np.ndarray, view: View, latents: Latents) -> np.ndarray:
    """Return where codes z, (N, D), stand in a view, (N, 2).

    UMAP cannot place a new code: there each stands where the nearest test code does.
    """
    if view.plane is not None:
        return view.plane.coordinates(z)
    distances = np.linalg.norm(latents.mean[None] - z[:, None], axis=-1)
    return view.info.xy[distances.argmin(axis=1)]
