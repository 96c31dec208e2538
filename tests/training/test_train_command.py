"""`train.py` run as a person runs it, on the digits that are always there."""

from __future__ import annotations

import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits

import train
from vae_explorer import load_checkpoint
from vae_explorer.training import fit as training
from vae_explorer.training.state import read_state
from vae_explorer.vae.precision import choose_precision
from vae_explorer.vae.recipes import RECIPES, find_recipe

ROOT = Path(__file__).resolve().parents[2]


def _train(*flags: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "train.py", *map(str, flags)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
    )


def test_the_digits_are_trained_in_both_recipes_and_open(tmp_path: Path) -> None:
    run = _train("--dataset", "digits", "--epochs", 2, "--limit", 32, "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    for name, dims in (("digits-2d", 2), ("digits-20d", 20)):
        checkpoint = load_checkpoint(tmp_path / name)
        assert checkpoint.latents.mean.shape == (360, dims)
        assert checkpoint.meta.dataset.train_size == 32
        assert [row.epoch for row in checkpoint.history] == [1, 2]
        assert ("tsne" in checkpoint.latents.projections) == (dims > 2)
        x = torch.rand(3, 1, 8, 8)
        mean, logvar = checkpoint.model.encode(x)
        assert mean.shape == logvar.shape == (3, dims)
        assert checkpoint.model.generate(mean).shape == x.shape
    assert "epoch 2/2" in run.stdout
    assert "step/s" in run.stderr


def test_flags_are_taken_and_recorded(tmp_path: Path) -> None:
    flags = ["--recipe", "digits-2d", "--name", "mine", "--latent-dim", 2, "--epochs", 1]
    flags += ["--batch-size", 16, "--lr", 0.002, "--beta", 4, "--seed", 7, "--limit", 32]
    run = _train(*flags, "--device", "cpu", "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    meta = json.loads((tmp_path / "mine" / "meta.json").read_text())
    training = meta["training"]
    assert (training["batch_size"], training["lr"], training["beta"]) == (16, 0.002, 4)
    assert (meta["seed"], training["limit"], meta["recipe"]) == (7, 32, "digits-2d")
    assert "cpu" in run.stdout
    assert "beta 4" in run.stdout


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        (["--recipe", "mnist-20d", "--latent-dim", 10], "mnist-10d"),
        (["--recipe", "mnist-2d", "--dataset", "kmnist"], "kmnist-2d"),
        (["--recipe", "vxlabs-20d", "--latent-dim", 5], "vxlabs-5d"),
        (["--recipe", "vxlabs-2d", "--dataset", "digits"], "vxlabs-digits-2d"),
        (["--recipe", "gan-lab-32d", "--beta", 2], "gan-lab-32d"),
        (["--dataset", "fashion-mnist", "--latent-dim", 2], "fashion-2d"),
    ],
)
def test_a_changed_recipe_is_saved_under_a_name_of_its_own(
    flags: list[object], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, flags)])
    [(_, recipe)] = train.choose_recipes(train.parse_args())
    assert recipe.name == name


def test_who_does_not_wait_for_umap_has_the_checkpoint_all_the_same(tmp_path: Path) -> None:
    flags = ["--recipe", "digits-20d", "--limit", 64, "--epochs", 2, "--out", tmp_path]
    status, _ = _train_and_stop(signal.SIGINT, "UMAP of 360", *flags)
    assert status == 130
    checkpoint = load_checkpoint(tmp_path / "digits-20d")
    assert checkpoint.meta.epochs_done == 2
    assert "tsne" not in checkpoint.latents.projections


def _train_and_stop(signal_sent: int, line: str, *flags: object) -> tuple[int, str]:
    """Train until a line is printed, stop it by a signal; return its status and the rest it said.

    It starts deaf to SIGINT, as a shell starts a background job.
    """
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "train.py", *map(str, flags)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    while line not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal_sent)
    printed, _ = process.communicate()
    return process.returncode, printed


def test_a_resumed_run_ends_as_one_that_was_not_stopped(tmp_path: Path) -> None:
    def weights(folder: str) -> dict[str, torch.Tensor]:
        return load_file(tmp_path / folder / "digits-2d" / "model.safetensors")

    flags = ["--recipe", "digits-2d", "--limit", 200, "--epochs", 40]
    assert _train(*flags, "--out", tmp_path / "whole").returncode == 0
    flags += ["--out", tmp_path / "stopped"]
    status, printed = _train_and_stop(signal.SIGINT, "epoch  3/40", *flags)
    assert status == 130
    assert "--resume" in printed
    kept = load_checkpoint(tmp_path / "stopped" / "digits-2d").meta.epochs_done
    assert 3 <= kept < 40
    resumed = _train(*flags, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert f"resuming after epoch {kept}" in resumed.stdout
    assert load_checkpoint(tmp_path / "stopped" / "digits-2d").meta.epochs_done == 40
    whole, stopped = weights("whole"), weights("stopped")
    assert all(whole[name].equal(stopped[name]) for name in whole)


def _idx(path: Path, values: np.ndarray) -> None:
    """Write unsigned bytes as an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.write_bytes(bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """scikit-learn's digits, enlarged to 28 x 28, as files of all three large data sets."""
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
    return root


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_and_opens(name: str, small_data: Path, tmp_path: Path) -> None:
    flags = ["--data-dir", small_data, "--epochs", 1, "--limit", 128, "--out", tmp_path]
    run = _train("--recipe", name, *flags)
    assert run.returncode == 0, run.stderr
    checkpoint, recipe = load_checkpoint(tmp_path / name), find_recipe(name)
    assert (checkpoint.meta.recipe, checkpoint.meta.model) == (name, recipe.model)
    # The precision is the machine's choice, and all the rest is the recipe's.
    precision = choose_precision(torch.device("cpu")).precision
    expected = replace(recipe.training, epochs=1, limit=128, precision=precision)
    assert checkpoint.meta.training == expected
    assert f"products  {precision}: " in run.stdout
    row, omitted_constant = checkpoint.history[0], recipe.model.omitted_constant
    assert 0 < row.test_neg_elbo < 28 * 28
    assert (omitted_constant > 0) == (recipe.model.likelihood == "gaussian")
    assert f"{sum(p.numel() for p in checkpoint.model.parameters()):,} parameters" in run.stdout
    kept = set(checkpoint.latents.projections)
    assert kept == ({"umap", "tsne"} if recipe.model.latent_dim > 2 else set())


def test_a_convolutional_recipe_fits_itself_to_other_images(tmp_path: Path) -> None:
    flags = ["--dataset", "digits", "--latent-dim", 2, "--epochs", 1, "--limit", 64]
    run = _train("--recipe", "gan-lab-32d", *flags, "--out", tmp_path)
    assert run.returncode == 0, run.stderr
    model = load_checkpoint(tmp_path / "gan-lab-digits-2d").model
    assert model.config.family == "conv"
    assert model.generate(torch.zeros(1, 2)).shape == (1, 1, 8, 8)


def test_a_run_that_is_killed_at_any_moment_ends_as_one_that_was_not(tmp_path: Path) -> None:
    """SIGKILL, which nothing can answer, after a random time of training, several times."""
    flags = ["--recipe", "digits-2d", "--limit", 320, "--epochs", 30, "--device", "cpu"]
    assert _train(*flags, "--out", tmp_path / "whole").returncode == 0
    flags += ["--out", tmp_path / "killed", "--resume"]
    rng, kept = random.Random(0), []
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "train.py", *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        while "epoch " not in (line := process.stdout.readline()) or "train" not in line:
            assert process.poll() is None, "the run ended before it was killed"
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        process.communicate()
        state = tmp_path / "killed" / ".training" / "digits-2d.safetensors"
        kept.append(len(read_state(state).history))
        assert not (tmp_path / "killed" / "digits-2d").exists()
    assert kept == sorted(kept)
    assert kept[-1] < 30
    resumed = _train(*flags)
    assert f"resuming after epoch {kept[-1]}" in resumed.stdout
    whole, killed = (
        load_file(tmp_path / run / "digits-2d" / "model.safetensors") for run in ("whole", "killed")
    )
    assert all(whole[name].equal(killed[name]) for name in whole)


def test_a_run_that_diverges_says_where_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    flags = ["--recipe", "digits-2d", "--limit", 64, "--epochs", 1, "--out", tmp_path]
    assert _train(*flags).returncode == 0
    before = {file.name: file.read_bytes() for file in (tmp_path / "digits-2d").iterdir()}
    run = _train(*flags, "--lr", 1e30)
    assert run.returncode == 1
    assert re.search(r"train.py: epoch 1, step 2 of 2: found a loss of (nan|inf)", run.stderr)
    assert "Traceback" not in run.stderr
    assert before == {file.name: file.read_bytes() for file in (tmp_path / "digits-2d").iterdir()}


def test_a_run_that_diverges_late_leaves_a_checkpoint_of_its_last_good_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weight = training.kl_weight
    monkeypatch.setattr(
        training, "kl_weight", lambda c, step, n: math.nan if step == 5 else weight(c, step, n)
    )
    flags = ["--recipe", "digits-2d", "--limit", "64", "--epochs", "4", "--device", "cpu"]
    monkeypatch.setattr(sys, "argv", ["train.py", *flags, "--out", str(tmp_path)])
    assert train.main() == 1
    printed = capsys.readouterr()
    assert "epoch 3, step 2 of 2: found a loss of nan" in printed.err
    assert "stopped after epoch 2 of 4" in printed.out
    checkpoint = load_checkpoint(tmp_path / "digits-2d")
    assert checkpoint.meta.epochs_done == len(checkpoint.history) == 2
    assert all(weights.isfinite().all() for weights in checkpoint.model.parameters())


def test_a_stopped_run_leaves_a_finished_checkpoint_as_it_was(tmp_path: Path) -> None:
    flags = ["--recipe", "digits-2d", "--limit", 32, "--out", tmp_path]
    assert _train(*flags, "--epochs", 1).returncode == 0
    before = (tmp_path / "digits-2d" / "meta.json").read_bytes()
    flags += ["--epochs", 100000]
    status, printed = _train_and_stop(signal.SIGTERM, "epoch      2/", *flags)
    assert status == 130
    assert "stays as it was" in printed
    assert (tmp_path / "digits-2d" / "meta.json").read_bytes() == before


def test_a_folder_of_other_things_is_refused_before_any_training(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("1")
    run = _train("--recipe", "digits-2d", "--name", "thesis", "--out", tmp_path)
    assert run.returncode == 1
    assert "found chapter.txt" in run.stderr
    assert "epoch" not in run.stdout
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
        (["--recipe", "digits-2d", "--name", "../up"], "--name: found '../up'"),
        (["--recipe", "digits-2d", "--name", ""], "--name: found ''"),
        (
            ["--recipe", "digits-2d", "--recipe", "digits-20d", "--latent-dim", "5"],
            "would all be written to digits-5d",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_without_a_traceback(
    tmp_path: Path, flags: list[str], words: str
) -> None:
    if "cuda" in flags and torch.cuda.is_available():
        flags[-1] = "mps"
        words = words.replace("cuda", "mps")
    empty = str(tmp_path / "empty")
    run = _train(
        *[flag.format(empty=empty) for flag in flags],
        "--out",
        tmp_path,
        # A proxy that is not there stands for a machine without a network.
        http_proxy="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
    )
    assert run.returncode == 1
    assert words.format(empty=empty) in run.stderr
    assert "Traceback" not in run.stderr
    assert not list(tmp_path.glob("*/model.safetensors"))
    assert not (tmp_path / "empty" / "MNIST").exists()


def test_recipes_are_listed_and_an_unknown_one_is_refused_with_the_list() -> None:
    listed = _train("--list-recipes")
    assert listed.returncode == 0
    refused = _train("--recipe", "mnist-3d")
    assert refused.returncode != 0
    for name in ("mnist-2d", "mnist-20d", "digits-2d", "digits-20d"):
        assert name in listed.stdout
        assert name in refused.stderr
