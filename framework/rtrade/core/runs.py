"""Stretches of equal values: where they are, and windows that hold nothing else."""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import BoolArray, FloatArray, IntArray

# Windows gone through at a time.
_BLOCK = 32768


def level(values: FloatArray, x: FloatArray, n: int) -> FloatArray:
    """Return means `values`, in windows of equal `x` replaced by that value."""
    last = x[n - 1 :]
    for start in range(0, len(last), _BLOCK):
        here = slice(start, start + _BLOCK)
        ends, means = last[here], values[here]
        # Looking for runs costs more than the mean; few windows begin, end and average at one
        # value.
        maybe = np.flatnonzero(ends == x[: len(last)][here])
        ends, means = ends[maybe], means[maybe]
        if ((np.abs(means - ends) <= 1e-9 * np.abs(ends)) & (means != ends)).any():
            return np.where(flat(x, n), last, values)
    return values


def flat(x: FloatArray, n: int) -> BoolArray:
    """Tell in which windows all values are equal."""
    moved = moves(x)
    if np.count_nonzero(moved) > len(x) - n + 1:
        return np.zeros(len(x) - n + 1, dtype=bool)
    return np.asarray(since(moved)[n - 1 :] >= n - 1)


def moves(x: FloatArray) -> BoolArray:
    """Tell at which bars `x` differs from the bar before; False at the first."""
    moved = np.zeros(len(x), dtype=bool)
    np.not_equal(x[1:], x[:-1], out=moved[1:])
    return moved


def since(happened: BoolArray) -> IntArray:
    """Return the bars since it last happened, 0 on that bar; before it ever did, since always."""
    bars = np.arange(len(happened))
    last = np.where(happened, bars, 0)
    np.maximum.accumulate(last, out=last)
    return bars - last
