"""One step of the training: the loss of a batch, its gradient, Adam.

A GPU takes such a step in less time than it takes to launch its kernels one by one, so there the
step is captured once as a CUDA graph and then replayed, with its noise from the graph's generator.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor, nn

from vae_explorer.data import to_float
from vae_explorer.training.distributed import Processes
from vae_explorer.vae.config import TrainConfig
from vae_explorer.vae.objective import negative_elbo

__all__ = ["Step", "adam", "is_captured"]

# A capture needs every library awake: so many steps are taken one kernel at a time before it.
STEPS_BEFORE_CAPTURE = 3


def is_captured(device: torch.device, processes: Processes) -> bool:
    """Whether steps on `device` are captured as a CUDA graph; several processes take them one
    kernel at a time, for their gradients meet between two of them."""
    return device.type == "cuda" and processes.count == 1


def adam(model: nn.Module, config: TrainConfig, captured: bool) -> torch.optim.AdamW:
    """Return Adam (Kingma & Ba 2015), with decoupled weight decay where the config has any
    (Loshchilov & Hutter 2019), for the model's parameters; captured: such that a graph may hold it.
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
    """What is done with each batch.

    Args:
        model: what `Processes.parallel` made of a VAE.
        optimizer: `adam` of that VAE.
        images: the training split's, uint8 with shape (N, C, H, W), on the model's device.
        config: how to train.
        likelihood: the model's.
        processes: those that train together.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        images: Tensor,
        *,
        config: TrainConfig,
        likelihood: str,
        processes: Processes,
    ) -> None:
        self._model, self._optimizer, self._images = model, optimizer, images
        self._config, self._likelihood, self._processes = config, likelihood, processes
        # What changes from step to step lives on the device, where a graph finds it.
        self._kl_weight = torch.ones((), device=images.device)
        self._batch = torch.zeros(config.batch_size, dtype=torch.int64, device=images.device)
        self._captured = is_captured(images.device, processes)
        self._taken = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._losses: Tensor | None = None

    def __call__(self, batch: Tensor, lr: float, kl_weight: float) -> Tensor:
        """Take one step and return what was lost, without waiting for the device.

        Args:
            batch: indices of images, with shape (B,), on the device; B is smaller in an epoch's
                last batch only.
            lr: Adam's learning rate.
            kl_weight: the KL's weight in the loss.

        Returns:
            The batch's sums of reconstruction and KL, and its mean loss, in nats with shape (3,).
        """
        for group in self._optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(lr)
            else:
                group["lr"] = lr
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
        x = to_float(self._images[self._processes.part(batch)])
        parts = negative_elbo(self._model(x), x, self._likelihood)
        # The mean over the whole batch, of which gradients are averaged over the processes.
        share = len(batch) / self._processes.count
        loss = parts.total(self._kl_weight).sum() / share
        self._optimizer.zero_grad()
        loss.backward()
        if self._config.clip is not None:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._config.clip)
        self._optimizer.step()
        return torch.stack([*(part.detach().sum() for part in parts), loss.detach()])

    def _take_aside(self) -> Tensor:
        """Take a step on a stream of its own, as those before a capture must be."""
        aside, main = torch.cuda.Stream(), torch.cuda.current_stream()
        aside.wait_stream(main)
        with torch.cuda.stream(aside):
            losses = self._take(self._batch)
        main.wait_stream(aside)
        return losses

    def _capture(self) -> bool:
        """Capture the step, which takes none; where that fails, say so and give it up."""
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
