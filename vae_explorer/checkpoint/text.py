"""Texts from elsewhere, such as names: made fit to be shown, or read as numbers."""

from __future__ import annotations

import argparse
import re
import unicodedata
from collections.abc import Callable

__all__ = ["MAX_NAME", "cell_text", "parse_whole", "plain_text", "whole_number"]

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


def parse_whole(text: str, low: int, high: int) -> int | None:
    """Return a whole number from `low` to `high`, at least 0; None for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,19}", text) and low <= int(text) <= high else None


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a command's argument as a whole number from `low` to `high`."""

    def read(text: str) -> int:
        number = parse_whole(text, low, high)
        if number is None:
            raise argparse.ArgumentTypeError(f"expected a whole number from {low:,} to {high:,}")
        return number

    return read
