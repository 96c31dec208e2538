"""What the address says of a page that Python makes: read once, when the page is opened.

What cannot be meant is left out, and a sentence of the page says so. Pages that run in the browser
read the address there (live/browser/space/link.js).
"""

from __future__ import annotations

import base64
import difflib
import re
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import streamlit as st

from vae_explorer.ui.markdown import escape_markdown

__all__ = ["linked", "open_link", "read_rows", "say_problems", "write_rows"]

# Of what was found, as much stands in a sentence.
MAX_SHOWN = 40
# A longer text would not pass through every server and messenger.
MAX_ROWS_TEXT = 4000
# Of a curve's cells along a side of a view.
CURVE_BITS = 10
Value = TypeVar("Value")


def open_link() -> None:
    """Take the address of a page that is opened, for what follows to read."""
    st.session_state.link = st.query_params.to_dict()
    st.session_state.link_problems = []


def linked(name: str, expected: str, read: Callable[[str], Value | None]) -> Value | None:
    """Return what the link says by a name, once; None where it says nothing that can be meant."""
    text = st.session_state.get("link", {}).pop(name, None)
    if text is None:
        return None
    value = read(text)
    if value is None:
        found = f"{text[:MAX_SHOWN]}…" if len(text) > MAX_SHOWN else text
        st.session_state.link_problems.append(
            f"{name}: found “{found}”, expected {expected}; it was left out."
        )
    return value


def say_problems(*names: str) -> None:
    """Say what was wrong with the link of a page that reads the names; misspelt ones too."""
    state = st.session_state
    for name in [name for name in state.get("link", {}) if name not in names]:
        for meant in difflib.get_close_matches(name, names, n=1, cutoff=0.8):
            del state.link[name]
            state.link_problems.append(
                f"{name}: found an unknown name, expected {meant}; it was left out."
            )
    if problems := state.get("link_problems"):
        st.warning(escape_markdown(f"The link’s {' '.join(problems)}"))


def write_rows(rows: Sequence[int], xy: np.ndarray, view: str) -> str | None:
    """Return a choice of rows as a text for an address: a bit for each, deflated, in base64url.

    The bits go along a curve through the view, (N, 2), so that those of what was chosen together
    stand together: of a million, a lasso takes some 2,500 letters. `view` is its name, for the
    text means nothing in another one. None where that is too long for an address.
    """
    bits = np.zeros(len(xy), dtype=bool)
    bits[list(rows)] = True
    packed = zlib.compress(_mark(view) + np.packbits(bits[_along_curve(xy)]).tobytes(), 9)
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return text if len(text) <= MAX_ROWS_TEXT else None


def read_rows(text: str, xy: np.ndarray, view: str) -> list[int] | None:
    """Return the rows that `write_rows` wrote, rising; None for what is no choice in this view."""
    if len(text) > MAX_ROWS_TEXT or not re.fullmatch("[A-Za-z0-9_-]+", text):
        return None
    mark, size = _mark(view), -(-len(xy) // 8)
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        found = zlib.decompressobj().decompress(packed, len(mark) + size + 1)
    except (ValueError, zlib.error):
        return None
    if not found.startswith(mark) or len(found) != len(mark) + size:
        return None
    places = np.flatnonzero(np.unpackbits(np.frombuffer(found, np.uint8, offset=len(mark))))
    whole = len(places) and places[-1] < len(xy)
    return np.sort(_along_curve(xy)[places]).tolist() if whole else None


def _mark(view: str) -> bytes:
    return zlib.crc32(view.encode()).to_bytes(4, "big")


def _along_curve(xy: np.ndarray) -> np.ndarray:
    """Return the rows of a view, (N, 2), in the order of Morton's (1966) curve through it, (N,)."""
    low, span = xy.min(axis=0), np.ptp(xy, axis=0)
    cells = ((xy - low) / np.where(span > 0, span, 1) * (2**CURVE_BITS - 1)).astype(np.int64)
    keys = np.zeros(len(xy), dtype=np.int64)
    # Bits of both sides by turns.
    for place in range(2 * CURVE_BITS):
        level, side = divmod(place, 2)
        keys |= (cells[:, side] >> level & 1) << place
    return np.argsort(keys, kind="stable")
