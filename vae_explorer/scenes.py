"""Scenes of a talk: links with captions, in a JSON file.

    {"format": "vae-explorer-scenes", "version": 1, "title": "What a VAE is",
     "scenes": [{"link": "explore?checkpoint=mnist-2d&z=0.5,-1.2", "caption": "**A code** is …",
                 "seconds": 2}]}

A link names a page and its checkpoints; a whole address, as "Copy link" gives it, will do. A
caption is a line of Markdown: **bold**, *italic*, `code`. `seconds` is the time of the glide into
the scene.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from vae_explorer.checkpoint.text import plain_text
from vae_explorer.files.reading import parse_json
from vae_explorer.vae.config import describe

__all__ = [
    "DEFAULT_SCENES",
    "MAX_COMPARED",
    "MAX_SCENES",
    "MIN_COMPARED",
    "Scene",
    "Scenes",
    "parse_scenes",
    "read_scenes",
    "split_needs",
]

# A talk about the checkpoints that come with the repository.
DEFAULT_SCENES = Path(__file__).with_name("scenes.json")

FORMAT, VERSION = "vae-explorer-scenes", 1
PAGES = ("explore", "compare", "film")
MAX_BYTES, MAX_SCENES = 4 << 20, 200
MAX_TITLE, MAX_CAPTION, MAX_LINK = 200, 500, 20_000
MIN_COMPARED, MAX_COMPARED = 2, 4
MAX_SECONDS, DEFAULT_SECONDS = 60, 2


class Scene(NamedTuple):
    """A place of a page, and what is said of it.

    Attributes:
        page: `explore`, `compare` or `film`.
        checkpoints: names, one of them or those that are compared.
        link: the page and its query, such as `film?checkpoint=mnist-2d`.
        caption: a line of Markdown, or "".
        seconds: of the glide into it.
    """

    page: str
    checkpoints: tuple[str, ...]
    link: str
    caption: str
    seconds: float

    @property
    def needs(self) -> str:
        """The page with its checkpoints, such as `compare mnist-2d/mnist-20d`."""
        return f"{self.page} {'/'.join(self.checkpoints)}"

    @property
    def image(self) -> tuple[str, int] | None:
        """The test image that is selected: a checkpoint's name, and a row of its codes."""
        found = re.fullmatch(r"(?:([0-3]):)?([0-9]{1,9})", self.query.get("image", ""))
        if not found or int(found[1] or 0) >= len(self.checkpoints):
            return None
        return self.checkpoints[int(found[1] or 0)], int(found[2])

    @property
    def query(self) -> dict[str, str]:
        """What the link says, by name; where a name stands twice, what it says first."""
        return _query(self.link.partition("?")[2])


class Scenes(NamedTuple):
    """The scenes of a talk, in their order."""

    title: str
    scenes: tuple[Scene, ...]

    def as_data(self) -> dict[str, Any]:
        """Return what the page Present takes."""
        return {
            "title": self.title,
            "scenes": [
                {"link": scene.link, "caption": scene.caption, "seconds": scene.seconds}
                for scene in self.scenes
            ],
        }


def read_scenes(path: Path | str) -> Scenes:
    """Read a file of scenes.

    Raises:
        FileNotFoundError, ValueError: where there is none, or it is wrong; see `parse_scenes`.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: found no regular file, expected a JSON file of scenes")
    try:
        with path.open("rb") as stream:
            return parse_scenes(stream.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path}: found no such file, expected a JSON file of scenes"
        ) from error
    except OSError as error:
        raise ValueError(f"{path}: found no readable file ({error.strerror})") from error


def parse_scenes(content: bytes, name: str) -> Scenes:
    """Return the scenes of a file called `name`, of which this is the content.

    Raises:
        ValueError: where something is wrong; it names the file, the scene, what was found and what
            was expected.
    """
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"found more than {MAX_BYTES:,} bytes, expected at most that many")
        # Some editors put a byte order mark first.
        content = content.removeprefix(b"\xef\xbb\xbf")
        if not content.strip():
            raise ValueError("found an empty file, expected a JSON file of scenes")
        return _scenes(parse_json(content))
    except ValueError as error:
        raise ValueError(f"{plain_text(name)}: {error}") from error


def _scenes(value: Any) -> Scenes:
    _check_keys(value, ("format", "version", "title", "scenes"))
    if value.get("format") != FORMAT:
        raise ValueError(f"format: found {describe(value.get('format'))}, expected {FORMAT!r}")
    version = value.get("version")
    if type(version) is not int or version != VERSION:
        newer = type(version) is int and version > VERSION
        raise ValueError(
            f"version: found {describe(version)}, expected {VERSION}"
            + "; open it with a newer VAE Explorer" * newer
        )
    title = _line(value.get("title", ""), "title", MAX_TITLE)
    found = value.get("scenes")
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_SCENES:
        raise ValueError(f"scenes: found {describe(found)}, expected a list of 1 to {MAX_SCENES}")
    scenes = []
    for number, scene in enumerate(found, 1):
        try:
            scenes.append(_scene(scene))
        except ValueError as error:
            raise ValueError(f"scene {number}: {error}") from error
    return Scenes(title, tuple(scenes))


def _scene(value: Any) -> Scene:
    _check_keys(value, ("link", "caption", "seconds"))
    seconds = value.get("seconds", DEFAULT_SECONDS)
    if type(seconds) not in (int, float) or not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(
            f"seconds: found {describe(seconds)}, expected a number from 0 to {MAX_SECONDS}"
        )
    caption = _line(value.get("caption", ""), "caption", MAX_CAPTION)
    page, checkpoints, link = _link(_line(value.get("link"), "link", MAX_LINK))
    return Scene(page, checkpoints, link, caption, seconds)


def _link(text: str) -> tuple[str, tuple[str, ...], str]:
    """Return the page of a link or an address, its checkpoints, and the link."""
    address, _, query = text.strip().partition("#")[0].partition("?")
    said = _query(query)
    page = address.rsplit("/", 1)[-1] or PAGES[0]
    if page.endswith(".html"):
        # Copied in an exported file, where the query names the page.
        page = said.pop("page", PAGES[0])
        query = urlencode(said)
    if page not in PAGES:
        raise ValueError(
            f"link: found another page, expected one of {', '.join(PAGES)}{_meant(page, PAGES)}"
        )
    names = said.get("compare" if page == "compare" else "checkpoint", "")
    return page, _checkpoints(page, names), f"{page}?{query}"


def split_needs(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the page and the checkpoints of `Scene.needs`; `ValueError` for any other text."""
    page, _, names = text.partition(" ")
    if page not in PAGES or len(text) > MAX_LINK:
        raise ValueError(f"found another page, expected one of {', '.join(PAGES)}")
    return page, _checkpoints(page, names)


def _checkpoints(page: str, text: str) -> tuple[str, ...]:
    """Return the names of the checkpoints of a page, as a link has them."""
    if page != "compare":
        if not text:
            raise ValueError("link: found no checkpoint, expected one, as in checkpoint=mnist-2d")
        return (text,)
    names = tuple(text.split("/"))
    several = len(set(filter(None, names)))
    if several != len(names) or not MIN_COMPARED <= several <= MAX_COMPARED:
        raise ValueError(
            f"link: found {several} checkpoints to compare, expected {MIN_COMPARED} to "
            f"{MAX_COMPARED} different ones, as in compare=mnist-2d/mnist-20d"
        )
    return names


def _query(text: str) -> dict[str, str]:
    return dict(reversed(parse_qsl(text, keep_blank_values=True)))


def _check_keys(value: Any, known: Collection[str]) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"found {describe(value)}, expected an object with {', '.join(known)}")
    if unknown := sorted(value.keys() - known):
        raise ValueError(
            f"found {len(unknown)} unknown name{'s' * (len(unknown) > 1)}, expected none but "
            f"{', '.join(known)}{_meant(unknown[0], known)}"
        )


def _meant(found: str, known: Collection[str]) -> str:
    """Say which known name was meant, where one is near; texts of a file are not quoted."""
    near = difflib.get_close_matches(found.lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _line(value: Any, name: str, longest: int) -> str:
    """Return a text of one line, in letters that can be seen."""
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(
            f"{name}: found {describe(value)}, expected a text of at most {longest:,} letters"
        )
    if value.strip() and plain_text(value, longest) != value:
        raise ValueError(f"{name}: found a line's end or a control character, expected one line")
    return value
