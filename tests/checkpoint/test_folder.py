"""The checkpoint folder: what is saved comes back, and what is broken is named."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vae_explorer import list_checkpoints, load_checkpoint
from vae_explorer.checkpoint.history import Epoch
from vae_explorer.checkpoint.latents import Latents
from vae_explorer.checkpoint.meta import REQUIRED_METRICS, DatasetRecord, Meta
from vae_explorer.checkpoint.writing import save_checkpoint
from vae_explorer.live.blobs import plan_of_checkpoint
from vae_explorer.vae.config import ModelConfig, TrainConfig
from vae_explorer.vae.model import VAE

HISTORY = [
    Epoch(1, 30.5, 29.0, 1.5, 31.25, 29.5, 1.75, 0.5),
    Epoch(2, *[float(k) for k in range(7)]),
]


def _meta(model: VAE, **changes: object) -> Meta:
    return Meta(
        **{
            "name": "saved",
            "recipe": "digits-2d",
            "model": model.config,
            "training": TrainConfig(dataset="digits", epochs=2),
            "dataset": DatasetRecord("digits", "0" * 64, tuple("0123456789"), 1437, 360),
            "metrics": dict.fromkeys(REQUIRED_METRICS, 0.5) | {"test_neg_elbo": 31.25},
            "kl_by_dimension": [0.35] * 5,
            "epochs_done": 2,
            "weights_dtype": "float32",
            "seed": 0,
            "device": "cpu",
            "seconds": 1.0,
            "versions": {"torch": "2.15.0"},
        }
        | changes
    )


def _latents(count: int = 6) -> Latents:
    rng = np.random.default_rng(0)
    mean, logvar = rng.standard_normal((2, count, 5)).astype(np.float32)
    umap = rng.standard_normal((count, 2)).astype(np.float32)
    return Latents(mean, logvar, np.arange(count) % 10, np.arange(count), {"umap": umap})


@pytest.fixture
def saved(model: VAE, tmp_path: Path) -> Path:
    path = tmp_path / "saved"
    save_checkpoint(path, model, _meta(model), HISTORY, _latents())
    return path


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_convolutional_model_comes_back_with_its_batch_statistics(
    tmp_path: Path, dtype: str
) -> None:
    torch.manual_seed(0)
    model = VAE(ModelConfig((1, 8, 8), 5, (6,), family="conv", posterior="logscale"))
    model(torch.rand(40, 1, 8, 8))
    model.eval()
    model.load_state_dict({k: v.to(getattr(torch, dtype)) for k, v in model.state_dict().items()})
    save_checkpoint(
        tmp_path / "conv", model, _meta(model, weights_dtype=dtype), HISTORY, _latents()
    )
    loaded = load_checkpoint(tmp_path / "conv").model
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    x, z = torch.rand(3, 1, 8, 8), torch.randn(3, 5)
    torch.testing.assert_close(loaded.encode(x), model.encode(x))
    torch.testing.assert_close(loaded.generate(z), model.generate(z))
    assert plan_of_checkpoint(tmp_path / "conv", "decoder").weights.dtype == dtype


def test_what_is_saved_comes_back(saved: Path, model: VAE) -> None:
    loaded = load_checkpoint(saved)
    assert loaded.meta == _meta(model)
    assert loaded.history == HISTORY
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value)
    for name in ("mean", "logvar", "label", "index"):
        np.testing.assert_array_equal(getattr(loaded.latents, name), getattr(_latents(), name))
    np.testing.assert_array_equal(
        loaded.latents.projections["umap"], _latents().projections["umap"]
    )
    assert not loaded.model.training


def test_the_folder_holds_the_four_files_that_every_reader_can_open(saved: Path) -> None:
    names = {"model.safetensors", "meta.json", "history.csv", "latents.npz"}
    assert {file.name for file in saved.iterdir()} == names
    assert json.loads((saved / "meta.json").read_text())["format_version"] == 1
    assert {os.stat(file).st_mode & 0o044 for file in saved.iterdir()} == {0o044}


def test_half_precision_is_stored_as_half_the_bytes(model: VAE, tmp_path: Path) -> None:
    path = tmp_path / "half"
    save_checkpoint(path, model, _meta(model, weights_dtype="float16"), HISTORY, _latents())
    assert {value.dtype for value in load_file(path / "model.safetensors").values()} == {
        torch.float16
    }
    for name, value in load_checkpoint(path).model.state_dict().items():
        assert value.equal(model.state_dict()[name].half().float())


def _edit_meta(path: Path, **changes: object) -> None:
    file = path / "meta.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def _without(path: Path, name: str) -> None:
    (path / name).unlink()


def _pickled_latents(path: Path) -> None:
    np.savez(path / "latents.npz", mean=np.array([{"a": 1}], dtype=object))


def _other_weights(path: Path) -> None:
    weights = load_file(path / "model.safetensors")
    weights["decoder.layers.0.bias"] = torch.zeros(3)
    save_file(weights, path / "model.safetensors")


def _infinite_weights(path: Path) -> None:
    weights = load_file(path / "model.safetensors")
    weights["decoder.layers.0.bias"][0] = float("inf")
    save_file(weights, path / "model.safetensors")


def _enormous_model(path: Path) -> None:
    _edit_meta(
        path, model=json.loads((path / "meta.json").read_text())["model"] | {"hidden": [10**9]}
    )


def _short_latents(path: Path) -> None:
    with np.load(path / "latents.npz") as arrays:
        np.savez(path / "latents.npz", **{**arrays, "mean": arrays["mean"][:3]})


def _unknown_label(path: Path) -> None:
    with np.load(path / "latents.npz") as arrays:
        np.savez(path / "latents.npz", **{**arrays, "label": arrays["label"] + 10})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (shutil.rmtree, r"saved: found no such folder"),
        (lambda p: _without(p, "meta.json"), r"meta.json: found no such file"),
        (lambda p: _without(p, "model.safetensors"), r"model.safetensors: found no such file"),
        (lambda p: _without(p, "history.csv"), r"history.csv: found no such file"),
        (lambda p: _without(p, "latents.npz"), r"latents.npz: found no such file"),
        (lambda p: (p / "meta.json").write_text("{"), r"meta.json: "),
        (
            lambda p: (p / "meta.json").write_text("[1]"),
            r"meta.json: found \(1\), expected a JSON object",
        ),
        (lambda p: _edit_meta(p, format_version=99), r"format_version 99, expected 1"),
        (
            lambda p: _edit_meta(p, model={"latent_dim": "two"}),
            r"latent_dim: found a text of 3 letters",
        ),
        (
            lambda p: _edit_meta(p, metrics={}),
            r"metrics: found a mapping of 0 fields, expected a number for each",
        ),
        (
            lambda p: _edit_meta(p, seconds="long"),
            r"seconds: found a text of 4 letters, expected a number",
        ),
        (lambda p: _edit_meta(p, epochs_done=None), r"epochs_done: found None"),
        (lambda p: _edit_meta(p, kl_by_dimension=[1]), r"found 1 numbers, expected 5"),
        (_enormous_model, r"hidden: found \(1000000000\), expected a tuple"),
        (
            lambda p: _edit_meta(p, dataset={"name": "x"}),
            r"dataset: found a mapping of 1 fields, expected name, ",
        ),
        (_other_weights, r"decoder.layers.0.bias of .* shape \(3,\), expected .* shape \(8,\)"),
        (_infinite_weights, r"not finite in decoder.layers.0.bias"),
        (lambda p: (p / "model.safetensors").write_bytes(b"junk"), r"no readable weights"),
        (
            lambda p: (p / "model.safetensors").write_bytes(pickle.dumps(os.getcwd)),
            r"no readable weights",
        ),
        (lambda p: (p / "latents.npz").write_bytes(b"junk"), r"latents.npz: found no readable"),
        (_pickled_latents, r"latents.npz: found no readable array file"),
        (
            _short_latents,
            r"latents.npz: found mean of .* shape \(3, 5\), expected .* shape \(6, 5\)",
        ),
        (_unknown_label, r"latents.npz: found label from 10 to 15, expected 0 to 9"),
        (
            lambda p: (p / "history.csv").write_text("a,b\n"),
            r"history.csv: found other columns, expected epoch, ",
        ),
    ],
)
def test_a_broken_checkpoint_is_refused_with_the_file_named(
    saved: Path, spoil: object, words: str
) -> None:
    spoil(saved)
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        load_checkpoint(saved)


def test_a_damaged_history_names_the_line(saved: Path) -> None:
    file = saved / "history.csv"
    file.write_text(file.read_text().replace("31.25", "many"))
    with pytest.raises(
        ValueError, match=r"history.csv: found line 2 with other values, expected 8 finite"
    ):
        load_checkpoint(saved)


@pytest.mark.parametrize("name", ["model.safetensors", "latents.npz"])
def test_a_file_cut_short_is_listed_as_a_problem_without_loading_it(saved: Path, name: str) -> None:
    whole = (saved / name).read_bytes()
    (saved / name).write_bytes(whole[: len(whole) - 40])
    (entry,) = list_checkpoints(saved.parent)
    assert entry.meta is None
    assert f"{name}: found no readable" in entry.problem


def test_a_folder_that_is_no_checkpoint_is_never_overwritten(model: VAE, tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.txt").write_text("1")
    with pytest.raises(ValueError, match=r"thesis: found chapter.txt, which is no part"):
        save_checkpoint(thesis, model, _meta(model), HISTORY, _latents())
    assert [file.name for file in thesis.iterdir()] == ["chapter.txt"]


def test_a_list_holds_the_broken_ones_with_their_reason_and_hides_the_hidden(saved: Path) -> None:
    (saved.parent / "broken").mkdir()
    (saved.parent / ".hidden").mkdir()
    (saved.parent / "a file").write_text("")
    broken, good = list_checkpoints(saved.parent)
    assert (broken.path.name, broken.meta) == ("broken", None)
    assert "meta.json: found no such file" in broken.problem
    assert (good.path.name, good.problem) == ("saved", None)
    assert good.meta.metrics["test_neg_elbo"] == 31.25
    assert list_checkpoints(saved.parent / "nowhere") == []
