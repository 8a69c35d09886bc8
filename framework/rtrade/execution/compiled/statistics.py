"""What a run's equity did, bar by bar, from its fills alone: no array of equity is made.

Plain functions that `binding` compiles. The definitions are those of `catalog.metrics`; sums are
taken in several lanes at once, so that they may differ from those in their last digits.
"""

from __future__ import annotations

from typing import NamedTuple

from rtrade.core.bars import FloatArray, IntArray

NAN = float("nan")
# Bars worked through at a time: their equity first, and then what is read off it.
BLOCK = 256
# Squares are summed from 0 as long as the mean takes no more digits than this from them.
_LOST = 1e4


class Course(NamedTuple):
    """What is known of equity so far: sums of returns less a center, and of their squares.

    `least` is the lowest equity since the peak, `lowest` that of all.
    """

    total: float
    squares: float
    peak: float
    least: float
    deepest: float
    lowest: float
    equity: float


def statistics(
    close: FloatArray,
    fills: IntArray,
    money: FloatArray,
    count: int,
    cash: float,
    room: FloatArray,
) -> tuple[float, float, float]:
    """Return the deepest drawdown, and mean and sample deviation of the returns per bar.

    Mean and deviation are NaN where equity fell to 0 or below, or of fewer than two bars. `room`
    holds one more than a block.
    """
    course, bars = followed(close, fills, money, count, cash, 0.0, room), len(close)
    deepest = max(course.deepest, (course.peak - course.least) / course.peak)
    if min(course.lowest, course.least) <= 0.0 or bars < 2:
        return deepest, NAN, NAN
    mean = course.total / bars
    squares = course.squares - bars * mean * mean
    if not bars * mean * mean <= _LOST * squares:
        # Sums of squares from 0 have lost their digits: again, around the mean.
        squares = followed(close, fills, money, count, cash, mean, room).squares
    return deepest, mean, (max(squares, 0.0) / (bars - 1)) ** 0.5


def followed(
    close: FloatArray,
    fills: IntArray,
    money: FloatArray,
    count: int,
    cash: float,
    center: float,
    room: FloatArray,
) -> Course:
    """Follow equity through the segments between fills; returns are taken less `center`."""
    bars, begin, position = len(close), 0, 0.0
    course = Course(0.0, 0.0, cash, cash, 0.0, cash, cash)
    for at in range(count + 1):
        end = fills[at, 0] if at < count else bars
        if end > begin and position == 0.0:
            course = rested(course, cash, end - begin - 1, center)
        elif end > begin:
            for start in range(begin, end, BLOCK):
                course = moved(
                    course, close, start, min(start + BLOCK, end), cash, position, center, room
                )
        begin = end
        if at < count:
            direction, notional = fills[at, 1], money[at, 0] * money[at, 1]
            cash = (cash - notional if direction > 0 else cash + notional) - money[at, 3]
            position = 0.0 if position != 0.0 else direction * money[at, 0]
    return course


def rested(course: Course, cash: float, rest: int, center: float) -> Course:
    """Go on over a bar at which equity is cash, and `rest` more at which it stays so."""
    change = cash / course.equity - 1.0 - center
    return ranged(
        course,
        course.total + change - rest * center,
        course.squares + change * change + rest * center * center,
        cash,
        cash,
        cash,
    )


def ranged(
    course: Course, total: float, squares: float, low: float, high: float, equity: float
) -> Course:
    """Return the course after bars in which equity reached from `low` to `high` in this order."""
    peak, least, deepest, lowest = course.peak, course.least, course.deepest, course.lowest
    least = min(least, low)
    if high > peak:
        deepest = max(deepest, (peak - least) / peak)
        lowest = min(lowest, least)
        peak = least = high
    return Course(total, squares, peak, least, deepest, lowest, equity)


def moved(
    course: Course,
    close: FloatArray,
    start: int,
    stop: int,
    cash: float,
    position: float,
    center: float,
    room: FloatArray,
) -> Course:
    """Go on over the bars of a position, at most a block."""
    count = stop - start
    room[0] = course.equity
    for i in range(count):
        room[i + 1] = cash + position * close[start + i]
    low, high = reach(room, count)
    if high <= course.peak:
        after = ranged(course, course.total, course.squares, low, low, room[count])
    else:
        after = course
        for i in range(count):
            after = ranged(after, course.total, course.squares, room[i + 1], room[i + 1], 0.0)
    equity = room[count]
    for i in range(count):
        room[i] = room[i + 1] / room[i] - (1.0 + center)
    total, squares = sums(room, count)
    return Course(
        course.total + total,
        course.squares + squares,
        after.peak,
        after.least,
        after.deepest,
        after.lowest,
        equity,
    )


def reach(room: FloatArray, count: int) -> tuple[float, float]:
    """Return the least and the greatest of `room[1 : count + 1]`."""
    a0 = a1 = a2 = a3 = room[1]
    b0 = b1 = b2 = b3 = room[1]
    whole = count & ~3
    for i in range(1, whole + 1, 4):
        x0, x1, x2, x3 = room[i], room[i + 1], room[i + 2], room[i + 3]
        a0, a1 = x0 if x0 < a0 else a0, x1 if x1 < a1 else a1
        a2, a3 = x2 if x2 < a2 else a2, x3 if x3 < a3 else a3
        b0, b1 = x0 if x0 > b0 else b0, x1 if x1 > b1 else b1
        b2, b3 = x2 if x2 > b2 else b2, x3 if x3 > b3 else b3
    for i in range(whole + 1, count + 1):
        a0, b0 = min(a0, room[i]), max(b0, room[i])
    return min(a0, a1, a2, a3), max(b0, b1, b2, b3)


def sums(room: FloatArray, count: int) -> tuple[float, float]:
    """Return the sum of the first values, and of their squares, in four lanes."""
    s0 = s1 = s2 = s3 = 0.0
    q0 = q1 = q2 = q3 = 0.0
    whole = count & ~3
    for i in range(0, whole, 4):
        x0, x1, x2, x3 = room[i], room[i + 1], room[i + 2], room[i + 3]
        s0, s1, s2, s3 = s0 + x0, s1 + x1, s2 + x2, s3 + x3
        q0, q1, q2, q3 = q0 + x0 * x0, q1 + x1 * x1, q2 + x2 * x2, q3 + x3 * x3
    for i in range(whole, count):
        s0, q0 = s0 + room[i], q0 + room[i] * room[i]
    return (s0 + s1) + (s2 + s3), (q0 + q1) + (q2 + q3)
