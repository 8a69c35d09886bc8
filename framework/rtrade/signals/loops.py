"""Loops over windows as scalar code, for engines that have a compiler: `windows.use` takes them.

They add up the very terms that `windows` adds up in arrays, in the same order, so that every sum
is the same to the bit. Four terms of many windows are added at a time: a processor does several
windows at once, and the sums stay in its registers in the meantime.
"""

from __future__ import annotations

from rtrade.core.bars import FloatArray

# Windows gone through at a time: their values, centers and sums stay in the nearest cache.
_BLOCK = 1024


def squares(x: FloatArray, centers: FloatArray, n: int, sums: FloatArray) -> None:
    """Add the squared distances from the center of each window to `sums`, oldest value first."""
    for start in range(0, len(sums), _BLOCK):
        stop = min(start + _BLOCK, len(sums))
        middle, part = centers[start:stop], sums[start:stop]
        for k in range(start, start + n - n % 4, 4):
            to = k + stop - start
            four_squares(
                x[k:to], x[k + 1 : to + 1], x[k + 2 : to + 2], x[k + 3 : to + 3], middle, part
            )
        for k in range(start + n - n % 4, start + n):
            one_square(x[k : k + stop - start], middle, part)


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
LOOPS = ("squares", "sizes", "weighted", "products")
