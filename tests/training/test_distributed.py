"""Training on two ranks, as torchrun starts them, against one process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from two_runs import train_without_noise

import train
from vae_explorer import load_checkpoint
from vae_explorer.training.distributed import ProcessGroup

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]


def test_two_ranks_take_the_steps_of_one_process_and_rank_0_alone_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--recipe", "digits-2d", "--limit", "320", "--epochs", "4"]
    flags += ["--device", "cpu", "--out"]
    train_without_noise(tmp_path / "noiseless", ProcessGroup())
    assert train.main([*flags, str(tmp_path / "alone")]) == 0
    printed = {"alone": capsys.readouterr().out}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    script = [ROOT / "tests" / "training" / "two_runs.py", tmp_path / "noiseless-shared"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", "2", *script, *flags, tmp_path / "shared"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    alone, shared = load_file(tmp_path / "noiseless"), load_file(tmp_path / "noiseless-shared")
    torch.testing.assert_close(alone, shared, rtol=1e-3, atol=1e-4)
    bounds = {}
    for run, text in (printed | {"shared": done.stdout}).items():
        checkpoint = load_checkpoint(tmp_path / run / "digits-2d")
        assert len(checkpoint.history) == 4
        assert text.count("epoch 4/4") == text.count("wrote") == 1
        assert ("by 2 processes" in text) == (run == "shared")
        bounds[run] = checkpoint.meta.metrics["test_neg_elbo"]
    # Four seeds on one process end within 0.2 nats of each other.
    assert bounds["shared"] == pytest.approx(bounds["alone"], abs=0.5)
    assert {path.name for path in (tmp_path / "shared").iterdir()} == {"digits-2d", ".training"}
