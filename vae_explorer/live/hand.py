"""Where the hand is: the state of the live map, as it comes from the browser and stands in a URL.

    ?z=0.51,-1.2 &digit=17 &path=17;3;0.1,0.2 &plane=pca:0,1 &view=0,0,8.5 &show=points,grid
    &way=slerp,picture &hide=1,4

A value that cannot be meant is left out, with a sentence that says so; the rest still counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, NamedTuple

from vae_explorer.analysis.projections import PROJECTIONS

__all__ = ["PARAMETERS", "Hand", "hand_from_query", "hand_from_state"]

PARAMETERS = ("z", "digit", "path", "plane", "view", "show", "way", "hide")
PLANES = ("dims", "pca", "digits")
LAYERS = ("points", "grid")
WAYS, SPACINGS = ("lerp", "slerp"), ("z", "picture")
# As many ends as there are letters for them.
MOST_ENDS = 26
MOST_CLASSES = 256
# What a map can show of a plane, as assets/view.js has it.
LEAST_SHOWN, MOST_SHOWN = 0.02, 1000
# Prior standard deviations; far outside of what any decoder has seen.
FARTHEST = 1e3


@dataclass(frozen=True)
class Hand:
    """Where the hand is on a map of codes; None where it was not said.

    Attributes:
        z: the code that is decoded, D numbers.
        digit: the row of the test digit that was taken.
        path: ends of the path, each a row or a code of D numbers.
        plane: `dims:i,j`, `pca:i,j`, `digits:i,j,k` (rows), `umap` or `tsne`.
        view: the map's centre x, y and the width that it shows, in the plane's units.
        show: which layers are drawn, of `LAYERS`.
        way: how the path goes, of `WAYS`, and what is equal between its steps, of `SPACINGS`.
        hide: classes whose points are not drawn.
    """

    z: list[float] | None = None
    digit: int | None = None
    path: list[int | list[float]] | None = None
    plane: str | None = None
    view: list[float] | None = None
    show: list[str] | None = None
    way: list[str] | None = None
    hide: list[int] | None = None

    def to_state(self) -> dict[str, Any]:
        """Return the values that are set, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


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
        if _RULES[name].fits(value, dims, count):
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
            value = _RULES[name].read(query[name])
        except ValueError:
            value = None
        if value is not None and _RULES[name].fits(value, dims, count):
            good[name] = value
        else:
            problems.append(_sentence(name, query[name], dims, count))
    return Hand(**good), problems


def _is_row(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _is_code(value: object, length: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == length
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in value)
        and all(math.isfinite(x) and abs(x) <= FARTHEST for x in value)
    )


def _is_plane(value: object, dims: int, count: int) -> bool:
    if not isinstance(value, str):
        return False
    if dims == 2:
        return value == "dims:0,1"
    kind, _, rest = value.partition(":")
    if kind in PROJECTIONS:
        return not rest
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", rest, flags=re.ASCII):
        return False
    numbers = [int(number) for number in rest.split(",")]
    length, limit = (3, count) if kind == "digits" else (2, dims)
    return (
        kind in PLANES
        and len(set(numbers)) == len(numbers) == length
        and all(0 <= number < limit for number in numbers)
    )


def _is_path(value: object, dims: int, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MOST_ENDS
        and all(_is_row(end, count) or _is_code(end, dims) for end in value)
    )


def _are_of(value: object, known: tuple[str, ...]) -> bool:
    return isinstance(value, list) and all(name in known for name in value)


def _read_numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _read_path(text: str) -> list[int | list[float]]:
    return [_read_numbers(end) if "," in end else int(end) for end in text.split(";")]


def _read_names(text: str) -> list[str]:
    return [] if text == "none" else text.split(",")


class _Rule(NamedTuple):
    """How a parameter is read from a URL, what may be meant by it, and that in words.

    `fits` takes the value, D and the number of codes; `expected` may name them.
    """

    read: Callable[[str], Any]
    fits: Callable[[Any, int, int], bool]
    expected: str


_RULES = {
    "z": _Rule(_read_numbers, lambda v, dims, _: _is_code(v, dims), "{dims} numbers"),
    "digit": _Rule(int, lambda v, _, count: _is_row(v, count), "a row from 0 to {last}"),
    "path": _Rule(
        _read_path,
        _is_path,
        f"rows from 0 to {{last}} or codes of {{dims}} numbers, at most {MOST_ENDS}",
    ),
    "plane": _Rule(str, _is_plane, "dims:i,j or pca:i,j or digits:i,j,k or umap or tsne"),
    "view": _Rule(
        _read_numbers,
        lambda v, *_: _is_code(v, 3) and LEAST_SHOWN <= v[2] <= MOST_SHOWN,
        f"x, y and a width from {LEAST_SHOWN} to {MOST_SHOWN}",
    ),
    "show": _Rule(
        _read_names, lambda v, *_: _are_of(v, LAYERS), f"some of {', '.join(LAYERS)}, or none"
    ),
    "way": _Rule(
        _read_names,
        lambda v, *_: isinstance(v, list) and tuple(v) in product(WAYS, SPACINGS),
        f"one of {', '.join(WAYS)} and one of {', '.join(SPACINGS)}",
    ),
    "hide": _Rule(
        lambda text: [int(kind) for kind in _read_names(text)],
        lambda v, *_: isinstance(v, list) and all(_is_row(kind, MOST_CLASSES) for kind in v),
        "numbers of classes",
    ),
}


def _sentence(name: str, value: object, dims: int, count: int) -> str:
    expected = _RULES[name].expected.format(dims=dims, last=count - 1)
    found = str(value)
    found = found if len(found) <= 40 else f"{found[:40]}…"
    return f"{name}: found “{found}”, expected {expected}; it was left out."
