"""Programs and bars at random, on purpose full of ties: prices, levels, sizes and limits that meet.

Prices stand on a ladder on which the usual distances of a level land again (100 less 12.5 % is
87.5, 80 more 12.5 % is 90), so that a level is often touched exactly. One strip of bytes, from a
drawn seed, drives all bars of a program: drawing each price by itself would take ten times as long.

What a program is made of is picked from short lists, by hypothesis (which shrinks what fails) or by
a numbered random source (which spreads evenly): `cases` and `numbered`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random

import numpy as np
from hypothesis import strategies as st

from conformance.staged import SCENES, bars_on, stage
from rtrade.config.definitions import CostsDef, Distance, RiskDef, SizingDef
from rtrade.core.bars import Bars, Filters
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.execution.program import Program

LADDER = (
    *(25, 30, 35, 37.5, 40, 45, 50, 56.25, 60, 62.5, 64, 70, 75, 80, 84.375, 87.5, 90, 93.75),
    *(96, 98, 99, 100, 101, 102, 105, 106.25, 110, 112.5, 118.125, 120, 125, 128, 135, 137.5),
    *(140, 150, 160, 175, 180, 187.5, 200, 225, 250, 300, 400),
)
MIDDLE = LADDER.index(100)
UNITS = (1.0, 1.0, 1.0, 0.25, 1024.0, 0.01, 0.1, 3.7, 2.0**-20)
PERCENTS = (0.125, 0.25, 0.5, 0.0625, 0.02, 0.1, 0.005)
ATRS = (5.0, 10.0, 12.5, 2.0, 1.0, 25.0, 0.5, 0.0, 60.0, math.nan)
DEVIATIONS = (0.01, 0.004, 0.02, 0.0, 5e-13, 1e-12, math.nan, 0.001)
SHARES = (1.0, 0.5, 0.25, 1 / 3, 0.0, 0.1, math.nan)
# How far a bar moves on the ladder, by one byte; the long tail makes gaps over levels.
STEPS = (0, 0, 0, 0, 0, 0, 1, -1, 1, -1, 1, -1, 2, -2, 5, -6)
REACHES = (0, 0, 0, 0, 1, 1, 2, 4)
GAPS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 30)
BYTES = 9
LOTS = ("1", "0.1", "0.00000001", "0.3", "25", "0.01")
# Of so many digits that counting them takes more than 64 bits.
WIDE_LOTS = ("0.123456789", "12.3456789", "1.5", "0.00000000123457", "499.5", "12345")
FEES = (0.0, 0.001, 0.01, 0.0625)
SLIPPAGES = (0.0, 0.0, 0.0005, 0.01, 0.125, 0.25)
# Now and then longer than a machine word has bits.
LENGTHS = (40, 40, 40, 40, 30, 30, 25, 25, 12, 12, 6, 6, 3, 2, 1, 0, 64, 130, 256)
SEEDS = range(2**32)

# Picks one of a sequence of options.
Pick = Callable


@dataclass(frozen=True)
class Shape:
    """What the bars of a program look like."""

    timeframe: Timeframe
    unit: float
    drift: int
    often: tuple[int, int, int, int]
    reversing: bool
    burst: int
    unready: int
    sparse: bool = False


def bars_of(shape: Shape, strip: bytes) -> Bars:
    """Walk the ladder, four bytes a bar for prices and one for a gap in time."""
    at, time = MIDDLE, parse_time("2024-01-01T18:00")
    rows = []
    for k in range(0, len(strip), BYTES):
        drift = shape.drift if strip[k] >= 128 else 0
        opened = within(at + drift + STEPS[strip[k] % len(STEPS)])
        at = within(opened + STEPS[strip[k + 1] % len(STEPS)])
        high = within(max(opened, at) + REACHES[strip[k + 2] % len(REACHES)])
        low = within(min(opened, at) - REACHES[strip[k + 3] % len(REACHES)])
        rows.append((time, *(LADDER[rung] * shape.unit for rung in (opened, high, low, at))))
        time += shape.timeframe.ms * (1 + GAPS[strip[k + 4] % len(GAPS)])
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    times = np.array(columns[0], dtype=np.int64)
    prices = [np.array(column, dtype=np.float64) for column in columns[1:]]
    return Bars("BTC/USDT", shape.timeframe, times, *prices, volume=np.ones(len(rows)))


def within(rung: int) -> int:
    return min(max(rung, 0), len(LADDER) - 1)


def rules_of(shape: Shape, strip: bytes) -> list[np.ndarray]:
    """Four rules, two bytes a bar; a rule that turns true stays so for the burst.

    A reversing program leaves a side where it enters the other one; in a sparse one hardly anything
    is ever true.
    """
    rules = []
    for rule, often in enumerate(shape.often):
        values, left = [], 0
        for k in range(0, len(strip), BYTES):
            nibble = strip[k + 5 + rule // 2] >> (4 * (rule % 2)) & 15
            turns = nibble >= 16 - often and not (shape.sparse and strip[k + 4] >> 4)
            left = shape.burst if turns else left - 1
            values.append(left > 0)
        rules.append(np.array(values, dtype=np.bool_))
    if shape.reversing:
        rules[1], rules[3] = rules[2], rules[0]
    return rules


def column(shape: Shape, strip: bytes, choices: tuple[float, ...], offset: int) -> np.ndarray:
    """One value a bar out of the choices, after a beginning that is not ready."""
    picked = [choices[(strip[k + 7] + offset) % len(choices)] for k in range(0, len(strip), BYTES)]
    return np.array([math.nan] * shape.unready + picked, dtype=np.float64)[: len(picked)]


def atr_of(shape: Shape, strip: bytes, offset: int) -> np.ndarray:
    choices = ATRS[offset:] + ATRS[:offset]
    picked = [choices[strip[k + 8] % 16 % len(choices)] for k in range(0, len(strip), BYTES)]
    values = [math.nan] * shape.unready + [value * shape.unit for value in picked]
    return np.array(values, dtype=np.float64)[: len(picked)]


def shape_of(pick: Pick) -> Shape:
    return Shape(
        timeframe=Timeframe.parse(pick(("1h", "6h", "3h", "1d", "5m"))),
        unit=pick(UNITS),
        drift=pick((0, 0, 1, -1, 3)),
        often=(
            pick((3, 6, 2, 4, 1, 16)),
            pick((2, 0, 1, 6)),
            pick((4, 6, 2, 0)),
            pick((2, 0, 1, 6)),
        ),
        reversing=pick((False, False, True)),
        burst=pick((1, 1, 2, 3)),
        unready=pick((0, 0, 1, 3)),
        sparse=pick((False, False, False, True)),
    )


def distance_of(pick: Pick) -> Distance:
    if pick((True, False)):
        return Distance("percent", pick(PERCENTS))
    return Distance("atr", pick((1.0, 2.0, 0.5, 3.0)), pick((14, 5)))


def risk_of(pick: Pick) -> RiskDef:
    """Levels in about half of the programs, limits in about a quarter each."""

    def seldom(options):
        return pick(options) if pick((False, False, False, True)) else None

    return RiskDef(
        stop_loss=distance_of(pick) if pick((False, True)) else None,
        take_profit=distance_of(pick) if pick((False, True)) else None,
        trailing_stop=distance_of(pick) if pick((False, False, True)) else None,
        time_exit=seldom((3, 1, 2, 5)),
        cooldown=seldom((2, 1, 3, 6)),
        max_drawdown=seldom((0.25, 0.125, 0.5, 0.0625)),
        daily_loss=pick((None, None, 0.125, 0.0625, 0.01)),
    )


def sizing_of(
    pick: Pick, kinds: tuple[str, ...], cash: float, lot: float, unit: float
) -> SizingDef:
    """Every form, at values that often meet the cash at hand or whole lots exactly."""
    values = {
        "equity": (1.0, 0.5, 0.95, 1 / 3),
        "quote": (cash, cash / 2, 500 * unit * lot, cash * 3, cash * 0.1),
        "base": (lot, 3 * lot, cash / (100 * unit), cash / (80 * unit), 0.7 * lot, 10 * lot),
        "risk": (0.01, 0.125, 0.5, 0.02),
        "volatility": (0.2, 0.5, 0.05),
    }
    kind = pick(kinds)
    return SizingDef(kind, pick(values[kind]), 20 if kind == "volatility" else 0)


def any_case(pick: Pick) -> tuple[Program, Bars]:
    """A program with bars to run it on; 0 to 40 bars."""
    shape, risk, fee, lot = shape_of(pick), risk_of(pick), pick(FEES), pick(LOTS)
    # Cash for some number of lots at a price of 100 units, often to the last cent.
    lots, price = pick((1000.0, 10.0, 1e5, 30.0, 7.0, 1e4, 1.0, 1e9, 1e16)), 100 * shape.unit
    cash = lots * float(lot) * price * pick((1.0, 1 + fee))
    has_stop = risk.stop_loss is not None or risk.trailing_stop is not None
    kinds = ("equity", "quote", "base", "volatility", *(("risk", "risk") if has_stop else ()))
    sizing = sizing_of(pick, kinds, cash, float(lot), shape.unit)
    # A minimum about as large as the entries are, often exactly as large.
    typical = {"quote": sizing.value, "base": sizing.value * price, "equity": sizing.value * cash}
    minimum = min(typical.get(sizing.kind, cash * 0.1), cash) * pick((1.0, 1.0, 0.9, 0.5))
    strip = Random(pick(SEEDS)).randbytes(pick(LENGTHS) * BYTES)
    often = (False, False, False, True)
    program = Program(
        *rules_of(shape, strip),
        sizing=sizing,
        risk=risk,
        costs=CostsDef(fee, fee * pick((1.0, 1.0, 0.0, 0.5)), pick(SLIPPAGES)),
        cash=cash,
        bars_per_year=shape.timeframe.per_year,
        filters=Filters(lot=Decimal(lot), min_notional=pick((None, None, minimum))),
        atr={14: atr_of(shape, strip, 0), 5: atr_of(shape, strip, 2)},
        volatility=column(shape, strip, DEVIATIONS, 0) if sizing.kind == "volatility" else None,
        scale=column(shape, strip, SHARES, 1) if pick(often) else None,
        risk_factor=column(shape, strip, SHARES, 2) if pick(often) else None,
    )
    return program, bars_of(shape, strip)


def squeeze(pick: Pick) -> tuple[Program, Bars]:
    """An all-in short reversed while the price doubles: ruin, and no cash left for the reversal."""
    unit, fee = pick(UNITS), pick((0.0, 0.01))
    closed, opened = pick((175, 187.5, 200, 150, 225)), pick((200, 225, 300, 187.5, 250))
    moves = [
        *((100, 100), (100, closed), (opened, opened), (opened, closed), (closed, 100), (100, 100))
    ]
    path = [(first, max(first, last), min(first, last), last) for first, last in moves]
    words = ("enter_short", "exit_short enter_long", "enter_long", "enter_short enter_long", "", "")
    return stage(
        bars_on(path, unit),
        words,
        risk=RiskDef(
            time_exit=pick((None, None, 1)),
            max_drawdown=pick((None, None, None, 0.5)),
            daily_loss=pick((None, None, None, 0.5)),
        ),
        costs=CostsDef(fee, fee, 0.0),
        cash=1000 * unit * (1 + fee),
    )


def giant(pick: Pick) -> tuple[Program, Bars]:
    """Sizes of some 10^15 lots at crooked prices, where any other order of products shows."""
    noise, length = Random(pick(SEEDS)), 4
    moves = [(noise.uniform(50, 150), noise.uniform(50, 150)) for _ in range(length)]
    bars = bars_on([(a, max(a, b), min(a, b), b) for a, b in moves], 1.0)
    fee, cash, every = pick(FEES), noise.uniform(1e15, 1e18), np.full(length, fill_value=True)
    kind, long = (
        pick(("equity", "quote", "base", "risk", "risk", "volatility")),
        pick((True, False)),
    )
    unit = {"quote": cash, "base": cash / 100}.get(kind, 1.0)
    stop = Distance("percent", noise.uniform(0.01, 0.9))
    program = Program(
        *(every & on for on in (long, False, not long, False)),
        sizing=SizingDef(kind, noise.uniform(0.01, 1.0) * unit, 20 if kind == "volatility" else 0),
        risk=RiskDef(stop_loss=stop, trailing_stop=pick((None, stop))),
        costs=CostsDef(fee, fee, pick(SLIPPAGES)),
        cash=cash,
        bars_per_year=bars.timeframe.per_year,
        filters=Filters(lot=Decimal(pick((*LOTS, *WIDE_LOTS)))),
        volatility=every * noise.uniform(0.001, 0.1),
        scale=every * noise.uniform(0.1, 1.0) if pick((False, True)) else None,
        risk_factor=every * noise.uniform(0.1, 1.0) if pick((False, True)) else None,
    )
    return program, bars


def build(pick: Pick) -> tuple[Program, Bars]:
    """Mostly any case; a few staged ones keep what only they show in each thousand."""
    return pick((any_case,) * 16 + (*(squeeze,) * 5, giant, giant, *SCENES))(pick)


def numbered(number: int) -> tuple[Program, Bars]:
    """Build the case of a number, the same one at all times."""
    return build(Random(number).choice)


@st.composite
def cases(draw) -> tuple[Program, Bars]:
    """Cases that hypothesis picks, and shrinks where one fails."""
    return build(lambda options: draw(st.sampled_from(options)))
