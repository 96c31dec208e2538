"""Where the hand is: the state of the live map, as it comes from the browser and stands in a URL.

    ?z=0.51,-1.2 &digit=17 &path=17;3;0.1,0.2 &plane=pca:0,1 &view=0,0,8.5 &show=points,grid

A value that cannot be meant is left out, with a sentence that says so; the rest still counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["PARAMETERS", "Hand", "hand_from_query", "hand_from_state"]

PARAMETERS = ("z", "digit", "path", "plane", "view", "show")
PLANES = ("dims", "pca", "digits", "umap")
LAYERS = ("points", "grid")
# As many ends as there are letters for them.
MOST_ENDS = 26
# Prior standard deviations; far outside of what any decoder has seen.
FARTHEST = 1e3


@dataclass(frozen=True)
class Hand:
    """Where the hand is on a map of codes; None where it was not said.

    Attributes:
        z: the code that is decoded, D numbers.
        digit: the row of the test digit that was taken.
        path: ends of the path, each a row or a code of D numbers.
        plane: `dims:i,j`, `pca:i,j`, `digits:i,j,k` (rows) or `umap`.
        view: the map's centre x, y and the width that it shows, in the plane's units.
        show: which layers are drawn, of `LAYERS`.
    """

    z: list[float] | None = None
    digit: int | None = None
    path: list[int | list[float]] | None = None
    plane: str | None = None
    view: list[float] | None = None
    show: list[str] | None = None

    def to_state(self) -> dict[str, Any]:
        """Return the values that are set, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def to_query(self) -> dict[str, str]:
        """Return the values that are set, as a URL has them."""
        query = {name: str(value) for name, value in self.to_state().items()}
        if self.z:
            query["z"] = _numbers(self.z)
        if self.view:
            query["view"] = _numbers(self.view)
        if self.show is not None:
            query["show"] = ",".join(self.show) or "none"
        if self.path is not None:
            ends = (_numbers(end) if isinstance(end, list) else str(end) for end in self.path)
            query["path"] = ";".join(ends)
        # No path, no parameter.
        if not self.path:
            query.pop("path", None)
        return query


def hand_from_state(values: object, dims: int, count: int) -> tuple[Hand, list[str]]:
    """Check what the browser says of the hand, for `count` codes of `dims` dimensions.

    Returns:
        The hand, and a sentence for each value that was left out.
    """
    good, problems = {}, []
    found = values if isinstance(values, Mapping) else {}
    for name in PARAMETERS:
        if (value := found.get(name)) is None:
            continue
        if _fits(name, value, dims, count):
            good[name] = value
        else:
            problems.append(_sentence(name, value, dims, count))
    return Hand(**good), problems


def hand_from_query(query: Mapping[str, str], dims: int, count: int) -> tuple[Hand, list[str]]:
    """Read the hand from a URL's parameters; returns as `hand_from_state` does."""
    good, problems = {}, []
    for name in PARAMETERS:
        if name not in query:
            continue
        try:
            value = _READERS[name](query[name])
        except ValueError:
            value = None
        if value is not None and _fits(name, value, dims, count):
            good[name] = value
        else:
            problems.append(_sentence(name, query[name], dims, count))
    return Hand(**good), problems


def _fits(name: str, value: object, dims: int, count: int) -> bool:
    match name:
        case "z":
            return _is_code(value, dims)
        case "digit":
            return _is_row(value, count)
        case "path":
            return (
                isinstance(value, list)
                and len(value) <= MOST_ENDS
                and all(_is_row(end, count) or _is_code(end, dims) for end in value)
            )
        case "plane":
            return isinstance(value, str) and _is_plane(value, dims, count)
        case "view":
            return _is_code(value, 3) and value[2] > 0
        case _:
            return isinstance(value, list) and all(layer in LAYERS for layer in value)


def _is_row(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _is_code(value: object, length: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == length
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in value)
        and all(math.isfinite(x) and abs(x) <= FARTHEST for x in value)
    )


def _is_plane(value: str, dims: int, count: int) -> bool:
    kind, _, rest = value.partition(":")
    if kind == "umap":
        return not rest
    try:
        numbers = [int(number) for number in rest.split(",")]
    except ValueError:
        return False
    length, limit = (3, count) if kind == "digits" else (2, dims)
    return (
        kind in PLANES
        and len(set(numbers)) == len(numbers) == length
        and all(0 <= number < limit for number in numbers)
    )


def _sentence(name: str, value: object, dims: int, count: int) -> str:
    expected = {
        "z": f"{dims} numbers",
        "digit": f"a row from 0 to {count - 1}",
        "path": f"rows from 0 to {count - 1} or codes of {dims} numbers, at most {MOST_ENDS}",
        "plane": "dims:i,j or pca:i,j or digits:i,j,k or umap",
        "view": "x, y and a width above 0",
        "show": f"some of {', '.join(LAYERS)}",
    }[name]
    found = str(value)
    found = found if len(found) <= 40 else f"{found[:40]}…"
    return f"{name}: found “{found}”, expected {expected}; it was left out."


def _numbers(values: list[float]) -> str:
    return ",".join(f"{value:.4f}".rstrip("0").rstrip(".") for value in values)


def _read_numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _read_path(text: str) -> list[int | list[float]]:
    return [_read_numbers(end) if "," in end else int(end) for end in text.split(";")]


_READERS: dict[str, Callable[[str], Any]] = {
    "z": _read_numbers,
    "digit": int,
    "path": _read_path,
    "plane": str,
    "view": _read_numbers,
    "show": lambda text: [] if text == "none" else text.split(","),
}
