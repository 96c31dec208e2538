"""What pages have stored for browsers to fetch: blobs by digest, checkpoints by key.

A browser can ask for what is here and for nothing else: no address names a file. Only what was
stored or asked for last is kept.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from threading import Lock
from typing import Generic, NamedTuple, ParamSpec, TypeVar

from vae_explorer.checkpoint.folder import files_changed

__all__ = ["BLOBS", "CHECKPOINTS", "Source", "Store", "digest", "once"]

Item, Parameters = TypeVar("Item"), ParamSpec("Parameters")


class Store(Generic[Item]):
    """Items by name, safe for threads; those that were used last are kept.

    Args:
        capacity: the sizes of all that is kept; the newest item is kept whatever its size.
        size: of an item.
    """

    def __init__(self, capacity: int, size: Callable[[Item], int] = lambda item: 1) -> None:
        self._items: OrderedDict[str, Item] = OrderedDict()
        self._capacity, self._size, self._lock = capacity, size, Lock()

    def put(self, name: str, item: Item) -> None:
        """Keep `item` under `name`, as the newest."""
        with self._lock:
            self._items[name] = item
            self._items.move_to_end(name)
            kept = sum(map(self._size, self._items.values()))
            while kept > self._capacity and len(self._items) > 1:
                kept -= self._size(self._items.popitem(last=False)[1])

    def get(self, name: str) -> Item | None:
        """Return the item called `name`, or None."""
        with self._lock:
            if name in self._items:
                self._items.move_to_end(name)
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


# A class may look at as many checkpoints at once as it has members.
BLOBS: Store[bytes] = Store(512 << 20, len)
CHECKPOINTS: Store[Source] = Store(1024)


def digest(content: bytes) -> str:
    """Return a name for `content` that no other content has."""
    return hashlib.sha256(content).hexdigest()[:32]


def once(
    entries: int,
) -> Callable[[Callable[Parameters, Item]], Callable[Parameters, Item]]:
    """Have a function called once for each of its newest `entries` arguments, not twice at once."""

    def decorate(function: Callable[Parameters, Item]) -> Callable[Parameters, Item]:
        cached, lock = lru_cache(entries)(function), Lock()

        @wraps(function)
        def locked(*args: Parameters.args) -> Item:
            with lock:
                return cached(*args)

        return locked

    return decorate
