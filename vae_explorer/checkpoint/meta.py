"""What is known of a checkpoint, apart from its weights and codes, and its file, `meta.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from vae_explorer.checkpoint.storage import replacing
from vae_explorer.vae.config import ModelConfig, TrainConfig, config_from_dict, config_to_dict

__all__ = [
    "FORMAT_VERSION",
    "REQUIRED_METRICS",
    "DatasetRecord",
    "Meta",
    "read_meta",
    "write_meta",
]

FORMAT_VERSION = 1

REQUIRED_METRICS = (
    *("test_neg_elbo", "test_reconstruction", "test_kl"),
    *("active_units", "knn_accuracy", "trustworthiness"),
)


@dataclass(frozen=True)
class DatasetRecord:
    """The data a checkpoint was trained and measured on.

    Attributes:
        name: as `train.py --dataset` knows it.
        checksum: SHA-256 of all its images and labels.
        classes: a name for each label.
        train_size, test_size: images trained on, images measured on.
    """

    name: str
    checksum: str
    classes: tuple[str, ...]
    train_size: int
    test_size: int


@dataclass(frozen=True)
class Meta:
    """What `meta.json` says.

    Attributes:
        name: the folder's name when it was written.
        recipe: the recipe it was trained by.
        model, training: the two configs.
        dataset: what it was trained and measured on.
        metrics: of the weights as stored, on the test split: all of `REQUIRED_METRICS`, and where
            it was measured `iw_nll` with `iw_samples`, its K; see `analysis.metrics`.
        kl_by_dimension: mean KL of each latent dimension over the test split, nats.
        epochs_done: finished epochs; less than `training.epochs` after Ctrl-C.
        weights_dtype: `float16` or `float32`, as stored.
        seed, device, seconds, versions: of the run that made it.
    """

    name: str
    recipe: str
    model: ModelConfig
    training: TrainConfig
    dataset: DatasetRecord
    metrics: dict[str, float]
    kl_by_dimension: list[float]
    epochs_done: int
    weights_dtype: str
    seed: int
    device: str
    seconds: float
    versions: dict[str, str]
    format_version: int = FORMAT_VERSION

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        values = {"format_version": self.format_version} | asdict(self)
        return values | {
            "model": config_to_dict(self.model),
            "training": config_to_dict(self.training),
        }

    @classmethod
    def from_dict(cls, values: object) -> Meta:
        """Make a Meta from `to_dict`'s result; `ValueError` says what is missing or odd."""
        if not isinstance(values, dict):
            raise ValueError(f"found {type(values).__name__}, expected a JSON object")
        if values.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"found format_version {values.get('format_version')!r}, expected "
                f"{FORMAT_VERSION}; train it again, or use the release that wrote it"
            )
        known = cls.__dataclass_fields__
        if missing := [name for name in known if name not in values]:
            raise ValueError(f"found no {', no '.join(missing)}; expected every field of a Meta")
        for name, (fits, expected) in _FIELDS.items():
            if not fits(values[name]):
                raise ValueError(f"{name}: found {values[name]!r}, expected {expected}")
        parts = {
            "model": config_from_dict(ModelConfig, values["model"]),
            "training": config_from_dict(TrainConfig, values["training"]),
            "dataset": _dataset_record(values["dataset"]),
        }
        if len(values["kl_by_dimension"]) != parts["model"].latent_dim:
            raise ValueError(
                f"kl_by_dimension: found {len(values['kl_by_dimension'])} numbers, expected "
                f"{parts['model'].latent_dim}, one for each latent dimension"
            )
        return cls(**{name: values[name] for name in known} | parts)


def write_meta(file: Path, meta: Meta) -> None:
    """Write `meta` to a JSON file."""
    text = json.dumps(meta.to_dict(), indent=2, ensure_ascii=False)
    with replacing(file) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def read_meta(file: Path) -> Meta:
    """Read what `write_meta` wrote; `ValueError` names the file and what is wrong with it."""
    try:
        return Meta.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{file}: {error}") from error


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("name", "recipe", "device"), (_is_text, "a text")),
    **dict.fromkeys(("epochs_done", "seed"), (_is_count, "a whole number of at least 0")),
    "seconds": (_is_number, "a number"),
    "weights_dtype": (("float16", "float32").__contains__, "float16 or float32"),
    "versions": (lambda v: isinstance(v, dict), "a version for each package"),
    "kl_by_dimension": (lambda v: isinstance(v, list) and all(map(_is_number, v)), "numbers"),
    "metrics": (
        lambda v: (
            isinstance(v, dict)
            and set(REQUIRED_METRICS) <= set(v)
            and all(map(_is_number, v.values()))
        ),
        f"a number for each of {', '.join(REQUIRED_METRICS)}",
    ),
}


def _dataset_record(values: object) -> DatasetRecord:
    known = DatasetRecord.__dataclass_fields__
    if not isinstance(values, dict) or set(values) != set(known):
        found = ", ".join(values) if isinstance(values, dict) else repr(values)
        raise ValueError(f"dataset: found {found}, expected {', '.join(known)}")
    classes = values["classes"]
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise ValueError(f"dataset: found classes {classes!r}, expected a list of names")
    for name in ("name", "checksum"):
        if not _is_text(values[name]):
            raise ValueError(f"dataset: found {name} {values[name]!r}, expected a text")
    for name in ("train_size", "test_size"):
        if not _is_count(values[name]):
            raise ValueError(f"dataset: found {name} {values[name]!r}, expected a whole number")
    return DatasetRecord(**values | {"classes": tuple(classes)})
