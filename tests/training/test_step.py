"""The captured step, with a graph that stands in for CUDA's: it keeps the same rules.

A capture runs nothing, and a replay reads what then lies in the tensors it was captured with.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch

from vae_explorer.data import Dataset
from vae_explorer.training import step as step_module
from vae_explorer.training.distributed import ProcessGroup
from vae_explorer.training.step import STEPS_BEFORE_CAPTURE, Step, is_captured
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

MODEL = ModelConfig(image_shape=(1, 6, 6), latent_dim=2, hidden=(16,))
CONFIG = TrainConfig(dataset="digits", batch_size=8, clip=100.0)


class _Graph:
    """What the step holds as its CUDA graph."""

    replays = 0


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> type[_Graph]:
    """Let the CPU pass for a GPU in the step's eyes."""

    class Stream:
        def wait_stream(self, other: object) -> None:
            assert isinstance(other, Stream)

    monkeypatch.setattr(step_module, "is_captured", lambda device, group: True)
    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", _Graph)
    return _Graph


def _steps(tiny: Dataset) -> tuple[VAE, Step]:
    torch.manual_seed(0)
    model = VAE(MODEL).train()
    rate = torch.tensor(CONFIG.lr)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    return model, Step(model, optimizer, tiny.train.images, CONFIG, ProcessGroup())


def _run(model: VAE, step: Step, count: int) -> list[list[float]]:
    """Take steps with batches, rates and weights that change; a small one comes among them."""
    losses = []
    for k in range(count):
        torch.manual_seed(k)
        batch = torch.randperm(20)[: 5 if k == STEPS_BEFORE_CAPTURE + 2 else 8]
        losses.append(step(batch, 1e-3 / (k + 1), k / count).tolist())
    return losses


def test_a_captured_step_takes_the_steps_that_an_uncaptured_one_takes(
    cuda: type[_Graph], tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, step = _steps(tiny)

    @contextmanager
    def capture(graph: _Graph) -> Iterator[None]:
        state = copy.deepcopy((model.state_dict(), step._optimizer.state_dict()["state"]))
        noise = torch.get_rng_state()
        yield
        torch.set_rng_state(noise)
        model.load_state_dict(state[0])
        for now, then in zip(step._optimizer.state.values(), state[1].values(), strict=True):
            for name, value in then.items():
                now[name].copy_(value)

        def replay() -> None:
            graph.replays += 1
            step._losses.copy_(step._take(step._batch))

        graph.replay = replay

    monkeypatch.setattr(torch.cuda, "graph", capture)
    captured = _run(model, step, 10)
    assert step._graph.replays == 10 - STEPS_BEFORE_CAPTURE - 1
    monkeypatch.undo()
    plain_model, plain = _steps(tiny)
    np.testing.assert_allclose(captured, _run(plain_model, plain, 10), rtol=1e-4)
    for here, there in zip(model.parameters(), plain_model.parameters(), strict=True):
        torch.testing.assert_close(here, there, rtol=0, atol=1e-5)


def test_a_capture_that_fails_is_said_and_the_training_goes_on(
    cuda: type[_Graph],
    tiny: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def refused(graph: _Graph) -> Iterator[None]:
        raise RuntimeError("operation not permitted when stream is capturing")
        yield

    monkeypatch.setattr(torch.cuda, "graph", refused)
    model, step = _steps(tiny)
    losses = _run(model, step, 8)
    printed = capsys.readouterr().err
    assert printed.count("no CUDA graph (operation not permitted when stream is capturing)") == 1
    monkeypatch.undo()
    np.testing.assert_allclose(losses, _run(*_steps(tiny), 8), rtol=1e-4)


def test_gpus_capture_and_others_do_not() -> None:
    assert is_captured(torch.device("cuda", 0), ProcessGroup())
    assert not is_captured(torch.device("cuda", 0), ProcessGroup(0, 2))
    assert not is_captured(torch.device("cpu"), ProcessGroup())
