"""What a run's equity did, bar by bar, from its fills alone: no array of equity is made.

Plain functions that `binding` compiles. The definitions are those of `catalog.metrics`; sums are
taken by segments between fills, so that they may differ from those in their last digits.
"""

# ruff: noqa: FBT001, FBT003 - functions that are compiled take their arguments by position
from __future__ import annotations

from rtrade.core.bars import FloatArray, IntArray

NAN = float("nan")
# Bars worked through at a time: returns first, which take no turns, and then their sums.
BLOCK = 256


def statistics(
    close: FloatArray,
    fills: IntArray,
    money: FloatArray,
    count: int,
    cash: float,
    returns: FloatArray,
) -> tuple[float, float, float]:
    """Return the deepest drawdown, and mean and sample deviation of the returns per bar.

    Mean and deviation are NaN where equity fell to 0 or below, or of fewer than two bars.
    `returns` is room for a block.
    """
    deepest, total, lowest = passed(close, fills, money, count, cash, 0.0, False, returns)
    bars = len(close)
    if lowest <= 0.0 or bars < 2:
        return deepest, NAN, NAN
    mean = total / bars
    _, squares, _ = passed(close, fills, money, count, cash, mean, True, returns)
    return deepest, mean, (squares / (bars - 1)) ** 0.5


def passed(
    close: FloatArray,
    fills: IntArray,
    money: FloatArray,
    count: int,
    cash: float,
    mean: float,
    squared: bool,
    returns: FloatArray,
) -> tuple[float, float, float]:
    """Go through the segments between fills; return deepest drawdown, sum, and lowest equity.

    The sum is that of the returns, or of their squared distances from `mean`.
    """
    bars, begin, position, equity, peak = len(close), 0, 0.0, cash, cash
    deepest, total, lowest = 0.0, 0.0, cash
    for at in range(count + 1):
        end = fills[at, 0] if at < count else bars
        if end > begin and position == 0.0:
            change = cash / equity - 1.0
            rest = end - begin - 1
            total += (change - mean) ** 2 + rest * mean * mean if squared else change
            equity = cash
            peak = max(peak, equity)
            deepest, lowest = max(deepest, (peak - equity) / peak), min(lowest, equity)
        elif end > begin:
            more, equity, peak, deepest, lowest = held(
                close,
                begin,
                end,
                cash,
                position,
                equity,
                peak,
                deepest,
                lowest,
                mean,
                squared,
                returns,
            )
            total += more
        begin = end
        if at < count:
            direction, notional = fills[at, 1], money[at, 0] * money[at, 1]
            cash = (cash - notional if direction > 0 else cash + notional) - money[at, 3]
            position = 0.0 if position != 0.0 else direction * money[at, 0]
    return deepest, total, lowest


def held(
    close: FloatArray,
    begin: int,
    end: int,
    cash: float,
    position: float,
    equity: float,
    peak: float,
    deepest: float,
    lowest: float,
    mean: float,
    squared: bool,
    returns: FloatArray,
) -> tuple[float, float, float, float, float]:
    """Go through the bars of one position; return the sum, and what it carries on."""
    total = 0.0
    for start in range(begin, end, BLOCK):
        stop = min(start + BLOCK, end)
        returns[0] = (cash + position * close[start]) / equity - 1.0
        for i in range(start + 1, stop):
            before = cash + position * close[i - 1]
            returns[i - start] = (cash + position * close[i]) / before - 1.0
        equity = cash + position * close[stop - 1]
        if squared:
            for i in range(stop - start):
                distance = returns[i] - mean
                total += distance * distance
        else:
            for i in range(stop - start):
                total += returns[i]
            peak, deepest, lowest = fallen(
                close, start, stop, cash, position, peak, deepest, lowest
            )
    return total, equity, peak, deepest, lowest


def fallen(
    close: FloatArray,
    start: int,
    stop: int,
    cash: float,
    position: float,
    peak: float,
    deepest: float,
    lowest: float,
) -> tuple[float, float, float]:
    """Follow the peak and the lowest equity since over some bars; return both, and the deepest."""
    least = peak
    for i in range(start, stop):
        now = cash + position * close[i]
        if now > peak:
            deepest = max(deepest, (peak - least) / peak)
            lowest = min(lowest, least)
            peak = least = now
        else:
            least = min(least, now)
    return peak, max(deepest, (peak - least) / peak), min(lowest, least)
