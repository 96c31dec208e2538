"""Arrays read with every one checked, and files written whole or not at all."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

__all__ = ["check_arrays", "read_arrays", "replacing", "write_arrays"]


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Give another path to write to, which becomes `file` once the block has ended well.

    So a reader finds the old file or the new one, and a run that is killed leaves the old one.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)


def write_arrays(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a compressed `.npz` file by their names."""
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def read_arrays(file: Path) -> dict[str, np.ndarray]:
    """Read every array of an `.npz` file by its name; pickled ones are refused.

    Raises:
        ValueError: where the file is damaged; it names the file.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, MemoryError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file}: found no readable array file ({error})") from error


def check_arrays(
    file: Path, arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuse, by `ValueError`, arrays that are missing, empty, of another shape or not finite.

    Args:
        file: where they were read from, for the message.
        arrays: what was found.
        shapes: what was expected, by name.
    """
    for name, shape in shapes.items():
        array = arrays.get(name)
        if array is None or array.shape != shape or not array.size:
            raise ValueError(
                f"{file}: found {name} {'missing' if array is None else array.shape}, "
                f"expected shape {shape}" + " with at least one row" * (0 in shape)
            )
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{file}: found {name} of {array.dtype}, expected finite numbers")
