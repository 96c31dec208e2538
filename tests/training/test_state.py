"""The state of a run on the disk: damaged in every way it is named, and an earlier one resumes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vae_explorer.data import Dataset, Split
from vae_explorer.film.snapshots import Snapshots
from vae_explorer.training.fit import fit
from vae_explorer.training.state import read_state, resumed_state
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = ModelConfig(image_shape=(1, 6, 6), latent_dim=2, hidden=(4,))
TRAIN = TrainConfig(dataset="digits", epochs=2, batch_size=16)


def _damage(content: bytes, at: float, how: str, value: int) -> bytes:
    """Flip, cut, double or drop a byte; half of the places are in the header."""
    header = 8 + int.from_bytes(content[:8], "little")
    place = int(at * 2 * header) if at < 0.5 else int((2 * at - 1) * len(content))
    place = min(place, len(content) - 1)
    parts = {
        "flip": bytes([content[place] ^ value]),
        "cut": b"",
        "double": content[place : place + 1] * 2,
        "drop": b"",
    }
    return content[:place] + parts[how] + (b"" if how == "cut" else content[place + 1 :])


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    at=st.floats(0, 1),
    how=st.sampled_from(["flip", "flip", "cut", "double", "drop"]),
    value=st.integers(1, 255),
)
def test_a_damaged_state_or_snapshot_is_one_sentence_or_harmless(
    tiny: Dataset, tmp_path_factory: pytest.TempPathFactory, at: float, how: str, value: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    state, kept = folder / "a.safetensors", folder / "a.snapshots"
    whole = folder / "whole"
    snapshots = Snapshots(kept, 2, 1, "run")
    if not whole.exists():
        fit(MODEL, TRAIN, tiny, state_path=state)
        snapshots.keep(1, VAE(MODEL), Split(tiny.test.images, tiny.test.labels))
        whole.write_bytes(state.read_bytes())
        (folder / "snapshot").write_bytes((kept / "000000001.safetensors").read_bytes())
    state.write_bytes(_damage(whole.read_bytes(), at, how, value))
    found = _read(state, lambda: resumed_state(state, MODEL, TRAIN, tiny.checksum))
    if found:
        model = VAE(MODEL)
        found.restore(model, torch.optim.AdamW(model.parameters()))
        assert len(found.history) == 2
    file = kept / "000000001.safetensors"
    file.write_bytes(_damage((folder / "snapshot").read_bytes(), at, how, value))
    for one in _read(file, lambda: snapshots.load(MODEL)) or []:
        VAE(MODEL).decoder.load_state_dict({k: v.float() for k, v in one.decoder.items()})


def _read(file: Path, read: Callable[[], object]) -> object:
    """Return what is read, None where that is refused in one line that names the file."""
    problem = None
    try:
        return read()
    except ValueError as error:
        problem = str(error)
    assert problem.startswith(str(file))
    assert "\n" not in problem
    return None


def test_the_state_that_an_earlier_release_wrote_is_resumed() -> None:
    """Written by the release of November 2026, and never again."""
    file = Path(__file__).parent / "earlier.safetensors"
    assert len(read_state(file).history) == 1
    state = resumed_state(file, MODEL, TRAIN, "checksum of the tiny dataset")
    model = VAE(MODEL)
    state.restore(model, torch.optim.AdamW(model.parameters()))


def test_snapshots_of_another_run_are_left_alone(tiny: Dataset, tmp_path: Path) -> None:
    one, other = (Snapshots(tmp_path, 3, 2, run) for run in ("one", "other"))
    one.keep(0, VAE(MODEL), tiny.test)
    other.keep(1, VAE(MODEL), tiny.test)
    one.keep(2, VAE(MODEL), tiny.test)
    assert [snapshot.step for snapshot in one.load(MODEL)] == [0, 2]
    assert [snapshot.step for snapshot in other.load(MODEL)] == [1]
