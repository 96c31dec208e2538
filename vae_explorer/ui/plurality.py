"""The plurality of z: one test image, and what the decoder makes of several draws from q(z|x)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode
from vae_explorer.figures.pictures import mosaic, png_bytes
from vae_explorer.ui.loaders import load_latents, load_meta, load_model, load_originals

__all__ = ["show_plurality"]

DRAWS, COLUMNS = 16, 8


@st.fragment
def show_plurality(path: Path) -> None:
    """Show one test image, its reconstruction, and 16 decodes of z ~ q(z|x)."""
    latents, classes = load_latents(path), load_meta(path).dataset.classes
    st.markdown("#### One digit, many codes")
    chosen, drawn, _ = st.columns([2, 2, 6])
    row = chosen.number_input(
        f"Test image, 0 to {len(latents.index) - 1}",
        0,
        len(latents.index) - 1,
        key="plurality_row",
        persist_state="session",
    )
    seed = drawn.number_input("Draw number", 0, 9999, key="plurality_seed", persist_state="session")
    mean, deviation = latents.mean[row], np.exp(latents.logvar[row] / 2)
    noise = np.random.default_rng(seed).standard_normal((DRAWS, len(mean)))
    images = decode(load_model(path), np.concatenate([mean[None], mean + deviation * noise]))

    original, reconstruction, samples = st.columns([2, 2, 8])
    picture = load_originals(path, np.array([row]))
    if picture is None:
        original.caption("The original is not on disk.")
    else:
        original.image(_png(picture, 1), width="stretch", output_format="PNG")
        original.caption(f"x, a {classes[latents.label[row]]}")
    reconstruction.image(_png(images[:1], 1), width="stretch", output_format="PNG")
    reconstruction.caption("at the mean of q(z|x)")
    samples.image(_png(images[1:], COLUMNS), width="stretch", output_format="PNG")
    samples.caption(f"at {DRAWS} draws of z ~ q(z|x): what the code leaves open")


def _png(images: np.ndarray, columns: int) -> bytes:
    return png_bytes(mosaic(images, columns, gap=1), scale=4)
