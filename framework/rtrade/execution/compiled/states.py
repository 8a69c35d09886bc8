"""What the walker reads, carries and writes: tuples of numbers, fit for machine code."""

from __future__ import annotations

from typing import NamedTuple

from rtrade.core.bars import FloatArray, IntArray
from rtrade.execution import core


class Terms(NamedTuple):
    """The numbers of a program: money in quote units, the rest fractions; NaN = no limit.

    `year` is the square root of the bars in a year; a lot is `multiple / power`. What ends in
    `_row` says which row of the measures holds it, `NO` for none.
    """

    cash: float
    taker: float
    maker: float
    slippage: float
    sizing: int
    value: float
    year: float
    multiple: int
    power: int
    minimum: float
    stop_kind: int
    stop_value: float
    trail_kind: int
    trail_value: float
    target_kind: int
    target_value: float
    max_drawdown: float
    daily_loss: float
    time_exit: int
    cooldown: int
    stop_row: int
    trail_row: int
    target_row: int
    volatility_row: int
    scale_row: int
    factor_row: int


class Books(NamedTuple):
    """What a walk writes; rows that do not fit are counted and not kept.

    `fills` holds the bar, direction and reason of each, `money` its size, price, reference and fee.
    `shrunk` holds entries that something may have made smaller: bar, side, fill, cash (infinite
    for a veto) and equity. `counts` holds one number for each refusal, and then those named below.
    """

    fills: IntArray
    money: FloatArray
    shrunk: FloatArray
    counts: IntArray


class Gauges(NamedTuple):
    """What sizes and levels are measured with, at one close: NaN, or a factor of 1, where unused.

    The first three are the ATRs of stop_loss, trailing_stop and take_profit.
    """

    stop_atr: float
    trail_atr: float
    target_atr: float
    volatility: float
    scale: float
    risk_factor: float


class Held(NamedTuple):
    """An open position (`side` 0: none) with its levels; a level of NaN is not there."""

    side: int
    size: float
    bar: int
    stop_loss: float
    trail: float
    trail_far: float
    target: float


class Account(NamedTuple):
    """Cash and equity, and the account rules that are judged at every close."""

    cash: float
    equity: float
    peak: float
    day: int
    day_reference: float
    day_stopped: bool
    halted: int
    ruined: int


# Places in `Books.counts` after the refusals.
FILLED = core.BELOW_MINIMUM + 1
CAPPED = FILLED + 1
HALTED_BAR = FILLED + 2
RUINED_BAR = FILLED + 3
SHRUNK = FILLED + 4
CLOSED = FILLED + 5
COUNTS = FILLED + 6
