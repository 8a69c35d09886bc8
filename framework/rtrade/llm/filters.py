"""The filters of prompt templates: numbers and conditions in words.

What is unknown (a signal in its warm-up, an abstained answer) is None, and every filter writes it
as `unknown`. Plain Python: the process that renders prompts loads no numerics.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

UNKNOWN = "unknown"
_TAG = re.compile(r"<[^<>]*>")
_SPACE = re.compile(r"\s+")


def num(value: float | None, digits: int = 5) -> str:
    """Write a number with few significant digits: 67432.5 with 4 is 67430."""
    if value is None:
        return UNKNOWN
    return _plain(float(f"{value:.{min(max(int(digits), 1), 15)}g}"))


def pct(value: float | None, digits: int = 1) -> str:
    """Write a fraction as a percentage with its sign: `0.0123 | pct` is +1.2%."""
    if value is None:
        return UNKNOWN
    return f"{100 * value:+.{min(max(int(digits), 0), 9)}f}%"


def signed(value: float | None, digits: int = 5) -> str:
    """Write a number with its sign."""
    if value is None:
        return UNKNOWN
    return f"+{num(value, digits)}" if value >= 0 else num(value, digits)


def direction(value: float | None, flat: float = 0.001) -> str:
    """Say whether a change (a fraction) is rising, falling or flat (at most `flat` either way)."""
    if value is None:
        return UNKNOWN
    if abs(value) <= flat:
        return "flat"
    return "rising" if value > 0 else "falling"


def words(value: Any) -> str:
    """Write a signal: yes or no for a condition, a choice with spaces for `_`, else a number."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    return num(value) if isinstance(value, int | float) else str(value).replace("_", " ")


def change(value: float | None, first: float | None) -> float | None:
    """Return the change from `first` to the value as a fraction; unknown where either is, or 0."""
    if value is None or not first:
        return None
    return value / first - 1


def clean(value: Any, limit: int = 500) -> str:
    """Write text from outside as one line: normal form (NFKC), no tags, no invisible characters."""
    text = unicodedata.normalize("NFKC", str(value)[: 8 * max(int(limit), 0)])
    text = _SPACE.sub(" ", _TAG.sub(" ", text))
    shown = "".join(one for one in text if unicodedata.category(one)[0] != "C")
    return _SPACE.sub(" ", shown).strip()[: int(limit)]


OWN: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (num, pct, signed, direction, words, change, clean)
}

# Of Jinja's own, those whose result depends on nothing but their input, and is not larger by far.
BUILT_IN = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int",
    "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum",
    "title", "tojson", "trim", "truncate", "unique", "upper",
)  # fmt: skip


def _plain(value: float) -> str:
    """Write a float without an exponent where that stays short."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    if "e" in text and 1e-9 <= abs(value) < 1e15:
        return f"{value:.17f}".rstrip("0")[:20].rstrip("0")
    return text
