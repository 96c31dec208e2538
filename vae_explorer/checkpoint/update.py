"""What is added to a finished checkpoint: flat views of its codes, figures that take long, a film.

Each file is written under another name and then renamed, so that a reader finds the old one or
the new one. Weights and codes are never touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from vae_explorer.checkpoint.folder import (
    Latents,
    load_latents,
    load_meta,
    write_latents,
    write_meta,
)
from vae_explorer.film import film

__all__ = ["add_film", "add_metrics", "add_projection", "can_be_amended"]


def can_be_amended(path: Path | str) -> bool:
    """Return whether this process may write to the checkpoint folder `path`."""
    return os.access(path, os.W_OK)


def add_projection(path: Path | str, latents: Latents, name: str, view: np.ndarray) -> None:
    """Store a flat view, (N, 2), of a checkpoint's codes with them, under `name`.

    Args:
        path: the checkpoint folder.
        latents: the codes that the view was made of.
        name: as `projections.PROJECTIONS` has it.
        view: finite numbers.

    Raises:
        ValueError: for a view of another shape or that is not finite, or where other codes are in
            the folder by now; nothing is written.
        OSError: where the folder cannot be written to.
    """
    path = Path(path)
    wanted = (len(latents.mean), 2)
    if view.shape != wanted or not np.isfinite(view).all():
        raise ValueError(
            f"{name}: found a view of shape {view.shape}, expected finite numbers of shape {wanted}"
        )
    found = load_latents(path)
    if not np.array_equal(found.mean, latents.mean):
        raise ValueError(
            f"{path}: found other codes than those that {name} was made of; the checkpoint was "
            "trained again meanwhile, compute it anew"
        )
    views = found.projections | {name: view.astype(np.float32)}
    _replace(
        path / "latents.npz", lambda file: write_latents(file, replace(found, projections=views))
    )


def add_metrics(path: Path | str, metrics: dict[str, float]) -> None:
    """Record figures of a checkpoint in its `meta.json`, beside those that are there.

    Raises:
        ValueError: where a figure is not a finite number, or the folder is no checkpoint.
        OSError: where the folder cannot be written to.
    """
    path = Path(path)
    if odd := {name: value for name, value in metrics.items() if not np.isfinite(value)}:
        raise ValueError(f"metrics: found {odd}, expected finite numbers")
    meta = load_meta(path)
    meta = replace(meta, metrics=meta.metrics | metrics)
    _replace(path / "meta.json", lambda file: write_meta(file, meta))


def add_film(path: Path | str, made: film.Film) -> None:
    """Store the film of a checkpoint's training with it.

    Raises:
        OSError: where the folder cannot be written to.
    """
    _replace(Path(path) / film.FILE, lambda file: film.write_film(file, made))


def _replace(file: Path, write: Callable[[Path], None]) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
