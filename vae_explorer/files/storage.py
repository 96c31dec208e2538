"""Files written whole or not at all."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

__all__ = ["replacing", "temporaries", "write_arrays"]


@contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Give another path to write to, which becomes `file` once the block has ended well.

    So a reader finds the old file or the new one, and a writer that is killed leaves the old one,
    beside one of the names in `temporaries`. Who calls this is the only writer of `file`.

    Raises:
        OSError: where it cannot be written, such as on a full disk; it names the file.
    """
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, file)
    except OSError as error:
        raise OSError(
            f"{file}: found no way to write it ({error.strerror or error}), what was there is "
            "kept; make room or get permission, and try again"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def temporaries(folder: Path, name: str) -> list[Path]:
    """Return what killed writers left in `folder` of files whose names match `name`, a regex.

    Earlier releases had the process in such a name.
    """
    pattern = re.compile(rf"\.(?:{name})\.(?:\d+\.)?tmp")
    with suppress(OSError), os.scandir(folder) as entries:
        return [
            Path(entry)
            for entry in entries
            if pattern.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
        ]
    return []


def write_arrays(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to a compressed `.npz` file by their names."""
    written = io.BytesIO()
    np.savez_compressed(written, **arrays)
    with replacing(file) as temporary:
        temporary.write_bytes(written.getvalue())
