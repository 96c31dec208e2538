"""What a click or a lasso in the scatter has caught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode, dimensions_by_kl
from vae_explorer.figures.pictures import mosaic, png_bytes
from vae_explorer.ui.loaders import load_latents, load_meta, load_model, load_originals

__all__ = ["selected_rows", "show_digit", "show_group"]

GROUP_SIZE = 36
MOST_SHOWN = 5


def selected_rows(event: dict) -> list[int]:
    """Return the rows of the latents that a chart's selection holds, in the order clicked.

    The row travels in `customdata`, because `point_indices` mixes the traces of the classes.
    """
    points = event["selection"]["points"]
    return [int(point["customdata"]) for point in points if "customdata" in point]


def show_digit(path: Path, row: int) -> None:
    """Show one test image: its class, its code, its reconstruction, and itself where it is."""
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    mean, index = latents.mean[row], int(latents.index[row])
    st.markdown(f"#### {classes[latents.label[row]]} · test image {index}")
    original, reconstruction = st.columns(2)
    reconstruction.image(
        _png(decode(load_model(path), mean[None])), width="stretch", output_format="PNG"
    )
    reconstruction.caption("reconstruction")
    images = load_originals(path, np.array([row]))
    if images is None:
        original.caption("The original is not on disk.")
    else:
        original.image(_png(images), width="stretch", output_format="PNG")
        original.caption("original")
    deviation = np.exp(latents.logvar[row] / 2)
    dims = dimensions_by_kl(latents)[:MOST_SHOWN]
    st.markdown("  \n".join(f"z{d} = **{mean[d]:.2f}** ± {deviation[d]:.2f}" for d in dims))
    if len(mean) > MOST_SHOWN:
        st.caption(f"the {MOST_SHOWN} of {len(mean)} dimensions with the largest KL")


def show_group(path: Path, rows: list[int]) -> None:
    """Show how many of each class a selection holds, and the first of its reconstructions."""
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    counts = np.bincount(latents.label[rows], minlength=len(classes))
    st.markdown(f"#### {len(rows):,} selected")
    order = np.argsort(-counts, kind="stable")
    st.markdown(" · ".join(f"**{classes[k]}** {counts[k]:,}" for k in order if counts[k]))
    # Spread over the whole selection: its points come class by class.
    shown = np.array(rows)[np.linspace(0, len(rows) - 1, min(GROUP_SIZE, len(rows))).astype(int)]
    images = decode(load_model(path), latents.mean[shown])
    columns = int(np.ceil(np.sqrt(len(shown))))
    st.image(png_bytes(mosaic(images, columns), scale=4), width="stretch", output_format="PNG")
    st.caption(f"{len(shown)} of them, decoded at their posterior means")


def _png(images: np.ndarray) -> bytes:
    return png_bytes(mosaic(images, columns=len(images)), scale=8)
