"""Configs refuse what cannot be meant, and survive JSON."""

from __future__ import annotations

import json

import pytest

from vae_explorer.vae.config import (
    ModelConfig,
    TrainConfig,
    config_differences,
    config_from_dict,
    config_to_dict,
)
from vae_explorer.vae.layers import weight_shapes
from vae_explorer.vae.model import VAE
from vae_explorer.vae.recipes import RECIPES, find_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_survives_json(name: str) -> None:
    recipe = find_recipe(name)
    for config in (recipe.model, recipe.training):
        text = json.dumps(config_to_dict(config))
        assert config_from_dict(type(config), json.loads(text)) == config


def test_stored_files_name_kernels_as_they_always_have() -> None:
    stored = config_to_dict(find_recipe("gan-lab-32d").model)
    assert stored["windows"] == [[4, 2], [4, 2], [4, 2]]
    assert stored["decoder_windows"][0] == [3, 2]
    assert not {"kernels", "decoder_kernels"} & set(stored)


def test_only_the_fields_that_differ_are_named() -> None:
    one, other = (ModelConfig(), TrainConfig()), (ModelConfig(), TrainConfig(epochs=7, beta=4.0))
    assert config_differences(one, other, one) == {"epochs": (10, 7, 10), "beta": (1.0, 4.0, 1.0)}
    assert config_differences(one, one) == {}


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
        (ModelConfig, "family", "transformer"),
        (ModelConfig, "posterior", "softplus"),
        (ModelConfig, "decoder_hidden", (400, 0)),
        (ModelConfig, "kernels", ((4, 2), (4, 2))),
        (ModelConfig, "decoder_kernels", ((4, 2), (4, 2))),
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
        (TrainConfig, "seed", 2**32),
        (ModelConfig, "latent_dim", 2**63),
        (ModelConfig, "hidden", (1,) * 1000),
        (ModelConfig, "hidden", (10**30,)),
        (ModelConfig, "image_shape", (2, 28, 28)),
        (ModelConfig, "image_shape", (1, 1, 300)),
        (ModelConfig, "image_shape", (3, 1024, 1024)),
        (TrainConfig, "batch_size", 2**63),
        (TrainConfig, "epochs", 10**6),
        (TrainConfig, "limit", 10**400),
        (TrainConfig, "dataset", 7),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(kind: type, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: found .*expected"):
        kind(**{field: value})


def test_an_unknown_field_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ValueError, match=r"found 1 unknown among 1 fields.*latent_dim"):
        config_from_dict(ModelConfig, {"latent": 2})


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ModelConfig, {"activation": "my password"}),
        (ModelConfig, {"my password": 1}),
        (ModelConfig, {"hidden": [["my password"]]}),
        (TrainConfig, {"lr": {"my password": "my password"}}),
    ],
)
def test_an_error_quotes_no_text_of_a_file(kind: type, fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"found .*expected") as raised:
        config_from_dict(kind, fields)
    assert "password" not in str(raised.value)


@pytest.mark.parametrize("name", RECIPES)
def test_the_shapes_of_weights_are_known_without_pytorch(name: str) -> None:
    config = find_recipe(name).model
    exact = {key: tuple(value.shape) for key, value in VAE(config).state_dict().items()}
    assert weight_shapes(config) == exact


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"hidden": (2**20, 2**20)}, r"model: found .* weights, expected at most"),
        ({"family": "conv", "hidden": (2**20, 8)}, r"encoder.layers.1: found an output of shape"),
    ],
)
def test_models_that_memory_cannot_hold_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        weight_shapes(ModelConfig(**fields))


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'mnist-3d'.*mnist-2d, mnist-20d"):
        find_recipe("mnist-3d")


CONV = {"family": "conv", "hidden": (8, 16)}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kernels": ((4, 2), (4, 2))}, r"kernels: found .* expected 3 pairs"),
        ({"kernels": ((4, 2), (4, 0), (5, 1))}, r"kernels: found .* expected 3 pairs"),
        ({"kernels": [[4, 2], [4, 2], [5, 1]]}, r"kernels: found .* expected 3 pairs"),
        ({"kernels": ((4, 2), (4, 2), (4, 1))}, r"which leave 2 x 2 of an image of 28 x 28"),
        ({"kernels": ((4, 2), (4, 2), (9, 1))}, r"which leave 0 x 0 of an image of 28 x 28"),
        ({"decoder_kernels": ((3, 2), (4, 2), (4, 2))}, r"make an image of 18 x 18, expected 28"),
        ({"image_shape": (1, 28, 20)}, r"image_shape: found 28 x 20 pixels, expected a square"),
    ],
)
def test_windows_that_miss_the_image_are_refused_with_both_sizes(
    fields: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ModelConfig(**CONV | fields)


def test_a_checkpoint_of_before_there_were_families_is_a_perceptron() -> None:
    old = {"image_shape": [1, 8, 8], "latent_dim": 3, "hidden": [5], "activation": "tanh"}
    old |= {"dropout": 0.1, "likelihood": "gaussian"}
    config = config_from_dict(ModelConfig, old)
    assert config == ModelConfig((1, 8, 8), 3, (5,), "tanh", 0.1, "gaussian", family="mlp")
