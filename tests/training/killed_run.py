"""A training that kills itself: `killed_run.py epoch|state N FLAG...`, flags as of train.py.

SIGKILL, which nothing can answer, comes in the middle of epoch N, or while the state after epoch N
is written and half of it is on the disk.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import train
from vae_explorer.training import fit, state
from vae_explorer.vae.config import TrainConfig

WHERE, EPOCH, *FLAGS = sys.argv[1:]
weight, save = fit.kl_weight, state.save


def killed_in_an_epoch(config: TrainConfig, step: int, steps: int) -> float:
    if step * config.epochs >= (int(EPOCH) - 0.5) * steps:
        os.kill(os.getpid(), signal.SIGKILL)
    return weight(config, step, steps)


def killed_at_a_write(tensors: dict, metadata: dict) -> bytes:
    if len(json.loads(metadata["state"])["history"]) == int(EPOCH):
        Path.write_bytes = killed_half_way
    return save(tensors, metadata=metadata)


def killed_half_way(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


if WHERE == "epoch":
    fit.kl_weight = killed_in_an_epoch
else:
    state.save = killed_at_a_write
sys.exit(train.main(FLAGS))
