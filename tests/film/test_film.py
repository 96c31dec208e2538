"""Snapshots of a training and the film that is made of them."""

from __future__ import annotations

import io
import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import train
from vae_explorer.analysis.codes import encode_split
from vae_explorer.checkpoint.folder import FILM
from vae_explorer.data import Dataset
from vae_explorer.film.film import Film, add_film, load_film
from vae_explorer.film.render import make_film
from vae_explorer.film.snapshots import Snapshots, snapshot_steps
from vae_explorer.training.fit import fit, total_steps
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.objective import mean_elbo

MODEL = ModelConfig(image_shape=(1, 6, 6), latent_dim=2, hidden=(16,), dropout=0.1)
TRAIN = TrainConfig(dataset="digits", epochs=3, batch_size=10)


def _weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten() for value in model.state_dict().values()])


def _filmed(
    tiny: Dataset, folder: Path, config: ModelConfig = MODEL
) -> tuple[torch.nn.Module, Snapshots]:
    snapshots = Snapshots(folder, 5, total_steps(TRAIN, len(tiny.train.labels)))
    result = fit(config, TRAIN, tiny, state_path=folder / "state", snapshots=snapshots)
    return result.model, snapshots


@pytest.fixture
def film() -> Film:
    """Five snapshots of eight images on a plane, over a lattice of 2 x 2 grey pictures."""
    stream = io.BytesIO()
    Image.new("L", (12, 12), 128).save(stream, "WEBP")
    rng = np.random.default_rng(0)
    return Film(
        step=np.array([0, 1, 2, 5, 12]),
        epoch=np.array([0, 0.25, 0.5, 1.25, 3], np.float32),
        neg_elbo=np.linspace(30, 20, 5, dtype=np.float32),
        row=np.arange(8),
        xy=rng.standard_normal((5, 8, 2)).astype(np.float16),
        center=np.zeros(2, np.float32),
        axes=np.eye(2, dtype=np.float32),
        box=np.array([0, 0, 6.6], np.float32),
        across=2,
        sheets=(stream.getvalue(),) * 5,
    )


@pytest.mark.parametrize(("count", "steps"), [(2, 100), (40, 37520), (12, 20), (21, 20)])
def test_snapshots_begin_untrained_end_finished_and_come_early(count: int, steps: int) -> None:
    due = snapshot_steps(count, steps)
    assert len(due) == count
    assert due[0] == 0
    assert due[-1] == steps
    gaps = [after - before for before, after in itertools.pairwise(due)]
    assert min(gaps) >= 1
    assert gaps == sorted(gaps) or count > steps // 2
    if count == 40:
        assert sum(step <= steps / 8 for step in due) >= count / 2


@pytest.mark.parametrize("count", [1, 22])
def test_a_number_of_snapshots_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=rf"snapshots: found {count}, expected 2 to 21"):
        snapshot_steps(count, 20)


def test_being_filmed_does_not_change_a_training(tiny: Dataset, tmp_path: Path) -> None:
    model, snapshots = _filmed(tiny, tmp_path)
    # Noise of its own would move the weights by a step's length, a thousandth.
    alone = fit(MODEL, TRAIN, tiny).model
    torch.testing.assert_close(_weights(model), _weights(alone), rtol=1e-4, atol=1e-5)
    assert [one.step for one in snapshots.load(MODEL)] == snapshots.due == [0, 1, 2, 5, 12]


def test_a_snapshot_is_the_model_as_it_was(tiny: Dataset, tmp_path: Path) -> None:
    model, snapshots = _filmed(tiny, tmp_path)
    last = snapshots.load(MODEL)[-1]
    np.testing.assert_allclose(last.mean, encode_split(model, tiny.test).mean, atol=1e-6)
    assert last.neg_elbo == pytest.approx(mean_elbo(model, tiny.test).neg_elbo)
    for name, value in model.decoder.state_dict().items():
        assert last.decoder[name].dtype == torch.float16
        assert torch.allclose(last.decoder[name].float(), value, rtol=1e-3, atol=1e-6)


def test_a_resumed_run_keeps_its_snapshots_and_a_new_one_drops_them(
    tiny: Dataset, tmp_path: Path
) -> None:
    _, snapshots = _filmed(tiny, tmp_path / "whole")
    whole = snapshots.load(MODEL)
    steps = total_steps(TRAIN, len(tiny.train.labels))
    part = Snapshots(tmp_path / "part", 5, steps)
    state = tmp_path / "part.safetensors"
    # As if it had been killed after the first of its epochs.
    fit(MODEL, replace(TRAIN, epochs=1), tiny, state_path=state, snapshots=part)
    assert [one.step for one in part.load(MODEL)] == [0, 1, 2]
    fit(MODEL, TRAIN, tiny, state_path=state, resume=True, snapshots=part)
    assert [one.step for one in part.load(MODEL)] == [one.step for one in whole]
    for here, there in zip(part.load(MODEL), whole, strict=True):
        np.testing.assert_allclose(here.mean, there.mean, atol=1e-4)
    fit(MODEL, replace(TRAIN, epochs=1), tiny, state_path=state, snapshots=part)
    assert [one.step for one in part.load(MODEL)] == [0, 1, 2]


def test_a_damaged_snapshot_is_named(tiny: Dataset, tmp_path: Path) -> None:
    _, snapshots = _filmed(tiny, tmp_path)
    (tmp_path / "000000002.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"000000002.safetensors: found no readable snapshot"):
        snapshots.load(MODEL)


@pytest.mark.parametrize("dims", [1, 2, 5])
def test_a_film_has_the_codes_on_its_plane_and_what_is_decoded_there(
    tiny: Dataset, tmp_path: Path, dims: int
) -> None:
    config = replace(MODEL, latent_dim=dims)
    model, snapshots = _filmed(tiny, tmp_path, config)
    latents = encode_split(model, tiny.test)
    film = make_film(snapshots.load(config), config, latents, 4)
    assert film.epoch.tolist() == [0, 0.25, 0.5, 1.25, 3]
    places = (latents.mean - film.center) @ film.axes.T
    np.testing.assert_allclose(film.xy[-1], places, atol=2e-3)
    if dims == 2:
        np.testing.assert_allclose(film.xy[-1], latents.mean, atol=2e-3)
    # The middle of a cell, from the box alone: the third from the left in the second row.
    side = film.box[2] / film.across
    right, up = (2.5 - film.across / 2) * side, (film.across / 2 - 1.5) * side
    z = film.center + np.add(film.box[:2], [right, up]) @ film.axes
    with torch.no_grad():
        decoded = model.generate(torch.from_numpy(z).float()[None])[0, 0].numpy()
    with Image.open(io.BytesIO(film.sheets[-1])) as sheet:
        cell = np.asarray(sheet.convert("L"))[6:12, 12:18] / 255
    # Noise is the worst that can be kept as WebP.
    assert np.abs(cell - decoded).mean() < 0.08


def test_a_film_comes_back_from_its_file(film: Film, tmp_path: Path) -> None:
    add_film(tmp_path, film)
    again = load_film(tmp_path, count=8, dims=2)
    assert again.sheets == film.sheets
    assert again.across == film.across
    for name in ("step", "epoch", "neg_elbo", "row", "xy", "box", "axes", "center"):
        np.testing.assert_array_equal(getattr(again, name), getattr(film, name))
    assert load_film(tmp_path / "elsewhere", count=8, dims=2) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"row": np.arange(8) + 1}, "found row from 1 to 8, expected 0 to 7"),
        ({"step": np.array([0, 2, 1, 5, 12])}, "steps that do not rise"),
        ({"xy": np.zeros((5, 8, 3))}, r"found xy of .*\(5, 8, 3\), expected .*\(5, 8, 2\)"),
        ({"epoch": np.full(5, np.nan)}, "found epoch from nan to nan"),
        ({"box": np.array([0, 0, -1.0])}, "lattice"),
        ({"across": 500}, "found across from 500"),
        ({"sheets": (b"PNG",) * 5}, "found sizes from 3 to 3"),
        ({"sheets": (b"no picture at all",) * 5}, "no WebP picture"),
    ],
)
def test_a_film_that_does_not_fit_is_named(
    film: Film, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    add_film(tmp_path, replace(film, **changes))
    with pytest.raises(ValueError, match=rf"film.npz: .*{message}"):
        load_film(tmp_path, count=8, dims=2)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"\x93NUMPY"])
def test_a_file_that_is_no_film_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILM).write_bytes(content)
    with pytest.raises(ValueError, match=r"film.npz: found"):
        load_film(tmp_path, count=8, dims=2)


def test_a_pickle_in_a_film_is_not_opened(film: Film, tmp_path: Path) -> None:
    bad = np.array([print] * 5, dtype=object)
    add_film(tmp_path, replace(film, epoch=bad))
    with pytest.raises(ValueError, match="no readable array file"):
        load_film(tmp_path, count=8, dims=2)


def test_train_py_films_and_a_new_run_without_a_film_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*flags: str) -> tuple[int, str]:
        fixed = ["--recipe", "digits-2d", "--out", str(tmp_path), "--device", "cpu"]
        status = train.main([*fixed, "--limit", "200", *flags])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    status, said = run("--epochs", "2", "--snapshots", "6")
    assert status == 0
    assert "film of 6 snapshots" in said
    film = load_film(tmp_path / "digits-2d", count=360, dims=2)
    assert len(film.sheets) == 6
    assert film.epoch[-1] == 2
    assert run("--epochs", "4", "--resume")[0] == 0
    extended = load_film(tmp_path / "digits-2d", count=360, dims=2)
    assert extended.step[:6].tolist() == film.step.tolist()
    assert extended.epoch[-1] == 4
    status, said = run("--epochs", "2", "--snapshots", "1")
    assert status == 1
    assert "snapshots: found 1, expected 2 to" in said
    assert (tmp_path / "digits-2d" / FILM).is_file()
    shutil.rmtree(tmp_path / ".training")
    assert run("--epochs", "2")[0] == 0
    assert not (tmp_path / "digits-2d" / FILM).is_file()
