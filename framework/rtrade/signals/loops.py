"""Loops over windows as scalar code, for engines that have a compiler: `windows.use` takes them.

They add up the very terms that `windows` and `core.exact` add up in arrays, in the same order
where the order shows, so that every value is the same to the bit. Four terms of many windows are
added at a time: a processor does several windows at once, and the sums stay in its registers in
the meantime.
"""

from __future__ import annotations

import math

from rtrade.core.bars import FloatArray

# Windows gone through at a time: their values, centers and sums stay in the nearest cache.
_BLOCK = 1024
# Adding this and taking it away rounds a number of less than 51 bits to a whole one.
_ROUNDING = 1.5 * 2.0**52


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


def deviations(
    x: FloatArray, centers: FloatArray, n: int, over: float, room: FloatArray, out: FloatArray
) -> None:
    """Write roots of the sums of squared distances from centers, oldest value first, over `over`.

    `out` may be the centers themselves; `room` takes those of a block.
    """
    for start in range(0, len(out), _BLOCK):
        stop = min(start + _BLOCK, len(out))
        middle, part = room[0, : stop - start], out[start:stop]
        for i in range(len(part)):
            middle[i] = centers[start + i]
        for i in range(len(part)):
            part[i] = 0.0
        for k in range(start, start + n - n % 4, 4):
            to = k + stop - start
            four_squares(
                x[k:to], x[k + 1 : to + 1], x[k + 2 : to + 2], x[k + 3 : to + 3], middle, part
            )
        for k in range(start + n - n % 4, start + n):
            one_square(x[k : k + stop - start], middle, part)
        for i in range(len(part)):
            part[i] = math.sqrt(part[i] / over)


def four_squares(
    a: FloatArray,
    b: FloatArray,
    c: FloatArray,
    d: FloatArray,
    centers: FloatArray,
    sums: FloatArray,
) -> None:
    """Add four squares to each sum, one after the other."""
    for i in range(len(sums)):
        center = centers[i]
        first, second = a[i] - center, b[i] - center
        third, fourth = c[i] - center, d[i] - center
        sums[i] = (((sums[i] + first * first) + second * second) + third * third) + fourth * fourth


def one_square(x: FloatArray, centers: FloatArray, sums: FloatArray) -> None:
    """Add a square to each sum."""
    for i in range(len(sums)):
        distance = x[i] - centers[i]
        sums[i] += distance * distance


def sizes(x: FloatArray, centers: FloatArray, n: int, sums: FloatArray) -> None:
    """Add the distances from the center of each window to `sums`, oldest value first."""
    for start in range(0, len(sums), _BLOCK):
        stop = min(start + _BLOCK, len(sums))
        middle, part = centers[start:stop], sums[start:stop]
        for k in range(start, start + n - n % 4, 4):
            to = k + stop - start
            four_sizes(
                x[k:to], x[k + 1 : to + 1], x[k + 2 : to + 2], x[k + 3 : to + 3], middle, part
            )
        for k in range(start + n - n % 4, start + n):
            one_size(x[k : k + stop - start], middle, part)


def four_sizes(
    a: FloatArray,
    b: FloatArray,
    c: FloatArray,
    d: FloatArray,
    centers: FloatArray,
    sums: FloatArray,
) -> None:
    """Add four distances to each sum, one after the other."""
    for i in range(len(sums)):
        center = centers[i]
        first, second = abs(a[i] - center), abs(b[i] - center)
        third, fourth = abs(c[i] - center), abs(d[i] - center)
        sums[i] = (((sums[i] + first) + second) + third) + fourth


def one_size(x: FloatArray, centers: FloatArray, sums: FloatArray) -> None:
    """Add a distance to each sum."""
    for i in range(len(sums)):
        sums[i] += abs(x[i] - centers[i])


def weighted(
    x: FloatArray, centers: FloatArray, n: int, first: float, step: float, sums: FloatArray
) -> None:
    """Add `first + k * step` times the distance of the k-th value of each window to `sums`."""
    for start in range(0, len(sums), _BLOCK):
        stop = min(start + _BLOCK, len(sums))
        middle, part = centers[start:stop], sums[start:stop]
        for k in range(0, n - n % 4, 4):
            at, to, weight = start + k, stop + k, first + k * step
            four_weighted(
                x[at:to], x[at + 1 : to + 1], x[at + 2 : to + 2], x[at + 3 : to + 3],
                weight, step, middle, part,
            )  # fmt: skip
        for k in range(n - n % 4, n):
            one_weighted(x[start + k : stop + k], first + k * step, middle, part)


def four_weighted(
    a: FloatArray,
    b: FloatArray,
    c: FloatArray,
    d: FloatArray,
    weight: float,
    step: float,
    centers: FloatArray,
    sums: FloatArray,
) -> None:
    """Add four distances to each sum, one after the other, each with its weight."""
    second, third, fourth = weight + step, weight + 2 * step, weight + 3 * step
    for i in range(len(sums)):
        center = centers[i]
        total = sums[i] + weight * (a[i] - center)
        total = total + second * (b[i] - center)
        total = total + third * (c[i] - center)
        sums[i] = total + fourth * (d[i] - center)


def one_weighted(x: FloatArray, weight: float, centers: FloatArray, sums: FloatArray) -> None:
    """Add a distance with its weight to each sum."""
    for i in range(len(sums)):
        sums[i] += weight * (x[i] - centers[i])


def ramped(x: FloatArray, begun: int, n: int, sums: FloatArray) -> None:
    """Add `k + 1` times the k-th value of each window to `sums`, for k from `begun` up to n."""
    for start in range(0, len(sums), _BLOCK):
        stop = min(start + _BLOCK, len(sums))
        part, fours = sums[start:stop], (n - begun) // 4 * 4
        for k in range(begun, begun + fours, 4):
            at, to = start + k, stop + k
            four_ramped(
                x[at:to], x[at + 1 : to + 1], x[at + 2 : to + 2], x[at + 3 : to + 3], k + 1.0, part
            )
        for k in range(begun + fours, n):
            one_ramped(x[start + k : stop + k], k + 1.0, part)


def four_ramped(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, weight: float, sums: FloatArray
) -> None:
    """Add four values to each sum, one after the other, with the weight and those after it."""
    second, third, fourth = weight + 1, weight + 2, weight + 3
    for i in range(len(sums)):
        total = sums[i] + weight * a[i]
        total = total + second * b[i]
        total = total + third * c[i]
        sums[i] = total + fourth * d[i]


def one_ramped(x: FloatArray, weight: float, sums: FloatArray) -> None:
    """Add a value with its weight to each sum."""
    for i in range(len(sums)):
        sums[i] += weight * x[i]


def lower(x: FloatArray, begun: int, n: int, counts: FloatArray) -> None:
    """Add how many of the bars from `begun` up to n before each of the last bars are lower."""
    first = len(x) - len(counts)
    for start in range(0, len(counts), _BLOCK):
        stop = min(start + _BLOCK, len(counts))
        now, part, fours = x[first + start : first + stop], counts[start:stop], (n - begun) // 4 * 4
        for k in range(begun, begun + fours, 4):
            at, to = first + start - k, first + stop - k
            four_lower(
                x[at - 1 : to - 1], x[at - 2 : to - 2], x[at - 3 : to - 3], x[at - 4 : to - 4],
                now, part,
            )  # fmt: skip
        for k in range(begun + fours, n):
            one_lower(x[first + start - k - 1 : first + stop - k - 1], now, part)


def four_lower(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, now: FloatArray, counts: FloatArray
) -> None:
    """Count those of four values that are lower."""
    for i in range(len(counts)):
        value = now[i]
        counts[i] += int(a[i] < value) + int(b[i] < value) + int(c[i] < value) + int(d[i] < value)


def one_lower(x: FloatArray, now: FloatArray, counts: FloatArray) -> None:
    """Count a value where it is lower."""
    for i in range(len(counts)):
        counts[i] += int(x[i] < now[i])


def sided(
    now: FloatArray, before: FloatArray, flow: FloatArray, rises: FloatArray, falls: FloatArray
) -> None:
    """Write the flow to the rises where a value is higher than before, to the falls where lower."""
    for i in range(len(rises)):
        rises[i] = flow[i] if now[i] > before[i] else 0.0
    for i in range(len(falls)):
        falls[i] = flow[i] if now[i] < before[i] else 0.0


def products(
    x: FloatArray, y: FloatArray, of_x: FloatArray, of_y: FloatArray, n: int, sums: FloatArray
) -> None:
    """Add the products of the distances of `x` and `y` from their centers to `sums`."""
    for start in range(0, len(sums), _BLOCK):
        stop = min(start + _BLOCK, len(sums))
        for k in range(n):
            one_product(
                x[start + k : stop + k], y[start + k : stop + k],
                of_x[start:stop], of_y[start:stop], sums[start:stop],
            )  # fmt: skip


def one_product(
    x: FloatArray, y: FloatArray, of_x: FloatArray, of_y: FloatArray, sums: FloatArray
) -> None:
    """Add a product of distances to each sum."""
    for i in range(len(sums)):
        sums[i] += (x[i] - of_x[i]) * (y[i] - of_y[i])


# What `windows.use` takes; the rest is called by these.
LOOPS = (
    "sums",
    "level",
    "deviations",
    "sizes",
    "weighted",
    "ramped",
    "lower",
    "sided",
    "products",
)
