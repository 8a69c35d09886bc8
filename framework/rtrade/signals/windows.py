"""Windows over finite stretches: means, deviations, extremes, runs.

Every function takes arrays without NaN that are at least n long and returns one value per full
window, `len(x) - n + 1` of them. A value depends on its window alone, to the bit, so that neither
the first bar read nor the last one changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from rtrade.core.bars import FloatArray, TriArray
from rtrade.core.exact import window_means
from rtrade.core.runs import level

# Bars gone through at a time, so that what is added up stays in the processor's cache.
_BLOCK = 16384
# What is counted in bytes, for their speed, before it is carried over.
_COUNTED = 255

Numbers = TypeVar("Numbers", FloatArray, TriArray)

# Functions of `loops` as machine code, by name; empty where arrays are gone through.
_loops: dict[str, Callable[..., None]] = {}


def use(loops: Mapping[str, Callable[..., None]]) -> None:
    """From here on, go over windows by machine code of functions of `signals.loops`, by name.

    It changes no value. Without a name, arrays are gone through as before.
    """
    _loops.clear()
    _loops.update(loops)


def mean(x: FloatArray, n: int) -> FloatArray:
    """Return the means; of equal values, exactly their value."""
    return level(window_means(x, n)[0], x, n)


def means(x: FloatArray, lengths: Sequence[int]) -> list[FloatArray]:
    """Return the means of windows of several lengths, as `mean` does of one."""
    found = window_means(x, *lengths)
    return [level(values, x, n) for n, values in zip(lengths, found, strict=True)]


def extreme(
    x: Numbers, n: int, pick: Callable[..., Numbers], out: Numbers | None = None
) -> Numbers:
    """Return the `np.maximum` or `np.minimum` of each window, NaN where it holds a NaN.

    Doubles the window: two of k bars, side by side, make one of 2 k. Written to `out` if given.
    """
    found = np.empty_like(x)[n - 1 :] if out is None else out
    size = max(_BLOCK, 2 * n)
    rooms = np.empty((2, min(size + n, len(x))), dtype=x.dtype)
    for start in range(0, len(found), size):
        best, width = x[start : start + size + n - 1], 1
        while 2 * width <= n:
            rooms = rooms[::-1]
            best = pick(best[width:], best[:-width], out=rooms[0, : len(best) - width])
            width *= 2
        rest = n - width
        pick(best[rest:], best[: len(best) - rest], out=found[start : start + size])
    return found


def deviation(x: FloatArray, means: FloatArray, n: int, freedom: int) -> FloatArray:
    """Return root mean squared distances from `means`, in two passes, oldest value first.

    The denominator is n - `freedom`.
    """

    def square(value: FloatArray, center: FloatArray) -> FloatArray:
        value = value - center
        value *= value
        return value

    sums = _looped("squares", len(means), x, means, n)
    sums = _walk(x, means, n, square) if sums is None else sums
    sums /= n - freedom
    return np.sqrt(sums, out=sums)


def distance(x: FloatArray, means: FloatArray, n: int) -> FloatArray:
    """Return mean absolute distances from `means`."""

    def size(value: FloatArray, center: FloatArray) -> FloatArray:
        value = value - center
        return np.abs(value, out=value)

    sums = _looped("sizes", len(means), x, means, n)
    sums = _walk(x, means, n, size) if sums is None else sums
    sums /= n
    return sums


def total(x: FloatArray, n: int) -> FloatArray:
    """Return sums, each addition rounded, oldest value first."""
    sums = _tilted(x, np.zeros(len(x) - n + 1), n, 1.0, 0.0)
    return _walk(x, x[n - 1 :], n, lambda value, _: value) if sums is None else sums


def covariance(
    x: FloatArray, y: FloatArray, of_x: FloatArray, of_y: FloatArray, n: int
) -> FloatArray:
    """Return mean products of distances from the means `of_x` and `of_y`, denominator n."""
    found = _looped("products", len(of_x), x, y, of_x, of_y, n)
    if found is not None:
        return np.asarray(found / n)
    sums = np.zeros(len(of_x))
    for start, stop in _blocks(len(sums)):
        part, first, second = sums[start:stop], of_x[start:stop], of_y[start:stop]
        for k in range(n):
            part += (x[start + k : stop + k] - first) * (y[start + k : stop + k] - second)
    return sums / n


def between_gaps(
    x: FloatArray, warmup: int, kernel: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Apply a kernel to each stretch without NaN, as if the series began there; `len(x)` values."""
    result = np.full(len(x), np.nan)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~np.isnan(x)).view(np.int8), [0]))))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start > warmup:
            result[start + warmup : stop] = kernel(x[start:stop])
    return result


def weighted_mean(x: FloatArray, n: int) -> FloatArray:
    """Return means with weights 1, for the oldest value, to n; of equal values, their value."""
    sums = _tilted(x, np.zeros(len(x) - n + 1), n, 1.0, 1.0)
    if sums is None:
        sums = np.zeros(len(x) - n + 1)
        for start, stop in _blocks(len(sums)):
            part = sums[start:stop]
            for k in range(n):
                part += (k + 1) * x[start + k : stop + k]
    return level(sums / (n * (n + 1) // 2), x, n)


def slope(x: FloatArray, means: FloatArray, n: int) -> FloatArray:
    """Return slopes, per bar, of the straight lines of least squares."""
    sums = _tilted(x, means, n, -(n - 1) / 2, 1.0)
    if sums is None:
        sums = np.zeros(len(means))
        for start, stop in _blocks(len(sums)):
            part, middle = sums[start:stop], means[start:stop]
            for k in range(n):
                part += (k - (n - 1) / 2) * (x[start + k : stop + k] - middle)
    return np.asarray(sums / (n * (n * n - 1) / 12))


def share_below(x: FloatArray, n: int) -> FloatArray:
    """Return the percentage of the n bars before each whose value is lower: `len(x) - n`."""
    counts = np.zeros(len(x) - n, dtype=np.int64)
    less, few = np.empty(_BLOCK, dtype=bool), np.empty(_BLOCK, dtype=np.uint8)
    for start, stop in _blocks(len(counts)):
        now, lower = x[start + n : stop + n], less[: stop - start]
        for first in range(0, n, _COUNTED):
            part = few[: stop - start]
            part[:] = 0
            for k in range(first, min(first + _COUNTED, n)):
                np.less(x[start + k : stop + k], now, out=lower)
                part += lower.view(np.uint8)
            counts[start:stop] += part
    return 100 * counts / n


def _walk(
    x: FloatArray,
    center: FloatArray,
    n: int,
    term: Callable[[FloatArray, FloatArray], FloatArray],
) -> FloatArray:
    """Add up `term(value, center)` over each window, oldest value first."""
    sums = np.zeros(len(x) - n + 1)
    for start, stop in _blocks(len(sums)):
        part, middle = sums[start:stop], center[start:stop]
        for k in range(n):
            part += term(x[start + k : stop + k], middle)
    return sums


def _looped(name: str, count: int, *given: Any) -> FloatArray | None:
    """Return sums over `count` windows by machine code; None where there is none."""
    loop = _loops.get(name)
    if loop is None:
        return None
    sums = np.zeros(count)
    loop(*(_sealed(one) if isinstance(one, np.ndarray) else one for one in given), sums)
    return sums


def _tilted(
    x: FloatArray, centers: FloatArray, n: int, first: float, step: float
) -> FloatArray | None:
    return _looped("weighted", len(centers), x, centers, n, first, step)


def _sealed(values: FloatArray) -> FloatArray:
    """Return the values for reading, all of one type, so that nothing is compiled twice."""
    found = np.ascontiguousarray(values, dtype=np.float64).view()
    found.flags.writeable = False
    return found


def _blocks(length: int) -> Iterator[tuple[int, int]]:
    for start in range(0, length, _BLOCK):
        yield start, min(start + _BLOCK, length)
