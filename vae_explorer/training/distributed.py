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

# Its functions keep the process group that there is when they are defined: had DDP imported it, the
# group's threads would outlive the group, and one that frees a tensor while Python ends aborts it.
import torch.distributed.nn.functional
from torch import Tensor, nn

__all__ = ["ProcessGroup", "is_rank_0", "local_device", "process_group"]


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

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run the block on every rank and wait for all; where one fails, let all fail alike.

        Without it, ranks that have not failed would wait for the one that has.

        Raises:
            ValueError, OSError: where the block raised it, here or on another rank.
        """
        problem = None
        try:
            yield
        except (ValueError, OSError) as error:
            problem = error
        texts = [str(problem) if problem else None]
        if self.world_size > 1:
            texts *= self.world_size
            dist.all_gather_object(texts, str(problem) if problem else None)
        if problem:
            raise problem
        if failed := [text for text in texts if text is not None]:
            raise ValueError(failed[0])

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
            self._barrier()
        try:
            yield
        finally:
            if self.rank == 0:
                self._barrier()

    def _barrier(self) -> None:
        if self.world_size > 1:
            dist.barrier()


@contextmanager
def process_group(device: torch.device) -> Iterator[ProcessGroup]:
    """Join the process group that torchrun started; without torchrun, a group of one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    if device.type == "cuda":
        # Python objects are gathered by way of the current GPU.
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def is_rank_0() -> bool:
    """Return whether this process is the first of those that torchrun started, or alone."""
    return os.environ.get("RANK", "0") == "0"


def local_device(device: torch.device) -> torch.device:
    """Return this rank's own GPU, or `device` unless it is a GPU."""
    if device.type != "cuda":
        return device
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
