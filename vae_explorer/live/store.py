"""What pages have laid out for browsers to fetch: blobs by digest, checkpoints by key.

A browser can ask for what lies here and for nothing else: no address names a file. Only what
was laid out last is kept.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from vae_explorer.checkpoint.folder import files_changed

__all__ = ["BLOBS", "CHECKPOINTS", "Shelf", "Source", "digest"]

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Things by name, of which the `room` that were laid out last are kept; for many threads."""

    def __init__(self, room: int) -> None:
        self._things: OrderedDict[str, Thing] = OrderedDict()
        self._room, self._lock = room, Lock()

    def lay_out(self, name: str, thing: Thing) -> None:
        """Keep `thing` under `name`, as the newest."""
        with self._lock:
            self._things[name] = thing
            self._things.move_to_end(name)
            while len(self._things) > self._room:
                self._things.popitem(last=False)

    def get(self, name: str) -> Thing | None:
        """Return what lies under `name`, or None."""
        with self._lock:
            return self._things.get(name)


class Source(NamedTuple):
    """A checkpoint's folder as it was when a page was made from it; see `files_changed`."""

    path: Path
    changed: tuple[int, ...]

    def check(self) -> None:
        """Raise `ValueError` if the folder is another by now."""
        if files_changed(self.path) != self.changed:
            raise ValueError(
                f"{self.path}: found other files than the page was made from; reload the page"
            )


BLOBS: Shelf[bytes] = Shelf(48)
CHECKPOINTS: Shelf[Source] = Shelf(16)


def digest(content: bytes) -> str:
    """Return a name for `content` that no other content has."""
    return hashlib.sha256(content).hexdigest()[:32]
