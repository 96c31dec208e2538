"""One training step: the schedules, the loss of a batch, its gradient, Adam.

A GPU takes a step in less time than it takes to launch its kernels one by one, so there the step
is captured once as a CUDA graph and then replayed, with its noise from the graph's generator.
"""

from __future__ import annotations

import math
import sys

import torch
from torch import Tensor, nn

from vae_explorer.data import to_float
from vae_explorer.training.distributed import ProcessGroup
from vae_explorer.vae.config import TrainConfig
from vae_explorer.vae.model import VAE
from vae_explorer.vae.objective import negative_elbo

__all__ = ["Diverged", "Step", "adam", "check_finite", "is_captured", "kl_weight", "learning_rate"]

# A capture needs every library awake: this many steps run one kernel at a time before it.
STEPS_BEFORE_CAPTURE = 3


class Diverged(ValueError):
    """A loss that is no longer finite; says where it was found."""

    def __init__(self, epoch: int, where: str, loss: float) -> None:
        kept = f"The model of epoch {epoch - 1} is kept." if epoch > 1 else "Nothing was written."
        super().__init__(
            f"epoch {epoch}, {where}: found a loss of {loss}, expected a finite number; lower "
            f"--lr. {kept}"
        )


def check_finite(losses: Tensor, epoch: int, steps: int) -> None:
    """Raise `Diverged` at the first loss that is not finite.

    Args:
        losses: of an epoch's first S steps, in nats with shape (S,).
        epoch: its number.
        steps: how many steps the epoch has.
    """
    found = losses.cpu()
    bad = (~found.isfinite()).nonzero()
    if len(bad):
        step = int(bad[0])
        raise Diverged(epoch, f"step {step + 1} of {steps}", found[step].item())


def kl_weight(config: TrainConfig, step: int, steps: int) -> float:
    """Return the KL's weight at `step` of `steps`: linear from 0 in the warm-up, then beta."""
    rising = config.warmup * steps
    return config.beta * min(1.0, step / rising) if rising else config.beta


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """Return Adam's learning rate at `step` of `steps`."""
    if config.schedule == "cosine":
        return config.lr * 0.5 * (1 + math.cos(math.pi * step / steps))
    return config.lr


def is_captured(device: torch.device, group: ProcessGroup) -> bool:
    """Return whether steps on `device` are captured as a CUDA graph.

    Several ranks launch their kernels one by one, as gradients are exchanged between them.
    """
    return device.type == "cuda" and group.world_size == 1


def adam(model: nn.Module, config: TrainConfig, captured: bool) -> torch.optim.AdamW:
    """Return Adam (Kingma & Ba 2015), with the config's decoupled weight decay (Loshchilov &
    Hutter 2019), for the model's parameters; captured: for steps in a CUDA graph.
    """
    rate: float | Tensor = config.lr
    if captured:
        rate = torch.tensor(config.lr, device=next(model.parameters()).device)
    return torch.optim.AdamW(
        model.parameters(),
        lr=rate,
        weight_decay=config.weight_decay,
        fused=True,
        capturable=captured,
    )


class Step:
    """The step that is taken with each batch.

    Args:
        model: what to train.
        optimizer: `adam` of that model.
        images: of the training split, uint8 with shape (N, C, H, W), on the model's device.
        config: how to train.
        group: the processes that train together.
    """

    def __init__(
        self,
        model: VAE,
        optimizer: torch.optim.Optimizer,
        images: Tensor,
        config: TrainConfig,
        group: ProcessGroup,
    ) -> None:
        self._model, self._likelihood = group.parallel(model), model.config.likelihood
        self._optimizer, self._images, self._config, self._group = optimizer, images, config, group
        # What changes from step to step lives on the device, where a graph finds it.
        self._kl_weight = torch.ones((), device=images.device)
        self._batch = torch.zeros(config.batch_size, dtype=torch.int64, device=images.device)
        self._captured = is_captured(images.device, group)
        self._taken = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._losses: Tensor | None = None

    def __call__(self, batch: Tensor, lr: float, kl_weight: float) -> Tensor:
        """Take one step, without waiting for the device.

        Args:
            batch: indices of images, int64 with shape (B,), on the device; only an epoch's last
                batch may be smaller than the others.
            lr: Adam's learning rate.
            kl_weight: the KL's weight in the loss.

        Returns:
            Sums of reconstruction and KL over this rank's shard, and its loss, in nats with shape
            (3,).
        """
        for parameters in self._optimizer.param_groups:
            if isinstance(parameters["lr"], Tensor):
                parameters["lr"].fill_(lr)
            else:
                parameters["lr"] = lr
        self._kl_weight.fill_(kl_weight)
        if not self._captured or len(batch) < self._config.batch_size:
            return self._take(batch)
        self._batch.copy_(batch)
        self._taken += 1
        if self._taken <= STEPS_BEFORE_CAPTURE:
            return self._take_aside()
        if self._graph is None and not self._capture():
            return self._take(batch)
        self._graph.replay()
        return self._losses

    def _take(self, batch: Tensor) -> Tensor:
        x = to_float(self._images[self._group.shard(batch)])
        parts = negative_elbo(self._model(x), x, self._likelihood)
        # Gradients are averaged over the ranks, and the mean is over the whole batch.
        share = len(batch) / self._group.world_size
        loss = parts.total(self._kl_weight).sum() / share
        self._optimizer.zero_grad()
        loss.backward()
        if self._config.clip is not None:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._config.clip)
        self._optimizer.step()
        return torch.stack([*(part.detach().sum() for part in parts), loss.detach()])

    def _take_aside(self) -> Tensor:
        """Take a step on a side stream, as a capture asks of the steps before it."""
        aside, main = torch.cuda.Stream(), torch.cuda.current_stream()
        aside.wait_stream(main)
        with torch.cuda.stream(aside):
            losses = self._take(self._batch)
        main.wait_stream(aside)
        return losses

    def _capture(self) -> bool:
        """Capture the step without taking it; return whether that worked."""
        graph = torch.cuda.CUDAGraph()
        try:
            self._optimizer.zero_grad()
            with torch.cuda.graph(graph):
                self._losses = self._take(self._batch)
        except RuntimeError as error:
            self._captured = False
            print(f"no CUDA graph ({error}): steps are taken one kernel at a time", file=sys.stderr)
            return False
        self._graph = graph
        return True
