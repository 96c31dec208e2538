"""The checkpoint folder: written whole or not at all, read with every part checked.

    model.safetensors   weights, float32 or float16
    meta.json           configs, metrics, data, versions (see `Meta`)
    history.csv         a row an epoch
    latents.npz         the test split's codes (see `Latents`)
    film.npz            how it was trained, where that was filmed (see `film.Film`)

Nothing in a checkpoint can execute code: no pickle is ever read. Codes and figures are read
without torch, so that a page that needs no model does not wait for its import.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from vae_explorer.checkpoint.history import Epoch, read_history, write_history
from vae_explorer.checkpoint.meta import Meta
from vae_explorer.film import film

if TYPE_CHECKING:
    from vae_explorer.vae.model import VAE

__all__ = [
    "Checkpoint",
    "CheckpointEntry",
    "Latents",
    "check_replaceable",
    "files_changed",
    "list_checkpoints",
    "load_checkpoint",
    "load_latents",
    "load_meta",
    "load_model",
    "load_weights",
    "save_checkpoint",
    "write_latents",
    "write_meta",
]


@dataclass(frozen=True)
class Latents:
    """Codes of N test images.

    Attributes:
        mean, logvar: of q(z|x), float32 with shape (N, D).
        label: class of each image, int64 with shape (N,).
        index: its row in the test split, int64 with shape (N,).
        projections: 2-D views by name (`umap`, `tsne`), float32 with shape (N, 2).
    """

    mean: np.ndarray
    logvar: np.ndarray
    label: np.ndarray
    index: np.ndarray
    projections: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def none(cls, dims: int) -> Latents:
        """Return no codes of `dims` dimensions."""
        codes, numbers = np.zeros((0, dims), np.float32), np.zeros(0, np.int64)
        return cls(codes, codes, numbers, numbers)


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with all that is known of it; `history` has a row an epoch."""

    path: Path
    model: VAE
    meta: Meta
    history: list[Epoch]
    latents: Latents


_OTHER_FILES = ("model.safetensors", "history.csv", "latents.npz")


class CheckpointEntry(NamedTuple):
    """A folder in a list: `meta` where it can be read, otherwise the `problem` in words."""

    path: Path
    meta: Meta | None
    problem: str | None


def load_checkpoint(path: Path | str) -> Checkpoint:
    """Read a checkpoint folder; the model comes on the CPU, in float32 and evaluation mode.

    Raises:
        FileNotFoundError: where the folder or one of its files is missing.
        ValueError: where a file is damaged or does not fit the others; it names the file.
    """
    path = Path(path)
    meta = load_meta(path)
    return Checkpoint(
        path=path,
        model=load_model(path),
        meta=meta,
        history=read_history(_existing(path / "history.csv")),
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
    for leftover in folder.glob(".*.old"):
        _restore(folder / leftover.name[1:-4])
    entries = []
    for path in sorted(folder.iterdir()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        try:
            meta, problem = load_meta(path), None
            _check_files(path)
        except (ValueError, OSError) as error:
            meta, problem = None, str(error)
        entries.append(CheckpointEntry(path, meta, problem))
    return entries


def load_meta(path: Path | str) -> Meta:
    """Read `meta.json` of the checkpoint folder `path`."""
    path = Path(path)
    if not path.is_dir():
        _restore(path)
    if not path.is_dir():
        raise FileNotFoundError(
            f"{path}: found no such folder, expected a checkpoint; train.py writes them"
        )
    file = _existing(path / "meta.json")
    try:
        return Meta.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{file}: {error}") from error


def load_latents(path: Path | str) -> Latents:
    """Read `latents.npz` of the checkpoint folder `path`, checked against its `meta.json`."""
    meta = load_meta(path)
    file = _existing(Path(path) / "latents.npz")
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file}: found no readable array file ({error})") from error
    count = len(found["label"]) if np.ndim(found.get("label")) else 0
    coded = (count, meta.model.latent_dim)
    expected = {"mean": coded, "logvar": coded, "label": (count,), "index": (count,)}
    projections = {k: v for k, v in found.items() if k not in expected}
    expected |= dict.fromkeys(projections, (count, 2))
    for name, shape in expected.items():
        array = found.get(name)
        if array is None or array.shape != shape or count == 0:
            raise ValueError(
                f"{file}: found {name} {'missing' if array is None else array.shape}, "
                f"expected shape {shape} with at least one row"
            )
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{file}: found {name} of {array.dtype}, expected finite numbers")
    classes = len(meta.dataset.classes)
    if found["index"].min() < 0:
        raise ValueError(f"{file}: found index {found['index'].min()}, expected 0 or more")
    if found["label"].min() < 0 or found["label"].max() >= classes:
        raise ValueError(f"{file}: found label {found['label'].max()}, expected 0 to {classes - 1}")
    floats = {k: v.astype(np.float32) for k, v in found.items() if k not in ("label", "index")}
    return Latents(
        mean=floats["mean"],
        logvar=floats["logvar"],
        label=found["label"].astype(np.int64),
        index=found["index"].astype(np.int64),
        projections={name: floats[name] for name in projections},
    )


def files_changed(path: Path | str) -> tuple[int, ...]:
    """Return when a checkpoint's files last changed, nanoseconds; missing ones count as 0."""
    names = ("meta.json", "model.safetensors", "latents.npz", film.FILE)
    files = [Path(path) / name for name in names]
    return tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)


def load_weights(path: Path | str) -> dict[str, np.ndarray]:
    """Read the weights of the checkpoint folder `path`, as stored, by name; without torch."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    file = _existing(Path(path) / "model.safetensors")
    try:
        return load_file(file)
    except (SafetensorError, OSError, TypeError, KeyError) as error:
        raise ValueError(f"{file}: found no readable weights ({error})") from error


def load_model(path: Path | str) -> VAE:
    """Read the model of the checkpoint folder `path`: on the CPU, float32, evaluation mode."""
    # Imported here: torch takes seconds, and codes and figures are read without it.
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from vae_explorer.vae.model import VAE

    meta = load_meta(path)
    file = _existing(Path(path) / "model.safetensors")
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


def save_checkpoint(
    path: Path | str, model: VAE, meta: Meta, history: list[Epoch], latents: Latents
) -> None:
    """Write a checkpoint folder, replacing one of that name only when all of it is written.

    The weights are stored in `meta.weights_dtype`.
    """
    import safetensors.torch
    import torch

    path = Path(path)
    check_replaceable(path)
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    dtype = getattr(torch, meta.weights_dtype)
    weights = {
        name: value.detach().cpu().to(dtype if value.is_floating_point() else None).contiguous()
        for name, value in model.state_dict().items()
    }
    # Not save_file, which makes the file unreadable for others than its owner.
    (temporary / "model.safetensors").write_bytes(safetensors.torch.save(weights))
    write_latents(temporary / "latents.npz", latents)
    write_history(temporary / "history.csv", history)
    write_meta(temporary / "meta.json", meta)
    _replace_folder(temporary, path)


def write_latents(file: Path, latents: Latents) -> None:
    """Write codes and their flat views to `file`, as they lie in a checkpoint folder."""
    with file.open("wb") as stream:
        np.savez_compressed(
            stream,
            mean=latents.mean,
            logvar=latents.logvar,
            label=latents.label,
            index=latents.index,
            **latents.projections,
        )


def write_meta(file: Path, meta: Meta) -> None:
    """Write what is known of a checkpoint to `file`, as it lies in a checkpoint folder."""
    text = json.dumps(meta.to_dict(), indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def check_replaceable(path: Path | str) -> None:
    """Refuse, by `ValueError`, to write a checkpoint over something that is not one."""
    path = Path(path)
    strange = {path.name} if path.is_file() else set()
    if path.is_dir():
        strange = {file.name for file in path.iterdir()} - {"meta.json", film.FILE, *_OTHER_FILES}
    if strange:
        raise ValueError(
            f"{path}: found {', '.join(sorted(strange)[:3])}, which is no part of a checkpoint; "
            "nothing was overwritten, choose another --name or --out"
        )


def _replace_folder(new: Path, path: Path) -> None:
    """Put the folder `new` at `path`. A run killed between the two renames leaves the former
    folder under a hidden name, from which `_restore` brings it back."""
    old = path.with_name(f".{path.name}.old")
    _restore(path)
    if path.exists():
        os.replace(path, old)
    os.replace(new, path)
    shutil.rmtree(old, ignore_errors=True)


def _restore(path: Path) -> None:
    """Bring back the former folder, or clear it away where a new one stands in its place."""
    old = path.with_name(f".{path.name}.old")
    if old.is_dir():
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(old, path)


def _check_files(path: Path) -> None:
    """Look whether the files beside `meta.json` are there, of their kind and not cut short."""
    from safetensors import SafetensorError, safe_open

    weights, _, latents = (_existing(path / name) for name in _OTHER_FILES)
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
