"""What is known of a checkpoint, apart from its weights and codes, and its file, `meta.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from vae_explorer.files.reading import read_json
from vae_explorer.files.storage import replacing
from vae_explorer.vae.config import (
    MAX_COUNT,
    MAX_NUMBER,
    MAX_WHOLE,
    ModelConfig,
    TrainConfig,
    config_from_dict,
    config_to_dict,
    describe,
)

__all__ = [
    "FORMAT_VERSION",
    "REQUIRED_METRICS",
    "DatasetRecord",
    "Meta",
    "read_meta",
    "write_meta",
]

FORMAT_VERSION = 1
# A class travels to the browser as one byte.
MAX_CLASSES = 256
MAX_ENTRIES, MAX_LETTERS = 64, 1000
# Seconds in three centuries.
MAX_SECONDS = 1e10

REQUIRED_METRICS = (
    *("test_neg_elbo", "test_reconstruction", "test_kl"),
    *("active_units", "knn_accuracy", "trustworthiness"),
)


@dataclass(frozen=True)
class DatasetRecord:
    """The data a checkpoint was trained and measured on.

    Attributes:
        name: as `train.py --dataset` knows it, or of images of one's own.
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
            raise ValueError(f"found {describe(values)}, expected a JSON object")
        if values.get("format_version") != FORMAT_VERSION:
            raise ValueError(
                f"found format_version {describe(values.get('format_version'))}, expected "
                f"{FORMAT_VERSION}; train it again, or use the release that wrote it"
            )
        known = cls.__dataclass_fields__
        if missing := [name for name in known if name not in values]:
            raise ValueError(f"found no {', no '.join(missing)}; expected every field of a Meta")
        _check_fields(values, _FIELDS)
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
    values = read_json(file)
    try:
        return Meta.from_dict(values)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LETTERS


def _is_number(value: object) -> bool:
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and -MAX_NUMBER <= value <= MAX_NUMBER


def _is_count(value: object, at_most: int = MAX_COUNT) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= at_most


def _is_table(value: object, fits: Callable[[object], bool]) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_ENTRIES
        and all(map(_is_text, value))
        and all(map(fits, value.values()))
    )


def _is_list(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))


_TEXT = f"a text of at most {MAX_LETTERS:,} letters"
_COUNT = f"a whole number from 0 to {MAX_COUNT:,}"
_Fields = dict[str, tuple[Callable[[object], bool], str]]
_FIELDS: _Fields = {
    **dict.fromkeys(("name", "recipe", "device"), (_is_text, _TEXT)),
    "epochs_done": (_is_count, _COUNT),
    "seed": (lambda v: _is_count(v, MAX_WHOLE), f"a whole number from 0 to {MAX_WHOLE:,}"),
    "seconds": (
        lambda v: _is_number(v) and 0 <= v <= MAX_SECONDS,
        f"a number up to {MAX_SECONDS:g}",
    ),
    "weights_dtype": (("float16", "float32").__contains__, "float16 or float32"),
    "versions": (lambda v: _is_table(v, _is_text), "a version for each package"),
    "kl_by_dimension": (lambda v: _is_list(v, _is_number), "numbers"),
    "metrics": (
        lambda v: (
            _is_table(v, _is_number)
            and set(REQUIRED_METRICS) <= set(v)
            and ("iw_nll" not in v or "iw_samples" in v)
        ),
        f"a number for each of {', '.join(REQUIRED_METRICS)}, and iw_samples beside iw_nll",
    ),
}
_DATASET_FIELDS: _Fields = {
    "name": (_is_text, _TEXT),
    "checksum": (
        lambda v: isinstance(v, str) and bool(re.fullmatch("[0-9a-f]{64}", v)),
        "SHA-256, 64 digits from 0 to f",
    ),
    **dict.fromkeys(("train_size", "test_size"), (_is_count, _COUNT)),
    "classes": (
        lambda v: _is_list(v, _is_text) and 1 <= len(v) <= MAX_CLASSES and len(set(v)) == len(v),
        f"1 to {MAX_CLASSES} different names",
    ),
}


def _check_fields(values: dict[str, object], expected: _Fields, where: str = "") -> None:
    for name, (fits, wanted) in expected.items():
        if not fits(values[name]):
            raise ValueError(f"{where}{name}: found {describe(values[name])}, expected {wanted}")


def _dataset_record(values: object) -> DatasetRecord:
    known = DatasetRecord.__dataclass_fields__
    if not isinstance(values, dict) or set(values) != set(known):
        raise ValueError(f"dataset: found {describe(values)}, expected {', '.join(known)}")
    _check_fields(values, _DATASET_FIELDS, "dataset, ")
    return DatasetRecord(**values | {"classes": tuple(values["classes"])})
