"""Text that came from elsewhere, shown as it is."""

from __future__ import annotations

import re

__all__ = ["escape_markdown"]

PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#!|~$:&])")
# Where Streamlit would find an address in plain text: `www.`, `//` and `@`.
ADDRESS = re.compile(r"(?<=www)(?=\.)|(?<=:)(?=//)|(?=@)", re.IGNORECASE)
WORD_JOINER = "\u2060"
MAX_LENGTH = 300


def escape_markdown(text: str) -> str:
    """Return `text` so that Markdown shows it letter by letter; of a long one, the beginning.

    A link or a folder's name must not bring pictures or links of its own onto a page.
    """
    text = text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
    text = ADDRESS.sub(WORD_JOINER, " ".join(text.split()))
    return PUNCTUATION.sub(r"\\\1", text)
