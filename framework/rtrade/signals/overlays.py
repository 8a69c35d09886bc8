"""Kernels of averages, channels and stops that are drawn on the price."""

from __future__ import annotations

import math

import numpy as np

from rtrade.core.bars import FloatArray
from rtrade.data.vwap import volume_weighted
from rtrade.signals import windows
from rtrade.signals.indicators import atr, ema, price_range, sized, wilders, wma
from rtrade.signals.language import Kernel


def _trima(x: FloatArray, *, n: int) -> FloatArray:
    return windows.mean(windows.mean(x, (n + 1) // 2), n // 2 + 1)


def _hma(x: FloatArray, *, n: int) -> FloatArray:
    half = n // 2
    line = 2 * wma(x, n=half)[n - half :] - wma(x, n=n)
    return wma(np.asarray(line), n=math.isqrt(n))


def _zlema(x: FloatArray, *, n: int) -> FloatArray:
    lag = (n - 1) // 2
    return ema(np.asarray(2 * x[lag:] - x[: len(x) - lag]), n=n)


def _t3(x: FloatArray, *, n: int, k: float) -> FloatArray:
    lines = [x]
    for _ in range(6):
        lines.append(ema(lines[-1], n=n))
    third, fourth, fifth, sixth = (
        line[(6 - place) * (n - 1) :] for place, line in enumerate(lines[3:], 3)
    )
    square, cube = k * k, k * k * k
    return np.asarray(
        -cube * sixth
        + (3 * square + 3 * cube) * fifth
        - (6 * square + 3 * k + 3 * cube) * fourth
        + (1 + 3 * k + cube + 3 * square) * third
    )


def _vwma(x: FloatArray, volume: FloatArray, *, n: int) -> FloatArray:
    return volume_weighted(x, volume, n)


def _midpoint(x: FloatArray, *, n: int) -> FloatArray:
    top, bottom = price_range(x, x, n)
    return (top + bottom) / 2


def _midprice(high: FloatArray, low: FloatArray, *, n: int) -> FloatArray:
    top, bottom = price_range(high, low, n)
    return (top + bottom) / 2


def _mama(x: FloatArray, *, fast: float, slow: float) -> tuple[FloatArray, FloatArray]:
    import talib

    scale = sized(x)
    lines = talib.MAMA(x * scale, max(fast, slow), min(fast, slow))
    return lines[0][32:] / scale, lines[1][32:] / scale


def _ht_trendline(x: FloatArray) -> FloatArray:
    import talib

    scale = sized(x)
    values: FloatArray = talib.HT_TRENDLINE(x * scale) / scale
    return values[63:]


def _accbands(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    spread = 4 * ((high - low) / (high + low))
    return (
        windows.mean(high * (1 + spread), n),
        windows.mean(close, n),
        windows.mean(low * (1 - spread), n),
    )


def _donchian(
    high: FloatArray, low: FloatArray, *, n: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    top, bottom = price_range(high, low, n)
    return top, (top + bottom) / 2, bottom


def _kc(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int, atr: int, k: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    first = max(n - 1, atr)
    middle = ema((high + low + close) / 3, n=n)[first - n + 1 :]
    width = k * _atr(high, low, close, n=atr)[first - atr :]
    return middle + width, middle, middle - width


_atr = atr


def _sar(high: FloatArray, low: FloatArray, *, step: float, most: float) -> FloatArray:
    import talib

    values: FloatArray = talib.SAR(high, low, step, most)
    return values[1:]


def _supertrend(
    high: FloatArray, low: FloatArray, close: FloatArray, *, n: int, k: float
) -> tuple[FloatArray, FloatArray]:
    import talib

    line, trend = talib.SUPERTREND(high, low, close, n, k)
    return line[n:], trend[n:].astype(np.float64)


def _ha(
    open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    import talib

    bars: tuple[FloatArray, FloatArray, FloatArray, FloatArray] = talib.HA(open_, high, low, close)
    return bars


def _wclprice(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    return np.asarray((high + low + 2 * close) / 4)


def _fractal(
    high: FloatArray, low: FloatArray, *, left: int, right: int
) -> tuple[FloatArray, FloatArray]:
    def swings(x: FloatArray) -> FloatArray:
        count = len(x) - left - right
        middle = x[left : left + count]
        before = windows.extreme(x, left, np.maximum)[:count]
        after = windows.extreme(x[left + 1 :], right, np.maximum)[:count]
        return np.asarray((middle > before) & (middle > after), dtype=np.float64)

    return swings(high), swings(-low)


BARWISE: dict[str, Kernel] = {"wclprice": _wclprice}

RESTARTED: dict[str, Kernel] = {
    "accbands": _accbands,
    "donchian": _donchian,
    "fractal": _fractal,
    "ha": _ha,
    "hma": _hma,
    "ht_trendline": _ht_trendline,
    "kc": _kc,
    "mama": _mama,
    "midpoint": _midpoint,
    "midprice": _midprice,
    "rma": wilders,
    "sar": _sar,
    "supertrend": _supertrend,
    "t3": _t3,
    "trima": _trima,
    "vwma": _vwma,
    "zlema": _zlema,
}
