"""What changes from step to step of a training: the KL's weight and the learning rate."""

from __future__ import annotations

import math

from vae_explorer.vae.config import TrainConfig

__all__ = ["kl_weight", "learning_rate"]


def kl_weight(config: TrainConfig, step: int, steps: int) -> float:
    """Return the KL's weight at `step` of `steps`: linear from 0 in the warm-up, then beta."""
    rising = config.warmup * steps
    return config.beta * min(1.0, step / rising) if rising else config.beta


def learning_rate(config: TrainConfig, step: int, steps: int) -> float:
    """Return Adam's learning rate at `step` of `steps`."""
    if config.schedule == "cosine":
        return config.lr * 0.5 * (1 + math.cos(math.pi * step / steps))
    return config.lr
