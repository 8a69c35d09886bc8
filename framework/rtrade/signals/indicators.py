"""Kernels of the technical indicators: TA-Lib's where it is exact, our own windows elsewhere.

What differs from TA-Lib, on purpose: sums over windows do not drift; a quotient whose denominator
is zero is NaN rather than 0; and nothing is taken for zero because a price is small, for which
inputs of scale-free indicators are brought to one size by a power of two, which rounds nothing.
"""

from __future__ import annotations

import math

import numpy as np

from rtrade.catalog.settling import RANGE, fade, wilder
from rtrade.core.bars import BoolArray, FloatArray
from rtrade.core.runs import moves, since
from rtrade.signals import windows
from rtrade.signals.language import Kernel
from rtrade.signals.logic import ago

# Large enough that TA-Lib's smallest number taken as not zero (1e-14) is beyond a float's digits,
# small enough that what follows may grow as much again.
_SIZE = 512


def sized(x: FloatArray) -> float:
    """Return the power of two that brings the first value that is not 0 to the common size."""
    found = np.flatnonzero(x[:1] if x[0] else x)
    if not len(found):
        return 1.0
    return math.ldexp(1.0, min(_SIZE - math.frexp(x[found[0]])[1], 1000))


def _before_first(moved: BoolArray) -> int:
    """Count the bars before the first move."""
    first = int(moved.argmax())
    return first if moved[first] else len(moved)


def _steady(x: FloatArray) -> int:
    """Count the leading values that are equal."""
    return _before_first(moves(x))


def unmoved(moved: BoolArray, n: int) -> BoolArray:
    """Tell where nothing moved for so long that an n-bar average of movement has none left."""
    long = n + fade(wilder(n), RANGE)
    still = np.zeros(len(moved), dtype=bool)
    # So long a stretch holds a whole one of those that are half as long, side by side.
    half = (long + 1) // 2
    parts = moved[: len(moved) // half * half].reshape(-1, half)
    if not parts.any(axis=1).all():
        still |= since(moved) >= long
    still[: _before_first(moved)] = True
    return still


def _sma(x: FloatArray, *, n: int) -> FloatArray:
    return windows.mean(x, n)


def ema(x: FloatArray, *, n: int) -> FloatArray:
    """Return exponential averages, from the mean of the first n values on."""
    import talib

    values: FloatArray = talib.EMA(x, n)
    values[n - 1 : _steady(x)] = x[0]
    return values[n - 1 :]


def _dema(x: FloatArray, *, n: int) -> FloatArray:
    first = ema(x, n=n)
    return np.asarray(2 * first[n - 1 :] - ema(first, n=n))


def _tema(x: FloatArray, *, n: int) -> FloatArray:
    first = ema(x, n=n)
    second = ema(first, n=n)
    third = ema(second, n=n)
    return np.asarray(3 * first[2 * n - 2 :] - 3 * second[n - 1 :] + third)


def wma(x: FloatArray, *, n: int) -> FloatArray:
    """Return linearly weighted averages of full windows."""
    return windows.weighted_mean(x, n)


def _kama(x: FloatArray, *, n: int) -> FloatArray:
    import talib

    scale = sized(x)
    values: FloatArray = talib.KAMA(x * scale, n) / scale
    return values[n:]


def rsi(x: FloatArray, *, n: int) -> FloatArray:
    """Return the RSI from bar n on; NaN once nothing has moved for long."""
    import talib

    values: FloatArray = talib.RSI(x * sized(x), n)
    moved = moves(x)
    values[unmoved(moved, n)] = np.nan
    return values[n:]


def _macd(
    x: FloatArray, *, fast: int, slow: int, signal: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    import talib

    lines: tuple[FloatArray, FloatArray, FloatArray] = talib.MACD(x, fast, slow, signal)
    start, steady = slow + signal - 2, _steady(x)
    for line in lines:
        line[start:steady] = 0.0
    return lines[0][start:], lines[1][start:], lines[2][start:]


def ppo(x: FloatArray, *, fast: int, slow: int) -> FloatArray:
    """Return the difference of two exponential averages in percent of the slow one."""
    long = ema(x, n=slow)
    return np.asarray(100 * (ema(x, n=fast)[slow - fast :] - long) / long)


def wilders(x: FloatArray, *, n: int) -> FloatArray:
    """Return Wilder's averages, from the mean of the first n values on."""
    import talib

    values: FloatArray = talib.RMA(x, n)
    values[n - 1 : _steady(x)] = x[0]
    return values[n - 1 :]


def _trix(x: FloatArray, *, n: int) -> FloatArray:
    smooth = ema(ema(ema(x, n=n), n=n), n=n)
    return np.asarray(100 * (smooth[1:] / smooth[:-1] - 1))


def _stoch(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int, k: int, d: int
) -> tuple[FloatArray, FloatArray]:
    top, bottom = price_range(high, low, n)
    raw = 100 * ((close[n - 1 :] - bottom) / (top - bottom))
    smooth = mean_with_gaps(raw, k)
    return smooth[d - 1 :], mean_with_gaps(smooth, d)


def mean_with_gaps(x: FloatArray, n: int) -> FloatArray:
    """Return means of n values, NaN where one of them is."""
    if not np.isnan(x.min()):
        return windows.mean(x, n)
    gaps = np.isnan(x)
    means = windows.mean(np.where(gaps, 0.0, x), n)
    return np.where(np.isnan(windows.extreme(x, n, np.maximum)), np.nan, means)


def _willr(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    top, bottom = price_range(high, low, n)
    return np.asarray(0.0 - 100 * ((top - close[n - 1 :]) / (top - bottom)))


def price_range(high: FloatArray, low: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the highest high and the lowest low of each full window."""
    return windows.extreme(high, n, np.maximum), windows.extreme(low, n, np.minimum)


def _cci(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    typical = (high + low + close) / 3
    means = windows.mean(typical, n)
    distances = windows.distance(typical, means, n)
    return np.asarray((typical[n - 1 :] - means) / (0.015 * distances))


def roc(x: FloatArray, *, n: int) -> FloatArray:
    """Return the change from n bars ago in percent, NaN before."""
    return np.asarray(100 * (x / ago(x, n) - 1))


def _mom(x: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(x - ago(x, n))


def atr(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    """Return Wilder's average of the true range from bar n on."""
    import talib

    values: FloatArray = talib.ATR(high, low, close, n)
    return values[n:]


def _natr(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(100 * (atr(high, low, close, n=n) / close[n:]))


def _stddev(x: FloatArray, *, n: int) -> FloatArray:
    means = windows.mean(x, n)
    return windows.deviation(x, means, n, 0, out=means)


def _bbands(x: FloatArray, *, n: int, k: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    middle = windows.mean(x, n)
    width = windows.deviation(x, middle, n, 0)
    width *= k
    upper = np.add(middle, width, out=windows.with_room(x, n - 1))
    return upper, middle, np.subtract(middle, width, out=width)


def adx(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    """Return the ADX from bar 2 n - 1 on."""
    import talib

    scale = sized(close)
    values: FloatArray = talib.ADX(high * scale, low * scale, close * scale, n)
    directed = np.zeros(len(close), dtype=bool)
    up, down = high[1:] - high[:-1], low[:-1] - low[1:]
    directed[1:] = ((up > 0) | (down > 0)) & (up != down)
    values[unmoved(directed, n)] = np.nan
    return np.clip(values, 0, 100)[2 * n - 1 :]


def _plus_di(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    return directional("PLUS_DI", high, low, close, n)


def _minus_di(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    return directional("MINUS_DI", high, low, close, n)


def directional(
    name: str, high: FloatArray, low: FloatArray, close: FloatArray, n: int
) -> FloatArray:
    """Return TA-Lib's `PLUS_DI` or `MINUS_DI` from bar n on; NaN once nothing has moved."""
    import talib

    scale = sized(close)
    values: FloatArray = getattr(talib, name)(high * scale, low * scale, close * scale, n)
    moved = np.zeros(len(close), dtype=bool)
    moved[1:] = (high[1:] != close[:-1]) | (low[1:] != close[:-1])
    values[unmoved(moved, n)] = np.nan
    return np.clip(values, 0, 100)[n:]


def aroon(high: FloatArray, low: FloatArray, *, n: int) -> tuple[FloatArray, FloatArray]:
    """Return Aroon up and down from bar n on."""
    import talib

    down, up = talib.AROON(high, low, n)
    # In whole bars, so that 100 is 100.
    bars = np.rint(up[n:] * n / 100), np.rint(down[n:] * n / 100)
    return 100 * bars[0] / n, 100 * bars[1] / n


def _linearreg_slope(x: FloatArray, *, n: int) -> FloatArray:
    return windows.slope(x, windows.mean(x, n), n)


BARWISE: dict[str, Kernel] = {"mom": _mom, "roc": roc}

RESTARTED: dict[str, Kernel] = {
    "adx": adx,
    "aroon": aroon,
    "atr": atr,
    "bbands": _bbands,
    "cci": _cci,
    "dema": _dema,
    "ema": ema,
    "kama": _kama,
    "linearreg_slope": _linearreg_slope,
    "macd": _macd,
    "minus_di": _minus_di,
    "natr": _natr,
    "plus_di": _plus_di,
    "ppo": ppo,
    "rsi": rsi,
    "sma": _sma,
    "stddev": _stddev,
    "stoch": _stoch,
    "tema": _tema,
    "trix": _trix,
    "willr": _willr,
    "wma": wma,
}
