"""Training: whole runs on few images, resumed and interrupted ones."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import BeforeStep

from vae_explorer.checkpoint.history import Epoch
from vae_explorer.data import Dataset
from vae_explorer.training.fit import fit
from vae_explorer.training.state import read_state
from vae_explorer.training.step import kl_weight, learning_rate
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import mean_elbo

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = ModelConfig(image_shape=(1, 6, 6), latent_dim=2, hidden=(16,), dropout=0.1)
TRAIN = TrainConfig(
    dataset="digits", epochs=4, batch_size=10, schedule="cosine", warmup=0.5, clip=100.0
)


def _same(one: VAE, other: VAE) -> bool:
    """Whether weights agree: a step moves each by about 0.001, and rounding by far less."""
    return all(
        torch.allclose(a, b, rtol=0, atol=1e-4)
        for a, b in zip(one.parameters(), other.parameters(), strict=True)
    )


def _bounds(history: list[Epoch]) -> np.ndarray:
    """The history without the seconds."""
    return np.array([row[:-1] for row in history])


def test_training_lowers_the_test_bound(digits: Dataset) -> None:
    model = ModelConfig(image_shape=(1, 8, 8), latent_dim=2, hidden=(64,))
    result = fit(model, TrainConfig(dataset="digits", epochs=5, batch_size=32, lr=3e-3), digits)
    bounds = [row.test_neg_elbo for row in result.history]
    torch.manual_seed(0)
    untrained = mean_elbo(VAE(model), digits.test).neg_elbo
    # An untrained decoder gives every pixel about p = 1/2: 64 log 2 nats, and a little KL.
    assert untrained == pytest.approx(64 * math.log(2), abs=3)
    assert bounds[-1] < bounds[0] < untrained - 10


def test_history_adds_up_and_is_what_a_fresh_measurement_gives(tiny: Dataset) -> None:
    result = fit(MODEL, TRAIN, tiny)
    assert [row.epoch for row in result.history] == [1, 2, 3, 4]
    last = result.history[-1]
    assert last.test_neg_elbo == pytest.approx(last.test_reconstruction + last.test_kl)
    assert mean_elbo(result.model, tiny.test).neg_elbo == pytest.approx(last.test_neg_elbo)
    assert not result.model.training


def test_a_run_is_reproduced_by_its_seed_and_changed_by_another(tiny: Dataset) -> None:
    first, again = fit(MODEL, TRAIN, tiny), fit(MODEL, TRAIN, tiny)
    other = fit(MODEL, replace(TRAIN, seed=1), tiny)
    assert _same(first.model, again.model)
    assert not _same(first.model, other.model)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_resumed_run_ends_as_one_that_was_not_stopped(
    tiny: Dataset,
    tmp_path: Path,
    before_step: BeforeStep,
    monkeypatch: pytest.MonkeyPatch,
    stop_after: int,
) -> None:
    whole = fit(MODEL, TRAIN, tiny)
    state = tmp_path / "state.safetensors"
    before_step(4 * stop_after + 1, KeyboardInterrupt())
    stopped = fit(MODEL, TRAIN, tiny, state_path=state)
    monkeypatch.undo()
    assert stopped.interrupted
    assert len(stopped.history) == len(read_state(state).history) == stop_after
    measured = mean_elbo(stopped.model, tiny.test).neg_elbo
    assert measured == pytest.approx(stopped.history[-1].test_neg_elbo)
    resumed = fit(MODEL, TRAIN, tiny, state_path=state, resume=True)
    assert not resumed.interrupted
    assert _same(whole.model, resumed.model)
    np.testing.assert_allclose(_bounds(resumed.history), _bounds(whole.history), rtol=1e-4)


def test_an_interrupt_before_the_first_epoch_is_passed_on(
    tiny: Dataset, tmp_path: Path, before_step: BeforeStep
) -> None:
    before_step(1, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fit(MODEL, TRAIN, tiny, state_path=tmp_path / "state")


def test_a_finished_run_can_be_trained_on_for_more_epochs(tiny: Dataset, tmp_path: Path) -> None:
    state = tmp_path / "state"
    fit(MODEL, TRAIN, tiny, state_path=state)
    longer = fit(MODEL, replace(TRAIN, epochs=6), tiny, state_path=state, resume=True)
    assert len(longer.history) == 6


def test_resuming_for_fewer_epochs_than_were_trained_is_refused(
    tiny: Dataset, tmp_path: Path
) -> None:
    fit(MODEL, TRAIN, tiny, state_path=tmp_path / "state")
    with pytest.raises(ValueError, match=r"epochs: found 2, expected at least 4"):
        fit(MODEL, replace(TRAIN, epochs=2), tiny, state_path=tmp_path / "state", resume=True)


def test_resuming_nothing_says_so_and_trains(
    tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = fit(MODEL, TRAIN, tiny, state_path=tmp_path / "state", resume=True)
    assert "nothing to resume" in capsys.readouterr().out
    assert len(result.history) == 4


def test_resuming_with_other_settings_names_the_difference(tiny: Dataset, tmp_path: Path) -> None:
    state = tmp_path / "state"
    fit(MODEL, TRAIN, tiny, state_path=state)
    other = replace(TRAIN, beta=4.0, precision="bfloat16")
    differences = r"beta 1.0 \(now 4.0\), precision 'float32' \(now 'bfloat16'\)"
    with pytest.raises(ValueError, match=differences):
        fit(MODEL, other, tiny, state_path=state, resume=True)
    with pytest.raises(ValueError, match="other data"):
        fit(MODEL, TRAIN, tiny._replace(checksum="x"), state_path=state, resume=True)


def test_a_damaged_state_is_named(tiny: Dataset, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_bytes(b"not a state")
    with pytest.raises(ValueError, match=r"state: found no readable training state"):
        fit(MODEL, TRAIN, tiny, state_path=state, resume=True)


def test_a_last_batch_of_one_image_is_refused_where_batches_are_normalised(tiny: Dataset) -> None:
    model = ModelConfig(image_shape=(1, 6, 6), latent_dim=2, hidden=(4,), family="conv")
    with pytest.raises(ValueError, match=r"batch_size: found 31 for 32 images"):
        fit(model, replace(TRAIN, batch_size=31), tiny)
    assert fit(model, TRAIN, tiny).history[-1].test_neg_elbo > 0


def test_only_the_first_images_are_trained_on(tiny: Dataset) -> None:
    few = tiny._replace(train=tiny.train.first(8))
    limited = fit(MODEL, replace(TRAIN, limit=8), tiny)
    assert _same(limited.model, fit(MODEL, TRAIN, few).model)


def test_images_of_another_shape_are_refused_with_both_shapes(tiny: Dataset) -> None:
    with pytest.raises(ValueError, match=r"\(1, 6, 6\), expected \(1, 28, 28\)"):
        fit(ModelConfig(), TRAIN, tiny)


def test_the_cosine_schedule_is_pytorchs() -> None:
    config = TrainConfig(lr=0.3, schedule="cosine")
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.3)
    witness = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=50)
    for step in range(50):
        assert learning_rate(config, step, 50) == pytest.approx(witness.get_last_lr()[0])
        optimizer.step()
        witness.step()


def test_the_kl_weight_rises_linearly_to_beta() -> None:
    config = TrainConfig(beta=2.0, warmup=0.1)
    assert [kl_weight(config, step, 100) for step in (0, 5, 10, 99)] == [0.0, 1.0, 2.0, 2.0]
    assert kl_weight(TrainConfig(beta=2.0), 0, 100) == 2.0
