"""Bars as written: checked, sorted, unique, contiguous columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import COLUMNS, Bars, FloatArray, IntArray
from rtrade.core.intervals import Interval, union

Row = tuple[int, float, float, float, float, float]


@dataclass(frozen=True, eq=False)
class Rows:
    """Bars without a series: `time` int64 ms, ascending; `values` float64 of shape (n, 5)."""

    time: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.time)


def rows_of(bars: Bars | Sequence[Row] | None) -> Rows:
    """Return bars, or rows (ts, open, high, low, close, volume) in any order, as sorted columns.

    A row given twice is taken once. Raises ValueError for values that are not finite, and for
    one time with two different bars.
    """
    if isinstance(bars, Bars):
        time = np.asarray(bars.time, np.int64)
        values = np.column_stack([getattr(bars, name) for name in COLUMNS[1:]]).astype(np.float64)
    else:
        given = bars or ()
        time = np.array([row[0] for row in given], np.int64)
        values = np.array([row[1:6] for row in given], np.float64).reshape(len(time), 5)
    values = values + 0.0  # -0.0 becomes 0.0, since SQLite keeps no sign of zero
    if not np.isfinite(values).all():
        raise ValueError("a bar to be stored holds a value that is not finite")
    if len(time) > 1 and not (time[1:] > time[:-1]).all():
        time, values = _sorted(time, values)
    return Rows(time, values)


def _sorted(time: IntArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    order = np.argsort(time, kind="stable")
    time, values = time[order], values[order]
    again = np.flatnonzero(time[1:] == time[:-1])
    differs = (values[again] != values[again + 1]).any(axis=1)
    if differs.any():
        raise ValueError(f"two different bars to be stored have the time {time[again[differs][0]]}")
    keep = np.ones(len(time), bool)
    keep[again + 1] = False
    return time[keep], values[keep]


def inside(time: IntArray, intervals: Sequence[Interval]) -> NDArray[np.bool_]:
    """Tell for each time whether one of the intervals holds it."""
    parts = union(intervals)
    if not parts:
        return np.zeros(len(time), bool)
    starts = np.array([one.start for one in parts], np.int64)
    ends = np.array([one.end for one in parts], np.int64)
    at = np.searchsorted(starts, time, side="right") - 1
    return (at >= 0) & (time < ends[np.maximum(at, 0)])
