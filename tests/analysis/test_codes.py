"""Codes and their views, against scikit-learn and torch."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch.distributions import Normal, kl_divergence

from vae_explorer.analysis.codes import (
    decode,
    dimensions_by_kl,
    encode_split,
    kl_by_dimension,
    principal_axes,
)
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.data import Dataset
from vae_explorer.vae.model import VAE, ModelConfig


def _cloud(count: int = 300, dims: int = 6) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, dims)) @ rng.standard_normal((dims, dims)) + 3


def test_principal_axes_are_scikit_learns_up_to_sign() -> None:
    z = _cloud()
    ours, witness = principal_axes(z), PCA().fit(z)
    np.testing.assert_allclose(np.abs(ours.axes @ witness.components_.T), np.eye(6), atol=1e-6)
    np.testing.assert_allclose(ours.variance * 300 / 299, witness.explained_variance_)
    np.testing.assert_allclose(
        np.abs(ours.project(z)), np.abs(witness.transform(z)[:, :2]), atol=1e-6
    )


def test_principal_axes_do_not_flip_with_the_sign_of_the_cloud() -> None:
    z = _cloud()
    np.testing.assert_allclose(principal_axes(z).axes, principal_axes(-z).axes, atol=1e-8)


def test_principal_axes_exist_for_one_dimension_and_one_point() -> None:
    assert principal_axes(np.array([[1.0], [3.0]])).axes.tolist() == [[1.0]]
    assert np.isfinite(principal_axes(np.ones((1, 3))).axes).all()


def test_codes_are_the_encoders_and_kl_is_torchs(digits: Dataset) -> None:
    model = VAE(ModelConfig((1, 8, 8), latent_dim=3, hidden=(16,))).eval()
    latents = encode_split(model, digits.test)
    with torch.no_grad():
        mean, logvar = model.encode(digits.test.images / 255)
    np.testing.assert_allclose(latents.mean, mean, atol=1e-6)
    np.testing.assert_array_equal(latents.label, digits.test.labels)
    exact = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).mean(0)
    np.testing.assert_allclose(kl_by_dimension(latents), exact, rtol=1e-4)


def test_dimensions_are_ordered_by_kl() -> None:
    mean = np.zeros((4, 3), dtype=np.float32)
    mean[:, 2], mean[:, 0] = 3, 1
    latents = Latents(mean, np.zeros_like(mean), np.zeros(4, int), np.arange(4))
    assert dimensions_by_kl(latents).tolist() == [2, 0, 1]


def test_decoding_numpy_codes_gives_the_models_pictures(model: VAE) -> None:
    z = np.random.default_rng(0).standard_normal((4, 5))
    with torch.no_grad():
        exact = model.generate(torch.tensor(z, dtype=torch.float32))
    np.testing.assert_allclose(decode(model, z), exact, atol=1e-6)


def test_decoding_gives_numbers_whatever_the_weights(model: VAE) -> None:
    with torch.no_grad():
        for weight in model.decoder.parameters():
            weight.normal_(0, 1e38)
        assert model.generate(torch.ones(4, 5)).isnan().any()
    assert np.isfinite(decode(model, np.ones((40, 5)))).all()
