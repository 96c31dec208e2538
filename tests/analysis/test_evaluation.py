"""The metrics of a checkpoint, against numpy and scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sklearn.manifold
import torch
from sklearn.neighbors import NearestNeighbors

from vae_explorer import evaluate as command
from vae_explorer.analysis.codes import active_units, encode_split
from vae_explorer.analysis.evaluation import evaluate, importance_weighted_nll
from vae_explorer.analysis.neighbours import trustworthiness
from vae_explorer.checkpoint.folder import list_checkpoints, load_checkpoint
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.data import Dataset
from vae_explorer.training.fit import fit
from vae_explorer.training.save import save_trained
from vae_explorer.vae import objective
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo

SHIPPED = Path(__file__).resolve().parents[2] / "checkpoints" / "mnist-2d"


@pytest.fixture(scope="module")
def measured(digits: Dataset) -> tuple[VAE, Latents, object]:
    torch.manual_seed(0)
    model = VAE(ModelConfig(image_shape=(1, 8, 8), latent_dim=3, hidden=(32,))).eval()
    latents = encode_split(model, digits.test)
    return model, latents, evaluate(model, latents, digits, samples=8)


def test_the_bound_adds_up_and_importance_weighting_tightens_it(measured, digits) -> None:
    model, _, found = measured
    assert found.test_neg_elbo == pytest.approx(found.test_reconstruction + found.test_kl)
    noise = torch.get_rng_state()
    one, many = (importance_weighted_nll(model, digits.test, k) for k in (1, 64))
    assert torch.equal(torch.get_rng_state(), noise)
    assert one == pytest.approx(found.test_neg_elbo, abs=0.1)
    assert many < found.iw_nll < one


@torch.no_grad()
def test_samples_in_parts_give_the_bound_of_all_of_them(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """log-sum-exp over all K, whatever is decoded at a time: against numpy on the same draws."""
    torch.manual_seed(0)
    model = VAE(ModelConfig(image_shape=(1, 8, 8), latent_dim=2, hidden=(8,))).eval()
    x, weights, sizes = digits.test.images[:3].float() / 255, [], []
    decode, part = model.decode, objective._log_weights
    monkeypatch.setattr(model, "decode", lambda z: sizes.append(len(z)) or decode(z))
    monkeypatch.setattr(
        objective, "_log_weights", lambda *args: weights.append(part(*args)) or weights[-1]
    )
    monkeypatch.setattr(objective, "DECODED_AT_ONCE", 10)
    bound = objective.importance_weighted_bound(model, x, samples=11)
    assert max(sizes) <= 10
    drawn = np.concatenate(weights).astype(np.float64)
    assert drawn.shape == (11, 3)
    np.testing.assert_allclose(bound, np.log(np.exp(drawn).mean(axis=0)), rtol=1e-5)


def test_neighbours_vote_as_scikit_learn_counts_them(measured, digits) -> None:
    model, latents, found = measured
    train = encode_split(model, digits.train)
    _, nearest = NearestNeighbors(n_neighbors=5).fit(train.mean).kneighbors(latents.mean)
    votes = np.array([np.bincount(train.label[row], minlength=10).argmax() for row in nearest])
    assert found.knn_accuracy == pytest.approx((votes == latents.label).mean())


def test_trustworthiness_is_scikit_learns(measured, digits) -> None:
    _, latents, found = measured
    exact = sklearn.manifold.trustworthiness(digits.test.images.flatten(1).numpy(), latents.mean)
    assert found.trustworthiness == pytest.approx(exact)


def test_trustworthiness_of_many_points_is_of_a_random_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = np.random.default_rng(0).standard_normal((80, 3))
    mapped = np.concatenate([points[:40], points[:39:-1]])
    monkeypatch.setattr("vae_explorer.analysis.neighbours.TRUSTWORTHINESS_SIZE", 40)
    assert trustworthiness(points[:40], mapped[:40]) == 1
    sampled = trustworthiness(points, mapped)
    assert sampled < 0.9
    assert trustworthiness(points, mapped) == sampled


def test_a_dimension_is_active_where_its_mean_varies() -> None:
    mean = np.zeros((100, 3), dtype=np.float32)
    mean[:, 0], mean[:, 1] = np.linspace(-1, 1, 100), 0.05 * np.linspace(-1, 1, 100)
    latents = Latents(mean, np.zeros_like(mean), np.zeros(100, int), np.arange(100))
    assert active_units(latents).tolist() == [True, False, False]


def test_without_images_the_metrics_of_the_codes_remain(measured) -> None:
    model, latents, found = measured
    alone = evaluate(model, latents, None, samples=8)
    assert alone.test_neg_elbo is alone.iw_nll is alone.knn_accuracy is None
    assert alone.test_kl == pytest.approx(found.test_kl, rel=1e-5)
    assert alone.kl_by_dimension == found.kl_by_dimension


def test_codes_of_a_few_test_images_are_measured_against_their_own_images(
    measured: tuple[VAE, Latents, object], digits: Dataset
) -> None:
    model, latents, _ = measured
    rows = np.arange(300, 340)
    few = Latents(
        **{key: getattr(latents, key)[rows] for key in ("mean", "logvar", "label")}, index=rows
    )
    pixels = digits.test.images[rows].flatten(1).numpy()
    expected = sklearn.manifold.trustworthiness(pixels, few.mean, n_neighbors=5)
    assert evaluate(model, few, digits).trustworthiness == pytest.approx(expected)


def test_a_model_of_other_images_or_without_finite_codes_is_refused(
    measured: tuple[VAE, Latents, object], digits: Dataset
) -> None:
    model, latents, _ = measured
    other = VAE(ModelConfig((3, 8, 8), 3, (4,))).eval()
    with pytest.raises(ValueError, match=r"found images of shape \(1, 8, 8\)"):
        evaluate(other, latents, digits)
    huge = VAE(model.config).eval()
    for weight in huge.parameters():
        torch.nn.init.constant_(weight, 3e38)
    with pytest.raises(ValueError, match="not finite"):
        evaluate(huge, latents, digits)


def test_the_shipped_checkpoints_measure_what_their_meta_says(
    shipped: Path, mnist: Dataset
) -> None:
    checkpoint = load_checkpoint(shipped)
    assert checkpoint.meta.dataset.checksum == mnist.checksum
    metrics, limit = checkpoint.meta.metrics, {2: 130.5, 20: 93.05}
    again = mean_elbo(checkpoint.model, mnist.test, seed=1)
    # Another draw of the noise moves the mean over 10,000 images by some hundredths of a nat.
    assert again.neg_elbo == pytest.approx(metrics["test_neg_elbo"], abs=0.15)
    assert metrics["test_neg_elbo"] <= limit[checkpoint.meta.model.latent_dim]
    latents = encode_split(checkpoint.model, mnist.test)
    np.testing.assert_allclose(checkpoint.latents.mean, latents.mean, atol=1e-3)
    np.testing.assert_array_equal(checkpoint.latents.label, mnist.test.labels)


def test_the_shipped_checkpoints_are_finished_and_fit_in_16_megabytes() -> None:
    entries = list_checkpoints(SHIPPED.parent)
    assert sum(file.stat().st_size for one in entries for file in one.path.iterdir()) <= 16e6
    assert all(one.meta.epochs_done == one.meta.training.epochs for one in entries)


def test_the_command_prints_json_and_says_what_needs_the_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(SHIPPED), "--json", "--data-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)[str(SHIPPED)]
    assert found["test_neg_elbo"] is None
    assert sum(found["kl_by_dimension"]) == pytest.approx(found["test_kl"])
    assert "MNIST: looked in" in printed.err
    before = (SHIPPED / "meta.json").read_bytes()
    assert command.main([str(SHIPPED), "--data-dir", str(tmp_path), "--save"]) == 0
    printed = capsys.readouterr()
    assert "test −ELBO            needs the dataset" in printed.out
    assert "found no IW-NLL to save" in printed.err
    assert (SHIPPED / "meta.json").read_bytes() == before


def test_the_command_records_the_bound_that_took_long_and_says_what_is_left_out(
    digits: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ModelConfig((1, 8, 8), hidden=(8,), likelihood="gaussian")
    result = fit(model, TrainConfig(dataset="digits", epochs=1), digits)
    path = tmp_path / "made"
    save_trained(result, path, "mine", digits, torch.device("cpu"))
    assert command.main([str(path), "--samples", "2"]) == 0
    assert "iw_nll" not in load_checkpoint(path).meta.metrics
    constant = -torch.distributions.Normal(0, 1).log_prob(torch.tensor(0.0)).item() * 64
    assert f"{constant:.2f} nats per image" in capsys.readouterr().out
    assert command.main([str(path), "--samples", "3", "--save"]) == 0
    assert "saved the IW-NLL with K = 3" in capsys.readouterr().err
    assert command.main([str(path), "--samples", "2", "--save", "--json"]) == 0
    printed = capsys.readouterr()
    assert "instead of K = 3" in printed.err
    found = json.loads(printed.out)[str(path)]
    metrics = load_checkpoint(path).meta.metrics
    assert (metrics["iw_nll"], metrics["iw_samples"]) == (found["iw_nll"], 2)


def test_the_command_names_a_folder_it_cannot_read_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["nowhere", str(SHIPPED), "--data-dir", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "nowhere: found no such folder" in printed.err
    assert str(SHIPPED) in printed.out
