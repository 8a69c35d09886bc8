"""Texts that match a pattern, made of choices out of short lists."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from functools import cache
from typing import Any

# How often a part without an upper end is repeated at most, beyond its lower end.
MORE = 3
# What stands for letters that are not said: `.` and `[^...]`.
LETTERS = string.ascii_letters + string.digits + "_-. é"


def matching(pattern: str, pick: Callable) -> str:
    """Return a text that the whole of `pattern` matches."""
    return "".join(_part(part, pick) for part in _parsed(pattern))


@cache
def _parsed(pattern: str) -> Any:
    return re._parser.parse(pattern)


def _part(part: tuple[Any, Any], pick: Callable) -> str:
    kind, value = part
    match str(kind):
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return pick(LETTERS.replace(chr(value), ""))
        case "IN":
            return pick(_letters(value))
        case "ANY":
            return pick(LETTERS)
        case "BRANCH":
            return "".join(_part(one, pick) for one in pick(value[1]))
        case "SUBPATTERN":
            return "".join(_part(one, pick) for one in value[-1])
        case "MAX_REPEAT":
            low, high, parts = value
            times = pick(range(low, min(int(high), low + MORE) + 1))
            return "".join(_part(one, pick) for _ in range(times) for one in parts)
        case "AT":
            return ""
    raise NotImplementedError(f"a pattern with {kind}")


def _letters(members: list[tuple[Any, Any]]) -> str:
    """Return the letters of a set; one in square brackets with `^` leaves its letters out."""
    found = ""
    for kind, value in members:
        match str(kind):
            case "LITERAL":
                found += chr(value)
            case "RANGE":
                found += "".join(map(chr, range(value[0], value[1] + 1)))
            case "CATEGORY" if str(value) == "CATEGORY_SPACE":
                found += " \t"
            case "NEGATE":
                pass
            case _:
                raise NotImplementedError(f"a set with {kind} {value}")
    if str(members[0][0]) == "NEGATE":
        return "".join(letter for letter in LETTERS if letter not in found)
    return found
