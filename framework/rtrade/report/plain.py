"""Texts of others, such as what a model says: shown as they are, with nothing hidden in them."""

from __future__ import annotations

import unicodedata

# Characters that are not seen, or that change how others are seen.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """Return a text with everything in it that is not seen written as its number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in _UNSEEN
        else f"\\u{ord(char):04x}"
        for char in text
    )  # fmt: skip
