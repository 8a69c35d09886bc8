"""Bring series onto one another's bars: on each bar, the last one that has closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from rtrade.core.bars import UNKNOWN, Bars, FloatArray, IntArray, MarketData, TriArray
from rtrade.core.timeframes import Timeframe
from rtrade.plan.plan import Plan

Series = TypeVar("Series", FloatArray, TriArray)

_FIELDS: Mapping[str, Callable[[Bars], FloatArray]] = {
    "open": lambda bars: bars.open,
    "high": lambda bars: bars.high,
    "low": lambda bars: bars.low,
    "close": lambda bars: bars.close,
    "volume": lambda bars: bars.volume,
    "hl2": lambda bars: (bars.high + bars.low) / 2,
    "hlc3": lambda bars: (bars.high + bars.low + bars.close) / 3,
    "ohlc4": lambda bars: (bars.open + bars.high + bars.low + bars.close) / 4,
    "time": lambda bars: bars.time.astype(np.float64),
}


class Clocks:
    """The bars of each timeframe, and every series as seen from them.

    A timeframe's bars are those of its leading series: the base series for the base timeframe,
    else the base symbol's if it is read, else the one named first.
    """

    def __init__(self, plan: Plan, market: MarketData) -> None:
        self._base = market.base
        self._series: dict[str, Bars] = {"": market.base}
        self._leading: dict[Timeframe, str] = {plan.timeframe: ""}
        others = plan.needs[1:]
        for need in sorted(others, key=lambda need: need.symbol != plan.symbol):
            self._series[need.name] = market.others[need.name]
            self._leading.setdefault(need.timeframe, need.name)
        self._shown: dict[str, IntArray] = {}

    def bars(self, timeframe: Timeframe) -> Bars:
        """Return the bars that nodes of this clock have values on."""
        return self._series[self._leading[timeframe]]

    def field(self, series: str, name: str) -> FloatArray:
        """Return a field of a series on the bars of its clock; NaN before its first bar."""
        bars = self._series[series]
        values = np.ascontiguousarray(_FIELDS[name](bars), dtype=np.float64)
        if self._leading[bars.timeframe] == series:
            return values
        if series not in self._shown:
            self._shown[series] = last_closed(bars, self.bars(bars.timeframe))
        return pick(values, self._shown[series])

    def align(self, values: Series, source: Timeframe, target: Timeframe) -> Series:
        """Return values of a coarser clock as seen from the bars of a finer one."""
        if source == target:
            return values
        return pick(values, last_closed(self.bars(source), self.bars(target)))

    def stale(self, series: str, first: int) -> int:
        """Count the base bars from `first` on that show an older bar of `series` than is due.

        Bars before the first one of `series` do not count: they show nothing.
        """
        bars, base = self._series[series], self._base
        shown = last_closed(bars, base)[first:]
        due = base.time[first:]
        if bars.timeframe != base.timeframe:
            frame = bars.timeframe
            due = frame.opens(frame.numbers(base.timeframe.closes(due)) - 1)
        known = shown >= 0
        return int(np.count_nonzero(bars.time[shown[known]] < due[known]))


def last_closed(source: Bars, target: Bars) -> IntArray:
    """Return, for each bar of `target`, the index of the last bar of `source` closed by its close.

    -1 where none has closed.
    """
    closes = source.timeframe.closes(source.time)
    moments = target.timeframe.closes(target.time)
    if len(source) > len(target):
        return np.asarray(np.searchsorted(closes, moments, side="right") - 1, dtype=np.int64)
    # Fewer places to look for: on which bar of `target` each of `source` is seen first.
    seen = np.bincount(np.searchsorted(moments, closes), minlength=len(target))
    return np.asarray(np.cumsum(seen[: len(target)]) - 1, dtype=np.int64)


def pick(values: Series, index: IntArray) -> Series:
    """Return `values[index]`; NaN or unknown where the index is -1."""
    if len(values) == 0:
        missing = np.nan if values.dtype == np.float64 else UNKNOWN
        return np.full(len(index), missing, dtype=values.dtype)
    result = values[index]
    result[index < 0] = np.nan if values.dtype == np.float64 else UNKNOWN
    return result
