"""Which bars are unlike those before them: a robust rule that never looks ahead.

A bar's *distance* is the largest of three, each the logarithm of a ratio of prices:

- its close from the nearer one of the two closes before it (so that the bar which returns from a
  bad close is none itself);
- its high above both its own close and the high of the bar before;
- its low below both its own close and the low of the bar before.

What is *usual* is 1.4826 times the median of |ln(close / close before)| over the `window` bars
before it, without those where the close did not change; 1.4826 makes it the standard deviation of
normal returns. The median is taken about 0, from which that of returns is hardly ever far. At least
LEAST such returns must be there (`window`, if that is less); bars before are not judged.

An outlier's distance is more than `k` times what is usual. A bar of a slow, steady move has none,
however far the move goes; a spike that closes back where it began is the plainest case.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from rtrade.config.definitions import OutlierDef
from rtrade.core.bars import Bars, BoolArray, FloatArray, IntArray
from rtrade.data.ranks import smallest

LEAST = 30
# 1 / the third quartile of the normal distribution.
_NORMAL = 1.4826


def lead(rule: OutlierDef) -> int:
    """Return how many bars before a bar decide whether it is an outlier."""
    return rule.window + 1


def outliers(bars: Bars, rule: OutlierDef) -> BoolArray:
    """Tell which bars are outliers, each by the bars up to itself alone."""
    found = np.zeros(len(bars), dtype=np.bool_)
    if len(bars) < 2:
        return found
    ratios = _ratio(bars.close[1:], bars.close[:-1])
    moved = ratios > 1
    # The returns before bar i are those of the bars 1 .. i - 1; that of bar j has index j - 1.
    counts = np.concatenate(([0], np.cumsum(moved)))
    stop = counts[np.maximum(np.arange(len(bars)) - 1, 0)]
    start = counts[np.maximum(np.arange(len(bars)) - 1 - rule.window, 0)]
    distance = _distances(bars, ratios)
    judged = np.flatnonzero((stop - start >= min(LEAST, rule.window)) & (distance > 1))
    factor = rule.k * _NORMAL
    suspects = judged[
        _suspects(ratios[moved], start[judged], stop[judged], np.log(distance[judged]) / factor)
    ]
    medians = _medians(ratios[moved], start[suspects], stop[suspects])
    far = [
        math.log(size) > factor * median
        for size, median in zip(distance[suspects].tolist(), medians, strict=True)
    ]
    found[suspects] = far
    return found


def _ratio(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the larger price over the smaller one."""
    return _over(np.maximum(one, other), np.minimum(one, other))


def _over(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the ratios of prices, at most the largest float."""
    with np.errstate(over="ignore"):
        ratio: FloatArray = np.minimum(one / other, sys.float_info.max)
    return ratio


def _distances(bars: Bars, ratios: FloatArray) -> FloatArray:
    """Return each bar's distance as a ratio of prices, 1 and less where there is none.

    Ratios and not their logarithms: divisions are the same on every processor.
    """
    step = ratios.copy()
    step[1:] = np.minimum(step[1:], _ratio(bars.close[2:], bars.close[:-2]))
    above = _over(bars.high[1:], np.maximum(bars.close[1:], bars.high[:-1]))
    below = _over(np.minimum(bars.close[1:], bars.low[:-1]), bars.low[1:])
    return np.concatenate(([1.0], np.maximum(step, np.maximum(above, below))))


def _suspects(moves: FloatArray, start: IntArray, stop: IntArray, limits: FloatArray) -> BoolArray:
    """Tell where the median of the logarithms of `moves[start:stop]` may be below its limit.

    Where more than half of a window is at or above the power of two that the limit is below, the
    median is too. That settles nearly all bars with one running count for each power of two. The
    logarithms of arrays may be off in the last digits, which is allowed for.
    """
    sizes = np.log(moves) * (1 - 1e-9)
    _, powers = np.frexp(limits * (1 + 1e-6))
    maybe = np.zeros(len(limits), dtype=np.bool_)
    for power in np.unique(powers).tolist():
        at = np.flatnonzero(powers == power)
        large = np.concatenate(([0], np.cumsum(sizes >= math.ldexp(1.0, power))))
        maybe[at] = 2 * (large[stop[at]] - large[start[at]]) <= stop[at] - start[at]
    return maybe


def _medians(moves: FloatArray, start: IntArray, stop: IntArray) -> list[float]:
    """Return the medians of the logarithms of `moves[start:stop]`."""
    if not len(start):
        return []
    count = stop - start
    middles = smallest(
        moves,
        np.concatenate((start, start)),
        np.concatenate((stop, stop)),
        np.concatenate(((count - 1) // 2, count // 2)),
    )
    logs = [math.log(middle) for middle in middles.tolist()]
    return [(logs[at] + logs[at + len(count)]) / 2 for at in range(len(count))]
