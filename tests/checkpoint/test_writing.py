"""Writing: killed anywhere, by two at once, while others read, and beside what is not ours."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from written import latents, save, version

import train
from vae_explorer import evaluate, list_checkpoints, load_checkpoint
from vae_explorer.checkpoint import writing
from vae_explorer.checkpoint.update import add_metrics, add_projection
from vae_explorer.checkpoint.writing import claim, save_checkpoint, why_not_writable

ROOT = Path(__file__).resolve().parents[2]
# `python -c HOLD PATH PATH` claims two checkpoints, says so, and keeps them until it is killed.
HOLD = """
import sys
from vae_explorer.checkpoint.writing import claim
with claim(sys.argv[1]), claim(sys.argv[2]):
    print(flush=True)
    sys.stdin.read()
"""
TRAIN = ["--dataset", "digits", "--limit", "32", "--epochs", "1", "--device", "cpu", "--out"]


def _run(script: str, *arguments: object) -> dict[str, int]:
    """Run a script beside this file; return the number that ends each line it prints."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "checkpoint" / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = enumerate(map(str.split, done.stdout.splitlines()))
    return {words[0] if words[1:] else str(k): int(words[-1]) for k, words in lines}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(tmp_path / "a", 1)
    return tmp_path / "a"


@pytest.fixture
def held(saved: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen]:
    """Another process that has claimed the checkpoint, and one that is not there yet."""
    monkeypatch.setattr(writing, "PATIENCE", 0.1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, saved, saved.with_name("digits-20d")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with holder:
        holder.stdout.readline()
        yield holder
        holder.kill()


def test_a_folder_opens_and_is_written_again_wherever_its_writer_was_killed(
    tmp_path: Path,
) -> None:
    points = _run("killed_writers.py", tmp_path)
    assert set(points) == {"save", "projection", "film", "state", "snapshots", "training"}
    assert min(points.values()) >= 4


def test_readers_of_a_folder_that_is_replaced_find_the_old_or_the_new(tmp_path: Path) -> None:
    assert min(_run("replaced_while_read.py", tmp_path).values()) > 1


def test_a_second_writer_is_told_who_the_first_is_and_readers_do_not_care(
    saved: Path, held: subprocess.Popen, capsys: pytest.CaptureFixture[str]
) -> None:
    told = rf"a: found process {held.pid} training or writing it"
    checkpoint = load_checkpoint(saved)
    parts = (checkpoint.model, checkpoint.meta, checkpoint.history, checkpoint.latents)
    for write in (
        lambda: save_checkpoint(saved, *parts),
        lambda: add_projection(saved, latents(1), "umap", np.ones((6, 2))),
        lambda: add_metrics(saved, {"iw_nll": 1.0, "iw_samples": 5}),
    ):
        with pytest.raises(OSError, match=told):
            write()
    assert str(held.pid) in why_not_writable(saved)
    assert evaluate.main([str(saved), "--save"]) == 1
    assert re.search(told, capsys.readouterr().err)
    assert [entry.problem for entry in list_checkpoints(saved.parent)] == [None]
    assert version(saved) == 1
    held.send_signal(signal.SIGKILL)
    held.wait()
    assert why_not_writable(saved) is None
    save(saved, 2)
    assert version(saved) == 2


@pytest.mark.parametrize("recipe", [[], ["--recipe", "digits-2d", "--name", "a"]])
def test_a_run_whose_name_is_taken_is_told_so_before_anything_is_trained(
    saved: Path, held: subprocess.Popen, recipe: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the two default recipes, it is the second whose name is taken."""
    assert train.main([*recipe, *TRAIN, str(saved.parent)]) == 1
    printed = capsys.readouterr()
    assert "epoch" not in printed.out
    assert printed.err.count("\n") == 1
    assert f"process {held.pid}" in printed.err
    assert [entry.path.name for entry in list_checkpoints(saved.parent)] == ["a"]


def test_the_app_computes_no_projection_that_it_could_not_save(
    saved: Path, held: subprocess.Popen
) -> None:
    command = [sys.executable, "-m", "vae_explorer.ui.projection_job", saved, "umap"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as job:
        told = job.stdout.read()
    assert f"process {held.pid}" in json.loads(told)["problem"]


def test_whoever_asks_whether_a_folder_can_be_written_to_writes_nothing(tmp_path: Path) -> None:
    save(tmp_path / "b", 1)
    (tmp_path / "b").rename(tmp_path / "c")
    before = [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.rglob("*"))]
    assert why_not_writable(tmp_path / "c") is None
    assert before == [(path, path.stat().st_mtime_ns) for path in sorted(tmp_path.rglob("*"))]


def test_what_nobody_could_read_is_not_written(saved: Path) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    one = load_checkpoint(saved)
    codes = replace(one.latents, mean=np.full((6, 5), 1e30, np.float32))
    for write in (
        lambda: save_checkpoint(saved, one.model, one.meta, one.history, codes),
        lambda: add_projection(saved, one.latents, "tsne", np.full((6, 2), 1e300)),
        lambda: add_metrics(saved, {"iw_nll": 1.0}),
    ):
        with pytest.raises(ValueError, match="expected"):
            write()
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before
    assert not list(saved.parent.glob(".training/*.new"))


def test_what_an_earlier_release_left_when_it_was_killed_is_swept(saved: Path) -> None:
    for name in (".latents.npz.4242.tmp", ".film.npz.tmp"):
        (saved / name).write_bytes(b"PK")
    assert version(saved) == 1
    save(saved, 2)
    assert version(saved) == 2
    (saved / ".meta.json.7.tmp").write_bytes(b"{")
    add_metrics(saved, {"iw_nll": 1.0, "iw_samples": 5})
    assert not list(saved.glob(".*"))


@pytest.mark.parametrize("name", [".a.old", "..old", ".a.tmp", ".training/..old"])
def test_a_hidden_folder_of_somebody_else_is_neither_listed_nor_touched(
    saved: Path, name: str
) -> None:
    thesis = saved.parent / name / "chapter.txt"
    thesis.parent.mkdir()
    thesis.write_text("1")
    assert [entry.path.name for entry in list_checkpoints(saved.parent)] == ["a"]
    save(saved, 2)
    add_metrics(saved, {"iw_nll": 1.0, "iw_samples": 5})
    assert thesis.read_text() == "1"


def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(
    saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    (saved / ".meta.json.tmp").symlink_to(tmp_path / "mine")
    add_metrics(saved, {"iw_nll": 1.0, "iw_samples": 5})
    assert (tmp_path / "mine").read_text() == "mine"
    assert load_checkpoint(saved).meta.metrics["iw_nll"] == 1.0
    assert not (saved / "meta.json").is_symlink()


def test_a_folder_reached_through_a_link_is_one_folder(saved: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to(saved)
    with claim(saved), claim(elsewhere / "link") as folder:
        assert folder == saved.resolve()
    save(elsewhere / "link", 2)
    assert version(saved) == 2
    assert (elsewhere / "link").is_symlink()
    assert [path.name for path in elsewhere.iterdir()] == ["link"]
