"""Where a checkpoint lies on the disk: in the folder of its name, and aside while that is replaced.

Everything of ours that is no finished checkpoint lies in `.training` beside the folders:

    NAME.lock          held by who writes the folder NAME, released by the system with its process
    NAME.owner         the process that held it last, and its machine
    NAME.safetensors   the state of a run, to resume it
    NAME.snapshots/    what its film will be made of
    NAME.new/          a folder that is being written, or that has been replaced
    NAME.old/          the former folder, whole, until the new one has its name
"""

from __future__ import annotations

import fnmatch
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

__all__ = [
    "LOCK",
    "NEW",
    "OLD",
    "OWNER",
    "find_folder",
    "locked_folders",
    "read_whole",
    "work_path",
]

WORK = ".training"
LOCK, OWNER, NEW, OLD = ".lock", ".owner", ".new", ".old"
# Folders are replaced in milliseconds, once in a training.
TRIES = 20

Args = ParamSpec("Args")
Result = TypeVar("Result")


def work_path(path: Path, suffix: str) -> Path:
    """Return where a file or folder lies that belongs to the checkpoint folder `path`."""
    return path.parent / WORK / f"{path.name}{suffix}"


def find_folder(path: Path | str) -> Path:
    """Return where the checkpoint folder `path` is to be read: there, or aside, or `path`.

    It is aside where its writer was killed between two renames, or is between them now.
    """
    path = Path(path)
    old = work_path(Path(os.path.realpath(path)), OLD)
    # The third look is for a writer that was faster than the second.
    return next((place for place in (path, old, path) if os.path.isdir(place)), path)


def locked_folders(folder: Path) -> list[Path]:
    """Return the checkpoint folders in `folder` that were written under a lock.

    Locks stay. So these are found also while they are aside, which a look at `folder` alone may
    fall into.
    """
    try:
        locks = fnmatch.filter(os.listdir(folder / WORK), f"[!.]*{LOCK}")
    except OSError:
        return []
    paths = [folder / lock.removesuffix(LOCK) for lock in locks]
    return [path for path in paths if os.path.isdir(find_folder(path))]


def read_whole(
    read: Callable[Concatenate[Path, Args], Result],
) -> Callable[Concatenate[Path | str, Args], Result]:
    """Let a reader of a checkpoint folder see one checkpoint, and never a mix of two.

    It is called with the place that the folder lies at, and again where another was put there
    meanwhile.
    """

    @functools.wraps(read)
    def reading(path: Path | str, *args: Args.args, **kwargs: Args.kwargs) -> Result:
        for _ in range(TRIES):
            place = find_folder(path)
            before, problem = _identity(place), None
            try:
                found = read(place, *args, **kwargs)
            except (ValueError, OSError) as error:
                problem = error
            if place == find_folder(path) and before == _identity(place):
                if problem is not None:
                    raise problem
                return found
        raise ValueError(
            f"{path}: found it replaced {TRIES} times while it was read, expected it to stay for a "
            "moment; read it again later"
        )

    return reading


def _identity(place: Path) -> tuple[int, ...] | None:
    """Return what tells a folder from others of its name, and from itself after a change."""
    try:
        found = os.stat(place)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns
