"""Windows over finite stretches: means, deviations, extremes, runs.

Every function takes arrays without NaN that are at least n long and returns one value per full
window, `len(x) - n + 1` of them. A value depends on its window alone, to the bit, so that neither
the first bar read nor the last one changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from rtrade.core import exact, runs
from rtrade.core.bars import FloatArray, TriArray
from rtrade.core.exact import sealed, window_means

# Bars gone through at a time, so that what is added up stays in the processor's cache.
_BLOCK = 16384
# Bars that a kernel is given at a time: those that exact sums are made of, in arrays, at a time.
_STRETCH = 32768
# What is counted in bytes, for their speed, before it is carried over.
_COUNTED = 255
# Windows whose centers the loops keep at hand.
_ROOM = 1024

Numbers = TypeVar("Numbers", FloatArray, TriArray)

# Functions of `loops` and `exact_loops` as machine code, by name; without, arrays are gone through.
_loops: dict[str, Callable[..., Any]] = {}


def use(loops: Mapping[str, Callable[..., Any]]) -> None:
    """From here on, go over windows by machine code, of what `loops` and `exact_loops` list.

    It changes no value. Without a name, arrays are gone through as before.
    """
    _loops.clear()
    _loops.update(loops)
    exact.use(loops)


def mean(x: FloatArray, n: int) -> FloatArray:
    """Return the means; of equal values, exactly their value."""
    return _level(window_means(x, n)[0], x, n)


def means(x: FloatArray, lengths: Sequence[int]) -> list[FloatArray]:
    """Return the means of windows of several lengths, as `mean` does of one."""
    found = window_means(x, *lengths)
    return [_level(values, x, n) for n, values in zip(lengths, found, strict=True)]


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


def deviation(
    x: FloatArray, means: FloatArray, n: int, freedom: int, out: FloatArray | None = None
) -> FloatArray:
    """Return root mean squared distances from `means`, in two passes, oldest value first.

    The denominator is n - `freedom`. Written to `out` if given, which may be the means.
    """
    found = with_room(x, n - 1) if out is None else out
    loop = _loops.get("deviations")
    if loop is not None:
        loop(sealed(x), sealed(means), n, float(n - freedom), np.empty((1, _ROOM)), found)
        return found

    def square(value: FloatArray, center: FloatArray) -> FloatArray:
        value = value - center
        value *= value
        return value

    _walk(x, means, n, square, found)
    found /= n - freedom
    return np.sqrt(found, out=found)


def distance(x: FloatArray, means: FloatArray, n: int) -> FloatArray:
    """Return mean absolute distances from `means`."""

    def size(value: FloatArray, center: FloatArray) -> FloatArray:
        value = value - center
        return np.abs(value, out=value)

    sums = _looped("sizes", len(means), x, means, n)
    sums = _walk(x, means, n, size, with_room(x, n - 1)) if sums is None else sums
    sums /= n
    return sums


def total(x: FloatArray, n: int) -> FloatArray:
    """Return sums, each addition rounded, oldest value first."""
    sums = _tilted(x, np.zeros(len(x) - n + 1), n, 1.0, 0.0)
    if sums is not None:
        return sums
    return _walk(x, x[n - 1 :], n, lambda value, _: value, with_room(x, n - 1))


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
    if len(x) > warmup and not np.isnan(x.min()):
        result[warmup:] = kernel(x)
        return result
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~np.isnan(x)).view(np.int8), [0]))))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start > warmup:
            result[start + warmup : stop] = kernel(x[start:stop])
    return result


def weighted_mean(x: FloatArray, n: int) -> FloatArray:
    """Return means with weights 1, for the oldest value, to n; of equal values, their value."""
    return weighted_means(x, [n])[0]


def weighted_means(x: FloatArray, lengths: Sequence[int]) -> list[FloatArray]:
    """Return the weighted means of windows of several lengths, as `weighted_mean` does of one.

    The sums of windows are those of shorter ones that begin at the same bar, and more.
    """
    found, begun, order = [np.empty(0)] * len(lengths), 0, _ascending(lengths)
    sums = with_room(x, lengths[order[0]] - 1)
    sums[:] = 0.0
    for place in order:
        n = lengths[place]
        sums = sums[: len(x) - n + 1]
        _ramp(x, begun, n, sums)
        begun = n
        # One alone needs no room of its own.
        out = sums if len(order) == 1 else with_room(x, n - 1)
        found[place] = _level(np.divide(sums, n * (n + 1) // 2, out=out), x, n)
    return found


def _ramp(x: FloatArray, begun: int, n: int, sums: FloatArray) -> None:
    loop = _loops.get("ramped")
    if loop is not None:
        loop(sealed(x), begun, n, sums)
        return
    for start, stop in _blocks(len(sums)):
        part = sums[start:stop]
        for k in range(begun, n):
            part += (k + 1) * x[start + k : stop + k]


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
    return shares_below(x, [n])[0]


def shares_below(x: FloatArray, lengths: Sequence[int]) -> list[FloatArray]:
    """Return for several lengths what `share_below` does for one.

    Of more bars before one, the nearest are counted already.
    """
    found, begun, order = [np.empty(0)] * len(lengths), 0, _ascending(lengths)
    counts = with_room(x, lengths[order[0]])
    counts[:] = 0.0
    for place in order:
        n = lengths[place]
        counts = counts[n - max(begun, lengths[order[0]]) :]
        _count_lower(x, begun, n, counts)
        begun = n
        out = counts if place == order[-1] else with_room(x, n)
        found[place] = np.multiply(counts, 100.0, out=out)
        found[place] /= n
    return found


def _count_lower(x: FloatArray, begun: int, n: int, counts: FloatArray) -> None:
    """Add how many of the bars from `begun` up to n before each are lower."""
    loop = _loops.get("lower")
    if loop is not None:
        loop(sealed(x), begun, n, counts)
        return
    first = len(x) - len(counts)
    less, few = np.empty(_BLOCK, dtype=bool), np.empty(_BLOCK, dtype=np.uint8)
    for start, stop in _blocks(len(counts)):
        now, lower = x[first + start : first + stop], less[: stop - start]
        for nearest in range(begun, n, _COUNTED):
            part = few[: stop - start]
            part[:] = 0
            for k in range(nearest + 1, min(nearest + _COUNTED, n) + 1):
                np.less(x[first + start - k : first + stop - k], now, out=lower)
                part += lower.view(np.uint8)
            counts[start:stop] += part


def sided(now: FloatArray, before: FloatArray, flow: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the flow where a value is higher than before, and where it is lower; 0 elsewhere."""
    loop = _loops.get("sided")
    if loop is None:
        return np.where(now > before, flow, 0.0), np.where(now < before, flow, 0.0)
    rises, falls = np.empty(len(flow)), np.empty(len(flow))
    loop(sealed(now), sealed(before), sealed(flow), rises, falls)
    return rises, falls


def faded(steps: FloatArray, n: int) -> FloatArray:
    """Return Wilder's sums: of the first n - 1 steps, then less an n-th of itself and one more."""
    found = np.empty(len(steps) - n + 2)
    loop = _loops.get("faded")
    if loop is not None:
        loop(sealed(steps), n, found)
        return found
    values = steps.tolist()
    total = 0.0
    for step in values[: n - 1]:
        total += step
    result = [total]
    for step in values[n - 1 :]:
        total = total - total / n + step
        result.append(total)
    found[:] = result
    return found


def in_blocks(
    kernel: Callable[..., Sequence[FloatArray]],
    inputs: Sequence[FloatArray | TriArray],
    warmups: Sequence[int],
) -> list[FloatArray]:
    """Return the arrays that a kernel of windows gives, each from its warm-up on.

    The kernel is given some bars at a time, with those before them that it looks back at, so that
    what it makes in between stays in the processor's cache.
    """
    bars, longest = len(inputs[0]), max(warmups)
    size = max(_STRETCH - longest, 4 * longest)
    found = [np.empty(bars)[warmup:] for warmup in warmups]
    for start in range(0, bars, size):
        stop, first = min(start + size, bars), max(start - longest, 0)
        parts = kernel(*(values[first:stop] for values in inputs))
        for warmup, out, part in zip(warmups, found, parts, strict=True):
            at = max(start - warmup, 0)
            count = stop - warmup - at
            out[at : at + count] = part[len(part) - count :]
    return found


def with_room(x: FloatArray, before: int) -> FloatArray:
    """Return an array of `len(x) - before` values, with room in front of it for one per bar."""
    return np.empty(len(x))[before:]


def _level(means: FloatArray, x: FloatArray, n: int) -> FloatArray:
    """Return means, written over, in windows of equal values replaced by that value."""
    loop = _loops.get("level")
    if loop is None:
        return runs.level(means, x, n)
    loop(sealed(x), n, means)
    return means


def _ascending(lengths: Sequence[int]) -> list[int]:
    """Return the places of lengths, the shortest first."""
    return sorted(range(len(lengths)), key=lengths.__getitem__)


def _walk(
    x: FloatArray,
    center: FloatArray,
    n: int,
    term: Callable[[FloatArray, FloatArray], FloatArray],
    sums: FloatArray,
) -> FloatArray:
    """Write what `term(value, center)` adds up to over each window, oldest value first.

    `sums` may be the centers.
    """
    room = np.empty(min(_BLOCK, len(sums)))
    for start, stop in _blocks(len(sums)):
        part, middle = room[: stop - start], center[start:stop]
        part[:] = 0.0
        for k in range(n):
            part += term(x[start + k : stop + k], middle)
        sums[start:stop] = part
    return sums


def _looped(name: str, count: int, *given: Any) -> FloatArray | None:
    """Return sums over `count` windows by machine code; None where there is none."""
    loop = _loops.get(name)
    if loop is None:
        return None
    sums = np.zeros(count)
    loop(*(sealed(one) if isinstance(one, np.ndarray) else one for one in given), sums)
    return sums


def _tilted(
    x: FloatArray, centers: FloatArray, n: int, first: float, step: float
) -> FloatArray | None:
    return _looped("weighted", len(centers), x, centers, n, first, step)


def _blocks(length: int) -> Iterator[tuple[int, int]]:
    for start in range(0, length, _BLOCK):
        yield start, min(start + _BLOCK, length)
