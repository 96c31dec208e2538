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

import os
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vae_explorer.checkpoint.history import Epoch, read_history
from vae_explorer.checkpoint.latents import Latents, read_latents
from vae_explorer.checkpoint.meta import Meta, read_meta
from vae_explorer.checkpoint.place import find_folder, folders_aside, read_whole

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
        history=read_history(_existing(path / HISTORY)),
        latents=load_latents(path),
    )


def list_checkpoints(folder: Path | str = "checkpoints") -> list[CheckpointEntry]:
    """List the checkpoint folders in `folder` by name; hidden ones are left out.

    A folder that cannot be a checkpoint is listed with its problem. Only `meta.json` is read
    whole; of the others, headers. A missing `folder` gives an empty list.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return []
    paths = {path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."}
    entries = []
    for path in sorted(paths.union(folders_aside(folder))):
        try:
            meta, problem = _load_listed(path), None
        except (ValueError, OSError) as error:
            meta, problem = None, str(error)
        entries.append(CheckpointEntry(path, meta, problem))
    return entries


@read_whole
def _load_listed(path: Path) -> Meta:
    meta = load_meta(path)
    _check_files(path)
    return meta


@read_whole
def load_meta(path: Path) -> Meta:
    """Read `meta.json` of the checkpoint folder `path`."""
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: found no such folder, expected a checkpoint; train.py writes them"
        )
    return read_meta(_existing(path / META))


@read_whole
def load_latents(path: Path) -> Latents:
    """Read `latents.npz` of the checkpoint folder `path`, checked against its `meta.json`."""
    meta = load_meta(path)
    file = _existing(path / LATENTS)
    return read_latents(file, meta.model.latent_dim, len(meta.dataset.classes))


def files_changed(path: Path | str) -> tuple[int, ...]:
    """Return when a checkpoint's files last changed, nanoseconds, and their sizes, bytes.

    Those that are missing, or that may not be looked at, count as 0.
    """
    found, folder = [], find_folder(path)
    for name in (META, WEIGHTS, HISTORY, LATENTS, FILM):
        try:
            stat = os.stat(folder / name)
        except OSError:
            found += (0, 0)
        else:
            found += (stat.st_mtime_ns, stat.st_size)
    return tuple(found)


@read_whole
def load_weights(path: Path) -> dict[str, np.ndarray]:
    """Read the weights of the checkpoint folder `path`, as stored, by name; without torch."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = _existing(path / WEIGHTS)
    try:
        return load_file(file)
    except (SafetensorError, OSError, TypeError, KeyError) as error:
        raise ValueError(f"{file}: found no readable weights ({error})") from error


@read_whole
def load_model(path: Path) -> VAE:
    """Read the model of the checkpoint folder `path`: on the CPU, float32, evaluation mode."""
    # Imported here: torch takes seconds, and codes and metrics are read without it.
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from vae_explorer.vae.model import VAE

    meta = load_meta(path)
    file = _existing(path / WEIGHTS)
    try:
        # Batch normalisation counts its batches in whole numbers, and they stay as they are.
        weights = {
            name: value.float() if value.is_floating_point() else value
            for name, value in load_file(file).items()
        }
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{file}: found no readable weights ({error})") from error
    # Shapes before memory: a config can ask for more of it than there is.
    with torch.device("meta"):
        model = VAE(meta.model)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    for name in sorted(expected | found):
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"{file}: found {name} with shape {found.get(name, 'missing')}, expected "
                f"{expected.get(name, 'no such weight')} from the config in meta.json"
            )
    if broken := [name for name, value in weights.items() if not value.isfinite().all()]:
        raise ValueError(f"{file}: found values that are not finite in {', '.join(broken)}")
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False)


def _check_files(path: Path) -> None:
    """Check that the files beside `meta.json` are there, of their kind and not cut short."""
    from safetensors import SafetensorError, safe_open

    weights, _, latents = (_existing(path / name) for name in (WEIGHTS, HISTORY, LATENTS))
    try:
        with safe_open(weights, framework="numpy"):
            pass
    except SafetensorError as error:
        raise ValueError(f"{weights}: found no readable weights ({error})") from error
    if not zipfile.is_zipfile(latents):
        raise ValueError(f"{latents}: found no readable array file")


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise FileNotFoundError(f"{file}: found no such file, expected it in every checkpoint")
    return file
