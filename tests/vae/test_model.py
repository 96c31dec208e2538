"""The model: shapes, the sample, and modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from vae_explorer.vae.config import ACTIVATIONS, FAMILIES, ModelConfig
from vae_explorer.vae.model import VAE, Posterior, sample
from vae_explorer.vae.recipes import find_recipe


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 32)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_follow_the_config(
    shape: tuple[int, int, int], activation: str, family: str
) -> None:
    model = VAE(ModelConfig(shape, 3, (10, 6), activation, family=family, posterior="logscale"))
    x = torch.rand(4, *shape)
    mean, logvar = model.encode(x)
    assert mean.shape == logvar.shape == (4, 3)
    assert model.decode(mean).shape == x.shape
    assert model(x).params.shape == x.shape


def test_the_convolutional_recipe_is_its_sources_network() -> None:
    """The sizes are those of 4 x 4 kernels with stride 2, and of the lab's list of kernels."""
    model = VAE(find_recipe("gan-lab-32d").model)
    sizes = []
    for layer in (*model.encoder.layers, *model.decoder.layers):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))
    model(torch.rand(2, 1, 28, 28))
    assert sizes == [
        *[(16, 13, 13), (32, 5, 5), (64, 1, 1)],
        *[(256, 3, 3), (128, 6, 6), (64, 13, 13), (1, 28, 28)],
    ]
    kinds = [type(layer).__name__ for layer in model.encoder.layers if _is_spatial(layer)]
    assert kinds == ["Conv2d", "BatchNorm2d", "LeakyReLU"] * 2 + ["Conv2d"]
    kinds = [type(layer).__name__ for layer in model.decoder.layers if _is_spatial(layer)]
    assert kinds == ["ConvTranspose2d", "BatchNorm2d", "ReLU"] * 3 + ["ConvTranspose2d"]


def _is_spatial(layer: nn.Module) -> bool:
    return "latten" not in type(layer).__name__ and "Half" not in type(layer).__name__


def test_a_posterior_scale_is_the_exponential_of_the_encoders_last_layer() -> None:
    model = VAE(ModelConfig((1, 4, 4), latent_dim=2, hidden=(8,), posterior="logscale"))
    x = torch.rand(3, 1, 4, 4)
    last = nn.Sequential(*list(model.encoder.layers)[:-1])(x.flatten(1))
    posterior = model.encode(x)
    scale = torch.distributions.Normal(last[:, :2], last[:, 2:].exp())
    torch.testing.assert_close(posterior.mean, scale.mean)
    torch.testing.assert_close(posterior.logvar.exp(), scale.variance)


def test_a_bernoulli_picture_is_the_probability_of_its_logits(model: VAE) -> None:
    z = torch.randn(6, 5)
    exact = torch.distributions.Bernoulli(logits=model.decode(z)).mean
    torch.testing.assert_close(model.generate(z), exact)


def test_a_gaussian_picture_stays_in_range() -> None:
    model = VAE(ModelConfig((1, 2, 2), latent_dim=2, hidden=(8,), likelihood="gaussian"))
    picture = model.generate(100 * torch.randn(50, 2))
    assert picture.min() == 0
    assert picture.max() == 1


def test_the_sample_is_distributed_as_the_posterior_says() -> None:
    torch.manual_seed(0)
    posterior = Posterior(torch.full((20000, 1), 1.5), torch.full((20000, 1), 2 * np.log(0.3)))
    z = sample(posterior).squeeze(1).numpy()
    assert stats.kstest(z, stats.norm(1.5, 0.3).cdf).pvalue > 0.01


def test_the_sample_carries_gradients_to_mean_and_logvar() -> None:
    mean, logvar = torch.zeros(1, 2, requires_grad=True), torch.zeros(1, 2, requires_grad=True)
    torch.manual_seed(0)
    z = sample(Posterior(mean, logvar))
    z.sum().backward()
    # dz/dmean is 1; dz/dlogvar is half the noise, and at these values the noise is z itself.
    torch.testing.assert_close(mean.grad, torch.ones(1, 2))
    torch.testing.assert_close(logvar.grad, z.detach() / 2)


def test_dropout_is_in_the_encoder_alone_and_in_training_alone() -> None:
    torch.manual_seed(0)
    model = VAE(ModelConfig((1, 4, 4), latent_dim=2, hidden=(64,), dropout=0.5))
    x, z = torch.rand(3, 1, 4, 4), torch.randn(3, 2)
    model.train()
    assert not torch.equal(model.encode(x).mean, model.encode(x).mean)
    assert torch.equal(model.decode(z), model.decode(z))
    model.eval()
    assert torch.equal(model.encode(x).mean, model.encode(x).mean)
