"""Kernels of momentum oscillators, put together from averages and windows."""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import FloatArray
from rtrade.core.exact import window_sums
from rtrade.signals import windows
from rtrade.signals.indicators import (
    aroon,
    directional,
    ema,
    mean_with_gaps,
    price_range,
    roc,
    rsi,
    wilders,
    wma,
)
from rtrade.signals.language import Kernel
from rtrade.signals.logic import ago

# Points of an RSI that are no movement.
_STILL = 1e-9


def _middle(high: FloatArray, low: FloatArray) -> FloatArray:
    return (high + low) / 2


def _ao(high: FloatArray, low: FloatArray, *, fast: int, slow: int) -> FloatArray:
    middle = _middle(high, low)
    return np.asarray(windows.mean(middle, fast)[slow - fast :] - windows.mean(middle, slow))


def _ac(high: FloatArray, low: FloatArray, *, fast: int, slow: int, signal: int) -> FloatArray:
    line = _ao(high, low, fast=fast, slow=slow)
    return np.asarray(line[signal - 1 :] - windows.mean(line, signal))


def _apo(x: FloatArray, *, fast: int, slow: int) -> FloatArray:
    return np.asarray(ema(x, n=fast)[slow - fast :] - ema(x, n=slow))


def _bop(open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    return np.asarray((close - open_) / (high - low))


def _eri(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int
) -> tuple[FloatArray, FloatArray]:
    middle = ema(close, n=n)
    return high[n - 1 :] - middle, low[n - 1 :] - middle


def _qstick(open_: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    return windows.mean(close - open_, n)


def _dpo(x: FloatArray, *, n: int) -> FloatArray:
    back = n // 2 + 1
    first = max(n - 1, back)
    return np.asarray(x[first - back : len(x) - back] - windows.mean(x, n)[first - n + 1 :])


def _aroonosc(high: FloatArray, low: FloatArray, *, n: int) -> FloatArray:
    up, down = aroon(high, low, n=n)
    return np.asarray(up - down)


def _cmo(x: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(2 * rsi(x, n=n) - 100)


def _balance(now: FloatArray, before: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the sums of n gains and of n losses."""
    gains, losses = windows.sided(now, before, np.abs(now - before))
    return window_sums(gains, n), window_sums(losses, n)


def _cmou(x: FloatArray, *, n: int) -> FloatArray:
    gains, losses = _balance(x[1:], x[:-1], n)
    return np.asarray(100 * ((gains - losses) / (gains + losses)))


def _imi(open_: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    gains, losses = _balance(close, open_, n)
    return np.asarray(100 * (gains / (gains + losses)))


def _way(x: FloatArray, n: int) -> FloatArray:
    return window_sums(np.abs(x[1:] - x[:-1]), n)


def _er(x: FloatArray, *, n: int) -> FloatArray:
    return np.minimum(np.abs(x[n:] - x[:-n]) / _way(x, n), 1.0)


def _vhf(x: FloatArray, *, n: int) -> FloatArray:
    top, bottom = price_range(x, x, n)
    return np.minimum((top - bottom)[1:] / _way(x, n), 1.0)


def _tsi(x: FloatArray, *, first: int, second: int) -> FloatArray:
    moves = x[1:] - x[:-1]
    net, gone = (ema(ema(part, n=first), n=second) for part in (moves, np.abs(moves)))
    return np.clip(100 * (net / gone), -100, 100)


def _ultosc(
    high: FloatArray, low: FloatArray, close: FloatArray, *, short: int, middle: int, long: int
) -> FloatArray:
    before = close[:-1]
    floor = np.minimum(low[1:], before)
    pressure, span = close[1:] - floor, np.maximum(high[1:], before) - floor
    longest = max(short, middle, long)
    parts = [
        (window_sums(pressure, n) / window_sums(span, n))[longest - n :]
        for n in (short, middle, long)
    ]
    return np.asarray(100 * ((4 * parts[0] + 2 * parts[1] + parts[2]) / 7))


def _place(high: FloatArray, low: FloatArray, close: FloatArray, n: int) -> FloatArray:
    top, bottom = price_range(high, low, n)
    return np.asarray(100 * ((close[n - 1 :] - bottom) / (top - bottom)))


def _stochf(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int, d: int
) -> tuple[FloatArray, FloatArray]:
    raw = _place(high, low, close, n)
    return raw[d - 1 :], mean_with_gaps(raw, d)


def _stochrsi(x: FloatArray, *, n: int, k: int, d: int) -> tuple[FloatArray, FloatArray]:
    strength = rsi(x, n=n)
    top, bottom = price_range(strength, strength, k)
    # Of an RSI that stands still, only rounding moves.
    span = np.where(top - bottom < _STILL, np.nan, top - bottom)
    raw = 100 * ((strength[k - 1 :] - bottom) / span)
    return raw[d - 1 :], mean_with_gaps(raw, d)


def _kdj(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int, k: int, d: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    raw = _place(high, low, close, n)
    smooth = windows.between_gaps(raw, k - 1, lambda part: wilders(part, n=k))[k - 1 :]
    again = windows.between_gaps(smooth, d - 1, lambda part: wilders(part, n=d))[d - 1 :]
    smooth = smooth[d - 1 :]
    known = np.where(np.isnan(again), np.nan, smooth)
    return known, again, 3 * known - 2 * again


def _smi(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    *,
    n: int,
    fast: int,
    slow: int,
    signal: int,
) -> tuple[FloatArray, FloatArray]:
    top, bottom = price_range(high, low, n)
    away = close[n - 1 :] - (top + bottom) / 2
    net, half = (ema(ema(part, n=slow), n=fast) for part in (away, (top - bottom) / 2))
    index = np.clip(100 * (net / half), -100, 100)
    line = windows.between_gaps(index, signal - 1, lambda part: ema(part, n=signal))[signal - 1 :]
    return np.where(np.isnan(line), np.nan, index[signal - 1 :]), line


def _rocr(x: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(x / ago(x, n))


def _rocr100(x: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(100 * (x / ago(x, n)))


def _coppock(x: FloatArray, *, n: int, first: int, second: int) -> FloatArray:
    longest = max(first, second)
    both = roc(x, n=first)[longest:] + roc(x, n=second)[longest:]
    return windows.between_gaps(both, n - 1, lambda part: wma(part, n=n))[n - 1 :]


def _fosc(x: FloatArray, *, n: int) -> FloatArray:
    middle = windows.mean(x, n)
    forecast = middle + windows.slope(x, middle, n) * ((n + 1) / 2)
    return np.asarray(100 * ((x[n:] - forecast[:-1]) / x[n:]))


def _dx(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    plus, minus = (directional(name, high, low, close, n) for name in ("PLUS_DI", "MINUS_DI"))
    return np.asarray(100 * (np.abs(plus - minus) / (plus + minus)))


BARWISE: dict[str, Kernel] = {"bop": _bop, "rocr": _rocr, "rocr100": _rocr100}

RESTARTED: dict[str, Kernel] = {
    "ac": _ac,
    "ao": _ao,
    "apo": _apo,
    "aroonosc": _aroonosc,
    "cmo": _cmo,
    "cmou": _cmou,
    "coppock": _coppock,
    "dpo": _dpo,
    "dx": _dx,
    "er": _er,
    "eri": _eri,
    "fosc": _fosc,
    "imi": _imi,
    "kdj": _kdj,
    "qstick": _qstick,
    "smi": _smi,
    "stochf": _stochf,
    "stochrsi": _stochrsi,
    "tsi": _tsi,
    "ultosc": _ultosc,
    "vhf": _vhf,
}
