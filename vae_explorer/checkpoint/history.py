"""The course of a training run, one row an epoch, and its file, `history.csv`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from vae_explorer.files.reading import read_csv
from vae_explorer.vae.config import MAX_EPOCHS, MAX_NUMBER

__all__ = ["Epoch", "read_history", "write_history"]


class Epoch(NamedTuple):
    """Means over one epoch: nats per image, with one sampled z each; seconds of wall time.

    −ELBO is reconstruction + KL whatever the run's beta. The training metrics are taken while
    the weights move and with dropout on; the test metrics after the epoch, with dropout off.
    """

    epoch: int
    train_neg_elbo: float
    train_reconstruction: float
    train_kl: float
    test_neg_elbo: float
    test_reconstruction: float
    test_kl: float
    seconds: float


def write_history(path: Path, history: list[Epoch]) -> None:
    """Write `history` to a CSV file with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Epoch._fields)
        writer.writerows(history)


def read_history(path: Path) -> list[Epoch]:
    """Read what `write_history` wrote; `ValueError` names the line that does not fit."""
    rows = read_csv(path, Epoch._fields, MAX_EPOCHS)
    for number, row in enumerate(rows, start=1):
        if row[0] != number or max(map(abs, row)) > MAX_NUMBER:
            raise ValueError(
                f"{path}: found epoch {row[0]:g} in line {number + 1}, expected epoch {number}, "
                f"and numbers of at most {MAX_NUMBER:g}"
            )
    return [Epoch(int(row[0]), *row[1:]) for row in rows]
