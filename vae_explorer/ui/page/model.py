"""What the checkpoint is: its recipe, its architecture, its objective, and how it measures."""

from __future__ import annotations

import numpy as np
import streamlit as st

from vae_explorer.analysis.codes import active_units
from vae_explorer.checkpoint.text import plain_text
from vae_explorer.figures.architecture import architecture_figure
from vae_explorer.figures.curves import history_figure, kl_figure
from vae_explorer.ui.checkpoints import chosen_checkpoint
from vae_explorer.ui.loaders import (
    load_history,
    load_latents,
    load_meta,
    load_page,
    why_not_exported,
)
from vae_explorer.ui.markdown import escape_markdown, widget_key
from vae_explorer.ui.tables import show_metrics, show_recipe, show_spikes
from vae_explorer.vae.summary import network_in_words, parameter_count

path = chosen_checkpoint()
meta, latents, history = load_meta(path), load_latents(path), load_history(path)

show_metrics(meta)
show_recipe(meta, history)
if problem := why_not_exported(path):
    st.caption(escape_markdown(f"It has no file that runs without this app. {problem}"))
else:
    st.download_button(
        "Download as one file that runs anywhere",
        lambda: load_page.or_raise(None, path),
        file_name=f"{plain_text(path.name)}.html",
        mime="text/html",
        on_click="ignore",
        help="Its map, and its film, in a page that needs no Python and no network. It takes some "
        "seconds. For several checkpoints: python -m vae_explorer.export",
    )

left, right = st.columns([3, 2], gap="medium")
with left:
    st.subheader("Architecture", anchor=False)
    st.plotly_chart(
        architecture_figure(
            meta.model, ink="white" if st.context.theme.type == "dark" else "black"
        ),
        key=widget_key("architecture", path),
        config={"displayModeBar": False},
    )
    st.caption(
        f"{network_in_words(meta.model)}: {parameter_count(meta.model):,} parameters. A bar is as "
        "wide as the logarithm of the number of values that leave the layer."
    )
    st.subheader("Training curves", anchor=False)
    st.plotly_chart(history_figure(history), key=widget_key("history", path), height=360)
    show_spikes({"": history})
with right:
    st.subheader("Objective", anchor=False)
    beta = "" if meta.training.beta == 1 else rf"{meta.training.beta:g} \cdot "
    st.latex(rf"-\mathbb{{E}}_{{q(z|x)}}[\log p(x|z)] + {beta}\mathrm{{KL}}(q(z|x)\,\|\,p(z))")
    warmup = meta.training.warmup
    rising = f" The KL's weight rises from 0 over the first {warmup:.0%} of the steps."
    st.caption(
        f"β = {meta.training.beta:g}. {meta.model.likelihood.title()} likelihood, summed over "
        "pixels; prior N(0, I); diagonal Gaussian posterior; the mean over images, one sampled z "
        "each." + rising * bool(warmup)
    )
    st.subheader("KL by dimension", anchor=False)
    kl = kl_figure(np.array(meta.kl_by_dimension), active_units(latents))
    st.plotly_chart(kl, key=widget_key("kl", path), height=320)
