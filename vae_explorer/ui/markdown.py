"""Text that came from elsewhere, for Streamlit: shown as it is, and as a part of keys."""

from __future__ import annotations

import re

from vae_explorer.checkpoint.text import plain_text
from vae_explorer.live.store import digest

__all__ = ["escape_markdown", "widget_key"]

# What means nothing to Markdown wherever it stands: `my_model-v2`, `97.5`, "a: b".
HARMLESS = r"(?<=[^\W_])[-_](?=[^\W_])|(?<!www)(?:(?<!\d)\.|\.(?=[^\W_]))|:(?= )|[,;?\"'%]"
MARK = re.compile(rf"({HARMLESS})|([:@=>-]|(?<=www)\.)|[!-/:-@\[-`{{-~]", re.IGNORECASE)
# Streamlit finds addresses, arrows and `:names:` in text, also in text that is escaped. It does not
# look across a change of colour, and one of no letters is not seen.
BREAK = ":color[]"


def escape_markdown(text: str) -> str:
    """Return `text` so that Markdown shows it letter by letter: `plain_text` of it.

    A link or a folder's name must not bring pictures or links of its own onto a page.
    """
    return MARK.sub(_escape, plain_text(text).strip())


def widget_key(what: str, *names: object) -> str:
    """Return the key of a widget that belongs to `names`; keys may not hold `__`, but paths do."""
    return f"{what} {digest(repr(names).encode())}"


def _escape(found: re.Match[str]) -> str:
    harmless, joining = found.groups()
    around = BREAK if joining else ""
    return harmless or f"{around}\\{found[0]}{around}"
