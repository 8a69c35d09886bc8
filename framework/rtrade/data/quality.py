"""Checks that rows of a file are bars: finite, positive, consistent, in order, on the grid.

Each check looks at all rows at once and returns what it found; nothing is repaired. What the
source's quality policy has another answer to is no finding here: rows given twice and inconsistent
prices, where it says so, and gaps (`data.policy`).
"""

from __future__ import annotations

import numpy as np

from rtrade.config.definitions import QualityDef
from rtrade.core.bars import BoolArray, FloatArray, IntArray
from rtrade.core.limits import LEAST_PRICE, MOST_PRICE
from rtrade.core.timeframes import DAY, Timeframe, iso
from rtrade.data.findings import MAX_COLLECTED, Finding
from rtrade.data.tables import Table

PRICES = ("open", "high", "low", "close")


def check(table: Table, timeframe: Timeframe, policy: QualityDef) -> list[Finding]:
    """Return what is wrong with the rows as bars of `timeframe`, at most MAX_COLLECTED a check."""
    findings = _check_numbers(table)
    if policy.ohlc == "error":
        findings += _check_ranges(table)
    rows = np.flatnonzero(table.time >= 0)
    time = table.time[rows]
    if policy.duplicates == "error":
        findings += _check_once(time, rows)
    findings += _check_order(time, rows, table)
    spacing = _check_spacing(time, rows, timeframe)
    return findings + (spacing or _check_grid(time, rows, timeframe))


def _rows(bad: BoolArray) -> list[int]:
    rows: list[int] = np.flatnonzero(bad)[:MAX_COLLECTED].tolist()
    return rows


def _check_numbers(table: Table) -> list[Finding]:
    findings: list[Finding] = []
    # The reader has said more about cells, and about rows as a whole, that it could not read.
    noted = {(found.row, found.column) for found in table.findings}
    for name in (*PRICES, "volume"):
        values = table.column(name)
        finite = np.isfinite(values)
        findings += [
            Finding("RT307", row, f"{name} is {values[row]}")
            for row in _rows(~finite)
            if (row, name) not in noted and (row, None) not in noted
        ]
        code, wrong = ("RT314", values < 0) if name == "volume" else ("RT313", _no_price(values))
        findings += [
            Finding(code, row, f"{name} is {values[row]}") for row in _rows(wrong & finite)
        ]
    return findings


def _no_price(values: FloatArray) -> BoolArray:
    beyond: BoolArray = (values < LEAST_PRICE) | (values > MOST_PRICE)
    return beyond


def _check_ranges(table: Table) -> list[Finding]:
    opens, closes = table.column("open"), table.column("close")
    high, low = table.column("high"), table.column("low")
    top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
    # Cells that are no numbers have findings of their own.
    finite = np.isfinite(table.values[:4]).all(axis=0)
    return [
        *(_out_of_range(table, row, "high", top) for row in _rows(finite & (high < top))),
        *(_out_of_range(table, row, "low", bottom) for row in _rows(finite & (low > bottom))),
    ]


def _out_of_range(table: Table, row: int, name: str, edge: FloatArray) -> Finding:
    value = table.column(name)[row]
    other = "open" if table.column("open")[row] == edge[row] else "close"
    side = "below" if name == "high" else "above"
    return Finding("RT312", row, f"the {name} {value} is {side} the {other} {edge[row]}")


def _check_once(time: IntArray, rows: IntArray) -> list[Finding]:
    """Find times that stand in the file twice."""
    if (np.diff(time) > 0).all():
        return []
    order = np.argsort(time, kind="stable")
    twice = np.flatnonzero(np.diff(time[order]) == 0)[:MAX_COLLECTED]
    return [
        Finding("RT309", int(rows[order[at + 1]]), f"the time stands already {_above(order, at)}")
        for at in twice
    ]


def _check_order(time: IntArray, rows: IntArray, table: Table) -> list[Finding]:
    """Find times that go back."""
    steps = np.diff(time)
    if len(steps) > 1 and (steps <= 0).all() and (steps < 0).any():
        return [Finding("RT308", None, "the rows run from the newest to the oldest")]
    return [
        Finding(
            "RT308",
            int(rows[at + 1]),
            f"the time goes back behind {iso(int(time[at]))} of the {table.places.word} before",
        )
        for at in _rows(steps < 0)
    ]


def _above(order: IntArray, at: int) -> str:
    distance = int(order[at + 1] - order[at])
    return "in the row before" if distance == 1 else f"{distance} rows before"


def _check_spacing(time: IntArray, rows: IntArray, timeframe: Timeframe) -> list[Finding]:
    """Find that the rows are bars of another timeframe than the source file says."""
    steps = np.sort(np.diff(np.unique(time)))
    if len(steps) < 2:
        return []
    usual = int(steps[len(steps) // 2])
    least, most = _lengths(timeframe)
    if least <= usual <= most or (usual > most and ((steps >= least) & (steps <= most)).any()):
        return []
    fits = "1M" if 28 * DAY < usual <= 31 * DAY else _spell(usual)
    advice = f"write `timeframe: {fits}` for this series in the source file"
    if max(usual, timeframe.ms) / min(usual, timeframe.ms) in (1e3, 1e6, 1e9):
        advice = "this looks like another unit of time: state `time_unit` in the source file"
    message = f"the rows are {_spell(usual)} apart, but the source file says {timeframe}"
    return [Finding("RT311", int(rows[0]), message, advice)]


def _lengths(timeframe: Timeframe) -> tuple[int, int]:
    """Return the shortest and the longest distance between one bar and the next (ms)."""
    if timeframe.months:
        return 28 * DAY * timeframe.months, 31 * DAY * timeframe.months
    return timeframe.ms, timeframe.ms


def _check_grid(time: IntArray, rows: IntArray, timeframe: Timeframe) -> list[Finding]:
    """Find times at which no bar of the timeframe opens."""
    offset = time - timeframe.floors(time)
    if len(time) > 1 and offset[0] and (offset == offset[0]).all():
        message = (
            f"every row is {_spell(int(offset[0]))} off the times at which {timeframe} bars open"
        )
        advice = (
            "are the times local, or those of the closes? Bars are keyed by their UTC open time"
        )
        return [Finding("RT310", int(rows[0]), message, advice)]
    return [
        Finding("RT310", int(rows[at]), f"no {timeframe} bar opens at this time")
        for at in _rows(offset != 0)
    ]


def _spell(ms: int) -> str:
    return f"{ms} ms" if ms % 1000 else str(Timeframe(ms))
