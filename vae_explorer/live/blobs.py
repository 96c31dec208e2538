"""Arrays as one run of bytes that a browser can use where they lie.

    "VAEB" · length of the header, uint32 · header, JSON · arrays

Numbers are little-endian, and every array starts at a multiple of 8 bytes, so that the browser
looks at it through a typed array without a copy. `assets/blob.js` reads what `pack` writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["MAGIC", "pack"]

MAGIC = b"VAEB"
DTYPES = ("float32", "float16", "uint8", "uint32")


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return `header` and `arrays` in one blob.

    The header gets an entry `arrays`: for each name its dtype, its shape, and where it starts in
    bytes after the header.

    Raises:
        ValueError: for an array of a dtype that has no typed array in a browser.
    """
    places, parts, offset = {}, [], 0
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise ValueError(
                f"{name}: found {array.dtype}, expected one of {', '.join(DTYPES)}; convert it"
            )
        part = _padded(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
        places[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        parts.append(part)
        offset += len(part)
    text = json.dumps({**header, "arrays": places}, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return MAGIC + len(text).to_bytes(4, "little") + text + b"".join(parts)


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % 8)
