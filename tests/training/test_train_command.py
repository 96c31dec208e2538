"""`train.py` on digits that are always there: in this process, and as a person starts it."""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import BeforeStep
from sklearn.datasets import load_digits

import train
from vae_explorer import load_checkpoint
from vae_explorer.training import save
from vae_explorer.training.run import choose_recipes
from vae_explorer.training.state import read_state
from vae_explorer.vae.precision import choose_precision
from vae_explorer.vae.recipes import RECIPES, find_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]

Printed = pytest.CaptureFixture[str]


def _train(*flags: object) -> int:
    """Run `train.py` in this process and return its exit status."""
    return train.main([*map(str, flags)])


@pytest.fixture
def quick_projections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two columns of the codes stand for UMAP and t-SNE, which take seconds."""
    monkeypatch.setattr(save, "umap_projection", lambda z: z[:, :2])
    monkeypatch.setattr(save, "tsne_projection", lambda z, on_progress: z[:, 2:4])


def test_the_digits_are_trained_in_both_recipes_and_open(tmp_path: Path, capsys: Printed) -> None:
    flags = ["--dataset", "digits", "--epochs", 2, "--limit", 32, "--out", tmp_path]
    assert _train(*flags) == 0
    printed = capsys.readouterr()
    for name, dims in (("digits-2d", 2), ("digits-20d", 20)):
        checkpoint = load_checkpoint(tmp_path / name)
        assert checkpoint.latents.mean.shape == (360, dims)
        assert checkpoint.meta.dataset.train_size == 32
        assert [row.epoch for row in checkpoint.history] == [1, 2]
        assert set(checkpoint.latents.projections) == ({"umap", "tsne"} if dims > 2 else set())
        x = torch.rand(3, 1, 8, 8)
        mean, logvar = checkpoint.model.encode(x)
        assert mean.shape == logvar.shape == (3, dims)
        assert checkpoint.model.generate(mean).shape == x.shape
    assert "epoch 2/2" in printed.out
    assert "step/s" in printed.err


def test_flags_override_the_recipe_and_are_recorded(tmp_path: Path, capsys: Printed) -> None:
    flags = ["--recipe", "digits-2d", "--name", "mine", "--latent-dim", 2, "--epochs", 1]
    flags += ["--batch-size", 16, "--lr", 0.002, "--beta", 4, "--seed", 7, "--limit", 32]
    assert _train(*flags, "--device", "cpu", "--out", tmp_path) == 0
    meta = json.loads((tmp_path / "mine" / "meta.json").read_text())
    training = meta["training"]
    assert (training["batch_size"], training["lr"], training["beta"]) == (16, 0.002, 4)
    assert (meta["seed"], training["limit"], meta["recipe"]) == (7, 32, "digits-2d")
    printed = capsys.readouterr().out
    assert "cpu" in printed
    assert "beta 4" in printed


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (["--recipe", "mnist-20d", "--latent-dim", "10"], "mnist-10d"),
        (["--recipe", "mnist-2d", "--dataset", "kmnist"], "kmnist-2d"),
        (["--recipe", "vxlabs-20d", "--latent-dim", "5"], "vxlabs-5d"),
        (["--recipe", "vxlabs-2d", "--dataset", "digits"], "vxlabs-digits-2d"),
        (["--recipe", "gan-lab-32d", "--beta", "2"], "gan-lab-32d"),
        (["--dataset", "fashion-mnist", "--latent-dim", "2"], "fashion-2d"),
    ],
)
def test_a_changed_recipe_is_saved_under_a_name_of_its_own(flags: list[str], name: str) -> None:
    [(_, recipe)] = choose_recipes(train.parse_args(flags))
    assert recipe.name == name


def test_whoever_stops_umap_has_the_checkpoint_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: np.ndarray) -> np.ndarray:
        raise KeyboardInterrupt

    monkeypatch.setattr(save, "umap_projection", stopped)
    flags = ["--recipe", "digits-20d", "--limit", 64, "--epochs", 2, "--out", tmp_path]
    assert _train(*flags) == 130
    checkpoint = load_checkpoint(tmp_path / "digits-20d")
    assert checkpoint.meta.epochs_done == 2
    assert not checkpoint.latents.projections


def _idx(path: Path, values: np.ndarray) -> None:
    """Write unsigned bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.write_bytes(bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """scikit-learn's digits, enlarged to 28 x 28, as files of all data sets of the recipes."""
    root = tmp_path_factory.mktemp("data")
    bunch = load_digits()
    images = np.zeros((len(bunch.images), 28, 28))
    images[:, 2:26, 2:26] = np.kron(bunch.images * (255 / 16), np.ones((3, 3)))
    for folder in ("MNIST", "FashionMNIST", "KMNIST"):
        raw = root / folder / "raw"
        raw.mkdir(parents=True)
        for prefix, rows in (("train", slice(0, 200)), ("t10k", slice(200, 300))):
            _idx(raw / f"{prefix}-images-idx3-ubyte", images[rows])
            _idx(raw / f"{prefix}-labels-idx1-ubyte", bunch.target[rows])
    (root / "cifar-10-batches-bin").mkdir()
    grey = np.pad(images.astype(np.uint8), ((0, 0), (2, 2), (2, 2))).reshape(-1, 1024)
    records = np.column_stack([bunch.target.astype(np.uint8), grey, grey, grey])
    for k, name in enumerate((*(f"data_batch_{n}" for n in range(1, 6)), "test_batch")):
        file = root / "cifar-10-batches-bin" / f"{name}.bin"
        file.write_bytes(records[50 * k : 50 * (k + 1)].tobytes())
    return root


@pytest.mark.usefixtures("quick_projections")
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_and_opens(
    name: str, small_data: Path, tmp_path: Path, capsys: Printed
) -> None:
    flags = ["--data-dir", small_data, "--epochs", 1, "--limit", 128, "--out", tmp_path]
    assert _train("--recipe", name, *flags) == 0
    printed = capsys.readouterr().out
    checkpoint, recipe = load_checkpoint(tmp_path / name), find_recipe(name)
    assert (checkpoint.meta.recipe, checkpoint.meta.model) == (name, recipe.model)
    # The precision is the machine's choice, and all the rest is the recipe's.
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = choose_precision(device).precision
    expected = replace(recipe.training, epochs=1, limit=128, precision=precision)
    assert checkpoint.meta.training == expected
    assert f"products  {precision}: " in printed
    row, omitted = checkpoint.history[0], recipe.model.omitted_constant
    assert 0 < row.test_neg_elbo < math.prod(recipe.model.image_shape)
    assert (omitted > 0) == (recipe.model.likelihood == "gaussian")
    assert f"{sum(p.numel() for p in checkpoint.model.parameters()):,} parameters" in printed
    kept = set(checkpoint.latents.projections)
    assert kept == ({"umap", "tsne"} if recipe.model.latent_dim > 2 else set())


def test_a_convolutional_recipe_fits_itself_to_other_images(tmp_path: Path) -> None:
    flags = ["--dataset", "digits", "--latent-dim", 2, "--epochs", 1, "--limit", 64]
    assert _train("--recipe", "gan-lab-32d", *flags, "--out", tmp_path) == 0
    model = load_checkpoint(tmp_path / "gan-lab-digits-2d").model
    assert model.config.family == "conv"
    assert model.generate(torch.zeros(1, 2)).shape == (1, 1, 8, 8)


RUN = ["--recipe", "digits-2d", "--limit", 64, "--epochs", 6, "--device", "cpu"]


def test_a_run_that_is_stopped_killed_and_resumed_ends_as_one_that_was_not(
    tmp_path: Path, before_step: BeforeStep, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in epoch 3, SIGKILL in epoch 4, and again while the state of epoch 5 is written."""
    assert _train(*RUN, "--out", tmp_path / "whole") == 0
    flags = [*RUN, "--out", tmp_path / "stopped", "--resume"]
    before_step(5, KeyboardInterrupt())
    assert _train(*flags) == 130
    monkeypatch.undo()
    printed = capsys.readouterr().out
    assert "stopped after epoch 2 of 6" in printed
    assert "--resume" in printed
    assert load_checkpoint(tmp_path / "stopped" / "digits-2d").meta.epochs_done == 2
    state = tmp_path / "stopped" / ".training" / "digits-2d.safetensors"
    for where, epoch, kept in (("epoch", 4, 3), ("state", 5, 4)):
        killed = _start(ROOT / "tests" / "training" / "killed_run.py", where, epoch, *flags)
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL
        assert len(read_state(state).history) == kept
        assert load_checkpoint(tmp_path / "stopped" / "digits-2d").meta.epochs_done == 2
    assert _train(*flags) == 0
    assert "resuming after epoch 4" in capsys.readouterr().out
    whole, stopped = (load_checkpoint(tmp_path / run / "digits-2d") for run in ("whole", "stopped"))
    np.testing.assert_allclose(
        [row[:-1] for row in stopped.history], [row[:-1] for row in whole.history], rtol=1e-3
    )
    np.testing.assert_allclose(stopped.latents.mean, whole.latents.mean, atol=1e-3)


def _start(script: Path, *flags: object) -> subprocess.Popen[str]:
    """Start a script as a shell starts a background job, deaf to SIGINT, its output in ASCII."""
    return subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, script, *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ
        | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        | {"PYTHONIOENCODING": "ascii" if script.name == "train.py" else "utf-8"},
    )


def _start_and_stop(signal_sent: int, *flags: object) -> str:
    """Stop `python train.py` by a signal in its third epoch; return what it printed then."""
    run = _start(ROOT / "train.py", *flags)
    assert any("epoch      2/100000" in line for line in run.stdout)
    run.send_signal(signal_sent)
    printed, _ = run.communicate()
    assert run.returncode == 130
    return printed


ENDLESS = ["--recipe", "digits-2d", "--limit", 32, "--epochs", 100000]


def test_ctrl_c_leaves_a_checkpoint_of_the_last_finished_epoch(tmp_path: Path) -> None:
    printed = _start_and_stop(signal.SIGINT, *ENDLESS, "--out", tmp_path)
    kept = load_checkpoint(tmp_path / "digits-2d").meta.epochs_done
    assert 2 <= kept < 100000
    assert f"stopped after epoch {kept} of 100000" in printed


def test_a_stopped_run_leaves_a_finished_checkpoint_as_it_was(tmp_path: Path) -> None:
    assert _train(*RUN, "--epochs", 1, "--out", tmp_path) == 0
    before = (tmp_path / "digits-2d" / "meta.json").read_bytes()
    assert "stays as it was" in _start_and_stop(signal.SIGTERM, *ENDLESS, "--out", tmp_path)
    assert (tmp_path / "digits-2d" / "meta.json").read_bytes() == before


def test_a_run_that_diverges_says_where_and_keeps_the_last_good_checkpoint(
    tmp_path: Path, capsys: Printed
) -> None:
    flags = [*RUN, "--epochs", 1, "--out", tmp_path]
    assert _train(*flags) == 0
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert _train(*flags, "--lr", 1e30) == 1
    problem = capsys.readouterr().err
    assert re.search(r"train.py: epoch 1, step 2 of 2: found a loss of (nan|inf)", problem)
    assert before == {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}


@pytest.mark.parametrize(("epoch", "step"), [(2, 1), (3, 2)])
def test_a_run_that_diverges_late_leaves_a_checkpoint_of_its_last_good_epoch(
    tmp_path: Path, before_step: BeforeStep, capsys: Printed, epoch: int, step: int
) -> None:
    assert _train(*RUN, "--out", tmp_path / "good") == 0
    before_step((epoch - 1) * 2 + step - 1, math.nan)
    assert _train(*RUN, "--out", tmp_path) == 1
    printed = capsys.readouterr()
    assert f"epoch {epoch}, step {step} of 2: found a loss of nan" in printed.err
    assert f"stopped after epoch {epoch - 1} of 6" in printed.out
    good, stopped = (load_checkpoint(path / "digits-2d") for path in (tmp_path / "good", tmp_path))
    assert stopped.meta.epochs_done == epoch - 1
    expected = [row[:-1] for row in good.history[: epoch - 1]]
    np.testing.assert_allclose([row[:-1] for row in stopped.history], expected, rtol=1e-3)
    measured = stopped.meta.metrics["test_neg_elbo"]
    assert measured == pytest.approx(good.history[epoch - 2].test_neg_elbo, abs=save.HALF_TOLERANCE)
    assert all(weights.isfinite().all() for weights in stopped.model.parameters())


def test_a_folder_of_other_things_is_refused_before_any_training(
    tmp_path: Path, capsys: Printed
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("1")
    assert _train("--recipe", "digits-2d", "--name", "thesis", "--out", tmp_path) == 1
    printed = capsys.readouterr()
    assert "found chapter.txt" in printed.err
    assert "epoch" not in printed.out
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "1"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--data-dir", "{empty}"], r"MNIST: looked in {empty}/MNIST/raw"),
        (["--recipe", "digits-2d", "--epochs", "0"], "epochs: found 0"),
        (["--recipe", "digits-2d", "--device", "cuda"], "--device: found cuda"),
        (
            ["--recipe", "digits-2d", "--recipe", "digits-20d", "--name", "one"],
            "--name: found 'one' for 2 recipes",
        ),
        (["--recipe", "digits-2d", "--latent-dim", "0"], "latent_dim: found 0"),
        (["--recipe", "digits-2d", "--beta", "nan"], "beta: found nan"),
        (["--recipe", "digits-2d", "--beta", "1e308"], "beta: found 1e+308"),
        (["--recipe", "digits-2d", "--name", "../up"], "--name: found '../up'"),
        (["--recipe", "digits-2d", "--name", ""], "--name: found ''"),
        (["--recipe", "digits-2d", "--name", "ü" * 120], "--name: found 240 bytes"),
        (["--recipe", "digits-2d", "--name", "a\nb"], "--name: found 3 bytes"),
        (["--recipe", "digits-2d", "--name", "\udcff"], "--name: found 1 bytes"),
        (["--recipe", "digits-2d", "--snapshots", "0"], "snapshots: found 0, expected 2 to"),
        (["--recipe", "digits-2d", "--batch-size", "9" * 30], "batch_size: found"),
        (["--recipe", "digits-2d", "--epochs", "9" * 30], "epochs: found"),
        (["--recipe", "digits-2d", "--limit", "9" * 30], "limit: found"),
        (["--recipe", "digits-2d", "--snapshots", "9" * 30], "snapshots: found"),
        (
            ["--recipe", "digits-2d", "--recipe", "digits-20d", "--latent-dim", "5"],
            "would all be written to digits-5d",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, flags: list[str], words: str, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A proxy that is not there stands for a machine without a network.
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    # urllib looks for proxies once in a process.
    monkeypatch.setattr(urllib.request, "_opener", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    empty = str(tmp_path / "empty")
    assert _train(*[flag.format(empty=empty) for flag in flags], "--out", tmp_path) == 1
    printed = capsys.readouterr()
    assert words.format(empty=empty) in printed.err
    assert not list(tmp_path.glob("*/model.safetensors"))
    assert not (tmp_path / "empty" / "MNIST").exists()


@pytest.mark.parametrize("out", ["{file}", "{file}/below", "/proc/nowhere", "two\nlines"])
def test_a_place_that_cannot_be_written_to_is_said_before_the_first_epoch(
    tmp_path: Path, out: str, capsys: Printed
) -> None:
    (tmp_path / "file").write_text("mine")
    assert _train(*RUN, "--out", out.format(file=tmp_path / "file")) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "epoch" not in printed.out
    assert (tmp_path / "file").read_text() == "mine"


def test_a_state_that_is_a_folder_is_said_before_the_first_epoch(
    tmp_path: Path, capsys: Printed
) -> None:
    (tmp_path / ".training" / "digits-2d.safetensors").mkdir(parents=True)
    assert _train(*RUN, "--out", tmp_path) == 1
    printed = capsys.readouterr()
    assert "digits-2d.safetensors: found a folder" in printed.err
    assert "epoch" not in printed.out


def test_a_full_disk_is_said_in_a_line_and_the_run_goes_on_once_there_is_room(
    tmp_path: Path, capsys: Printed
) -> None:
    """A limit on the size of a file stands for the disk."""
    flags = [*RUN, "--resume", "--out", tmp_path]
    assert _train(*flags, "--epochs", 2) == 0
    files = {file: file.read_bytes() for file in (tmp_path / "digits-2d").iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        assert _train(*flags) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    said = capsys.readouterr().err.splitlines()[-1]
    assert "digits-2d.safetensors: found no way to write it" in said
    assert "--resume" in said
    assert {file: file.read_bytes() for file in (tmp_path / "digits-2d").iterdir()} == files
    assert _train(*flags) == 0
    assert "resuming after epoch 2" in capsys.readouterr().out
    assert load_checkpoint(tmp_path / "digits-2d").meta.epochs_done == 6


def test_a_damaged_state_of_the_second_recipe_is_said_before_the_first_is_trained(
    tmp_path: Path, capsys: Printed
) -> None:
    (tmp_path / ".training").mkdir()
    (tmp_path / ".training" / "digits-20d.safetensors").write_bytes(b"\x80\x04]")
    flags = ["--dataset", "digits", "--epochs", 1, "--limit", 32, "--resume", "--out", tmp_path]
    assert _train(*flags) == 1
    printed = capsys.readouterr()
    assert "digits-20d.safetensors: found no readable training state" in printed.err
    assert "epoch" not in printed.out


def test_recipes_are_listed_and_an_unknown_one_is_refused_with_the_list(capsys: Printed) -> None:
    assert _train("--list-recipes") == 0
    listed = capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        _train("--recipe", "mnist-3d")
    refused = capsys.readouterr().err
    for name in RECIPES:
        assert name in listed
        assert name in refused
