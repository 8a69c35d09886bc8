"""Volume-weighted average prices: of windows of bars, as the catalog's `vwap`, and of trades."""

from __future__ import annotations

import math

import numpy as np

from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.exact import window_sums
from rtrade.core.runs import level


def rolling_vwap(bars: Bars, n: int) -> FloatArray:
    """Return sum(hlc3 x volume) / sum(volume) of the last `n` bars, at each bar.

    NaN before the n-th bar and where nothing was traded. Windows count bars that exist.
    """
    values = np.full(len(bars), np.nan)
    if len(bars) >= n:
        values[n - 1 :] = vwap(bars.high, bars.low, bars.close, bars.volume, n=n)
    values[np.isinf(values)] = np.nan
    return values


def vwap(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, *, n: int
) -> FloatArray:
    """Return the VWAP of each full window of `n` bars, `len(high) - n + 1` of them.

    Both sums are exact, rounded once (`core.exact`): a value depends on the bars in its window.
    """
    return volume_weighted((high + low + close) / 3, volume, n)


def volume_weighted(x: FloatArray, volume: FloatArray, n: int) -> FloatArray:
    """Return sum(x x volume) / sum(volume) of each full window, NaN where nothing was traded.

    In windows of one value of `x`, exactly that value.
    """
    traded = window_sums(volume, n)
    with np.errstate(all="ignore"):
        values = np.asarray(window_sums(x * volume, n) / traded)
    return np.where(traded == 0, np.nan, level(values, x, n))


def vwap_of_trades(
    time: IntArray, price: FloatArray, amount: FloatArray, closes: IntArray, window: int
) -> FloatArray:
    """Return sum(price x amount) / sum(amount) of the trades in the `window` ms before each close.

    `time` (ms, ascending) is when trades were made, `closes` (ms) where windows end: a trade at
    that very time belongs to what follows. NaN where there was none.
    """
    worth = price * amount
    values = np.full(len(closes), np.nan)
    starts = np.searchsorted(time, closes - window).tolist()
    stops = np.searchsorted(time, closes).tolist()
    for at, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        traded = math.fsum(amount[start:stop].tolist())
        if traded > 0:
            values[at] = math.fsum(worth[start:stop].tolist()) / traded
    return values
