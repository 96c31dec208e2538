"""The page's scripts, run by node: their own tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "js"


def test_the_scripts_pass_their_own_tests(node: list[str]) -> None:
    command = [*node, "--test", *map(str, sorted(SCRIPTS.glob("*.test.mjs")))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.fail(f"{done.stdout[-20000:]}\n{done.stderr[-5000:]}")
