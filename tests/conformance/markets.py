"""Bars for a plan: every series that it needs, on the ladder of prices, with gaps and ties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np

from conformance.programs import BYTES, LOTS, SEEDS, Shape, bars_of
from rtrade.core.bars import Bars, Filters, MarketData
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.data.resample import resample
from rtrade.plan.plan import Plan, SeriesNeed

LENGTHS = (60,) * 6 + (40,) * 4 + (25, 25, 12, 12, 6, 6, 3, 2, 1, 0, 140)
# How many bars come before `start`.
BEFORE = (5, 0, 20, 10)
FIRST = parse_time("2024-01-01T18:00")
# What the cash is worth in lots at a price of 100 units; None: prices stand on the ladder itself.
LOTS_OF_CASH = (None, None, None, 10.0, 1000.0, 7.0, 30.0, 1e6)
MINIMA = (None, None, None, None, None, None, None, 0.01, 0.1, 1.0)
VOLUMES = (1.0, 2.0, 0.5, 0.0, 7.0, 100.0, 1e-8, 3.0)
TICKS = (None, None, Decimal("0.01"))
# Series beside the base begin so many bars earlier, so that they are known from its start.
EARLIER = 6


def market_of(plan: Plan, pick: Callable, lengths: tuple[int, ...] = LENGTHS) -> MarketData:
    """Return the bars of a run of the plan, as many as one of the lengths, and those before it."""
    lot, worth, drift = pick(LOTS), pick(LOTS_OF_CASH), pick((0, 0, 1, -1, 3))
    if worth is None and plan.cash < 200 * float(lot):
        lot = "0.00000001"
    unit = 1.0 if worth is None else plan.cash / (worth * float(lot) * 100)
    # Not beyond the prices that a run takes.
    unit = min(max(unit, 1e-10), 1e12)
    minimum = pick(MINIMA)
    before = 0 if plan.start is None else pick(BEFORE)
    begin = (FIRST if plan.start is None else plan.start) - before * plan.timeframe.ms
    base = series(plan.needs[0], pick, unit, drift, before + pick(lengths), begin)
    if plan.end is not None:
        base = base.slice(0, int(np.searchsorted(base.time, plan.end)))
    first = 0 if plan.start is None else int(np.searchsorted(base.time, plan.start))
    return MarketData(
        source=plan.source,
        source_kind="synthetic",
        base=base,
        first=first,
        others={need.name: other(need, base, pick, unit) for need in plan.needs[1:]},
        filters=Filters(Decimal(lot), pick(TICKS), minimum and minimum * plan.cash),
        filters_stated=True,
    )


def series(
    need: SeriesNeed, pick: Callable, unit: float, drift: int, length: int, begin: int
) -> Bars:
    """Walk the ladder in the symbol and timeframe of a need, from the bar of a time on."""
    frame = need.timeframe
    # A program has no use for months; bars of about that length are laid on them afterwards.
    steady = Timeframe(frame.ms)
    shape = Shape(steady, unit, drift, (0, 0, 0, 0), reversing=False, burst=1, unready=0)
    strip = Random(pick(SEEDS)).randbytes(length * BYTES)
    bars = bars_of(shape, strip)
    if not length:
        return replace(bars, symbol=need.symbol, timeframe=frame)
    steps = (bars.time - bars.time[0]) // frame.ms
    times = frame.opens(frame.numbers(np.array([begin])) + steps)
    volume = np.array([VOLUMES[strip[k] % len(VOLUMES)] for k in range(6, len(strip), BYTES)])
    return replace(bars, symbol=need.symbol, timeframe=frame, time=times, volume=volume)


def other(need: SeriesNeed, base: Bars, pick: Callable, unit: float) -> Bars:
    """Return coarser bars of the same symbol, or those of another one."""
    if need.symbol == base.symbol and base.timeframe.fills(need.timeframe):
        return resample(base, need.timeframe)
    begin = int(base.time[0]) if len(base) else FIRST
    begin -= EARLIER * need.timeframe.ms
    return series(need, pick, unit, 0, pick((40, 25, 60, 1, 0)), begin)
