"""The one home of reading files. What is in a file is decided by whoever wrote it.

So a reader opens only a regular file that lies in the folder it is named in. It takes names, types,
shapes and sizes from headers, and compares them with what is expected, before it takes any data.
All that is wrong is one `ValueError` that names the file and quotes none of its texts; a missing
file is a `FileNotFoundError`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import stat
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

__all__ = [
    "Header",
    "array_headers",
    "check_arrays",
    "check_range",
    "check_tensors",
    "parse_json",
    "read_arrays",
    "read_csv",
    "read_json",
    "read_tensors",
    "tensor_headers",
]

LARGEST_JSON, LARGEST_CSV = 2 << 20, 32 << 20
LARGEST_INTEGER = 2**63 - 1
# Of objects and lists in each other; a config has four.
DEEPEST = 16
LARGEST_HEADER = 1 << 20
# Codes never compress so well, but for few of them, or where all are the same.
LARGEST_RATIO, ANY_RATIO_BELOW = 16, 64 << 20
MOST_MEMBERS = 64
# Bytes: a name of 256 letters, 4 bytes each.
LONGEST_TEXT = 1024
CHUNK = 1 << 20

_TENSOR_KINDS = {"F16": ("float", 2), "F32": ("float", 4), "I64": ("whole", 8)}


class Header(NamedTuple):
    """What is known of an array before its data: `float`, `whole` or `text`, and its shape."""

    kind: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        numbers = "" if self.kind == "text" else " numbers"
        return f"{self.kind}{numbers} with shape {self.shape}"


class _Wrong(ValueError):
    """Something of which the words are our own: they may be shown."""


def read_json(file: Path) -> Any:
    """Read a JSON file; see `parse_json`."""
    with _reading(file, "JSON", LARGEST_JSON) as stream:
        return parse_json(stream.read())


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text: its numbers finite, whole ones within 64 bits.

    Raises:
        ValueError: for what is no JSON, or no UTF-8, lone surrogates among it, or too deep, or has
            a name twice in an object.
    """
    try:
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_finite,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except _Wrong:
        raise
    except json.JSONDecodeError as error:
        raise _Wrong(f"found no JSON at line {error.lineno}, column {error.colno}") from error
    except UnicodeError as error:
        raise _Wrong("found characters that are no UTF-8, expected only such") from error
    except (ValueError, RecursionError) as error:
        raise _Wrong("found JSON that is too deep or too long, expected a short one") from error
    if _depth(value) > DEEPEST:
        raise _Wrong(f"found JSON that is deeper than {DEEPEST} objects and lists in each other")
    return value


def read_csv(file: Path, columns: Sequence[str], most: int) -> list[list[float]]:
    """Read a CSV file of at most `most` rows of finite numbers under a header of `columns`."""
    with _reading(file, "table", LARGEST_CSV) as stream:
        reader = csv.reader(io.TextIOWrapper(stream, encoding="utf-8", newline=""))
        header = next(reader, [])
        if header != list(columns):
            raise _Wrong(f"found other columns, expected {', '.join(columns)}")
        rows: list[list[float]] = []
        for row in reader:
            rows.append(_numbers(row, len(columns), reader.line_num))
            if len(rows) > most:
                raise _Wrong(f"found more than {most:,} rows, expected at most that many")
        return rows


def array_headers(file: Path) -> dict[str, Header]:
    """Return the headers of the arrays in an `.npz` file, by name."""
    with _reading(file, "array file") as stream, _members(stream) as members:
        return {name: member.header for name, member in members.items()}


def check_arrays(file: Path, expected: Mapping[str, Header]) -> None:
    """Refuse, by `ValueError`, an `.npz` file with other arrays; only headers are read."""
    with _reading(file, "array file") as stream, _members(stream) as members:
        _check_members(stream, members, expected)


def read_arrays(file: Path, expected: Mapping[str, Header]) -> dict[str, np.ndarray]:
    """Read the arrays of an `.npz` file, which must be those that are expected, by name.

    Raises:
        ValueError: where the file is damaged or has other arrays; it names the file.
    """
    with _reading(file, "array file") as stream, _members(stream) as members:
        _check_members(stream, members, expected)
        return {name: member.read() for name, member in members.items()}


def tensor_headers(
    file: Path, longest: int = LARGEST_HEADER
) -> tuple[dict[str, Header], dict[str, str]]:
    """Return the headers of the tensors in a safetensors file, by name, and its metadata.

    The file's own header, metadata included, may have at most `longest` bytes.
    """
    with _reading(file, "weights") as stream:
        return _tensor_headers(stream, longest)


def check_tensors(file: Path, expected: Mapping[str, Header]) -> None:
    """Refuse, by `ValueError`, a safetensors file with other tensors; only headers are read."""
    with _reading(file, "weights") as stream:
        _check_headers(_tensor_headers(stream, LARGEST_HEADER)[0], expected)


def read_tensors(
    file: Path, expected: Mapping[str, Header], longest: int = LARGEST_HEADER
) -> dict[str, np.ndarray]:
    """Read the tensors of a safetensors file, which must be those that are expected, by name.

    They come as they are stored: float16, float32 or int64, and finite. `longest` is that of
    `tensor_headers`.

    Raises:
        ValueError: where the file is damaged or has other tensors; it names the file.
    """
    from safetensors.numpy import load

    with _reading(file, "weights") as stream:
        headers, _ = _tensor_headers(stream, longest)
        _check_headers(headers, expected)
        stream.seek(0)
        tensors = load(stream.read())
        for name, value in tensors.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                raise _Wrong(f"found values that are not finite in {name}, expected numbers")
        return tensors


def check_range(
    file: Path, arrays: Mapping[str, np.ndarray], ranges: Mapping[str, tuple[float, float]]
) -> None:
    """Refuse, by `ValueError`, arrays with values that are not finite or beyond their range.

    Args:
        file: where they were read from, for the message.
        arrays: what was found, none of them empty.
        ranges: the lowest and the highest value that may be, by name.
    """
    for name, (low, high) in ranges.items():
        # As Python's numbers: 1e9 is beyond float16.
        least, most = arrays[name].min().item(), arrays[name].max().item()
        if not (low <= least and most <= high):
            raise ValueError(
                f"{file}: found {name} from {least} to {most}, expected {low} to {high}"
            )


@contextmanager
def _reading(file: Path, kind: str, largest: float = math.inf) -> Iterator[BinaryIO]:
    """Open a file to be read, and make whatever is wrong with it one error that names it."""
    try:
        real = file.resolve(strict=True)
        if not real.is_relative_to(file.parent.resolve()):
            raise _Wrong("found a link that leaves its folder, expected a file; copy it there")
        with open(real, "rb", opener=_open_without_waiting) as stream:
            found = os.fstat(stream.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _Wrong("found no regular file, expected one")
            if found.st_size > largest:
                raise _Wrong(f"found {found.st_size:,} bytes, expected at most {largest:,}")
            yield stream
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{file}: found no such file, expected it in every checkpoint"
        ) from error
    except _Wrong as error:
        raise ValueError(f"{file}: {error}") from error
    except OSError as error:
        raise ValueError(f"{file}: found no readable {kind} ({error.strerror})") from error
    except Exception as error:
        # What a parser raises is up to the file, and its words may be the file's.
        raise ValueError(
            f"{file}: found no readable {kind} ({type(error).__name__}), expected a whole one; "
            "copy it again"
        ) from error


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a path as `open` does, without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _Wrong("found a name twice in one object, expected it once")
    return value


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > LARGEST_INTEGER:
        raise _Wrong(f"found a whole number of {len(text)} digits, expected 64 bits at most")
    return int(text)


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise _Wrong("found a number that is not finite, expected finite ones")
    return value


def _depth(value: object) -> int:
    parts = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, parts), default=0) if isinstance(value, dict | list) else 0


def _numbers(row: Sequence[str], count: int, line: int) -> list[float]:
    try:
        numbers = [float(text) for text in row]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise _Wrong(f"found line {line} with other values, expected {count} finite numbers")
    return numbers


def _check_headers(found: Mapping[str, Header], expected: Mapping[str, Header]) -> None:
    for name, header in expected.items():
        if found.get(name) != header:
            there = f"{name} of {found[name]}" if name in found else f"no {name}"
            raise _Wrong(f"found {there}, expected {header}")
    if len(found) > len(expected):
        raise _Wrong(f"found {len(found)} arrays, expected {len(expected)}")


class _SmallReads:
    """A stream without large reads: a zip file's directory, whatever its size, is read in one."""

    def __init__(self, stream: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self._read = stream.read

    def read(self, size: int = -1) -> bytes:
        content = self._read(CHUNK + 1 if size < 0 else min(size, CHUNK + 1))
        if len(content) > CHUNK:
            raise _Wrong(f"found a directory of more than {CHUNK:,} bytes, expected a short one")
        return content


class _Member(NamedTuple):
    """An array in a zip file, of which the header was read."""

    info: zipfile.ZipInfo
    header: Header
    dtype: np.dtype
    fortran_order: bool
    stream: zipfile.ZipExtFile

    def read(self) -> np.ndarray:
        """Return the array; what it unpacks to is as long as its header says."""
        size, content = math.prod(self.header.shape) * self.dtype.itemsize, bytearray()
        while len(content) < size:
            part = self.stream.read(min(size - len(content), CHUNK))
            if not part:
                raise EOFError
            content += part
        values = np.frombuffer(content, self.dtype)
        return values.reshape(self.header.shape, order="F" if self.fortran_order else "C")


@contextmanager
def _members(stream: BinaryIO) -> Iterator[dict[str, _Member]]:
    """Open a zip file of arrays and read their headers."""
    with zipfile.ZipFile(_SmallReads(stream)) as archive:
        infos = archive.infolist()
        if len({info.filename for info in infos}) < len(infos) or len(infos) > MOST_MEMBERS:
            raise _Wrong(
                f"found {len(infos)} members, expected at most {MOST_MEMBERS} of different names"
            )
        yield {info.filename.removesuffix(".npy"): _open(archive, info) for info in infos}


def _check_members(
    stream: BinaryIO, members: Mapping[str, _Member], expected: Mapping[str, Header]
) -> None:
    _check_headers({name: member.header for name, member in members.items()}, expected)
    size = sum(member.info.file_size for member in members.values())
    held = os.fstat(stream.fileno()).st_size
    if size > max(ANY_RATIO_BELOW, LARGEST_RATIO * held):
        raise _Wrong(
            f"found {held:,} bytes that unpack to {size:,}, expected at most {LARGEST_RATIO} times "
            "as many"
        )


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    packed = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not packed or info.flag_bits & 1 or not info.filename.endswith(".npy"):
        raise _Wrong(
            "found a member that is encrypted, packed in a rare way or no .npy file, expected "
            "arrays as numpy.savez_compressed writes them"
        )
    stream = archive.open(info)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise _Wrong("found an array of another version of .npy, expected version 1.0")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    kind = {"f": "float", "i": "whole", "u": "whole", "U": "text"}.get(dtype.kind)
    if kind is None or dtype.itemsize > (LONGEST_TEXT if kind == "text" else 8):
        raise _Wrong(
            f"found no readable array file: an array of kind {dtype.kind!r}, expected numbers"
        )
    left = info.file_size - stream.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
        raise _Wrong(f"found {left:,} bytes of an array with shape {shape}, which takes others")
    return _Member(info, Header(kind, shape), dtype, fortran_order, stream)


def _tensor_headers(stream: BinaryIO, longest: int) -> tuple[dict[str, Header], dict[str, str]]:
    size, length = os.fstat(stream.fileno()).st_size, int.from_bytes(stream.read(8), "little")
    if length > min(longest, size - 8):
        raise _Wrong(f"found no readable weights: a header of {length:,} bytes in {size:,}")
    tensors = parse_json(stream.read(length))
    metadata = tensors.pop("__metadata__", {})
    if not all(isinstance(text, str) for text in metadata.values()):
        raise _Wrong("found metadata that are no texts, expected texts")
    headers, total = {}, 8 + length
    for name, tensor in tensors.items():
        if tensor["dtype"] not in _TENSOR_KINDS:
            raise _Wrong(
                f"found a tensor of another type than {', '.join(_TENSOR_KINDS)}, expected these; "
                "convert it"
            )
        kind, itemsize = _TENSOR_KINDS[tensor["dtype"]]
        if not all(type(side) is int and side >= 0 for side in tensor["shape"]):
            raise _Wrong("found a shape that is not of whole numbers, expected such")
        headers[name] = Header(kind, tuple(tensor["shape"]))
        total += math.prod(tensor["shape"]) * itemsize
    if total != size:
        raise _Wrong(
            f"found no readable weights: {size:,} bytes, expected {total:,}; copy it again"
        )
    return headers, metadata
