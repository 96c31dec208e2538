"""Where a checkpoint comes from: its recipe, the recipe's source, and what was done otherwise."""

from __future__ import annotations

import streamlit as st

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.ui.markdown import plain
from vae_explorer.vae.config import config_to_dict
from vae_explorer.vae.recipes import RECIPES, Recipe

__all__ = ["show_recipe"]


def show_recipe(meta: Meta, history: list[Epoch]) -> None:
    """Say how a checkpoint was trained, by which recipe, and where that one is from.

    A published figure stands beside this checkpoint's own at the same epoch.
    """
    unfinished = meta.epochs_done < meta.training.epochs
    of_all = f" of {meta.training.epochs}" * unfinished
    st.caption(
        f"Trained on {meta.dataset.name}, {meta.dataset.train_size:,} images, "
        f"{meta.epochs_done}{of_all} epochs in {_duration(meta.seconds)} on {plain(meta.device)}, "
        f"seed {meta.seed}."
    )
    recipe = RECIPES.get(meta.recipe)
    if recipe is None:
        st.markdown(f"Recipe **{plain(meta.recipe)}**, which this release does not know.")
        return
    source = f" [Source]({recipe.url})." if recipe.url else ""
    st.markdown(f"Recipe **{recipe.name}**: {recipe.description}{source}")
    if recipe.published:
        reached = {row.epoch: row.test_neg_elbo for row in history}
        figures = (
            f"{figure.test_neg_elbo:g} after epoch {figure.epoch}"
            + (f" (here {reached[figure.epoch]:.2f})" if figure.epoch in reached else "")
            for figure in recipe.published
        )
        st.caption(f"Published test −ELBO, nats per image: {'; '.join(figures)}.")
    if changed := _changes(meta, recipe):
        st.caption(f"Other than in the recipe: {', '.join(map(plain, changed))}.")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _changes(meta: Meta, recipe: Recipe) -> list[str]:
    """Name what a checkpoint's configs have otherwise than its recipe.

    Not the precision: a recipe leaves that to the device.
    """
    here = config_to_dict(meta.model) | config_to_dict(meta.training)
    there = config_to_dict(recipe.model) | config_to_dict(recipe.training)
    return [
        f"{name.replace('_', ' ')} {_in_words(here[name])} instead of {_in_words(there[name])}"
        for name in here
        if here[name] != there[name] and name != "precision"
    ]


def _in_words(value: object) -> str:
    """Return a config's value as a reader says it; of a convolution, kernel/stride."""
    match value:
        case None:
            return "none"
        case []:
            return "fitted to the image"
        case [[*_], *_]:
            return " ".join(f"{kernel}/{stride}" for kernel, stride in value)
        case [*_]:
            return "-".join(map(str, value))
    return str(value)
