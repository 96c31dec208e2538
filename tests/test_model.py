"""The model: shapes, the sample, and modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from vae_explorer.config import ACTIVATIONS, ModelConfig
from vae_explorer.model import VAE, Posterior, sample


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 32)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_shapes_follow_the_config(shape: tuple[int, int, int], activation: str) -> None:
    model = VAE(ModelConfig(shape, latent_dim=3, hidden=(10,), activation=activation))
    x = torch.rand(4, *shape)
    mean, logvar = model.encode(x)
    assert mean.shape == logvar.shape == (4, 3)
    assert model.decode(mean).shape == x.shape
    assert model(x).params.shape == x.shape


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
