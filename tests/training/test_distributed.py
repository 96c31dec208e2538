"""Training on several ranks, started by torchrun as a person starts it, against one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from noiseless_run import train_without_noise
from safetensors.torch import load_file

import train
from vae_explorer import load_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]


def _torchrun(*command: object) -> str:
    """Run a script on two ranks and return what they printed."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", "2", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_ranks_take_the_steps_of_one_process(tmp_path: Path) -> None:
    train_without_noise(tmp_path / "alone")
    _torchrun(ROOT / "tests" / "training" / "noiseless_run.py", tmp_path / "shared")
    alone, shared = load_file(tmp_path / "alone"), load_file(tmp_path / "shared")
    torch.testing.assert_close(alone, shared, rtol=1e-4, atol=1e-5)


def test_torchrun_ends_where_one_process_does_and_rank_0_alone_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--recipe", "digits-2d", "--epochs", "4", "--device", "cpu", "--out"]
    assert train.main([*flags, str(tmp_path / "alone")]) == 0
    printed = {
        "alone": capsys.readouterr().out,
        "shared": _torchrun("train.py", *flags, tmp_path / "shared"),
    }
    bounds = {}
    for run, text in printed.items():
        checkpoint = load_checkpoint(tmp_path / run / "digits-2d")
        assert len(checkpoint.history) == 4
        assert text.count("epoch 4/4") == text.count("wrote") == 1
        assert ("by 2 processes" in text) == (run == "shared")
        bounds[run] = checkpoint.meta.metrics["test_neg_elbo"]
    # Four seeds on one process end within 0.3 nats of each other after 20 epochs.
    assert bounds["shared"] == pytest.approx(bounds["alone"], abs=0.5)
    assert {path.name for path in (tmp_path / "shared").iterdir()} == {"digits-2d", ".training"}
