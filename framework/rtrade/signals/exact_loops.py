"""Loops of exact sums and level means as scalar code: `windows.use` takes them with `loops`.

They give the very values of `core.exact` and `core.runs`, which go through arrays.
"""

from __future__ import annotations

from rtrade.core.bars import FloatArray, IntArray

# Windows looked at at a time.
_BLOCK = 1024
# Adding this and taking it away rounds a number of less than 51 bits to a whole one.
_ROUNDING = 1.5 * 2.0**52


def whole_sums(
    x: FloatArray,
    n: int,
    scale: float,
    unit: float,
    over: float,
    out: FloatArray,
    room: IntArray,
) -> bool:
    """Write the sums of windows of n values, in units, each rounded once, divided by `over`.

    The values are taken for whole numbers of units, a power of two such that no sum needs more
    than 63 bits; `scale` is `1 / unit`. Returns False, with `out` spoilt, where one is not whole.
    """
    total = 0
    for i in range(n):
        whole = int(x[i] * scale)
        if float(whole) * unit != x[i]:
            return False
        total += whole
    out[0] = float(total) / over
    for start in range(1, len(out), len(room)):
        stop = min(start + len(room), len(out))
        changes = room[: stop - start]
        coming, going = x[start + n - 1 : stop + n - 1], x[start - 1 : stop - 1]
        if counted(coming, going, scale, unit, changes):
            return False
        for i in range(len(changes)):
            total += changes[i]
            changes[i] = total
        part = out[start:stop]
        for i in range(len(part)):
            part[i] = changes[i] / over
    return True


def counted(
    coming: FloatArray, going: FloatArray, scale: float, unit: float, changes: IntArray
) -> int:
    """Write how the sums change from window to window; count the values that are not whole."""
    broken = 0
    for i in range(len(changes)):
        whole = int(coming[i] * scale)
        broken += int(float(whole) * unit != coming[i])
        changes[i] = whole - int(going[i] * scale)
    return broken


def sums(
    x: FloatArray,
    n: int,
    scale: float,
    unit: float,
    step: float,
    over: float,
    out: FloatArray,
    room: FloatArray,
) -> bool:
    """Write the sums of windows of n values, in units, each rounded once, divided by `over`.

    Every value is taken apart: a whole number of units, and what is left as a whole number of
    `1 / step` of a unit. `scale` is `1 / unit`, all are powers of two, and so large that every
    sum of eight such numbers, and of n, is whole and below 2**53: they are added up as a running
    sum, and nothing is rounded before the two sums are added. `room` has two rows for what is in
    between. Returns False, with `out` spoilt, where more is left of some value.
    """
    high, low = 0.0, 0.0
    for i in range(n):
        scaled = x[i] * scale
        whole = (scaled + _ROUNDING) - _ROUNDING
        left = (scaled - whole) * step
        if scaled * unit != x[i] or (left + _ROUNDING) - _ROUNDING != left:
            return False
        high += whole
        low += left
    out[0] = (high + low / step) / over
    block = room.shape[1]
    for start in range(1, len(out), block):
        stop = min(start + block, len(out))
        wholes, rests = room[0, : stop - start], room[1, : stop - start]
        coming, going = x[start + n - 1 : stop + n - 1], x[start - 1 : stop - 1]
        if taken_apart(coming, going, scale, unit, step, wholes, rests):
            return False
        high, low = run_on(high, wholes), run_on(low, rests)
        joined(wholes, rests, 1 / step, over, out[start:stop])
    return True


def taken_apart(
    coming: FloatArray,
    going: FloatArray,
    scale: float,
    unit: float,
    step: float,
    wholes: FloatArray,
    rests: FloatArray,
) -> int:
    """Write how the sums change from window to window; count the values of which more is left."""
    lost = 0
    for i in range(len(wholes)):
        scaled, gone = coming[i] * scale, going[i] * scale
        whole = (scaled + _ROUNDING) - _ROUNDING
        left = (scaled - whole) * step
        rest = (left + _ROUNDING) - _ROUNDING
        lost += int(rest != left) | int(scaled * unit != coming[i])
        before = (gone + _ROUNDING) - _ROUNDING
        wholes[i] = whole - before
        rests[i] = rest - (gone - before) * step
    return lost


def run_on(total: float, steps: FloatArray) -> float:
    """Replace steps by the running total, which is returned; all of them are whole."""
    count = len(steps)
    for i in range(0, count - 3, 4):
        # The next total waits for one addition, not for four.
        one = steps[i]
        two = one + steps[i + 1]
        three = two + steps[i + 2]
        four = two + (steps[i + 2] + steps[i + 3])
        steps[i], steps[i + 1], steps[i + 2] = total + one, total + two, total + three
        total += four
        steps[i + 3] = total
    for i in range(count - count % 4, count):
        total += steps[i]
        steps[i] = total
    return total


def joined(
    wholes: FloatArray, rests: FloatArray, part: float, over: float, out: FloatArray
) -> None:
    """Write sums of wholes and of parts, rounded once, over the count."""
    for i in range(len(out)):
        out[i] = (wholes[i] + rests[i] * part) / over


def level(x: FloatArray, n: int, means: FloatArray) -> None:
    """Replace the means of windows of equal values by that value, as `core.runs.level` does."""
    for start in range(0, len(means), _BLOCK):
        stop = min(start + _BLOCK, len(means))
        if doubtful(x[start:stop], x[start + n - 1 : stop + n - 1], means[start:stop]):
            levelled(x, n, means)
            return


def doubtful(first: FloatArray, last: FloatArray, means: FloatArray) -> int:
    """Count the windows that begin and end at a value that their mean is not, but is close to."""
    found = 0
    for i in range(len(means)):
        value, mean = last[i], means[i]
        close = abs(mean - value) <= 1e-9 * abs(value)
        found += int(first[i] == value) & int(close) & int(mean != value)
    return found


def levelled(x: FloatArray, n: int, means: FloatArray) -> None:
    """Replace the means of windows of equal values, wherever they are, by that value."""
    still = 0
    for i in range(len(x)):
        still = still + 1 if i and x[i] == x[i - 1] else 0
        if i >= n - 1 and still >= n - 1:
            means[i - n + 1] = x[i]


# What `windows.use` takes; the rest is called by these.
LOOPS = ("whole_sums", "sums", "level")
