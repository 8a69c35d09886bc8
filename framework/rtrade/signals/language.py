"""Kernels of the language's own functions.

Number inputs are float64 that may hold NaN, conditions int8 three-valued; params come by keyword.
A kernel in `BARWISE` deals with NaN itself and returns a value for every bar. One in `RESTARTED`
is given stretches without NaN that are longer than its warm-up, and returns the values of the
last bars: as many as there are after its warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rtrade.core.bars import TRUE, UNKNOWN, FloatArray, TriArray
from rtrade.core.timeframes import DAY, HOUR
from rtrade.data.vwap import vwap
from rtrade.signals import windows
from rtrade.signals.logic import ago, both, compare, opposite

Kernel = Callable[..., Any]


def _crosses_above(a: FloatArray, b: FloatArray) -> TriArray:
    return _crosses(compare("<=", a, b))


def _crosses_below(a: FloatArray, b: FloatArray) -> TriArray:
    return _crosses(compare(">=", a, b))


def _crosses(before: TriArray) -> TriArray:
    """Tell where a condition that held one bar ago holds no more."""
    result = opposite(before)
    np.minimum(result[1:], before[:-1], out=result[1:])
    np.minimum(result[:1], UNKNOWN, out=result[:1])
    return result


def _rising(x: FloatArray, *, n: int) -> TriArray:
    return _held_for(compare(">", x, ago(x, 1)), n=n)


def _falling(x: FloatArray, *, n: int) -> TriArray:
    return _held_for(compare("<", x, ago(x, 1)), n=n)


def _held_for(c: TriArray, *, n: int) -> TriArray:
    return windows.extreme(_after_unknown(c, n - 1), n, np.minimum)


def _occurred_within(c: TriArray, *, n: int) -> TriArray:
    return windows.extreme(_after_unknown(c, n - 1), n, np.maximum)


def _after_unknown(c: TriArray, bars: int) -> TriArray:
    """Put unknown bars before the first: what was then cannot be told."""
    return np.concatenate((np.full(bars, UNKNOWN, dtype=np.int8), c))


def _between(x: FloatArray, low: FloatArray, high: FloatArray) -> TriArray:
    return both(compare("<=", low, x), compare("<=", x, high))


def _count_true(c: TriArray, *, n: int) -> FloatArray:
    padded = _after_unknown(c, n - 1)
    result = _count(padded == TRUE, n).astype(np.float64)
    result[_count(padded == UNKNOWN, n) > 0] = np.nan
    return result


def _count(flags: np.ndarray[Any, np.dtype[np.bool_]], n: int) -> np.ndarray[Any, Any]:
    """Count the flags in each full window of n bars; whole numbers, so exactly."""
    counts = np.cumsum(flags, dtype=np.int64)
    result = counts[n - 1 :].copy()
    result[1:] -= counts[:-n]
    return result


def _highest(x: FloatArray, *, n: int) -> FloatArray:
    return _extreme(x, n, np.maximum)


def _lowest(x: FloatArray, *, n: int) -> FloatArray:
    return _extreme(x, n, np.minimum)


def _extreme(x: FloatArray, n: int, pick: Callable[..., FloatArray]) -> FloatArray:
    result = np.empty(len(x))
    result[: n - 1] = np.nan
    if len(x) >= n:
        windows.extreme(x, n, pick, out=result[n - 1 :])
    return result


def _change(x: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(x - ago(x, n))


def _pct_change(x: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(x / ago(x, n) - 1)


def _hour(time: FloatArray) -> FloatArray:
    return np.asarray(np.floor((time - np.floor(time / DAY) * DAY) / HOUR))


def _weekday(time: FloatArray) -> FloatArray:
    days = np.floor(time / DAY) + 3
    return np.asarray(days - 7 * np.floor(days / 7))


def _zscore(x: FloatArray, *, n: int) -> FloatArray:
    means = windows.mean(x, n)
    return np.asarray((x[n - 1 :] - means) / windows.deviation(x, means, n, 0))


def _percent_rank(x: FloatArray, *, n: int) -> FloatArray:
    return windows.share_below(x, n)


def _log_return_deviation(x: FloatArray, *, n: int) -> FloatArray:
    return log_return_deviations(x, [n])[0]


def log_return_deviations(x: FloatArray, lengths: Sequence[int]) -> list[FloatArray]:
    """Return deviations, of samples, of n logarithmic returns; these are found once."""
    # One logarithm at a time: that of arrays differs, by processor, in the last bit.
    ratios = x[1:] / x[:-1]
    usable = (ratios > 0) & (ratios < np.inf)
    logged = map(math.log, np.where(usable, ratios, 1.0).data)
    returns = np.fromiter(logged, dtype=np.float64, count=len(ratios))
    returns[~usable] = np.nan
    found = []
    for n in lengths:
        means = windows.total(returns, n)
        means /= n
        found.append(windows.deviation(returns, means, n, 1, out=means))
    return found


BARWISE: dict[str, Kernel] = {
    "abs": np.abs,
    "between": _between,
    "change": _change,
    "count_true": _count_true,
    "crosses_above": _crosses_above,
    "crosses_below": _crosses_below,
    "falling": _falling,
    "held_for": _held_for,
    "highest": _highest,
    "hour": _hour,
    "lowest": _lowest,
    "max": np.maximum,
    "min": np.minimum,
    "occurred_within": _occurred_within,
    "pct_change": _pct_change,
    "rising": _rising,
    "weekday": _weekday,
}

RESTARTED: dict[str, Kernel] = {
    "log_return_deviation": _log_return_deviation,
    "percent_rank": _percent_rank,
    "vwap": vwap,
    "zscore": _zscore,
}
