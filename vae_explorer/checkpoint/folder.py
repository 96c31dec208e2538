"""The checkpoint folder: written whole or not at all, read with every part checked.

    model.safetensors   weights, float32 or float16
    meta.json           configs, metrics, data, versions (see `Meta`)
    history.csv         a row an epoch (see `Epoch`)
    latents.npz         the test split's codes (see `Latents`)
    film.npz            how it was trained, where that was filmed (see `film.film.Film`)

Nothing in a checkpoint can execute code: no pickle is ever read. Codes and metrics are read
without torch, so that a page that needs no model does not wait for its import.
"""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vae_explorer.checkpoint.history import Epoch, read_history
from vae_explorer.checkpoint.latents import Latents, check_latents, read_latents
from vae_explorer.checkpoint.meta import Meta, read_meta
from vae_explorer.checkpoint.place import find_folder, locked_folders, read_whole
from vae_explorer.checkpoint.text import plain_text
from vae_explorer.checkpoint.weights import weight_headers
from vae_explorer.files.reading import (
    Header,
    check_range,
    check_tensors,
    read_tensors,
)

if TYPE_CHECKING:
    import numpy as np

    from vae_explorer.vae.model import VAE

__all__ = [
    "FILM",
    "HISTORY",
    "LATENTS",
    "META",
    "WEIGHTS",
    "Checkpoint",
    "CheckpointEntry",
    "files_changed",
    "list_checkpoints",
    "load_checkpoint",
    "load_latents",
    "load_meta",
    "load_model",
    "load_weights",
]

WEIGHTS, META, HISTORY = "model.safetensors", "meta.json", "history.csv"
LATENTS, FILM = "latents.npz", "film.npz"


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with all that is known of it; `history` has a row an epoch."""

    path: Path
    model: VAE
    meta: Meta
    history: list[Epoch]
    latents: Latents


class CheckpointEntry(NamedTuple):
    """A folder in a list: `meta` where it can be read, otherwise the `problem`."""

    path: Path
    meta: Meta | None
    problem: str | None


def load_checkpoint(path: Path | str) -> Checkpoint:
    """Read a checkpoint folder; the model comes on the CPU, in float32 and evaluation mode.

    Raises:
        FileNotFoundError: where the folder or one of its files is missing.
        ValueError: where a file is damaged or does not fit the others; it names the file.
    """
    return replace(_load_parts(path), path=Path(path))


@read_whole
def _load_parts(path: Path) -> Checkpoint:
    meta = load_meta(path)
    return Checkpoint(
        path=path,
        model=load_model(path),
        meta=meta,
        history=read_history(path / HISTORY),
        latents=load_latents(path),
    )


def list_checkpoints(folder: Path | str = "checkpoints") -> list[CheckpointEntry]:
    """List the checkpoint folders in `folder` by name; hidden ones are left out.

    A folder that cannot be a checkpoint is listed with its problem. Only `meta.json` is read
    whole; of the others, headers. A missing `folder` gives an empty list, and one that cannot be
    read an entry with that problem.
    """
    folder = Path(folder)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        return [_problem(folder, f"found a folder that cannot be read ({error.strerror})")]
    paths = {folder / name for name in names if not name.startswith(".")}
    entries = map(_entry, sorted(paths.union(locked_folders(folder))))
    return [entry for entry in entries if entry]


@read_whole
def _load_listed(path: Path) -> Meta:
    """Read `meta.json`, and check the headers of the other files against it."""
    meta = load_meta(path)
    check_tensors(path / WEIGHTS, _expected_weights(path, meta))
    check_latents(path / LATENTS, meta.model.latent_dim)
    if not os.path.isfile(path / HISTORY):
        raise FileNotFoundError(f"{path / HISTORY}: found no such file, expected it")
    return meta


@lru_cache(maxsize=4096)
def _load_listed_once(path: Path, changed: tuple[int, ...]) -> Meta:
    """Read what a list says of a folder, once for each state of its files; see `files_changed`."""
    return _load_listed(path)


@read_whole
def load_meta(path: Path) -> Meta:
    """Read `meta.json` of the checkpoint folder `path`."""
    if not os.path.isdir(path):
        raise FileNotFoundError(
            f"{path}: found no such folder, expected a checkpoint; train.py writes them"
        )
    return read_meta(path / META)


@read_whole
def load_latents(path: Path) -> Latents:
    """Read `latents.npz` of the checkpoint folder `path`, checked against its `meta.json`."""
    meta = load_meta(path)
    classes, images = len(meta.dataset.classes), meta.dataset.test_size
    return read_latents(path / LATENTS, meta.model.latent_dim, classes, images)


def files_changed(path: Path | str) -> tuple[int, ...]:
    """Return when a checkpoint's files last changed, nanoseconds, and their sizes, bytes.

    Those that are missing, or that may not be looked at, count as 0.
    """
    found, folder = [], find_folder(path)
    for name in (META, WEIGHTS, HISTORY, LATENTS, FILM):
        try:
            info = os.stat(folder / name)
        except OSError:
            found += (0, 0)
        else:
            found += (info.st_mtime_ns, info.st_size)
    return tuple(found)


@read_whole
def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Read the weights of the checkpoint folder `path`, as stored, by name; without torch.

    Raises:
        ValueError: where they are not those of the model in `meta.json`, or not finite.
    """
    weights = read_tensors(path / WEIGHTS, _expected_weights(path, load_meta(path)))
    variances = [name for name in weights if name.endswith("running_var")]
    check_range(path / WEIGHTS, weights, dict.fromkeys(variances, (0, math.inf)))
    return weights


@read_whole
def load_model(path: Path) -> VAE:
    """Read the model of the checkpoint folder `path`: on the CPU, float32, evaluation mode."""
    # Imported here: torch takes seconds, and codes and metrics are read without it.
    import torch

    from vae_explorer.vae.model import VAE

    meta = load_meta(path)
    weights = {name: torch.from_numpy(value) for name, value in load_weights(path).items()}
    with torch.device("meta"):
        model = VAE(meta.model)
    # Batch normalisation counts its batches in whole numbers, and they stay as they are.
    floats = {
        name: value.float() if value.is_floating_point() else value
        for name, value in weights.items()
    }
    model.load_state_dict(floats, assign=True)
    return model.eval().requires_grad_(False)


def _entry(path: Path) -> CheckpointEntry | None:
    """Return what `path` is in a list, None for a file; whatever is in it, this raises nothing."""
    try:
        if not _is_folder(path):
            return None
    except OSError as error:
        return _problem(path, f"found no readable folder ({error.strerror})")
    if plain_text(path.name, len(path.name)) != path.name:
        return _problem(path, "found a name with characters that cannot be shown; rename it")
    try:
        return CheckpointEntry(path, _load_listed_once(path, files_changed(path)), None)
    except (ValueError, OSError) as error:
        return CheckpointEntry(path, None, str(error))


@read_whole
def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.stat().st_mode)


def _problem(path: Path, words: str) -> CheckpointEntry:
    """Return an entry whose path can be printed; nobody opens it."""
    path = path.with_name(plain_text(path.name))
    return CheckpointEntry(path, None, f"{path}: {words}")


def _expected_weights(path: Path | str, meta: Meta) -> dict[str, Header]:
    try:
        return weight_headers(meta.model)
    except ValueError as error:
        raise ValueError(f"{Path(path) / META}: {error}") from error
