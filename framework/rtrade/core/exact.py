"""Sums over windows, rounded once: equal to `math.fsum` of each window, at array speed.

A running sum drifts, and depends on where it began. Here it cannot:

1. Take the values for whole multiples of a power of two so fine that none is rounded, and so
   coarse that no window's sum needs more than 64 bits: integers. Prefix sums of them may run
   over; their differences n bars apart are right all the same.
2. Round each difference once.
3. Where there is no such power, split the values into parts, each a multiple of a power of two
   so coarse that no window's sum of it needs more than 53 bits, and add the parts of each window
   with the rounding error caught.

So a window's sum depends on the values in it and on nothing else.

An engine that has a compiler adds up faster, by `use`: running sums of integers, or, where two
parts suffice, of both, which are whole numbers so small that these too are exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rtrade.core.bars import FloatArray, IntArray

# Outside of this the parts of a sum could overflow or lose bits below the smallest float.
_LARGEST, _SMALLEST = 2.0**900, 2.0**-800
# Adding this rounds a number of less than 51 bits to a whole one, which is then read as an integer
# from the lowest bits.
_ROUNDING = 1.5 * 2.0**52
_BITS = int(np.float64(_ROUNDING).view(np.int64))
# Binary places after the first part that are looked at before giving up.
_PLACES = 900

# Sums computed at a time: few enough for the processor's cache and for values of one size.
_BLOCK = 32768
# As many by a loop, for values of one size, and the windows of which it keeps the changes at hand.
_LOOPED, _ROOM = 65536, 1024

# Functions of `signals.exact_loops` as machine code; empty where arrays are gone through.
_loops: dict[str, Callable[..., bool]] = {}


def use(loops: Mapping[str, Callable[..., bool]]) -> None:
    """From here on, add up by machine code of `whole_sums` and `sums`, where they are among these.

    It changes no value.
    """
    _loops.clear()
    _loops.update({name: loops[name] for name in ("whole_sums", "sums") if name in loops})


def window_sums(x: FloatArray, n: int) -> FloatArray:
    """Return the sums of `x[i-n+1 : i+1]` for i >= n - 1, each as `math.fsum` has it.

    `x` is without NaN and at least n long; a sum beyond the largest float is infinite.
    """
    return _windows(x, (n,), (1,))[0]


def several_sums(x: FloatArray, *lengths: int) -> list[FloatArray]:
    """Return `window_sums(x, n)` for each n of `lengths`, for which `x` is made ready but once."""
    return _windows(x, lengths, [1] * len(lengths))


def window_means(x: FloatArray, *lengths: int) -> list[FloatArray]:
    """Return `window_sums(x, n) / n` for each n of `lengths`.

    For several at once `x` is made ready but once, which takes half of the time of one.
    """
    return _windows(x, lengths, lengths)


class _Windows(NamedTuple):
    """Windows of n values of a block, the first from place `at` on; sums are divided by `over`."""

    n: int
    at: int
    over: int
    out: FloatArray


class _Room:
    """Arrays for one block, used for each anew: fresh ones would cost as much as the sums.

    They are made when they are first needed.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    @cached_property
    def rest(self) -> FloatArray:
        return np.empty(self._size)

    @cached_property
    def part(self) -> FloatArray:
        return np.empty(self._size)

    @cached_property
    def integers(self) -> IntArray:
        return np.empty(self._size, dtype=np.int64)

    @cached_property
    def _sums(self) -> IntArray:
        return np.zeros(self._size + 1, dtype=np.int64)

    @cached_property
    def totals(self) -> IntArray:
        return np.empty(_ROOM, dtype=np.int64)

    @cached_property
    def changes(self) -> FloatArray:
        return np.empty((2, _ROOM))

    def add_up(self, integers: IntArray) -> None:
        """Take the prefix sums of integers, in 64 bits that may run over."""
        np.add.accumulate(integers, out=self._sums[1 : len(integers) + 1])

    def sums(self, windows: _Windows) -> IntArray:
        """Return the sums of windows of what was added up; they take the room of `integers`."""
        n, first, last = windows.n, windows.at, windows.at + len(windows.out)
        ends, starts = self._sums[first + n : last + n], self._sums[first:last]
        return np.subtract(ends, starts, out=self.integers[: last - first])

    def scaled(self, x: FloatArray, unit: int) -> FloatArray | None:
        """Return `x / 2**unit`; None where the smallest values would lose digits."""
        scaled = np.multiply(x, math.ldexp(1.0, -unit), out=self.rest[: len(x)])
        if unit > 0 and not np.array_equal(scaled * math.ldexp(1.0, unit), x):
            return None
        return scaled


def sealed(values: FloatArray) -> FloatArray:
    """Return the values for reading, all of one type, so that nothing is compiled twice."""
    found = np.ascontiguousarray(values, dtype=np.float64).view()
    found.flags.writeable = False
    return found


def _windows(x: FloatArray, lengths: Sequence[int], counts: Sequence[int]) -> list[FloatArray]:
    # With room before them for as many values as there are in front of the first full window.
    found = [np.empty(len(x))[n - 1 :] for n in lengths]
    x, longest, whole = sealed(x), max(lengths), True
    step = max(_LOOPED if _loops else _BLOCK, 2 * longest)
    room = _Room(min(step + longest - 1, len(x)))
    for start in range(0, len(x), step):
        stop, first = min(start + step, len(x)), max(start - longest + 1, 0)
        ending_here = [
            _Windows(
                n, max(start - n + 1, 0) - first, count, out[max(start - n + 1, 0) : stop - n + 1]
            )
            for n, count, out in zip(lengths, counts, found, strict=True)
        ]
        whole = _block(x[first:stop], longest, ending_here, room, whole=whole)
    return found


def _block(
    x: FloatArray, longest: int, windows: list[_Windows], room: _Room, *, whole: bool
) -> bool:
    """Write the sums of windows of up to `longest` values, each over `over`.

    `whole` says whether to look for integers first; returns whether that is of use.
    """
    least, most = float(x.min()), float(x.max())
    top = max(most, -least)
    exponent, length = math.frexp(top)[1], (longest - 1).bit_length()
    if top == 0:
        for one in windows:
            one.out[:] = 0.0
        return whole
    if _SMALLEST < top < _LARGEST:
        windows = [one for one in windows if not _by_loop(x, exponent, one, room)]
        if not windows:
            return whole
        unit = exponent + length - 63
        if whole and _at_once(x, unit, max(least, -most), windows, room):
            _over_counts(windows, unit)
            return True
        length = max(length, 2)
        unit = exponent + length - 53
        if _by_parts(x, unit, length, windows, room):
            _over_counts(windows, unit)
            return False
    for one in windows:
        values = x[one.at : one.at + len(one.out) + one.n - 1]
        np.divide(_one_by_one(values, one.n), one.over, out=one.out)
    return whole


def _by_loop(x: FloatArray, exponent: int, windows: _Windows, room: _Room) -> bool:
    """Write window sums by a loop; False where there is none that suffices."""
    n, at, over, out = windows
    values, length = x[at : at + len(out) + n - 1], (n - 1).bit_length()
    loop = _loops.get("whole_sums")
    if loop is not None:
        unit = exponent + length - 63
        scale, size, divisor = (math.ldexp(*one) for one in ((1, -unit), (1, unit), (over, -unit)))
        if loop(values, n, scale, size, divisor, out, room.totals):
            return True
    loop = _loops.get("sums")
    if loop is None:
        return False
    # No sum of n, and none of eight, needs more than 53 bits.
    length = max(length, 3)
    unit, step = exponent + length - 53, math.ldexp(1.0, 54 - length)
    scale, size, divisor = (math.ldexp(*one) for one in ((1, -unit), (1, unit), (over, -unit)))
    return loop(values, n, scale, size, step, divisor, out, room.changes)


def _over_counts(windows: list[_Windows], unit: int) -> None:
    """Divide sums in multiples of `2**unit` by their counts."""
    for one in windows:
        # In one step: neither a power of two nor the range of values rounds anything.
        np.divide(one.out, math.ldexp(one.over, -unit), out=one.out)


def _at_once(x: FloatArray, unit: int, least: float, windows: list[_Windows], room: _Room) -> bool:
    """Write window sums of `x` in multiples of `2**unit`; False where these are not whole.

    `least` is the smallest size of a value where all have one sign, else it is not above 0.
    """
    scaled = room.scaled(x, unit)
    if scaled is None:
        return False
    integers = room.integers[: len(x)]
    np.copyto(integers, scaled, casting="unsafe")
    sure = least > 0 and math.frexp(least)[1] - 53 >= unit
    if not sure and not np.array_equal(integers, scaled):
        return False
    room.add_up(integers)
    for one in windows:
        one.out[:] = room.sums(one)
    return True


def _by_parts(x: FloatArray, unit: int, length: int, windows: list[_Windows], room: _Room) -> bool:
    """Write window sums of `x` in multiples of `2**unit`, added up of parts.

    No value is more than 2**(53 - length) of these. False where there are too many parts.
    """
    rest = room.scaled(x, unit)
    if rest is None:
        return False
    smaller: list[list[FloatArray]] = [[] for _ in windows]
    places, done = 0, False
    while not done:
        part = np.add(rest, _ROUNDING, out=room.part[: len(x)])
        room.add_up(part.view(np.int64))
        part -= _ROUNDING
        rest -= part
        done = bool(rest.max() == 0.0 == rest.min())
        for one, parts in zip(windows, smaller, strict=True):
            _add_part(one, parts, places, room, last=done)
        # What is left of a value is half of one at most.
        rest *= math.ldexp(1.0, 54 - length)
        places += 54 - length
        if places > _PLACES and not done:
            return False
    for one, parts in zip(windows, smaller, strict=True):
        if parts:
            one.out[:] = _rounded_once([one.out, *parts])
    return True


def _add_part(
    one: _Windows, parts: list[FloatArray], places: int, room: _Room, *, last: bool
) -> None:
    """Add a part of the sums, that many places below the first, to `out`, or to smaller `parts`."""
    integers = room.sums(one)
    integers -= _wrapped(one.n * _BITS)
    if places == 0:
        one.out[:] = integers
        return
    sums = room.part[: len(integers)]
    sums[:] = integers
    sums *= math.ldexp(1.0, -places)
    if last and not parts:
        # The sum of two is rounded once as it is.
        one.out[:] += sums
    else:
        parts.append(sums.copy())


def _wrapped(value: int) -> int:
    """Return the 64-bit integer with the lowest bits of `value`."""
    return (value + 2**63) % 2**64 - 2**63


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
