"""The objective against torch.distributions, numpy, finite differences and exact evidence."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal, kl_divergence

from vae_explorer.data import Dataset
from vae_explorer.vae.config import ModelConfig
from vae_explorer.vae.model import VAE, Posterior
from vae_explorer.vae.objective import (
    gaussian_kl,
    importance_weighted_bound,
    log_likelihood,
    mean_elbo,
    negative_elbo,
)


def test_gaussian_kl_matches_torch_distributions() -> None:
    mean, logvar = torch.randn(2, 7, 5)
    exact = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(gaussian_kl(Posterior(mean, logvar)), exact)


def test_kl_is_zero_at_the_prior() -> None:
    zero = torch.zeros(3, 4)
    assert gaussian_kl(Posterior(zero, zero)).abs().max() == 0


def test_bernoulli_likelihood_of_binary_pixels_matches_torch_distributions() -> None:
    logits, x = torch.randn(6, 1, 4, 4), torch.randint(0, 2, (6, 1, 4, 4)).float()
    exact = Independent(Bernoulli(logits=logits), 3).log_prob(x)
    torch.testing.assert_close(log_likelihood(logits, x, "bernoulli"), exact)


def test_bernoulli_likelihood_of_grey_pixels_is_cross_entropy_summed_over_pixels() -> None:
    logits, x = torch.randn(6, 1, 4, 4).double(), torch.rand(6, 1, 4, 4).double()
    p, grey = 1 / (1 + np.exp(-logits.numpy())), x.numpy()
    exact = (grey * np.log(p) + (1 - grey) * np.log(1 - p)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(log_likelihood(logits, x, "bernoulli"), exact)


def test_gaussian_likelihood_is_torch_distributions_without_its_constant() -> None:
    means, x = torch.randn(6, 3, 4, 4), torch.rand(6, 3, 4, 4)
    constant = 0.5 * np.log(2 * np.pi) * 3 * 4 * 4
    exact = Independent(Normal(means, 1.0), 3).log_prob(x) + constant
    torch.testing.assert_close(log_likelihood(means, x, "gaussian"), exact, rtol=1e-5, atol=1e-4)


def test_likelihood_stays_finite_at_extreme_logits() -> None:
    logits, x = torch.tensor([-1e4, 1e4]).reshape(1, 1, 1, 2), torch.tensor([[[[0.0, 1.0]]]])
    assert log_likelihood(logits, x, "bernoulli") == 0


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_gradients_match_finite_differences(likelihood: str) -> None:
    torch.manual_seed(0)
    config = ModelConfig(
        image_shape=(1, 2, 2), latent_dim=2, hidden=(3,), activation="tanh", likelihood=likelihood
    )
    model, x = VAE(config).double(), torch.rand(2, 1, 2, 2).double()

    def loss(*weights: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(1)
        named = dict(zip(dict(model.named_parameters()), weights, strict=True))
        output = torch.func.functional_call(model, named, (x,))
        return negative_elbo(output, x, likelihood).total(beta=0.7).mean()

    assert torch.autograd.gradcheck(loss, tuple(model.parameters()))


def test_beta_weighs_the_kl_alone(model: VAE) -> None:
    x = torch.rand(4, 3, 4, 5)
    parts = negative_elbo(model(x), x, "bernoulli")
    torch.testing.assert_close(parts.total(beta=0), parts.reconstruction)
    torch.testing.assert_close(parts.total(beta=3) - parts.total(beta=1), 2 * parts.kl)


def _linear_gaussian() -> tuple[VAE, torch.Tensor, torch.Tensor]:
    """A model without hidden layers, images, and their exact log-evidence.

    With x|z ~ N(Wz + b, I) and z ~ N(0, I), x ~ N(b, W W' + I). The likelihood leaves out
    4 log(2 pi) / 2, and so the evidence is taken without it.
    """
    torch.manual_seed(0)
    model = VAE(
        ModelConfig(image_shape=(1, 2, 2), latent_dim=2, hidden=(), likelihood="gaussian")
    ).double()
    linear = model.decoder.layers[0]
    x = torch.rand(5, 1, 2, 2).double()
    covariance = linear.weight @ linear.weight.T + torch.eye(4)
    log_evidence = MultivariateNormal(linear.bias, covariance).log_prob(x.flatten(1))
    return model, x, log_evidence.detach() + 2 * np.log(2 * np.pi)


@torch.no_grad()
def test_one_importance_sample_is_the_elbo() -> None:
    model, x, _ = _linear_gaussian()
    many = x.repeat_interleave(20000, dim=0)
    elbo = -negative_elbo(model(many), many, "gaussian").total().reshape(5, -1).mean(1)
    bound = importance_weighted_bound(model, many, samples=1).reshape(5, -1).mean(1)
    torch.testing.assert_close(bound, elbo, rtol=0, atol=0.05)


@torch.no_grad()
def test_importance_weighting_rises_with_samples_to_the_exact_evidence() -> None:
    model, x, log_evidence = _linear_gaussian()
    means = []
    for samples in (1, 4, 16):
        many = x.repeat_interleave(2000, dim=0)
        means.append(importance_weighted_bound(model, many, samples).mean())
    assert means == sorted(means)
    exact = importance_weighted_bound(model, x, samples=200_000)
    torch.testing.assert_close(exact, log_evidence, rtol=0, atol=0.02)


def test_measuring_leaves_the_noise_and_the_mode_as_they_were(tiny: Dataset) -> None:
    model = VAE(ModelConfig((1, 6, 6), hidden=(8,), dropout=0.1)).train()
    noise = torch.get_rng_state()
    assert mean_elbo(model, tiny.test) == mean_elbo(model, tiny.test)
    assert mean_elbo(model, tiny.test, seed=1) != mean_elbo(model, tiny.test)
    assert torch.equal(torch.get_rng_state(), noise)
    assert model.training
