"""When a model is asked, and for how long an answer applies: pure functions of bars.

Indices count bars of the series that is given, warm-up included; a decision at index i is taken
at the close of bar i.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import TRUE, Bars, IntArray, TriArray

# Where no answer applies.
NONE = -1


def points_every(bars: Bars, count: int, first: int = 0) -> IntArray:
    """Return the indices >= `first` of the closes at which `every: count bars` asks.

    They are the first closes at or past each multiple of `count` x timeframe since 1970-01-01
    UTC (SEMANTICS section 6): a property of the bars themselves, so that another `first` moves no
    decision. What lies before the series is taken to have no hole.
    """
    number = bars.timeframe.numbers(bars.time) + 1
    period = number // count
    before = np.empty_like(period)
    before[:1] = (number[:1] - 1) // count
    before[1:] = period[:-1]
    return _from(np.flatnonzero(period != before), first)


def points_at(condition: TriArray, first: int = 0) -> IntArray:
    """Return the indices >= `first` of the closes at which a condition is true (not unknown)."""
    return _from(np.flatnonzero(condition == TRUE), first)


def applying(points: IntArray, length: int, valid_for: int | None = None) -> IntArray:
    """Return for each of `length` closes which point's answer applies, by its place in `points`.

    An answer applies from its own close to the close before the next point, and on `valid_for`
    closes at most, its own included; -1 where none does. An abstention applies like an answer:
    the one before it is not kept.
    """
    places = np.searchsorted(points, np.arange(length), side="right") - 1
    if valid_for is not None and len(points):
        age = np.arange(length) - points[places]
        places = np.where((places >= 0) & (age < valid_for), places, NONE)
    return places.astype(np.int64)


def spread(
    values: NDArray[np.generic], unknown: float, places: IntArray
) -> NDArray[np.generic]:  # fmt: skip
    """Return a value per close from one per point; `unknown` where no point applies."""
    padded = np.append(values, np.asarray([unknown], dtype=values.dtype))
    return padded[np.where(places == NONE, len(values), places)]


def _from(indices: NDArray[np.intp], first: int) -> IntArray:
    return indices[indices >= first].astype(np.int64)
