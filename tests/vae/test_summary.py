"""The summary of a config against the modules that PyTorch builds of it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.recipes import RECIPES, find_recipe
from vae_explorer.vae.summary import blocks, network_in_words, parameter_count


@pytest.mark.parametrize("name", RECIPES)
def test_shapes_and_parameters_are_those_of_the_modules(name: str) -> None:
    config = find_recipe(name).model
    model, found = VAE(config), []
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _, __, out: found.append(tuple(out.shape[1:])))
    model(torch.rand(2, *config.image_shape))
    *before, last = blocks(config)
    assert [block.shape for block in before] == found[:-1]
    assert last.shape == config.image_shape
    for part in ("encoder", "decoder"):
        counted = sum(block.parameters for block in blocks(config) if block.part == part)
        assert counted == sum(p.numel() for p in getattr(model, part).parameters())
    assert parameter_count(config) == sum(p.numel() for p in model.parameters())


def test_a_model_is_said_in_a_line() -> None:
    assert network_in_words(find_recipe("pyro-50d").model) == "784-400-50, softplus"
    assert network_in_words(ModelConfig((1, 8, 8), 2, (9, 7), "gelu")) == "64-9-7-2, GELU"
    uneven = ModelConfig((1, 8, 8), 2, (9,), decoder_hidden=(5, 6))
    assert network_in_words(uneven) == "64-9-2-5-6-64, ReLU"
    assert network_in_words(find_recipe("gan-lab-32d").model) == (
        "convolutions 1-16-32-64, leaky ReLU, and transposed ones 32-256-128-64-1, ReLU"
    )


def test_what_follows_a_layer_is_said() -> None:
    first, *_, code = [b for b in blocks(find_recipe("gan-lab-32d").model) if b.part == "encoder"]
    assert first.layer == "conv 1 → 16, 4×4, stride 2"
    assert first.then == "batch-norm, leaky ReLU"
    assert code.then == "mean and log σ"
    first, *_, code = [b for b in blocks(find_recipe("mnist-2d").model) if b.part == "encoder"]
    assert (first.then, code.then) == ("GELU, dropout 0.05", "mean and log σ²")
