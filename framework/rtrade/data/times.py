"""From the times of a file to UTC milliseconds: units by statement or by magnitude, or ISO-8601."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from rtrade.core.bars import BoolArray, IntArray
from rtrade.core.timeframes import parse_time
from rtrade.data.findings import Finding

# Units in a second; and the numbers from which on a time is taken to be in each of them.
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_UNITS = tuple(_PER_SECOND)
_FROM = np.array([10**8, 10**11, 10**14, 10**17], dtype=np.int64)
# Bars from before 1970 or after 2200 are slips of the unit.
_END = parse_time("2200-01-01")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
# Stands for a time that could not be read.
BAD = -1


def is_number(cell: str) -> bool:
    """Tell whether a time is written as a number (rather than as ISO-8601)."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def from_numbers(numbers: IntArray, unit: str, known: BoolArray) -> tuple[IntArray, list[Finding]]:
    """Return milliseconds, BAD where a time is not usable, and what is wrong.

    `unit` is auto, s, ms, us or ns; `known` marks the rows that hold a number at all.
    """
    stated = unit != "auto"
    kinds = np.searchsorted(_FROM, numbers, side="right") - 1
    used = np.unique(kinds[known & (kinds >= 0)])
    if not stated and len(used) > 1:
        return np.full(len(numbers), BAD), [_mixed(numbers, kinds, known)]
    unit = unit if stated else _UNITS[int(used[0]) if len(used) else 0]
    whole, rest = _milliseconds(numbers, unit)
    plausible = (whole >= 0) & (whole < _END) & (stated | (kinds >= 0))
    findings = _implausible(numbers, unit, known, plausible)
    findings += [
        Finding("RT305", int(row), f"the time {numbers[row]} {unit} is finer than a millisecond")
        for row in np.flatnonzero(known & plausible & (rest != 0))
    ]
    return np.where(known & plausible & (rest == 0), whole, BAD), findings


def _milliseconds(numbers: IntArray, unit: str) -> tuple[IntArray, IntArray]:
    """Return whole milliseconds and what is left over, in `unit`."""
    per_second = _PER_SECOND[unit]
    if per_second < 1000:
        return np.clip(numbers, -_END, _END) * (1000 // per_second), np.zeros_like(numbers)
    whole, rest = np.divmod(numbers, per_second // 1000)
    return whole, rest


def _mixed(numbers: IntArray, kinds: IntArray, known: BoolArray) -> Finding:
    rows = np.flatnonzero(known & (kinds >= 0))
    first, other = rows[0], rows[np.argmax(kinds[rows] != kinds[rows[0]])]
    return Finding(
        "RT306",
        int(other),
        f"the time {numbers[other]} is in {_UNITS[kinds[other]]} by its magnitude, "
        f"but {numbers[first]} above it is in {_UNITS[kinds[first]]}",
    )


def _implausible(
    numbers: IntArray, unit: str, known: BoolArray, plausible: BoolArray
) -> list[Finding]:
    rows = np.flatnonzero(known & ~plausible)
    text = "is not between 1970 and 2200"
    if len(rows) > 1 and len(rows) == np.count_nonzero(known):
        kind = int(np.searchsorted(_FROM, numbers[rows[0]], side="right")) - 1
        advice = "state the unit: `time_unit: s`, ms, us, ns or iso"
        if kind >= 0 and _UNITS[kind] != unit:
            advice = (
                f"by their magnitude the times are in {_UNITS[kind]}: `time_unit: {_UNITS[kind]}`"
            )
        message = f"no time is usable: {numbers[rows[0]]} {unit} {text}"
        return [Finding("RT305", int(rows[0]), message, advice)]
    return [Finding("RT305", int(row), f"the time {numbers[row]} {unit} {text}") for row in rows]


def from_text(cells: Sequence[str | None], unit: str) -> tuple[IntArray, list[Finding]]:
    """Return milliseconds for times written as text; None marks rows to leave out."""
    numeric = unit != "iso" and any(cell is not None and is_number(cell) for cell in cells)
    if not numeric and unit not in ("iso", "auto"):
        numeric = True
    values = np.full(len(cells), BAD, dtype=np.int64)
    known = np.zeros(len(cells), dtype=np.bool_)
    findings: list[Finding] = []
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        value = _read(cell.strip(), numeric=numeric)
        if isinstance(value, str):
            findings.append(Finding("RT305", row, value))
        else:
            values[row], known[row] = value, True
    if not numeric:
        return values, findings
    times, more = from_numbers(values, unit, known)
    return times, findings + more


def _read(cell: str, *, numeric: bool) -> int | str:
    """Return the number, or the milliseconds of a moment; text says what is wrong."""
    if not cell:
        return "the time is empty"
    if not numeric:
        try:
            moment = parse_time(cell)
        except (ValueError, OverflowError):
            return f"the time `{_short(cell)}` is not ISO-8601"
        return moment if 0 <= moment < _END else f"the time `{cell}` is not between 1970 and 2200"
    if cell.isascii() and cell.isdigit() and len(cell) < 19:
        return int(cell)
    if not is_number(cell):
        return f"the time `{_short(cell)}` is not a number"
    number = Decimal(cell)
    if number != number.to_integral_value():
        return f"the time {cell} is not a whole number"
    return int(min(max(number, Decimal(-(2**62))), Decimal(2**62)))


def _short(cell: str) -> str:
    return cell if len(cell) <= 40 else cell[:37] + "..."
