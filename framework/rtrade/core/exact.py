"""Sums over windows, rounded once: equal to `math.fsum` of each window, at array speed.

A running sum drifts, and depends on where it began. Here it cannot:

1. Split the values into parts, each a multiple of a power of two so coarse that no prefix sum
   of the part can need more than 53 bits.
2. Take prefix sums of each part, and their differences n bars apart: all without rounding.
3. Add the parts of each window with the rounding error caught, so that the result is the exact
   sum rounded once.

So a window's sum depends on the values in it and on nothing else.
"""

from __future__ import annotations

import math

import numpy as np

from rtrade.core.bars import FloatArray

# Outside of this the parts of a sum could overflow or lose bits below the smallest float.
_LARGEST, _SMALLEST = 2.0**900, 2.0**-800


# Sums computed at a time: few enough for the processor's cache and for few parts.
_BLOCK = 32768


def window_sums(x: FloatArray, n: int) -> FloatArray:
    """Return the sums of `x[i-n+1 : i+1]` for i >= n - 1, each as `math.fsum` has it.

    `x` is without NaN and at least n long; a sum beyond the largest float is infinite.
    """
    sums = np.empty(len(x) - n + 1)
    step = max(_BLOCK, 2 * n)
    for start in range(0, len(sums), step):
        stop = min(start + step, len(sums))
        sums[start:stop] = _block_sums(x[start : stop + n - 1], n)
    return sums


def _block_sums(x: FloatArray, n: int) -> FloatArray:
    top = max(float(x.max()), -float(x.min()))
    if top == 0:
        return np.zeros(len(x) - n + 1)
    if not _SMALLEST < top < _LARGEST:
        return _one_by_one(x, n)
    parts = [_differences(part, n) for part in _split(x, top)]
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        parts[0] += parts[1]
        return parts[0]
    return _rounded_once(parts)


def _split(x: FloatArray, top: float) -> list[FloatArray]:
    """Split `x`, of size up to `top`, into parts whose prefix sums are exact."""
    length = max(len(x).bit_length(), 2)
    parts: list[FloatArray] = []
    exponent = math.frexp(top)[1]
    rest = x
    while True:
        quantum = exponent + length - 53
        # Adding and taking away 1.5 x 2**52 quanta rounds to a whole number of quanta.
        shift = math.ldexp(1.5, 52 + quantum)
        part = rest + shift
        part -= shift
        parts.append(part)
        rest = rest - part
        if not rest.any():
            return parts
        exponent = quantum - 1


def _differences(part: FloatArray, n: int) -> FloatArray:
    sums = np.cumsum(part)
    windows = sums[n - 1 :].copy()
    windows[1:] -= sums[:-n]
    return windows


def _rounded_once(parts: list[FloatArray]) -> FloatArray:
    """Add the parts, largest first, of each window."""
    low, lost = _two_sum(parts[1], parts[2])
    total, left = _two_sum(parts[0], low)
    for part in parts[3:]:
        lost += part
    if not lost.any():
        return total
    # What is left decides the rounding only where it may reach half a step, which is half as
    # wide below a power of two.
    close = np.abs(left) + 2 * np.abs(lost) >= np.spacing(np.abs(total)) / 2
    close |= np.abs(np.frexp(total)[0]) == 0.5
    for i in np.flatnonzero(close & (lost != 0)):
        total[i] = math.fsum(part[i] for part in parts)
    return total


def _two_sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a + b as rounded, and what the rounding lost (2Sum)."""
    total = a + b
    second = total - a
    lost = (a - (total - second)) + (b - second)
    return total, lost


def _one_by_one(x: FloatArray, n: int) -> FloatArray:
    values = x.tolist()
    return np.array([_fsum(values[i : i + n]) for i in range(len(values) - n + 1)])


def _fsum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:  # the sum, or a partial sum, is beyond the largest float
        return math.inf
    except ValueError:  # infinities of both signs
        return math.nan
