"""What the checkpoint is: its architecture, its objective, and how it measures."""

from __future__ import annotations

import numpy as np
import streamlit as st
from torch import nn

from vae_explorer.figures import history_figure, kl_figure
from vae_explorer.latents import active_units
from vae_explorer.ui.loaders import load_history, load_latents, load_meta, load_model
from vae_explorer.ui.picker import choose_checkpoint


def _layers(part: str, net: nn.Module) -> list[dict[str, object]]:
    """A row for each linear layer, with what is applied to its output."""
    rows: list[dict[str, object]] = []
    for layer in net.layers:
        if isinstance(layer, nn.Linear):
            size = sum(weight.numel() for weight in layer.parameters())
            shape = f"{layer.in_features} → {layer.out_features}"
            rows.append({"part": part, "linear": shape, "then": "", "parameters": size})
        else:
            rate = f" {layer.p:g}" if isinstance(layer, nn.Dropout) else ""
            rows[-1]["then"] += f"{', ' * bool(rows[-1]['then'])}{type(layer).__name__}{rate}"
    return rows


path = choose_checkpoint()
meta, latents, model = load_meta(path), load_latents(path), load_model(path)
metrics = meta.metrics

st.subheader("What was trained, and how well")
st.caption(
    f"Recipe {meta.recipe} on {meta.dataset.name}, {meta.dataset.train_size:,} images, "
    f"{meta.epochs_done} epochs in {meta.seconds / 60:.1f} min on {meta.device}, seed {meta.seed}."
)
figures = {
    "test −ELBO": (f"{metrics['test_neg_elbo']:.2f}", "nats per image, one sampled z"),
    "reconstruction": (f"{metrics['test_reconstruction']:.2f}", "−E log p(x|z), nats per image"),
    "KL": (f"{metrics['test_kl']:.2f}", "KL(q(z|x) ‖ p(z)), nats per image"),
    "active": (
        f"{metrics['active_units']} of {meta.model.latent_dim}",
        "dimensions whose posterior mean varies by more than 0.01 over the test images",
    ),
    "5-NN": (
        f"{metrics['knn_accuracy']:.3f}",
        "accuracy of 5 nearest neighbours on the means: train codes vote for test codes",
    ),
}
for column, (name, (value, meaning)) in zip(st.columns(5), figures.items(), strict=True):
    column.metric(name, value, help=meaning, border=True)

left, right = st.columns(2, gap="medium")
with left:
    st.markdown("#### Architecture")
    st.dataframe(
        _layers("encoder", model.encoder) + _layers("decoder", model.decoder),
        hide_index=True,
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
    )
    beta = "" if meta.training.beta == 1 else rf"{meta.training.beta:g} \cdot "
    st.markdown("#### Objective")
    st.latex(rf"-\mathbb{{E}}_{{q(z|x)}}[\log p(x|z)] + {beta}\mathrm{{KL}}(q(z|x)\,\|\,p(z))")
    st.caption(
        f"{meta.model.likelihood} likelihood, summed over pixels; prior N(0, I); diagonal "
        "Gaussian posterior. Means over the test split, one sampled z an image."
    )
with right:
    st.markdown("#### KL by dimension")
    st.plotly_chart(
        kl_figure(np.array(meta.kl_by_dimension), active_units(latents)), key=f"kl {path}"
    )
    st.markdown("#### The training, epoch by epoch")
    st.plotly_chart(history_figure(load_history(path)), key=f"history {path}")
