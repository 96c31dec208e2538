"""What a model is and how it is trained: two frozen dataclasses, checked when made.

`config_to_dict` and `config_from_dict` take them to JSON and back. A value out of range raises a
`ValueError` that names the field, what was found and what was expected.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, TypeVar

from vae_explorer.vae.kernels import Kernel, padding, side_after, side_before

__all__ = [
    "ACTIVATIONS",
    "FAMILIES",
    "LIKELIHOODS",
    "MAX_COUNT",
    "MAX_EPOCHS",
    "MAX_NUMBER",
    "MAX_WHOLE",
    "POSTERIORS",
    "PRECISIONS",
    "SCHEDULES",
    "ModelConfig",
    "TrainConfig",
    "config_differences",
    "config_from_dict",
    "config_to_dict",
    "describe",
]

ACTIVATIONS = ("relu", "gelu", "silu", "tanh", "softplus")
FAMILIES = ("mlp", "conv")
LIKELIHOODS = ("bernoulli", "gaussian")
POSTERIORS = ("logvar", "logscale")
PRECISIONS = ("float32", "tfloat32", "bfloat16")
SCHEDULES = ("constant", "cosine")
# An epoch's randomness follows from the seed and the epoch together, in 64 bits.
MAX_SEED = 2**32 - 1
# What a machine can hold, far above what anyone trains: a config comes from a file, too.
MAX_DIMS, MAX_LAYERS, MAX_WIDTH = 2048, 64, 2**20
MAX_SIDE, MAX_ASPECT, MAX_IMAGE_VALUES = 1024, 64, 2**20
MAX_EPOCHS, MAX_COUNT, MAX_WHOLE = 100_000, 2**31 - 1, 2**63 - 1
# Sums of metrics as large as this are numbers still, in 32 bits too.
MAX_NUMBER = 1e30
# Stored files keep the names that these fields had first.
STORED_NAMES = {"kernels": "windows", "decoder_kernels": "decoder_windows"}

Config = TypeVar("Config", "ModelConfig", "TrainConfig")


@dataclass(frozen=True)
class ModelConfig:
    """The architecture of a VAE, of one of two families.

    `mlp`: dense layers on each side of the latent space, with an activation between any two.
    `conv`: convolutions with batch normalisation and leaky ReLU from the image to the code, and
    transposed convolutions with batch normalisation and `activation` back.

    Attributes:
        image_shape: channels, height and width of one image, (C, H, W).
        latent_dim: dimensions D of the latent space.
        hidden: widths (conv: channels) between the encoder's layers, from the image inwards.
        activation: one of `ACTIVATIONS`, between layers; conv: between the decoder's layers.
        dropout: probability of dropping an encoder unit in training.
        likelihood: `bernoulli` (the decoder gives logits) or `gaussian` (means, unit variance).
        family: one of `FAMILIES`.
        decoder_hidden: `hidden` for the decoder, from the code outwards; None: `hidden` reversed.
        kernels: conv only: (size, stride), or (size, stride, padding) with padding below size, of
            each of the encoder's convolutions, one more than `hidden`, leading to a single pixel;
            (): fitted to the image, without padding.
        decoder_kernels: the same for the decoder, from a single pixel to the image.
        posterior: the encoder's second half: `logvar`, the log-variance of q(z|x), or `logscale`,
            the logarithm of its standard deviation, half as much.
    """

    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_dim: int = 2
    hidden: tuple[int, ...] = (400,)
    activation: str = "relu"
    dropout: float = 0.0
    likelihood: str = "bernoulli"
    family: str = "mlp"
    decoder_hidden: tuple[int, ...] | None = None
    kernels: tuple[Kernel, ...] = ()
    decoder_kernels: tuple[Kernel, ...] = ()
    posterior: str = "logvar"

    def __post_init__(self) -> None:
        _check_wholes(self, "image_shape", MAX_SIDE, length=3)
        if self.image_shape[0] not in (1, 3) or math.prod(self.image_shape) > MAX_IMAGE_VALUES:
            raise ValueError(
                f"image_shape: found {self.image_shape}, expected 1 channel or 3, and at most "
                f"{MAX_IMAGE_VALUES:,} values"
            )
        short, long = sorted(self.image_shape[1:])
        if long > MAX_ASPECT * short:
            raise ValueError(
                f"image_shape: found {long} pixels beside {short}, expected at most {MAX_ASPECT} "
                "times as many"
            )
        _check_wholes(self, "hidden", MAX_WIDTH)
        _check_whole(self, "latent_dim", at_most=MAX_DIMS)
        if self.decoder_hidden is not None:
            _check_wholes(self, "decoder_hidden", MAX_WIDTH)
        _check_one_of(self, "activation", ACTIVATIONS)
        _check_one_of(self, "likelihood", LIKELIHOODS)
        _check_one_of(self, "family", FAMILIES)
        _check_one_of(self, "posterior", POSTERIORS)
        _check_number(self, "dropout", 0.0, 1.0)
        _check_kernels(self, "kernels", len(self.hidden))
        _check_kernels(self, "decoder_kernels", len(self.decoder_widths))
        self._check_sizes()

    @property
    def decoder_widths(self) -> tuple[int, ...]:
        """The widths (conv: channels) between the decoder's layers, from the code outwards."""
        return self.hidden[::-1] if self.decoder_hidden is None else self.decoder_hidden

    @property
    def omitted_constant(self) -> float:
        """Nats per image omitted from the likelihood: log(2 pi) / 2 a pixel if Gaussian."""
        constant = 0.5 * math.log(2 * math.pi) * math.prod(self.image_shape)
        return constant if self.likelihood == "gaussian" else 0.0

    def _check_sizes(self) -> None:
        """Check that kernels lead from the image to one pixel, and from one pixel to the image."""
        _, height, width = self.image_shape
        given = self.kernels and self.decoder_kernels
        if self.family == "conv" and height != width and not given:
            raise ValueError(
                f"image_shape: found {height} x {width} pixels, expected a square to fit kernels "
                "to; give kernels and decoder_kernels"
            )
        left = tuple(side_after(side, self.kernels) for side in (height, width))
        if self.kernels and left != (1, 1):
            raise ValueError(
                f"kernels: found {self.kernels}, which leave {left[0]} x {left[1]} of an image of "
                f"{height} x {width}, expected 1 x 1; change them, or give () to have them fitted"
            )
        made = side_before(self.decoder_kernels)
        if self.decoder_kernels and (made, made) != (height, width):
            raise ValueError(
                f"decoder_kernels: found {self.decoder_kernels}, which make an image of {made} x "
                f"{made}, expected {height} x {width}; change them, or give () to have them fitted"
            )


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. `beta` is the only weight in the loss (1: the evidence bound).

    Attributes:
        dataset: a name from `data.DATASETS`, or of images of one's own.
        epochs: passes over the training split.
        batch_size: images a step.
        lr: Adam's peak learning rate.
        schedule: `constant`, or `cosine` from `lr` to 0 over the run (Loshchilov & Hutter 2017).
        beta: weight of the KL term after the warm-up (Higgins et al. 2017).
        warmup: fraction of the steps over which that weight rises linearly from 0.
        weight_decay: a step shrinks each weight by this times the learning rate, apart from the
            gradient (Loshchilov & Hutter 2019); 0 is Adam.
        clip: longer gradients are scaled down to this norm (Pascanu et al. 2013); None: never.
        seed: of the initial weights, the order of images and the noise.
        limit: train on the first `limit` images only; None takes all.
        precision: one of `PRECISIONS`, to which factors of matrix products may be rounded.
    """

    dataset: str = "mnist"
    epochs: int = 10
    batch_size: int = 128
    lr: float = 1e-3
    schedule: str = "constant"
    beta: float = 1.0
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip: float | None = None
    seed: int = 0
    limit: int | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.dataset, str):
            raise ValueError(f"dataset: found {describe(self.dataset)}, expected a text")
        _check_whole(self, "epochs", at_most=MAX_EPOCHS)
        _check_whole(self, "batch_size")
        _check_whole(self, "seed", at_least=0, at_most=MAX_SEED)
        if self.limit is not None:
            _check_whole(self, "limit")
        _check_one_of(self, "schedule", SCHEDULES)
        _check_one_of(self, "precision", PRECISIONS)
        _check_number(self, "beta", 0.0, MAX_NUMBER)
        _check_number(self, "weight_decay", 0.0, MAX_NUMBER)
        _check_number(self, "warmup", 0.0, 1.0)
        for name, value in (("lr", self.lr), ("clip", self.clip)):
            if value is not None and not (_is_number(value) and 0 < value < math.inf):
                raise ValueError(
                    f"{name}: found {describe(value)}, expected a finite number above 0"
                )


def config_to_dict(config: ModelConfig | TrainConfig) -> dict[str, Any]:
    """Return the fields of `config` as plain JSON values, under their stored names."""
    return {STORED_NAMES.get(k, k): _to_lists(value) for k, value in asdict(config).items()}


def config_from_dict(kind: type[Config], values: object) -> Config:
    """Make a config of `kind` from `config_to_dict`'s result.

    Raises:
        ValueError: for a value that is no mapping, an unknown field or a field out of range.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__}: found {describe(values)}, expected a mapping of fields")
    names = {STORED_NAMES.get(f.name, f.name): f.name for f in fields(kind)}
    if unknown := set(values) - set(names):
        raise ValueError(
            f"{kind.__name__}: found {len(unknown)} unknown among {len(values)} fields, expected "
            f"some of {', '.join(sorted(names))}"
        )
    return kind(**{names[key]: _to_tuples(value) for key, value in values.items()})


def config_differences(*runs: tuple[ModelConfig, TrainConfig]) -> dict[str, tuple[Any, ...]]:
    """Return the fields that are not the same in all runs, each with its value in every run."""
    configs = [asdict(model) | asdict(training) for model, training in runs]
    values = {name: tuple(config[name] for config in configs) for name in configs[0]}
    return {name: found for name, found in values.items() if any(v != found[0] for v in found)}


def describe(value: object) -> str:
    """Return what a value is, for an error: numbers as they are, but no text, which may be any."""
    if isinstance(value, Integral) and abs(value) > MAX_WHOLE:
        return f"a whole number of {int(value).bit_length()} bits"
    if value is None or isinstance(value, Real):
        return str(value)
    if isinstance(value, str):
        return f"a text of {len(value)} letters"
    if isinstance(value, tuple | list):
        few = len(value) <= 8 and all(isinstance(part, Real) for part in value)
        return f"({', '.join(map(describe, value))})" if few else f"a list of {len(value)}"
    return f"a mapping of {len(value)} fields" if isinstance(value, dict) else "another thing"


def _to_lists(value: object) -> object:
    return [_to_lists(part) for part in value] if isinstance(value, tuple) else value


def _to_tuples(value: object) -> object:
    return tuple(_to_tuples(part) for part in value) if isinstance(value, list) else value


def _is_whole(value: object, at_least: int = 1, at_most: int = MAX_COUNT) -> bool:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and at_least <= value <= at_most


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_whole(config: object, name: str, at_least: int = 1, at_most: int = MAX_COUNT) -> None:
    value = getattr(config, name)
    if not _is_whole(value, at_least, at_most):
        raise ValueError(
            f"{name}: found {describe(value)}, expected a whole number from {at_least:,} to "
            f"{at_most:,}"
        )


def _check_wholes(config: object, name: str, at_most: int, length: int | None = None) -> None:
    value = getattr(config, name)
    few = isinstance(value, tuple) and len(value) <= MAX_LAYERS and length in (None, len(value))
    if not few or not all(_is_whole(part, at_most=at_most) for part in value):
        raise ValueError(
            f"{name}: found {describe(value)}, expected a tuple of {length or 'some'} whole "
            f"numbers from 1 to {at_most:,}"
        )


def _check_kernels(config: ModelConfig, name: str, hidden: int) -> None:
    value = getattr(config, name)
    pairs = isinstance(value, tuple) and all(
        isinstance(kernel, tuple)
        and len(kernel) in (2, 3)
        and all(_is_whole(size, at_most=MAX_SIDE) for size in kernel[:2])
        and _is_whole(padding(kernel), 0, min(kernel[0] - 1, MAX_SIDE))
        for kernel in value
    )
    if not pairs or (value and (config.family != "conv" or len(value) != hidden + 1)):
        wanted = (
            f"{hidden + 1} pairs of size and stride (and padding), one more than channels, or ()"
        )
        wanted = wanted if config.family == "conv" else "(): only the family conv has kernels"
        raise ValueError(f"{name}: found {describe(value)}, expected {wanted}")


def _check_number(config: object, name: str, low: float, high: float) -> None:
    value = getattr(config, name)
    if not _is_number(value) or not low <= value < high:
        raise ValueError(
            f"{name}: found {describe(value)}, expected a number in [{low:g}, {high:g})"
        )


def _check_one_of(config: object, name: str, known: tuple[str, ...]) -> None:
    value = getattr(config, name)
    if value not in known:
        raise ValueError(f"{name}: found {describe(value)}, expected one of {', '.join(known)}")
