"""Kernels of candlestick patterns: TA-Lib's, on a grid on which its running sums are exact.

TA-Lib adds to its averages and takes off again, which rounds, so that what a pattern is compared
with depends on where the data begin. On whole numbers of a small enough size nothing is rounded:
prices are brought to one size by a power of two and rounded to 40 binary digits.
"""

from __future__ import annotations

import math

import numpy as np

from rtrade.catalog.candles import PATTERNS, Pattern
from rtrade.core.bars import FloatArray
from rtrade.signals.language import Kernel

_DIGITS = 40
# Prices of one run rarely leave such a span of powers of two, and the grid changes only with it.
_SPAN = 8


def _on_grid(prices: tuple[FloatArray, ...]) -> list[FloatArray]:
    top = math.frexp(float(prices[0][0]))[1]
    place = math.ceil((top + _SPAN / 2) / _SPAN) * _SPAN - _SPAN / 2
    shift = _DIGITS - int(place)
    # In two steps: the power of two that takes the smallest prices up is itself too large.
    half = shift // 2
    by = math.ldexp(1.0, half), math.ldexp(1.0, shift - half)
    return [np.rint(x * by[0] * by[1]) for x in prices]


def _kernel(pattern: Pattern) -> Kernel:
    def kernel(
        open_: FloatArray,
        high: FloatArray,
        low: FloatArray,
        close: FloatArray,
        **depth: float,
    ) -> FloatArray:
        import talib

        function = getattr(talib, pattern.name.upper())
        found = function(*_on_grid((open_, high, low, close)), *depth.values())
        return np.asarray(found[pattern.warmup :], dtype=np.float64)

    return kernel


BARWISE: dict[str, Kernel] = {}

RESTARTED: dict[str, Kernel] = {pattern.name: _kernel(pattern) for pattern in PATTERNS}
