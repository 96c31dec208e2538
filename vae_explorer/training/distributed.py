"""Several processes that train one model together, as torchrun starts them.

Each takes its part of every batch, and DistributedDataParallel averages the gradients (Li et al.
2020), so that a step is the one that a single process would take. The first process alone speaks
and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn

__all__ = ["Processes", "joined", "own_device"]


class Processes(NamedTuple):
    """This process's number among those that train together, and how many there are."""

    rank: int = 0
    count: int = 1

    def part(self, batch: Tensor) -> Tensor:
        """Return this process's part of a batch, every `count`th of its rows."""
        return batch[self.rank :: self.count]

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of all processes' values, each of the same shape."""
        if self.count > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def parallel(self, model: nn.Module) -> nn.Module:
        """Return `model` such that a backward pass leaves every process the mean gradient."""
        return nn.parallel.DistributedDataParallel(model) if self.count > 1 else model

    def meet(self) -> None:
        """Wait for all the others."""
        if self.count > 1:
            dist.barrier()

    @contextmanager
    def first_speaks(self) -> Iterator[None]:
        """Let what the others print go nowhere."""
        if self.rank == 0:
            yield
            return
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            yield

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process do something before the others do it, such as a download."""
        if self.rank > 0:
            self.meet()
        yield
        if self.rank == 0:
            self.meet()


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Join the processes that torchrun started with this one; alone where it started none."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def own_device(device: torch.device) -> torch.device:
    """Return the GPU that is this process's own, or `device` where it is no GPU."""
    if device.type != "cuda":
        return device
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
