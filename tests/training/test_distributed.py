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


# Two ranks with room for no file of a state: forked, so that torch is imported once for both.
FULL = """
import os, resource, runpy, socket, sys
import vae_explorer.training.run
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
os.environ |= {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
other = os.fork()
os.environ["RANK"] = "0" if other else "1"
try:
    runpy.run_path("train.py", run_name="__main__")
finally:
    assert not other or os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 1
"""


def _start(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )


def test_what_fails_on_rank_0_alone_ends_all_ranks_with_one_line(tmp_path: Path) -> None:
    """Rank 0 alone writes, and finds no room for the state after the first epoch."""
    flags = ["--recipe", "digits-2d", "--limit", 64, "--device", "cpu", "--out", tmp_path / "out"]
    done = _start("-c", FULL, *flags)
    assert done.returncode == 1, done.stderr
    lines = [line for line in done.stderr.splitlines() if "train.py: " in line]
    assert len(lines) == 1, done.stderr
    assert "digits-2d.safetensors: found no way to write it" in lines[0]
    assert "Traceback" not in done.stderr


def test_two_ranks_take_the_steps_of_one_process_and_rank_0_alone_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--recipe", "digits-2d", "--limit", "320", "--epochs", "4"]
    flags += ["--device", "cpu", "--out"]
    train_without_noise(tmp_path / "noiseless", ProcessGroup())
    assert train.main([*flags, str(tmp_path / "alone")]) == 0
    printed = {"alone": capsys.readouterr().out}
    script = ROOT / "tests" / "training" / "two_runs.py"
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2]
    done = _start(*torchrun, script, tmp_path / "noiseless-shared", *flags, tmp_path / "shared")
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
