"""Which values a param of a strategy may take, whoever gives them: `--set`, a search, a sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeGuard

from rtrade.config.definitions import ParamDef
from rtrade.config.formats import plain


@dataclass(frozen=True)
class Refusal:
    """Why a value is refused: the code of the finding, its message and the way out."""

    code: str
    message: str
    help: str


def taken(param: ParamDef, value: object) -> float | int | Refusal:
    """Return what a param becomes when `value` is given for it, or why it cannot.

    A param whose default, range and step are whole numbers takes whole numbers only.
    """
    if not _is_number(value):
        advice = f"write `params.{param.name}=12`"
        return Refusal("RT020", f"`{param.name}` must be a number", advice)
    whole = isinstance(param.default, int)
    if whole and value != int(value):
        message = f"`{param.name}` takes whole numbers, not {plain(value)}"
        return Refusal("RT020", message, "its default and range are whole numbers")
    problem = outside(value, param.min, param.max)
    if problem is not None:
        message = f"`{param.name}` cannot be {plain(value)}: it is {problem}"
        return Refusal("RT026", message, "change it, or the range in the file")
    return int(value) if whole else float(value)


def outside(value: float, low: float | None, high: float | None) -> str | None:
    """Say beyond which end of a range a value is, or None."""
    if low is not None and value < low:
        return f"below its `min` of {plain(low)}"
    if high is not None and value > high:
        return f"above its `max` of {plain(high)}"
    return None


def _is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether something is a number that a float can hold, a truth value being none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
