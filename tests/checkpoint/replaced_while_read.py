"""Two processes read a checkpoint that a third replaces: `replaced_while_read.py FOLDER`.

Prints how often each reader found it whole.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
from written import latents, save, version

from vae_explorer import list_checkpoints
from vae_explorer.checkpoint.update import add_projection

READERS, REPLACEMENTS = 2, 60


def read(out: Path, told: int) -> None:
    """Read until the checkpoint `stop` is there, tell of each time, and print how many it were."""
    found, names = 0, ["a"]
    while names == ["a"]:
        entries = list_checkpoints(out)
        assert not any(entry.problem for entry in entries), entries
        names = [entry.path.name for entry in entries]
        assert version(out / "a") in (1, 2)
        found += 1
        os.write(told, b".")
    assert names == ["a", "stop"], names
    os.write(1, f"{found}\n".encode())


def main() -> None:
    torch.set_num_threads(1)
    os.fsync = lambda file: None
    out = Path(sys.argv[1])
    save(out / "a", 1)
    done, told = os.pipe()
    children = []
    for _ in range(READERS):
        if (child := os.fork()) == 0:
            os.close(done)
            read(out, told)
            os._exit(0)
        children.append(child)
    os.close(told)
    for number in range(REPLACEMENTS):
        # Where it is replaced without a pause, nobody is ever done.
        assert os.read(done, 1)
        save(out / "a", number % 2 + 1)
        if number % 5 == 0:
            add_projection(out / "a", latents(number % 2 + 1), "umap", np.ones((6, 2)))
    save(out / "stop", 1)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * READERS


if __name__ == "__main__":
    main()
