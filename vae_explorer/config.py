"""What a model is and how it is trained: two frozen dataclasses, checked when made.

Both go to JSON and come back with `config_to_dict` and `config_from_dict`; a value that cannot
be meant is refused with a `ValueError` that names the field, what was found and what was expected.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, TypeVar

__all__ = [
    "ACTIVATIONS",
    "LIKELIHOODS",
    "SCHEDULES",
    "ModelConfig",
    "TrainConfig",
    "config_from_dict",
    "config_to_dict",
]

ACTIVATIONS = ("relu", "gelu", "silu", "tanh", "softplus")
LIKELIHOODS = ("bernoulli", "gaussian")
SCHEDULES = ("constant", "cosine")

Config = TypeVar("Config", "ModelConfig", "TrainConfig")


@dataclass(frozen=True)
class ModelConfig:
    """The shape of one VAE: a multilayer perceptron on each side of the latent space.

    Attributes:
        image_shape: channels, height and width of one image, (C, H, W).
        latent_dim: dimensions D of the latent space.
        hidden: encoder widths, from the image inwards; the decoder has them in reverse.
        activation: one of `ACTIVATIONS`, between layers.
        dropout: probability with which an encoder unit is dropped in training.
        likelihood: `bernoulli` (the decoder gives logits) or `gaussian` (means, unit variance).
    """

    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_dim: int = 2
    hidden: tuple[int, ...] = (400,)
    activation: str = "relu"
    dropout: float = 0.0
    likelihood: str = "bernoulli"

    def __post_init__(self) -> None:
        _whole_numbers(self, "image_shape", length=3)
        _whole_numbers(self, "hidden")
        _whole_number(self, "latent_dim")
        _one_of(self, "activation", ACTIVATIONS)
        _one_of(self, "likelihood", LIKELIHOODS)
        _number(self, "dropout", 0.0, 1.0)


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. `beta` is the only weight in the loss (1: the evidence bound).

    Attributes:
        dataset: a name from `data.DATASETS`.
        epochs: passes over the training split.
        batch_size: images a step.
        lr: Adam's learning rate, at its highest.
        schedule: `constant`, or `cosine` from `lr` to 0 over the run (Loshchilov & Hutter 2017).
        beta: weight of the KL term after the warm-up (Higgins et al. 2017).
        warmup: first fraction of the steps in which that weight rises linearly from 0.
        clip: longer gradients are scaled down to this norm (Pascanu et al. 2013); None: never.
        seed: of the initial weights, the order of images and the noise.
        limit: train on the first `limit` images only; None takes all.
    """

    dataset: str = "mnist"
    epochs: int = 10
    batch_size: int = 128
    lr: float = 1e-3
    schedule: str = "constant"
    beta: float = 1.0
    warmup: float = 0.0
    clip: float | None = None
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        _whole_number(self, "epochs")
        _whole_number(self, "batch_size")
        _whole_number(self, "seed", at_least=0)
        if self.limit is not None:
            _whole_number(self, "limit")
        _one_of(self, "schedule", SCHEDULES)
        _number(self, "beta", 0.0, math.inf)
        _number(self, "warmup", 0.0, 1.0)
        for name, value in (("lr", self.lr), ("clip", self.clip)):
            if value is not None and not (_is_number(value) and 0 < value < math.inf):
                raise ValueError(f"{name}: found {value!r}, expected a finite number above 0")


def config_to_dict(config: ModelConfig | TrainConfig) -> dict[str, Any]:
    """Return the fields of `config` as plain JSON values."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()}


def config_from_dict(kind: type[Config], values: object) -> Config:
    """Make a config of `kind` from `config_to_dict`'s result.

    Raises:
        ValueError: for a value that is no mapping, an unknown field or a field out of range.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__}: found {values!r}, expected a mapping of fields")
    known = {f.name for f in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise ValueError(
            f"{kind.__name__}: found unknown field {', '.join(map(repr, unknown))}, "
            f"expected some of {', '.join(sorted(known))}"
        )
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole_number(config: object, name: str, at_least: int = 1) -> None:
    value = getattr(config, name)
    if not _is_whole(value) or value < at_least:
        raise ValueError(f"{name}: found {value!r}, expected a whole number of at least {at_least}")


def _whole_numbers(config: object, name: str, length: int | None = None) -> None:
    value = getattr(config, name)
    wanted = f"{length} whole numbers" if length else "whole numbers"
    if (
        not isinstance(value, tuple)
        or (length is not None and len(value) != length)
        or not all(_is_whole(v) and v >= 1 for v in value)
    ):
        raise ValueError(f"{name}: found {value!r}, expected a tuple of {wanted} of at least 1")


def _number(config: object, name: str, low: float, high: float) -> None:
    value = getattr(config, name)
    if not _is_number(value) or not low <= value < high:
        raise ValueError(f"{name}: found {value!r}, expected a number in [{low:g}, {high:g})")


def _one_of(config: object, name: str, known: tuple[str, ...]) -> None:
    value = getattr(config, name)
    if value not in known:
        raise ValueError(f"{name}: found {value!r}, expected one of {', '.join(known)}")
