"""Bars from finer ones, and from trades: first, highest, lowest, last price, sum of volume.

A bar is made only where it is known whole: the data must not start inside it and must reach its
close. Inside the data finer bars may be missing. An interval without any has no bar.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import Bars, BoolArray, FloatArray, IntArray
from rtrade.core.intervals import Interval, union
from rtrade.core.quality import FILLED, HALT, PARTIAL, FlagArray
from rtrade.core.timeframes import Timeframe


def can_resample(fine: Timeframe, coarse: Timeframe) -> bool:
    """Tell whether bars of `fine` fill bars of `coarse` exactly, with edges that meet."""
    return fine.fills(coarse)


def resample(bars: Bars, timeframe: Timeframe) -> Bars:
    """Return `bars` in the coarser `timeframe`; raise ValueError where the two do not divide.

    Volumes are summed from left to right.
    """
    return resample_counting(bars, timeframe)[0]


def resample_counting(bars: Bars, timeframe: Timeframe) -> tuple[Bars, BoolArray]:
    """Return the coarser bars, and for each whether finer bars are missing in it."""
    coarse, groups = _coarser(bars, timeframe)
    return coarse, _lacking(bars, coarse, groups.counts)


def resample_flags(bars: Bars, flags: FlagArray, timeframe: Timeframe) -> tuple[Bars, FlagArray]:
    """Return the coarser bars with their flags.

    A bar is FILLED where all its finer bars are, else PARTIAL where some are filled or missing;
    HALT where nothing was traded in it; and what one of its bars is besides.
    """
    coarse, groups = _coarser(bars, timeframe)
    if not len(coarse):
        return coarse, flags[:0]
    # What comes after the last whole bar is no part of it.
    flags = flags[: groups.first[-1] + groups.counts[-1]]
    filled = np.add.reduceat((flags & FILLED).astype(np.int64), groups.first)
    partial = _lacking(bars, coarse, groups.counts) | (filled > 0)
    own = np.where(filled == groups.counts, FILLED, PARTIAL * partial | HALT * flat(coarse))
    besides = np.bitwise_or.reduceat(flags & ~np.uint8(FILLED | HALT), groups.first)
    return coarse, (own | besides).astype(np.uint8)


def flat(bars: Bars) -> BoolArray:
    """Tell which bars are of one price and without volume."""
    still: BoolArray = (bars.volume == 0) & (bars.high == bars.low)
    return still


def bars_of_trades(
    symbol: str,
    timeframe: Timeframe,
    *,
    id: IntArray,
    time: IntArray,
    price: FloatArray,
    amount: FloatArray,
    covered: Sequence[Interval],
) -> Bars:
    """Return the bars of trades made in `covered`, stretches of which all trades are given.

    `time` is in ms; trades are taken in the order of their times, and of their ids within one
    millisecond; one that is given twice counts once. Volumes are exact sums, rounded once. Only
    intervals that lie wholly in a stretch have a bar, and of those only the ones with a trade.
    """
    _, once = np.unique(id, return_index=True)
    order = once[np.argsort(time[once], kind="stable")]
    opens = timeframe.floors(time[order])
    whole = _inside(opens, timeframe.closes(opens), covered)
    order, opens = order[whole], opens[whole]
    groups = _groups(opens)
    prices, amounts = price[order], amount[order]
    edges = [*groups.first.tolist(), len(order)]
    sums = [math.fsum(amounts[start:stop].tolist()) for start, stop in itertools.pairwise(edges)]
    return Bars(
        symbol=symbol,
        timeframe=timeframe,
        time=opens[groups.first],
        open=prices[groups.first],
        high=_grouped(np.maximum, prices, groups.first),
        low=_grouped(np.minimum, prices, groups.first),
        close=prices[groups.first + groups.counts - 1],
        volume=np.array(sums, dtype=np.float64),
    )


def _inside(opens: IntArray, closes: IntArray, covered: Sequence[Interval]) -> BoolArray:
    stretches = union(covered)
    if not stretches:
        return np.zeros(len(opens), dtype=np.bool_)
    starts = np.array([one.start for one in stretches])
    ends = np.array([one.end for one in stretches])
    at = np.searchsorted(starts, opens, side="right") - 1
    inside: BoolArray = (at >= 0) & (closes <= ends[at])
    return inside


@dataclass(frozen=True, eq=False)
class _Groups:
    """Rows that fall into one bar: where each group begins, and how many rows it has."""

    first: IntArray
    counts: IntArray

    def within(self, part: slice) -> _Groups:
        return _Groups(self.first[part], self.counts[part])


def _groups(opens: IntArray) -> _Groups:
    first = np.flatnonzero(np.diff(opens, prepend=opens[:1] - 1))
    return _Groups(first, np.diff(first, append=len(opens)))


def _coarser(bars: Bars, timeframe: Timeframe) -> tuple[Bars, _Groups]:
    """Return the coarser bars, and which of `bars` each is made of."""
    if not can_resample(bars.timeframe, timeframe):
        raise ValueError(f"{bars.timeframe} bars cannot be put together to {timeframe} bars")
    buckets = timeframe.floors(bars.time)
    every = _groups(buckets)
    # bincount adds in the order of the bars; reduceat would add pairwise.
    group = np.repeat(np.arange(len(every.first)), every.counts)
    volume = np.bincount(group, weights=bars.volume, minlength=len(every.first))
    whole = _whole(bars, buckets[every.first], timeframe)
    groups = every.within(whole)
    first = every.first
    coarse = Bars(
        symbol=bars.symbol,
        timeframe=timeframe,
        time=buckets[first][whole],
        open=bars.open[first][whole],
        high=_grouped(np.maximum, bars.high, first)[whole],
        low=_grouped(np.minimum, bars.low, first)[whole],
        close=bars.close[first + every.counts - 1][whole],
        volume=volume.astype(np.float64)[whole],
    )
    return coarse, groups


def _lacking(bars: Bars, coarse: Bars, counts: IntArray) -> BoolArray:
    """Tell which of the coarser bars are made of fewer bars than fill them."""
    fine, closes = bars.timeframe, coarse.timeframe.closes(coarse.time)
    return counts < fine.numbers(closes) - fine.numbers(coarse.time)


def _whole(bars: Bars, buckets: IntArray, timeframe: Timeframe) -> slice:
    """Return which buckets lie inside the data: neither begun before it nor ended after it."""
    if not len(bars):
        return slice(0, 0)
    start = int(bars.time[0] > buckets[0])
    ends = bars.timeframe.close(int(bars.time[-1]))
    ends_inside = ends < timeframe.close(int(buckets[-1]))
    return slice(start, max(start, len(buckets) - int(ends_inside)))


def _grouped(extreme: np.ufunc, values: FloatArray, first: IntArray) -> FloatArray:
    extremes: FloatArray = extreme.reduceat(values, first) if len(first) else values[:0]
    return extremes
