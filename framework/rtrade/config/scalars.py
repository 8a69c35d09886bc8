"""Plain scalars as YAML 1.2's core schema reads them (https://yaml.org/spec/1.2.2/#103-core-schema).

Words such as `on` and `no`, times such as `12:30` and dates are strings; `1e-3` is a number and
`017` is seventeen.
"""

from __future__ import annotations

import re

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{
        f"{sign}{word}": float(f"{sign}inf")
        for sign in ("", "+", "-")
        for word in (".inf", ".Inf", ".INF")
    },
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# No quantity needs more; Python refuses to read integers of thousands of digits.
MAX_DIGITS = 64

Scalar = str | int | float | bool | None


def resolve(text: str) -> Scalar:
    """Return what a plain scalar stands for; raise ValueError for numbers of too many digits."""
    if text in _WORDS:
        return _WORDS[text]
    for pattern, convert in ((_DECIMAL, _decimal), (_BASED, _based), (_FLOAT, float)):
        if pattern.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise ValueError(f"a number of {len(text)} characters")
            return convert(text)
    return text


def _decimal(text: str) -> int:
    return int(text, 10)


def _based(text: str) -> int:
    return int(text, 0)
