"""Originals beside reconstructions, samples from the prior, and the course of the training."""

from __future__ import annotations

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import decode
from vae_explorer.figures.curves import history_figure
from vae_explorer.figures.pictures import mosaic, png_bytes
from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.loaders import (
    load_history,
    load_latents,
    load_meta,
    load_model,
    load_originals,
)
from vae_explorer.ui.plurality import show_plurality

COUNT, COLUMNS = 32, 8


def _picture(groups: list[np.ndarray]) -> bytes:
    """Return groups of images, each (N, C, H, W), one under the other as a PNG."""
    return png_bytes(mosaic(np.concatenate(groups), COLUMNS, gap=1), scale=4)


path = chosen_checkpoint()
latents, meta, model = load_latents(path), load_meta(path), load_model(path)

st.subheader("How well it draws")
left, right = st.columns(2, gap="medium")
with left:
    pages = -(-len(latents.index) // COUNT)
    number = st.number_input(
        f"Test images, {COUNT} at a time: page 1 to {pages}",
        min(1, pages),
        pages,
        key="reconstruct_page",
        persist_state="session",
    )
    rows = np.arange((number - 1) * COUNT, min(number * COUNT, len(latents.index)))
    kinds = [decode(model, latents.mean[rows])]
    originals = load_originals(path, rows)
    if originals is not None:
        kinds.insert(0, originals)
        said = "Each pair of rows: originals above, reconstructions below."
    else:
        said = (
            f"The originals of {meta.dataset.name} are not on disk, so these are the "
            "reconstructions alone. Point VAE_EXPLORER_DATA at the data to see both."
        )
    pairs = [kind[k : k + COLUMNS] for k in range(0, len(rows), COLUMNS) for kind in kinds]
    st.image(_picture(pairs), width="stretch", output_format="PNG")
    st.caption(f"{said} A reconstruction is the mean of p(x|z) at the posterior mean.")
with right:
    seed = st.number_input(
        "64 samples from N(0, I): draw number", 0, 9999, key="sample_seed", persist_state="session"
    )
    z = np.random.default_rng(seed).standard_normal((64, meta.model.latent_dim))
    st.image(_picture([decode(model, z)]), width="stretch", output_format="PNG")
    st.caption("z ~ N(0, I), each shown as the mean of p(x|z). + draws again.")

show_plurality(path)

st.markdown("#### The training, epoch by epoch")
st.plotly_chart(history_figure(load_history(path)), key=f"history {path}")
