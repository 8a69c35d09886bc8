"""Kernels of indicators of volume, volatility and directed movement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rtrade.core.bars import BoolArray, FloatArray
from rtrade.core.exact import several_sums, window_sums
from rtrade.core.runs import moves
from rtrade.signals import windows
from rtrade.signals.indicators import adx, ema, ppo, unmoved, wilders
from rtrade.signals.language import Kernel


def _after_first(x: FloatArray, start: float) -> FloatArray:
    return np.concatenate(([start], x))


def _obv(close: FloatArray, volume: FloatArray) -> FloatArray:
    flow = np.sign(close[1:] - close[:-1]) * volume[1:]
    return np.cumsum(_after_first(flow, volume[0]))


def _flow(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> FloatArray:
    """Return volume by where the close lies in the bar: all of it at the top, 0 without range."""
    span = high - low
    place = np.divide((close - low) - (high - close), span, out=np.zeros(len(span)), where=span > 0)
    return np.asarray(place * volume)


def _ad(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> FloatArray:
    return np.cumsum(_flow(high, low, close, volume))


def _adosc(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    *,
    fast: int,
    slow: int,
) -> FloatArray:
    import talib

    values: FloatArray = talib.ADOSC(high, low, close, volume, fast, slow)
    return values[slow - 1 :]


def _cmf(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, *, n: int
) -> FloatArray:
    traded = window_sums(volume, n)
    return np.clip(window_sums(_flow(high, low, close, volume), n) / traded, -1.0, 1.0)


def money_flows(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
    lengths: Sequence[int],
) -> list[FloatArray]:
    """Return for several lengths what the money flow index is for one."""
    shares = partial(_flow_shares, lengths)
    return windows.in_blocks(shares, (high, low, close, volume), lengths)


def _flow_shares(
    lengths: Sequence[int],
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
) -> list[FloatArray]:
    typical = high + low
    typical += close
    typical /= 3
    up, down = windows.sided(typical[1:], typical[:-1], (typical * volume)[1:])
    rises, falls = several_sums(up, *lengths), several_sums(down, *lengths)
    # Each share in the room of its sums.
    for rose, fell in zip(rises, falls, strict=True):
        np.divide(rose, np.add(rose, fell, out=fell), out=rose)
        np.multiply(rose, 100, out=rose)
    return rises


def _mfi(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, *, n: int
) -> FloatArray:
    return money_flows(high, low, close, volume, [n])[0]


def _efi(close: FloatArray, volume: FloatArray, *, n: int) -> FloatArray:
    return ema(np.asarray((close[1:] - close[:-1]) * volume[1:]), n=n)


def _marketfi(high: FloatArray, low: FloatArray, volume: FloatArray) -> FloatArray:
    return np.asarray((high - low) / volume)


def _volume_index(close: FloatArray, counts: BoolArray) -> FloatArray:
    steps = np.where(counts, close[1:] / close[:-1], 1.0)
    return np.asarray(np.cumprod(_after_first(steps, 1000.0)), dtype=np.float64)


def _nvi(close: FloatArray, volume: FloatArray) -> FloatArray:
    return _volume_index(close, volume[1:] < volume[:-1])


def _pvi(close: FloatArray, volume: FloatArray) -> FloatArray:
    return _volume_index(close, volume[1:] > volume[:-1])


def _pvt(close: FloatArray, volume: FloatArray) -> FloatArray:
    return np.cumsum(_after_first(volume[1:] * (close[1:] / close[:-1] - 1), 0.0))


def _wad(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    before, now = close[:-1], close[1:]
    rise, fall = now - np.minimum(low[1:], before), now - np.maximum(high[1:], before)
    moved = np.where(now > before, rise, np.where(now < before, fall, 0.0))
    return np.cumsum(_after_first(moved, 0.0))


def _pvo(volume: FloatArray, *, fast: int, slow: int) -> FloatArray:
    return ppo(volume, fast=fast, slow=slow)


def _rvol(volume: FloatArray, *, n: int) -> FloatArray:
    return np.asarray(volume[n:] / windows.mean(volume, n)[:-1])


def _trange(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    before = close[:-1]
    return np.asarray(np.maximum(high[1:], before) - np.minimum(low[1:], before))


def _adr(high: FloatArray, low: FloatArray, *, n: int) -> FloatArray:
    return windows.mean(high - low, n)


def _cvi(high: FloatArray, low: FloatArray, *, n: int, back: int) -> FloatArray:
    line = ema(high - low, n=n)
    return np.asarray(100 * (line[back:] / line[:-back] - 1))


def _massi(high: FloatArray, low: FloatArray, *, n: int, window: int) -> FloatArray:
    line = ema(high - low, n=n)
    ratio = np.asarray(line[n - 1 :] / ema(line, n=n))
    return windows.between_gaps(ratio, window - 1, lambda part: window_sums(part, window))[
        window - 1 :
    ]


def _rvi(x: FloatArray, *, n: int, deviation: int) -> FloatArray:
    spread = windows.deviation(x, windows.mean(x, deviation), deviation, 0)
    sides = windows.sided(x[deviation - 1 :], x[deviation - 2 : -1], spread)
    up, down = (wilders(side, n=n) for side in sides)
    down += up
    values = np.asarray(100 * np.divide(up, down, out=up))
    values[unmoved(moves(x), n + deviation)[n + deviation - 2 :]] = np.nan
    return values


def _adxr(high: FloatArray, low: FloatArray, close: FloatArray, *, n: int) -> FloatArray:
    line = adx(high, low, close, n=n)
    return np.asarray((line[n - 1 :] + line[: len(line) - n + 1]) / 2)


def _movement(rise: FloatArray, fall: FloatArray, n: int) -> FloatArray:
    """Return Wilder's sums of the steps that are greater than those to the other side."""
    return windows.faded(np.where((rise > fall) & (rise > 0), rise, 0.0), n)


def _plus_dm(high: FloatArray, low: FloatArray, *, n: int) -> FloatArray:
    return _movement(high[1:] - high[:-1], low[:-1] - low[1:], n)


def _minus_dm(high: FloatArray, low: FloatArray, *, n: int) -> FloatArray:
    return _movement(low[:-1] - low[1:], high[1:] - high[:-1], n)


def _vortex(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int
) -> tuple[FloatArray, FloatArray]:
    span = window_sums(_trange(high, low, close), n)
    plus, minus = np.abs(high[1:] - low[:-1]), np.abs(low[1:] - high[:-1])
    return window_sums(plus, n) / span, window_sums(minus, n) / span


BARWISE: dict[str, Kernel] = {"marketfi": _marketfi}

RESTARTED: dict[str, Kernel] = {
    "ad": _ad,
    "adosc": _adosc,
    "adr": _adr,
    "adxr": _adxr,
    "cmf": _cmf,
    "cvi": _cvi,
    "efi": _efi,
    "massi": _massi,
    "mfi": _mfi,
    "minus_dm": _minus_dm,
    "nvi": _nvi,
    "obv": _obv,
    "plus_dm": _plus_dm,
    "pvi": _pvi,
    "pvo": _pvo,
    "pvt": _pvt,
    "rvi": _rvi,
    "rvol": _rvol,
    "trange": _trange,
    "vortex": _vortex,
    "wad": _wad,
}
