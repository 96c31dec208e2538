"""What `train.py` says of a recipe and of what it is about to do, in words."""

from __future__ import annotations

import textwrap
from pathlib import Path

import torch

from vae_explorer.data import DATASETS, Dataset
from vae_explorer.training.distributed import Processes
from vae_explorer.training.save import device_name
from vae_explorer.training.step import is_captured
from vae_explorer.vae.recipes import RECIPES, Recipe
from vae_explorer.vae.summary import network_in_words, parameter_count

__all__ = ["banner", "recipe_in_words", "steps_in_words"]


def recipe_in_words(recipe: Recipe) -> str:
    """Return a recipe as `--list-recipes` prints it: name, what it is, where it comes from."""
    indent = " " * 14
    about = textwrap.fill(
        f"{recipe.description} {recipe.url or ''}".rstrip(),
        100,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"{recipe.name:14}{about.lstrip()}"


def banner(
    source: str, recipe: Recipe, data_dir: Path, dataset: Dataset, device: torch.device
) -> str:
    """Return what was chosen, in words.

    Args:
        source: the name of the recipe that was asked for.
        recipe: the recipe with what flags have changed in it.
        data_dir: where data sets are.
        dataset: what it is trained on.
        device: where.
    """
    model, training = recipe.model, recipe.training
    sizes = len(dataset.train.first(training.limit).labels), len(dataset.test.labels)
    where = f" from {data_dir}" if DATASETS[dataset.name].folder else ", from scikit-learn"
    given = RECIPES[source]
    same = (model, training) == (given.model, given.training)
    what = recipe.description if same else f"{source} with other settings. {recipe.description}"
    extras = f", dropout {model.dropout:g}" * bool(model.dropout)
    extras += f", KL warm-up over {training.warmup:.0%}" * bool(training.warmup)
    extras += f", weight decay {training.weight_decay:g}" * bool(training.weight_decay)
    extras += f", gradient clipped to {training.clip or 0:g}" * bool(training.clip)
    return (
        f"{recipe.name}: {what}\n"
        f"  recipe    {source}, seed {training.seed}, beta {training.beta:g}\n"
        f"  model     {network_in_words(model)}, {model.likelihood} likelihood, "
        f"{parameter_count(model):,} parameters\n"
        f"  data      {dataset.name}{where}: {sizes[0]:,} training, {sizes[1]:,} test images\n"
        f"  training  epochs {training.epochs}, batch {training.batch_size}, "
        f"Adam {training.lr:g} ({training.schedule}){extras}\n"
        f"  device    {device_name(device)}"
    )


def steps_in_words(device: torch.device, processes: Processes) -> str:
    """Return how the training's steps are taken."""
    if processes.count > 1:
        return f"by {processes.count} processes, each with its part of every batch"
    if is_captured(device, processes):
        return "captured as one CUDA graph and replayed"
    return "one operation at a time (a CUDA graph needs an NVIDIA GPU)"
