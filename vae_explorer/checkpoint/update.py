"""What is added to a finished checkpoint: projections of its codes, metrics that take long.

A reader finds the old file or the new one. Weights and codes are never touched. Only one process
adds at a time, and none while the checkpoint is trained again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from vae_explorer.checkpoint.folder import LATENTS, META, load_latents, load_meta
from vae_explorer.checkpoint.latents import MAX_CODE, Latents, write_latents
from vae_explorer.checkpoint.meta import Meta, write_meta
from vae_explorer.checkpoint.writing import claim

__all__ = ["add_metrics", "add_projection"]


def add_projection(path: Path | str, latents: Latents, name: str, view: np.ndarray) -> None:
    """Save a projection of a checkpoint's codes with them.

    Args:
        path: the checkpoint folder.
        latents: the codes that were projected.
        name: as `projections.PROJECTIONS` has it.
        view: numbers with shape (N, 2), none beyond ±`MAX_CODE`.

    Raises:
        ValueError: for a view of another shape or with other numbers, or where other codes are in
            the folder by now; nothing is written.
        OSError: where the folder cannot be written to, or another process writes to it.
    """
    expected = (len(latents.mean), 2)
    if view.shape != expected or not (np.abs(view) <= MAX_CODE).all():
        raise ValueError(
            f"{name}: found a view of shape {view.shape}, expected finite numbers up to "
            f"{MAX_CODE:g} of shape {expected}"
        )
    load_meta(path)  # Nothing is written beside what is no checkpoint.
    with claim(path) as folder:
        found = load_latents(folder)
        if not np.array_equal(found.mean, latents.mean):
            raise ValueError(
                f"{path}: found other codes than those that {name} was made of; the checkpoint was "
                "trained again meanwhile, compute it anew"
            )
        views = found.projections | {name: view.astype(np.float32)}
        write_latents(folder / LATENTS, replace(found, projections=views))


def add_metrics(path: Path | str, metrics: dict[str, float]) -> None:
    """Record metrics of a checkpoint in its `meta.json`, beside those that are there.

    Raises:
        ValueError: where a metric is not a finite number, or one that belongs to it is missing, or
            the folder is no checkpoint.
        OSError: where the folder cannot be written to, or another process writes to it.
    """
    if odd := {name: value for name, value in metrics.items() if not np.isfinite(value)}:
        raise ValueError(f"metrics: found {odd}, expected finite numbers")
    load_meta(path)
    with claim(path) as folder:
        meta = load_meta(folder)
        meta = replace(meta, metrics=meta.metrics | metrics)
        Meta.from_dict(json.loads(json.dumps(meta.to_dict())))  # Or nobody could read it.
        write_meta(folder / META, meta)
