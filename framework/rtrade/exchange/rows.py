"""Bars as an exchange answers them, and what must hold of them before anybody sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.errors import MalformedAnswer
from rtrade.core.intervals import Interval
from rtrade.core.limits import LEAST_PRICE, MOST_PRICE
from rtrade.core.timeframes import Timeframe, iso


@dataclass(frozen=True, eq=False)
class Rows:
    """Bars: `time` (ms) of length n, `values` n x 5: open, high, low, close, volume."""

    time: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.time)

    def inside(self, window: Interval) -> Rows:
        """Return the rows that open in `window`; times must be in order."""
        first, stop = np.searchsorted(self.time, (window.start, window.end))
        return Rows(self.time[first:stop], self.values[first:stop])

    def at(self, time: int) -> Rows | None:
        """Return the row that opens at `time`, or None; times must be in order."""
        found = self.inside(Interval(time, time + 1))
        return found if len(found) else None

    def same(self, other: Rows) -> bool:
        """Whether both hold the same bars, to the bit."""
        return bool(
            np.array_equal(self.time, other.time) and np.array_equal(self.values, other.values)
        )

    def bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        """Return them as bars of a series."""
        columns = np.ascontiguousarray(self.values.T)
        return Bars(symbol, timeframe, np.ascontiguousarray(self.time), *columns)


def join(parts: list[Rows]) -> Rows:
    """Return the rows of all parts, one after another."""
    if not parts:
        return Rows(np.empty(0, dtype=np.int64), np.empty((0, 5)))
    return Rows(
        np.concatenate([one.time for one in parts]), np.concatenate([one.values for one in parts])
    )


def check(rows: Rows, timeframe: Timeframe, window: Interval) -> Rows:
    """Return `rows` if each is a possible bar of `window`, in order, once; raise MalformedAnswer.

    Times are on the grid of the timeframe; prices are finite and above 0, volumes finite and not
    below 0; no high lies below, and no low above, another price of the bar.
    """
    time, values = rows.time, rows.values
    if not len(time):
        return rows
    _refuse(rows, np.diff(time, prepend=time[0] - 1) < 0, "is out of order")
    _refuse(rows, np.diff(time, prepend=time[0] - 1) == 0, "is given twice")
    _refuse(rows, (time < window.start) | (time >= window.end), "was not asked for")
    _refuse(rows, timeframe.floors(time) != time, f"is not the open time of a {timeframe} bar")
    _refuse(rows, ~np.isfinite(values).all(axis=1), "has a value that is no number")
    prices = values[:, :4]
    _refuse(rows, (prices <= 0).any(axis=1), "has a price that is not above 0")
    beyond = (prices < LEAST_PRICE) | (prices > MOST_PRICE)
    _refuse(rows, beyond.any(axis=1), f"has a price beyond {LEAST_PRICE:g} to {MOST_PRICE:g}")
    _refuse(rows, values[:, 4] < 0, "has a negative volume")
    _refuse(rows, values[:, 1] < prices.max(axis=1), "has a high below another of its prices")
    _refuse(rows, values[:, 2] > prices.min(axis=1), "has a low above another of its prices")
    return rows


def _refuse(rows: Rows, wrong: ArrayLike, words: str) -> None:
    found = np.flatnonzero(wrong)
    if len(found):
        raise MalformedAnswer(f"the bar of {moment(int(rows.time[found[0]]))} {words}")


def moment(time: int) -> str:
    """Return a time as text, whatever it is."""
    try:
        return iso(time)
    except OverflowError:
        return f"{time} ms"
