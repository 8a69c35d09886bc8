"""Loops over windows as scalar code, for engines that have a compiler: `windows.use` takes them.

They add up the very terms that `windows` adds up in arrays, in the same order, so that every sum
is the same to the bit. Four terms of many windows are added at a time: a processor does several
windows at once, and the sums stay in its registers in the meantime.
"""

from __future__ import annotations

import math

from rtrade.core.bars import FloatArray

# Windows gone through at a time: their values, centers and sums stay in the nearest cache.
_BLOCK = 1024


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
        # The last four come with the root: a processor takes it while it adds up the next ones.
        before = n - 4 if n >= 4 else n
        for k in range(start, start + before - before % 4, 4):
            to = k + stop - start
            four_squares(
                x[k:to], x[k + 1 : to + 1], x[k + 2 : to + 2], x[k + 3 : to + 3], middle, part
            )
        for k in range(start + before - before % 4, start + before):
            one_square(x[k : k + stop - start], middle, part)
        at, to = start + before, stop + before
        if before < n:
            last_squares(
                x[at:to], x[at + 1 : to + 1], x[at + 2 : to + 2], x[at + 3 : to + 3],
                middle, over, part,
            )  # fmt: skip
        else:
            for i in range(len(part)):
                part[i] = math.sqrt(part[i] / over)


def last_squares(
    a: FloatArray,
    b: FloatArray,
    c: FloatArray,
    d: FloatArray,
    centers: FloatArray,
    over: float,
    sums: FloatArray,
) -> None:
    """Add the last four squares to each sum, and take the root of it over `over`."""
    for i in range(len(sums)):
        center = centers[i]
        first, second = a[i] - center, b[i] - center
        third, fourth = c[i] - center, d[i] - center
        total = ((sums[i] + first * first) + second * second) + third * third
        sums[i] = math.sqrt((total + fourth * fourth) / over)


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
        first, second, part = of_x[start:stop], of_y[start:stop], sums[start:stop]
        for k in range(start, start + n - n % 4, 4):
            to = k + stop - start
            four_products(
                x[k:to], x[k + 1 : to + 1], x[k + 2 : to + 2], x[k + 3 : to + 3],
                y[k:to], y[k + 1 : to + 1], y[k + 2 : to + 2], y[k + 3 : to + 3],
                first, second, part,
            )  # fmt: skip
        for k in range(start + n - n % 4, start + n):
            to = k + stop - start
            one_product(x[k:to], y[k:to], first, second, part)


def four_products(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray,
    e: FloatArray, f: FloatArray, g: FloatArray, h: FloatArray,
    of_x: FloatArray, of_y: FloatArray, sums: FloatArray,
) -> None:  # fmt: skip
    """Add four products of distances to each sum, one after the other."""
    for i in range(len(sums)):
        first, second = of_x[i], of_y[i]
        total = sums[i] + (a[i] - first) * (e[i] - second)
        total = total + (b[i] - first) * (f[i] - second)
        total = total + (c[i] - first) * (g[i] - second)
        sums[i] = total + (d[i] - first) * (h[i] - second)


def one_product(
    x: FloatArray, y: FloatArray, of_x: FloatArray, of_y: FloatArray, sums: FloatArray
) -> None:
    """Add a product of distances to each sum."""
    for i in range(len(sums)):
        sums[i] += (x[i] - of_x[i]) * (y[i] - of_y[i])


def faded(steps: FloatArray, n: int, out: FloatArray) -> None:
    """Write running sums that lose an n-th of themselves for each step, from the n-th step on."""
    total = 0.0
    for i in range(n - 1):
        total += steps[i]
    out[0] = total
    for i in range(1, len(out)):
        total = total - total / n + steps[n - 2 + i]
        out[i] = total


# What `windows.use` takes; the rest is called by these.
LOOPS = (
    "deviations",
    "sizes",
    "weighted",
    "ramped",
    "lower",
    "sided",
    "products",
    "faded",
)
