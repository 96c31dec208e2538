"""What pages have stored for browsers to fetch: blobs by digest, checkpoints by key.

A browser can ask for what is here and for nothing else: no address names a file. Only the newest
items are kept.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from vae_explorer.checkpoint.folder import files_changed

__all__ = ["BLOBS", "CHECKPOINTS", "Source", "Store", "digest"]

Item = TypeVar("Item")


class Store(Generic[Item]):
    """Items by name, of which the newest `capacity` are kept; safe for threads."""

    def __init__(self, capacity: int) -> None:
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._capacity, self._lock = capacity, Lock()

    def put(self, name: str, item: Item) -> None:
        """Keep `item` under `name`, as the newest."""
        with self._lock:
            self._items[name] = item
            self._items.move_to_end(name)
            while len(self._items) > self._capacity:
                self._items.popitem(last=False)

    def get(self, name: str) -> Item | None:
        """Return the item called `name`, or None."""
        with self._lock:
            return self._items.get(name)


class Source(NamedTuple):
    """A checkpoint's folder as it was when a page was made from it; see `files_changed`."""

    path: Path
    changed: tuple[int, ...]

    def check(self) -> None:
        """Raise `ValueError` if the folder is another by now, or gone."""
        now = files_changed(self.path)
        if now != self.changed:
            found = "other files than" if any(now) else "none of the files that"
            raise ValueError(f"{self.path}: found {found} the page was made from; reload the page")


BLOBS: Store[bytes] = Store(48)
CHECKPOINTS: Store[Source] = Store(16)


def digest(content: bytes) -> str:
    """Return a name for `content` that no other content has."""
    return hashlib.sha256(content).hexdigest()[:32]
