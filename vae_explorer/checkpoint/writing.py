"""A checkpoint folder written: by one at a time, whole or not at all, and over nothing else.

`place` says what lies where meanwhile.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from vae_explorer.checkpoint.folder import (
    FILM,
    HISTORY,
    LATENTS,
    META,
    WEIGHTS,
    load_checkpoint,
)
from vae_explorer.checkpoint.history import Epoch, write_history
from vae_explorer.checkpoint.latents import Latents, write_latents
from vae_explorer.checkpoint.meta import Meta, write_meta
from vae_explorer.checkpoint.place import LOCK, NEW, OLD, OWNER, find_folder, work_path
from vae_explorer.files.storage import replacing, temporaries

if TYPE_CHECKING:
    from vae_explorer.vae.model import VAE

__all__ = ["check_replaceable", "claim", "save_checkpoint", "why_not_writable"]

FILES = {WEIGHTS, META, HISTORY, LATENTS, FILM}
# Seconds to wait for another: adding to a checkpoint takes less, and a training far more.
PATIENCE = 2.0


@contextmanager
def claim(path: Path | str, patience: float | None = None) -> Iterator[Path]:
    """Be the only one who writes to the checkpoint folder `path` in the block.

    What a killed writer left is put in order first. A thread may claim what it has claimed.

    Args:
        path: the folder; it need not be there yet.
        patience: seconds to wait for another writer, None for `PATIENCE`.

    Yields:
        The folder, without links on the way.

    Raises:
        OSError: where another process or thread writes to it, or where it cannot be written to.
    """
    path = Path(os.path.realpath(path))
    lock = FileLock(work_path(path, LOCK), is_singleton=True)
    try:
        work_path(path, LOCK).parent.mkdir(parents=True, exist_ok=True)
        if problem := _no_permission(path):
            raise PermissionError(problem)
        lock.acquire(timeout=PATIENCE if patience is None else patience)
    except Timeout:
        raise OSError(_held_by(path)) from None
    except (OSError, NotImplementedError) as error:
        raise OSError(
            f"{path}: found no way to write there ({error}), expected a folder with write "
            "permission; get it, or choose another place"
        ) from error
    try:
        with replacing(work_path(path, OWNER)) as file:
            file.write_text(f"{os.getpid()} {socket.gethostname()}", "utf-8")
        _put_in_order(path)
        yield path
    finally:
        lock.release()


def why_not_writable(path: Path | str) -> str | None:
    """Return why nothing can be added to the checkpoint folder `path` now; None where it can.

    Nothing is written to find out.
    """
    path = Path(os.path.realpath(path))
    if problem := _no_permission(path):
        return problem
    lock = work_path(path, LOCK)
    if os.path.exists(lock):
        try:
            FileLock(lock, is_singleton=True).acquire(timeout=0).lock.release()
        except Timeout:
            return _held_by(path)
        except OSError as error:
            return str(error)
    return None


def save_checkpoint(
    path: Path | str, model: VAE, meta: Meta, history: list[Epoch], latents: Latents
) -> None:
    """Write a checkpoint folder, replacing one of that name only when all of it is written.

    The weights are stored in `meta.weights_dtype`.

    Raises:
        ValueError: where something else has the name, or where the parts do not fit each other.
        OSError: where another process writes to it, or where it cannot be written to.
    """
    import safetensors.torch
    import torch

    with claim(path) as folder:
        check_replaceable(folder)
        dtype = getattr(torch, meta.weights_dtype)
        weights = {
            name: value.detach().cpu().to(dtype if value.is_floating_point() else None).contiguous()
            for name, value in model.state_dict().items()
        }
        new, old = work_path(folder, NEW), work_path(folder, OLD)
        try:
            new.mkdir()
            with replacing(new / WEIGHTS) as file:
                # Not save_file, which makes the file unreadable for others than its owner.
                file.write_bytes(safetensors.torch.save(weights))
            with replacing(new / HISTORY) as file:
                write_history(file, history)
            write_latents(new / LATENTS, latents)
            write_meta(new / META, meta)
            load_checkpoint(new)  # What nobody could read does not replace what they can.
            if folder.is_dir():
                os.replace(folder, old)
            os.replace(new, folder)
            if old.is_dir():
                # What is called old is whole, and what is called new may be half deleted.
                os.replace(old, new)
        finally:
            _discard(new)


def check_replaceable(path: Path | str) -> None:
    """Refuse, by `ValueError`, to write a checkpoint over something that is not one."""
    path = Path(path)
    strange = {path.name} if os.path.lexists(path) and not path.exists() else set()
    if path.is_dir():
        ours = {*FILES, *(file.name for file in temporaries(path, _any_of(FILES)))}
        strange = {
            file.name
            for file in path.iterdir()
            if file.name not in ours or (file.is_dir() and not file.is_symlink())
        }
    elif path.exists():
        strange = {path.name}
    if strange:
        raise ValueError(
            f"{path}: found {', '.join(sorted(strange)[:3])}, which is no part of a checkpoint; "
            "nothing was overwritten, choose another --name or --out"
        )


def _put_in_order(path: Path) -> None:
    """Bring back the former folder, or clear it away where a new one has its name; sweep."""
    new, old = work_path(path, NEW), work_path(path, OLD)
    _discard(new)
    if old.is_dir():
        os.replace(old, new if path.is_dir() else path)
        _discard(new)
    for file in temporaries(path, _any_of(FILES)):
        file.unlink()
    for file in temporaries(old.parent, rf"{re.escape(path.name)}\.(safetensors|owner)"):
        file.unlink()
    for file in temporaries(work_path(path, ".snapshots"), r"\d+\.safetensors"):
        file.unlink()


def _any_of(names: set[str]) -> str:
    return "|".join(map(re.escape, sorted(names)))


def _discard(folder: Path) -> None:
    if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _no_permission(path: Path) -> str | None:
    """Return which of the places that are written to lacks the permission."""
    places = filter(os.path.exists, (find_folder(path), path.parent, work_path(path, "").parent))
    locked = [place for place in places if not os.access(place, os.W_OK)]
    return f"no write permission for {locked[0]}" if locked else None


def _held_by(path: Path) -> str:
    owner = ["unknown"]
    with suppress(OSError, ValueError):
        owner = work_path(path, OWNER).read_text("utf-8").split() or owner
    where = "".join(f" on {host}" for host in owner[1:] if host != socket.gethostname())
    return (
        f"{path}: found process {owner[0]}{where} training or writing it, expected nobody else; "
        "wait until it has finished, or choose another name"
    )
