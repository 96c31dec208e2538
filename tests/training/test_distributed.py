"""Training on several processes, started by torchrun as a person starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vae_explorer import load_checkpoint

ROOT = Path(__file__).resolve().parents[2]


def _torchrun(count: int, *command: object) -> str:
    """Run a script on `count` processes and return what they printed."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", str(count), *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    for count in (1, 2):
        _torchrun(count, ROOT / "tests" / "training" / "noiseless_run.py", tmp_path / str(count))
    alone, shared = load_file(tmp_path / "1"), load_file(tmp_path / "2")
    torch.testing.assert_close(alone, shared, rtol=1e-4, atol=1e-5)


def test_torchrun_ends_where_one_process_does_and_the_first_alone_writes(tmp_path: Path) -> None:
    flags = ["train.py", "--recipe", "digits-2d", "--epochs", 20]
    ends = {}
    for count in (1, 2):
        printed = _torchrun(count, *flags, "--out", tmp_path / str(count))
        checkpoint = load_checkpoint(tmp_path / str(count) / "digits-2d")
        assert len(checkpoint.history) == 20
        assert printed.count("epoch 20/20") == printed.count("wrote") == 1
        assert ("by 2 processes" in printed) == (count == 2)
        ends[count] = checkpoint.meta.metrics["test_neg_elbo"]
    # Four seeds on one process end within 0.3 nats of each other.
    assert ends[2] == pytest.approx(ends[1], abs=0.5)
    assert {path.name for path in (tmp_path / "2").iterdir()} == {"digits-2d", ".training"}
