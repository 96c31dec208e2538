"""The figures by which checkpoints are compared, as they were measured when each was made."""

from __future__ import annotations

import streamlit as st

from vae_explorer.checkpoint.meta import Meta

__all__ = ["show_measures"]


def show_measures(meta: Meta) -> None:
    """Show a checkpoint's figures, and what each of them means."""
    metrics = meta.metrics
    figures = {
        "test −ELBO": (f"{metrics['test_neg_elbo']:.2f}", "nats per image, one sampled z"),
        "reconstruction": (
            f"{metrics['test_reconstruction']:.2f}",
            "−E log p(x|z), nats per image",
        ),
        "KL": (f"{metrics['test_kl']:.2f}", "KL(q(z|x) ‖ p(z)), nats per image"),
        _bound_name(meta): _bound(meta),
        "active": (
            f"{metrics['active_units']} of {meta.model.latent_dim}",
            "dimensions whose posterior mean varies by more than 0.01 over the test images",
        ),
        "5-NN": (
            f"{metrics['knn_accuracy']:.3f}",
            "accuracy of 5 nearest neighbours on the means: train codes vote for test codes",
        ),
        "trust": (
            f"{metrics['trustworthiness']:.3f}",
            "trustworthiness: 1 where codes that are near belong to images that are near, over "
            "at most 5,000 test images",
        ),
    }
    with st.container(key="measures"):
        columns = st.columns(len(figures), gap="small")
    for column, (name, (value, meaning)) in zip(columns, figures.items(), strict=True):
        column.metric(name, value, help=meaning)
    if meta.model.omitted_constant:
        st.caption(
            f"The Gaussian likelihood has unit variance: reconstruction is half the squared error, "
            f"and {meta.model.omitted_constant:.2f} nats per image, log(2π)/2 a pixel, are omitted."
        )


def _bound_name(meta: Meta) -> str:
    return f"IW-NLL {meta.metrics['iw_samples']:.0f}" if "iw_samples" in meta.metrics else "IW-NLL"


def _bound(meta: Meta) -> tuple[str, str]:
    """Return the importance-weighted NLL and its meaning, or how to have it measured."""
    if "iw_nll" not in meta.metrics:
        return "not yet", (
            "importance-weighted bound on −log p(x), nats per image. It takes minutes: "
            f"python -m vae_explorer.evaluate …/{meta.name} --save"
        )
    return f"{meta.metrics['iw_nll']:.2f}", (
        f"importance-weighted bound on −log p(x) with {meta.metrics['iw_samples']:.0f} samples of "
        "z, nats per image: below the −ELBO, and nearer to the truth"
    )
