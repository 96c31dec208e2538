"""Configs refuse what cannot be meant, and survive JSON."""

from __future__ import annotations

import json

import pytest

from vae_explorer.config import ModelConfig, TrainConfig, config_from_dict, config_to_dict
from vae_explorer.recipes import RECIPES, find_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_json(name: str) -> None:
    recipe = find_recipe(name)
    for config in (recipe.model, recipe.training):
        text = json.dumps(config_to_dict(config))
        assert config_from_dict(type(config), json.loads(text)) == config


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (ModelConfig, "latent_dim", 0),
        (ModelConfig, "latent_dim", 2.0),
        (ModelConfig, "latent_dim", True),
        (ModelConfig, "hidden", (400, 0)),
        (ModelConfig, "hidden", 400),
        (ModelConfig, "image_shape", (28, 28)),
        (ModelConfig, "activation", "step"),
        (ModelConfig, "likelihood", "poisson"),
        (ModelConfig, "dropout", 1.0),
        (TrainConfig, "epochs", 0),
        (TrainConfig, "batch_size", -1),
        (TrainConfig, "lr", 0.0),
        (TrainConfig, "lr", float("nan")),
        (TrainConfig, "beta", -0.5),
        (TrainConfig, "beta", float("inf")),
        (TrainConfig, "warmup", 1.5),
        (TrainConfig, "clip", 0),
        (TrainConfig, "schedule", "linear"),
        (TrainConfig, "limit", 0),
        (TrainConfig, "seed", -1),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(kind: type, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: found .*expected"):
        kind(**{field: value})


def test_an_unknown_field_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ValueError, match=r"unknown field 'latent'.*latent_dim"):
        config_from_dict(ModelConfig, {"latent": 2})


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'mnist-3d'.*mnist-2d, mnist-20d"):
        find_recipe("mnist-3d")
