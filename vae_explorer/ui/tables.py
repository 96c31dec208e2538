"""Tables and sentences about checkpoints: metrics, recipes, and how several of them differ."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from vae_explorer.analysis.metrics import (
    METRICS,
    ComparedMetric,
    compare_metrics,
    metric_value,
)
from vae_explorer.checkpoint.history import Epoch
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.figures.curves import spikes
from vae_explorer.ui.markdown import escape_markdown
from vae_explorer.vae.config import config_differences
from vae_explorer.vae.recipes import RECIPES, Recipe

__all__ = [
    "show_compared_metrics",
    "show_differences",
    "show_metrics",
    "show_recipe",
    "show_spikes",
]

MEASURED = ("test_neg_elbo", "test_reconstruction", "test_kl", "iw_nll", "active_units")
MEASURED += ("knn_accuracy", "trustworthiness")


def show_metrics(meta: Meta) -> None:
    """Show a checkpoint's metrics, and what each of them means."""
    with st.container(key="metrics", horizontal=True, gap="medium"):
        for metric in map(METRICS.get, MEASURED):
            title, meaning, value = metric.title, metric.meaning, metric_value(meta, metric.key)
            text = "not yet" if value is None else metric.text(value)
            if metric.key == "active_units" and value is not None:
                text += f" of {meta.model.latent_dim}"
            if metric.key == "iw_nll" and value is not None:
                title += f", K = {meta.metrics['iw_samples']:.0f}"
            elif metric.key == "iw_nll":
                meaning += "; it takes minutes to measure: python -m vae_explorer.evaluate "
                meaning += f"…/{escape_markdown(meta.name)} --save"
            st.metric(title, text, help=f"{meaning[0].upper()}{meaning[1:]}.", width="content")
    if meta.model.omitted_constant:
        st.caption(
            f"The Gaussian likelihood has unit variance: reconstruction is half the squared error, "
            f"and {meta.model.omitted_constant:.2f} nats per image, log(2π)/2 a pixel, are omitted."
        )


def show_compared_metrics(metas: dict[str, Meta]) -> None:
    """Show the metrics of checkpoints, a column each; the better one of each row is marked."""
    rows = compare_metrics(list(metas.values()))
    lines = _header(metas, "--:")
    for row in rows:
        cells = [_cell(row, k) for k in range(len(metas))]
        lines.append(f"|{row.metric.title_with_unit}|" + "|".join(cells) + "|")
    st.markdown("\n".join(lines))
    if len({meta.dataset.checksum for meta in metas.values()}) > 1:
        st.caption("Measured on different data: no metric is better than another.")
    else:
        st.caption("Bold: the better one. In brackets: nats more or less than the first one.")


def show_differences(metas: dict[str, Meta]) -> None:
    """Show in which fields the configs differ, and nothing else."""
    differences = config_differences(*((meta.model, meta.training) for meta in metas.values()))
    if not differences:
        st.caption("The configs are the same, field by field.")
        return
    lines = _header(metas, ":--")
    for name, values in differences.items():
        cells = (escape_markdown(_config_text(value)) for value in values)
        lines.append(f"|{name.replace('_', ' ')}|" + "|".join(cells) + "|")
    st.markdown("\n".join(lines))


def show_recipe(meta: Meta, history: list[Epoch]) -> None:
    """Say how a checkpoint was trained, by which recipe, and where that one is from.

    A published figure stands beside this checkpoint's own at the same epoch.
    """
    unfinished = meta.epochs_done < meta.training.epochs
    of_all = f" of {meta.training.epochs}" * unfinished
    st.caption(
        f"Trained on {escape_markdown(meta.dataset.name)}, {meta.dataset.train_size:,} images, "
        f"{meta.epochs_done}{of_all} epochs in {_duration(meta.seconds)} on "
        f"{escape_markdown(meta.device)}, seed {meta.seed}."
    )
    recipe = RECIPES.get(meta.recipe)
    if recipe is None:
        st.markdown(f"Recipe {escape_markdown(meta.recipe)}, which this release does not know.")
        return
    source = f" [Source]({recipe.url})." if recipe.url else ""
    st.markdown(f"Recipe **{recipe.name}**: {recipe.description}{source}")
    if recipe.published:
        reached = {row.epoch: row.test_neg_elbo for row in history}
        published = (
            f"{figure.test_neg_elbo:g} after epoch {figure.epoch}"
            + (f" (here {reached[figure.epoch]:.2f})" if figure.epoch in reached else "")
            for figure in recipe.published
        )
        st.caption(f"Published test −ELBO, nats per image: {'; '.join(published)}.")
    if changed := _changes(meta, recipe):
        st.caption(f"Other than in the recipe: {', '.join(map(escape_markdown, changed))}.")


def show_spikes(histories: Mapping[str, list[Epoch]]) -> None:
    """Name the epochs in which training curves, by the checkpoint's name, run off their plot."""
    found = [
        f"{escape_markdown(name) + ' ' if name else ''}{split} in epoch{'s' * (len(epochs) > 1)} "
        f"{', '.join(map(str, epochs))}"
        for name, history in histories.items()
        for split, epochs in spikes(history).items()
        if epochs
    ]
    if found:
        rows = [row for history in histories.values() for row in history]
        top = max(max(row.train_neg_elbo, row.test_neg_elbo) for row in rows)
        st.caption(
            f"Spikes run off the top of the plot, up to {top:.1e} nats: {'; '.join(found)}. "
            "One image whose log-variance runs away is enough for that."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _changes(meta: Meta, recipe: Recipe) -> list[str]:
    """Name what a checkpoint's configs have otherwise than its recipe.

    Not the precision: a recipe leaves that to the device.
    """
    changes = config_differences((meta.model, meta.training), (recipe.model, recipe.training))
    return [
        f"{name.replace('_', ' ')} {_config_text(here)} instead of {_config_text(there)}"
        for name, (here, there) in changes.items()
        if name != "precision"
    ]


def _config_text(value: object) -> str:
    """Return a config's value as a reader says it; of a convolution, kernel/stride/padding."""
    match value:
        case None:
            return "none"
        case []:
            return "fitted to the image"
        case [[*_], *_]:
            return " ".join("/".join(map(str, kernel)) for kernel in value)
        case [*_]:
            return "-".join(map(str, value))
    return str(value)


def _header(metas: dict[str, Meta], align: str) -> list[str]:
    """Return the first two lines of a Markdown table with a column for each checkpoint."""
    return ["| |" + "|".join(map(escape_markdown, metas)) + "|", "|:--|" + f"{align}|" * len(metas)]


def _cell(row: ComparedMetric, k: int) -> str:
    value, first = row.values[k], row.values[0]
    if value is None:
        return "–"
    text = row.metric.text(value)
    text = f"**{text}**" if k in row.best else text
    if k and row.comparable and row.metric.unit == "nats" and first is not None:
        text += f" ({value - first:+.{row.metric.decimals}f})".replace("-", "−")
    return text
