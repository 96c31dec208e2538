"""Texts out of a checkpoint, such as names, made fit to be shown."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MAX_NAME", "cell_text", "plain_text"]

MAX_TEXT, MAX_NAME = 600, 40
# Control characters and the like: some turn the text around them, or hide, or end a line.
UNSEEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
# Emoji and Persian words need them.
JOINERS = "\u200c\u200d"


def plain_text(text: str, longest: int = MAX_TEXT) -> str:
    """Return `text` in letters that can be seen; � stands for any other.

    A long one has an … in its middle, for names differ at the end, and errors end with what to do.
    A blank one is shown as two quotation marks.
    """
    if len(text) > longest:
        tail = longest // 3
        text = f"{text[: longest - tail - 1]}…{text[-tail:]}"
    seen = (
        "\ufffd" if unicodedata.category(letter) in UNSEEN and letter not in JOINERS else letter
        for letter in text
    )
    return "".join(seen) if text.strip() else "“”"


def cell_text(text: str) -> str:
    """Return `plain_text` of `text` for a CSV file: a spreadsheet would run some as formulas.

    Some split lines at other marks than commas; what stands after one may be a cell, too.
    """
    return re.sub(r"((?:^|[,;|\"])\s*)(?=[=+@-]|[＝＋－＠])", r"\1'", plain_text(text))
