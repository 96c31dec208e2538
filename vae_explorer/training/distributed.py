"""Distributed data parallel training, as torchrun starts it (Li et al. 2020).

Every rank takes its shard of each batch and the gradients are averaged, so that a step is the one
that a single process would take. Rank 0 alone prints and writes.
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

__all__ = ["ProcessGroup", "local_device", "process_group"]


class ProcessGroup(NamedTuple):
    """This process's rank among the `world_size` processes that train one model."""

    rank: int = 0
    world_size: int = 1

    def shard(self, batch: Tensor) -> Tensor:
        """Return this rank's shard of a batch, every `world_size`th of its rows."""
        return batch[self.rank :: self.world_size]

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum over all ranks of values of the same shape."""
        if self.world_size > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def parallel(self, model: nn.Module) -> nn.Module:
        """Wrap `model` so that a backward pass leaves every rank the mean gradient."""
        return nn.parallel.DistributedDataParallel(model) if self.world_size > 1 else model

    def barrier(self) -> None:
        """Wait until all ranks are here."""
        if self.world_size > 1:
            dist.barrier()

    @contextmanager
    def mute_other_ranks(self) -> Iterator[None]:
        """Discard what ranks other than 0 print."""
        if self.rank == 0:
            yield
            return
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            yield

    @contextmanager
    def rank_0_first(self) -> Iterator[None]:
        """Run the block on rank 0 before the others run it, such as a download."""
        if self.rank > 0:
            self.barrier()
        yield
        if self.rank == 0:
            self.barrier()


@contextmanager
def process_group(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the process group that torchrun started; without torchrun, a group of one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def local_device(device: torch.device) -> torch.device:
    """Return this rank's own GPU, or `device` unless it is a GPU."""
    if device.type != "cuda":
        return device
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
