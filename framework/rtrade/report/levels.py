"""Levels of detail: a run of any length as a few thousand candles, and whole bars near trades.

An overview candle covers an aligned stretch of time (a day of hourly bars): open of the first
bar, close of the last, highest high, lowest low, sum of volume. Lines keep their extremes: two
neighbouring candles share their stretch, and show its lowest and highest value in the order in
which they came, so that a line has the candles' times and no peak or trough is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import Bars, BoolArray, FloatArray, IntArray
from rtrade.core.timeframes import DAY, HOUR, MINUTE, WEEK, Timeframe

_STEPS = (
    *(MINUTE * n for n in (1, 2, 3, 5, 10, 15, 20, 30)),
    *(HOUR * n for n in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY * n for n in (1, 2, 3)),
    *(WEEK * n for n in (1, 2, 4, 8, 13, 26, 52)),
)


@dataclass(frozen=True, eq=False)
class Grouping:
    """Bars in groups: group g is bars `starts[g]:stops[g]`, all groups together all bars."""

    timeframe: Timeframe
    starts: IntArray
    stops: IntArray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lasts(self) -> IntArray:
        """Index of the last bar of each group."""
        return self.stops - 1


def group(bars: Bars, limit: int) -> Grouping:
    """Group bars into at most `limit` candles of one timeframe; one bar each where they fit.

    Times of the candles are those of their first bars; holes in the data stay holes.
    """
    count = len(bars)
    index = np.arange(count, dtype=np.int64)
    if count <= limit:
        return Grouping(bars.timeframe, index, index + 1)
    for step in _steps(bars.timeframe, count, limit):
        width = Timeframe(step)
        bucket = (bars.time - width.origin) // step
        starts = np.concatenate(([0], np.flatnonzero(np.diff(bucket)) + 1)).astype(np.int64)
        if len(starts) <= limit:
            return Grouping(width, starts, np.append(starts[1:], count))
    raise AssertionError("the last step is as wide as the whole run")


def _steps(timeframe: Timeframe, count: int, limit: int) -> list[int]:
    """Return widths to try, narrowest first; the last fits always."""
    named = [ms for ms in _STEPS if ms > timeframe.ms and ms % timeframe.ms == 0]
    enough = [ms for ms in named if ms // timeframe.ms * limit >= count]
    # Aligned groups can be one more than needed, and a run may be wider than 52 weeks a candle.
    return [*enough, timeframe.ms * (count // (limit - 1) + 1), timeframe.ms * count]


def candles(bars: Bars, grouping: Grouping) -> Bars:
    """Aggregate bars to one candle per group."""
    starts = grouping.starts
    return Bars(
        symbol=bars.symbol,
        timeframe=grouping.timeframe,
        time=bars.time[starts],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts),
        low=np.minimum.reduceat(bars.low, starts),
        close=bars.close[grouping.lasts],
        volume=np.add.reduceat(bars.volume, starts),
    )


def extremes(values: FloatArray, grouping: Grouping) -> FloatArray:
    """Thin a line to one value per group; each pair of groups keeps its minimum and maximum.

    The first value stays the first and the last the last; beside them stands the extreme that is
    farther off. NaN only where a pair holds nothing else.
    """
    groups = len(grouping)
    if groups == len(values):
        return values
    # An odd last group joins the pair before it: its own place belongs to the last value.
    starts = grouping.starts[: groups - groups % 2 : 2]
    low_at, high_at = _first_at(values, starts, np.fmin), _first_at(values, starts, np.fmax)
    line = np.empty(groups)
    line[0 : 2 * len(starts) : 2] = values[np.minimum(low_at, high_at)]
    line[1 : 2 * len(starts) : 2] = values[np.maximum(low_at, high_at)]
    low, high = values[low_at], values[high_at]
    line[0], line[-1] = values[0], values[-1]
    line[1] = _farther(low[0], high[0], line[0])
    if groups % 2 == 0:
        line[-2] = _farther(low[-1], high[-1], line[-1])
    return line


def means(values: FloatArray, grouping: Grouping) -> FloatArray:
    """Return the mean of each group."""
    sums = np.add.reduceat(values, grouping.starts)
    return np.asarray(sums / (grouping.stops - grouping.starts), dtype=np.float64)


def thin(time: IntArray, values: FloatArray, limit: int) -> tuple[IntArray, FloatArray]:
    """Thin a line to at most about `limit` points; each stretch keeps its lowest and highest."""
    count = len(values)
    if count <= limit:
        return time, values
    starts = np.unique(np.linspace(0, count, limit // 2 + 1).astype(np.int64)[:-1])
    low, high = _first_at(values, starts, np.fmin), _first_at(values, starts, np.fmax)
    chosen = np.unique(np.concatenate((low, high, [0, count - 1])))
    return time[chosen], values[chosen]


def _first_at(values: FloatArray, starts: IntArray, extreme: np.ufunc) -> IntArray:
    """Return where each group first holds its extreme; its start where it holds only NaN."""
    counts = np.diff(np.append(starts, len(values)))
    hits = np.flatnonzero(values == np.repeat(extreme.reduceat(values, starts), counts))
    at = starts.copy()
    owner = np.repeat(np.arange(len(starts)), counts)[hits]
    # Written from the back, so that the first hit of a group is what stays.
    at[owner[::-1]] = hits[::-1]
    return at


def _farther(low: float, high: float, last: float) -> float:
    return low if last - low > high - last else high


@dataclass(frozen=True, eq=False)
class Holdings:
    """Where trades lie: bars of entry and exit (the last bar while open), pnl in quote units."""

    entry: IntArray
    exit: IntArray
    pnl: FloatArray


@dataclass(frozen=True, eq=False)
class Windows:
    """Whole bars near trades: `bars` marks them, `trades` are the trades whose bars they are.

    Of a trade of more than twice `edge` bars, the first and the last `edge` are among them.
    """

    bars: BoolArray
    trades: tuple[int, ...]
    edge: int


LARGEST = 200
# Bars from entry and before exit to keep of a trade, where the whole of it is too much.
_EDGES = (2_000, 1_000, 500, 250, 160, 120, 90, 70, 50, 40, 30, 20, 15, 10, 6, 4)


def windows(held: Holdings, count: int, budget: int, margin: int) -> Windows:
    """Choose about `budget` of `count` bars: those of the `LARGEST` trades by gain or loss.

    Each has `margin` bars on either side. Where whole trades are too much, long ones lose their
    middle, and then all of them some of the margin: none is left out.
    """
    chosen = largest(held)
    entry, stop = held.entry[chosen], held.exit[chosen] + 1
    for edge in (count, *_EDGES):
        aside = min(margin, edge)
        split = stop - entry > 2 * edge
        marked = _between(
            count,
            np.concatenate((entry - aside, stop[split] - edge)),
            np.concatenate((np.where(split, entry + edge, stop + aside), stop[split] + aside)),
        )
        if np.count_nonzero(marked) <= budget:
            break
    return Windows(marked, tuple(chosen.tolist()), edge)


def largest(held: Holdings) -> IntArray:
    """Return the `LARGEST` trades by gain or loss, in order of entry."""
    return np.sort(np.argsort(-np.abs(held.pnl), kind="stable")[:LARGEST])


def _between(count: int, starts: IntArray, stops: IntArray) -> BoolArray:
    """Mark the bars of stretches, as far as there are bars."""
    change = np.zeros(count + 1, dtype=np.int64)
    np.add.at(change, np.clip(starts, 0, count), 1)
    np.add.at(change, np.clip(stops, 0, count), -1)
    return np.asarray(np.cumsum(change)[:count] > 0)
