"""Kernels of statistics over windows, elementary functions and cycles."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rtrade.core.bars import FALSE, TRUE, FloatArray, TriArray
from rtrade.core.exact import window_sums
from rtrade.signals import windows
from rtrade.signals.indicators import sized
from rtrade.signals.language import Kernel


def _var(x: FloatArray, *, n: int) -> FloatArray:
    spread = windows.deviation(x, windows.mean(x, n), n, 0)
    return np.asarray(spread * spread)


def _avgdev(x: FloatArray, *, n: int) -> FloatArray:
    return windows.distance(x, windows.mean(x, n), n)


def _percentile(x: FloatArray, *, n: int, p: float) -> FloatArray:
    rank = max(math.ceil(p * n / 100), 1) - 1
    result = np.empty(len(x) - n + 1)
    # Blocks, so that the windows of a long series are not all in memory at once.
    step = max(1, 2_000_000 // n)
    for start in range(0, len(result), step):
        stop = min(start + step, len(result))
        block = np.lib.stride_tricks.sliding_window_view(x[start : stop + n - 1], n)
        result[start:stop] = np.partition(block, rank, axis=1)[:, rank]
    return result


def _correl(a: FloatArray, b: FloatArray, *, n: int) -> FloatArray:
    first, second = windows.mean(a, n), windows.mean(b, n)
    shared = windows.covariance(a, b, first, second, n)
    spread = windows.deviation(a, first, n, 0) * windows.deviation(b, second, n, 0)
    return np.clip(shared / spread, -1.0, 1.0)


def _beta(a: FloatArray, b: FloatArray, *, n: int) -> FloatArray:
    of_a, of_b = a[1:] / a[:-1] - 1, b[1:] / b[:-1] - 1
    first, second = windows.mean(of_a, n), windows.mean(of_b, n)
    spread = windows.deviation(of_a, first, n, 0)
    return np.asarray(windows.covariance(of_a, of_b, first, second, n) / (spread * spread))


def _line(x: FloatArray, n: int, ahead: float) -> FloatArray:
    """Return the line of least squares, `ahead` bars from the middle of its window."""
    middle = windows.mean(x, n)
    return np.asarray(middle + windows.slope(x, middle, n) * ahead)


def _linearreg(x: FloatArray, *, n: int) -> FloatArray:
    return _line(x, n, (n - 1) / 2)


def _linearreg_intercept(x: FloatArray, *, n: int) -> FloatArray:
    return _line(x, n, -(n - 1) / 2)


def _linearreg_angle(x: FloatArray, *, n: int) -> FloatArray:
    slopes = windows.slope(x, windows.mean(x, n), n)
    return np.array([math.degrees(math.atan(slope)) for slope in slopes.tolist()])


def _tsf(x: FloatArray, *, n: int) -> FloatArray:
    return _line(x, n, (n + 1) / 2)


def _by_one(function: Callable[[float], float]) -> Kernel:
    """Apply a function value by value: arrays' own differ, by processor, in the last bit."""

    def safe(value: float) -> float:
        try:
            return function(value)
        except (ValueError, OverflowError):
            return math.nan

    def kernel(x: FloatArray) -> FloatArray:
        return np.array([safe(value) for value in x.tolist()], dtype=np.float64)

    return kernel


def _cycle(name: str, first: int, *, carries: bool = False) -> Kernel:
    """Return TA-Lib's function of the dominant cycle, fed at one size."""

    def kernel(x: FloatArray) -> tuple[FloatArray, ...] | FloatArray:
        import talib

        scale = sized(x)
        found = getattr(talib, name)(x * scale)
        lines = found if isinstance(found, tuple) else (found,)
        by = scale if carries else 1.0
        parts = tuple(np.asarray(line[first:] / by, dtype=np.float64) for line in lines)
        return parts if len(parts) > 1 else parts[0]

    return kernel


def _ht_trendmode(x: FloatArray) -> TriArray:
    import talib

    found = np.asarray(talib.HT_TRENDMODE(x * sized(x)), dtype=np.int64)[63:]
    return np.where(found > 0, TRUE, FALSE).astype(np.int8)


BARWISE: dict[str, Kernel] = {
    "acos": _by_one(math.acos),
    "asin": _by_one(math.asin),
    "atan": _by_one(math.atan),
    "ceil": np.ceil,
    "cos": _by_one(math.cos),
    "cosh": _by_one(math.cosh),
    "exp": _by_one(math.exp),
    "floor": np.floor,
    "ln": _by_one(math.log),
    "log10": _by_one(math.log10),
    "sin": _by_one(math.sin),
    "sinh": _by_one(math.sinh),
    "sqrt": np.sqrt,
    "tan": _by_one(math.tan),
    "tanh": _by_one(math.tanh),
}

RESTARTED: dict[str, Kernel] = {
    "avgdev": _avgdev,
    "beta": _beta,
    "correl": _correl,
    "ht_dcperiod": _cycle("HT_DCPERIOD", 32),
    "ht_dcphase": _cycle("HT_DCPHASE", 63),
    "ht_phasor": _cycle("HT_PHASOR", 32, carries=True),
    "ht_sine": _cycle("HT_SINE", 63),
    "ht_trendmode": _ht_trendmode,
    "linearreg": _linearreg,
    "linearreg_angle": _linearreg_angle,
    "linearreg_intercept": _linearreg_intercept,
    "percentile": _percentile,
    "sum": lambda x, *, n: window_sums(x, n),
    "tsf": _tsf,
    "var": _var,
}
