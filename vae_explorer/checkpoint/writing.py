"""A checkpoint folder written: whole or not at all, and over nothing that is not a checkpoint."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from vae_explorer.checkpoint.folder import FILM, HISTORY, LATENTS, META, WEIGHTS, restore
from vae_explorer.checkpoint.history import Epoch, write_history
from vae_explorer.checkpoint.latents import Latents, write_latents
from vae_explorer.checkpoint.meta import Meta, write_meta

if TYPE_CHECKING:
    from vae_explorer.vae.model import VAE

__all__ = ["check_replaceable", "save_checkpoint"]


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
    (temporary / WEIGHTS).write_bytes(safetensors.torch.save(weights))
    write_latents(temporary / LATENTS, latents)
    write_history(temporary / HISTORY, history)
    write_meta(temporary / META, meta)
    _replace_folder(temporary, path)


def check_replaceable(path: Path | str) -> None:
    """Refuse, by `ValueError`, to write a checkpoint over something that is not one."""
    path = Path(path)
    strange = {path.name} if path.is_file() else set()
    if path.is_dir():
        known = {WEIGHTS, META, HISTORY, LATENTS, FILM}
        strange = {file.name for file in path.iterdir()} - known
    if strange:
        raise ValueError(
            f"{path}: found {', '.join(sorted(strange)[:3])}, which is no part of a checkpoint; "
            "nothing was overwritten, choose another --name or --out"
        )


def _replace_folder(new: Path, path: Path) -> None:
    """Put the folder `new` at `path`. A run killed between the two renames leaves the former
    folder under a hidden name, from which `restore` brings it back."""
    old = path.with_name(f".{path.name}.old")
    restore(path)
    if path.exists():
        os.replace(path, old)
    os.replace(new, path)
    shutil.rmtree(old, ignore_errors=True)
