"""Coarser bars from finer ones: first open, highest high, lowest low, last close, sum of volume.

A bar of the coarser timeframe is emitted only once it is known whole: the data must not start
inside it and must reach its close. Inside the data, finer bars may be missing.
"""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import Bars, BoolArray, FloatArray, IntArray
from rtrade.core.timeframes import Timeframe


def can_resample(fine: Timeframe, coarse: Timeframe) -> bool:
    """Tell whether bars of `fine` fill bars of `coarse` exactly, with edges that meet."""
    meets = (coarse.origin - fine.origin) % fine.ms == 0
    return fine.ms < coarse.ms and coarse.ms % fine.ms == 0 and meets


def resample(bars: Bars, timeframe: Timeframe) -> Bars:
    """Return `bars` in the coarser `timeframe`; raise ValueError where the two do not divide.

    Volumes are summed from left to right.
    """
    return resample_counting(bars, timeframe)[0]


def resample_counting(bars: Bars, timeframe: Timeframe) -> tuple[Bars, BoolArray]:
    """Return the coarser bars, and for each whether finer bars are missing in it."""
    if not can_resample(bars.timeframe, timeframe):
        raise ValueError(f"{bars.timeframe} bars cannot be put together to {timeframe} bars")
    buckets = _floor(bars.time, timeframe)
    first = np.flatnonzero(np.diff(buckets, prepend=buckets[:1] - 1))
    counts = np.diff(first, append=len(bars))
    group = np.repeat(np.arange(len(first)), counts)
    whole = _whole(bars, buckets[first], timeframe)
    # bincount adds in the order of the bars; reduceat would add pairwise.
    volume = np.bincount(group, weights=bars.volume, minlength=len(first)).astype(np.float64)
    coarse = Bars(
        symbol=bars.symbol,
        timeframe=timeframe,
        time=buckets[first][whole],
        open=bars.open[first][whole],
        high=_grouped(np.maximum, bars.high, first)[whole],
        low=_grouped(np.minimum, bars.low, first)[whole],
        close=bars.close[first + counts - 1][whole],
        volume=volume[whole],
    )
    return coarse, (counts < timeframe.ms // bars.timeframe.ms)[whole]


def _floor(time: IntArray, timeframe: Timeframe) -> IntArray:
    return (time - timeframe.origin) // timeframe.ms * timeframe.ms + timeframe.origin


def _whole(bars: Bars, buckets: IntArray, timeframe: Timeframe) -> slice:
    """Return which buckets lie inside the data: neither begun before it nor ended after it."""
    if not len(bars):
        return slice(0, 0)
    start = int(bars.time[0] > buckets[0])
    ends_inside = bars.time[-1] + bars.timeframe.ms < buckets[-1] + timeframe.ms
    return slice(start, max(start, len(buckets) - int(ends_inside)))


def _grouped(extreme: np.ufunc, values: FloatArray, first: IntArray) -> FloatArray:
    extremes: FloatArray = extreme.reduceat(values, first) if len(first) else values[:0]
    return extremes
