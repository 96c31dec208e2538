"""The course of a training run, one row an epoch, and its file, `history.csv`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

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
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if tuple(header) != Epoch._fields:
            raise ValueError(
                f"{path}: found columns {', '.join(header) or '(none)'}, "
                f"expected {', '.join(Epoch._fields)}"
            )
        history = []
        for row in reader:
            try:
                if len(row) != len(Epoch._fields):
                    raise ValueError(f"{len(row)} values")
                history.append(Epoch(int(row[0]), *map(float, row[1:])))
            except ValueError as error:
                raise ValueError(
                    f"{path}, line {reader.line_num}: found {error}, expected "
                    f"{len(Epoch._fields)} numbers, the first a whole one"
                ) from error
        return history
