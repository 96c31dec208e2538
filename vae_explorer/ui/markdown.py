"""Text that came from elsewhere, shown as it is."""

from __future__ import annotations

import re

__all__ = ["plain"]

MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#!|~$:&])")
LONGEST = 300


def plain(text: str) -> str:
    """Return `text` so that Markdown shows it letter by letter; of a long one, the beginning.

    A link or a folder's name must not bring pictures or links of its own onto a page.
    """
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))
