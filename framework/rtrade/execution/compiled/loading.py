"""From a program and its bars to what the walker reads; its books to a result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.results import Cut
from rtrade.core.timeframes import DAY
from rtrade.execution import core
from rtrade.execution.compiled.bits import words_of
from rtrade.execution.compiled.states import (
    COUNTS,
    Books,
    Terms,
)
from rtrade.execution.positions import Protection, Sizing
from rtrade.execution.program import Program
from rtrade.execution.tape import check_prices


class Prices(NamedTuple):
    """The bars of a run as the walker reads them; what is not looked at may be anything."""

    start: FloatArray
    low: FloatArray
    high: FloatArray
    close: FloatArray
    day: IntArray


def prices_of(bars: Bars, *, daily: bool) -> Prices:
    """Return the bars for a walk, their own arrays where it can be; `daily` asks for the days.

    Raises EngineFault where a price is not above 0.
    """
    check_prices(bars)
    low = bars.low if (bars.low <= bars.open).all() else np.minimum(bars.low, bars.open)
    high = bars.high if (bars.high >= bars.open).all() else np.maximum(bars.high, bars.open)
    return Prices(
        start=sealed(bars.open),
        low=sealed(low),
        high=sealed(high),
        close=sealed(bars.close),
        day=sealed_whole(bars.time // DAY if daily else bars.time),
    )


def rules_of(program: Program) -> IntArray:
    """Return where the four rules are true, a row of words each: long, then short."""
    rules = (program.enter_long, program.exit_long, program.enter_short, program.exit_short)
    return sealed_whole(np.array([words_of(rule) for rule in rules]))


def measures_of(program: Program) -> tuple[FloatArray, Mapping[str, int]]:
    """Return what the program's sizes and levels are measured with, as rows, and which is where."""
    risk = program.risk
    distances = {
        "stop_row": risk.stop_loss,
        "trail_row": risk.trailing_stop,
        "target_row": risk.take_profit,
    }
    found: dict[str, FloatArray | None] = {
        row: program.atr[distance.period]
        if distance is not None and distance.kind == "atr"
        else None
        for row, distance in distances.items()
    }
    found["volatility_row"] = program.volatility
    found["scale_row"] = program.scale
    found["factor_row"] = program.risk_factor
    used = [values for values in found.values() if values is not None]
    places, at = {}, 0
    for row, values in found.items():
        places[row] = core.NO if values is None else at
        at += values is not None
    table = np.array(used, dtype=np.float64) if used else np.empty((0, 0))
    return sealed(table), places


def terms_of(program: Program, places: Mapping[str, int]) -> Terms:
    """Return the numbers of a program, with the rows of its measures.

    Raises EngineFault where what they need is missing.
    """
    protection = Protection(program)
    Sizing(program, protection, [])
    multiple, digits = program.filters.lot_step()
    risk, costs = program.risk, program.costs
    stop, trail, target = (
        protection.stop_loss,
        protection.trailing_stop,
        protection.take_profit,
    )
    return Terms(
        cash=float(program.cash),
        taker=float(costs.taker),
        maker=float(costs.maker),
        slippage=float(costs.slippage),
        sizing=core.SIZINGS.index(program.sizing.kind),
        value=float(program.sizing.value),
        year=math.sqrt(program.bars_per_year),
        multiple=multiple,
        power=10**digits,
        minimum=float(program.filters.min_notional or 0.0),
        stop_kind=stop.kind,
        stop_value=float(stop.value),
        trail_kind=trail.kind,
        trail_value=float(trail.value),
        target_kind=target.kind,
        target_value=float(target.value),
        max_drawdown=math.nan if risk.max_drawdown is None else float(risk.max_drawdown),
        daily_loss=math.nan if risk.daily_loss is None else float(risk.daily_loss),
        time_exit=risk.time_exit or 0,
        cooldown=risk.cooldown or 0,
        **places,
    )


def new_books(fills: int, shrunk: int) -> Books:
    """Return empty books with room for so many fills and entries made smaller."""
    return Books(
        fills=np.empty((fills, 3), dtype=np.int64),
        money=np.empty((fills, 4)),
        shrunk=np.empty((shrunk, 5)),
        counts=np.zeros(COUNTS, dtype=np.int64),
    )


def cuts_of(shrunk: FloatArray, program: Program, close: FloatArray) -> tuple[Cut, ...]:
    """Say step by step what made entries smaller, as the reference engine does."""
    if not len(shrunk):
        return ()
    cuts: list[Cut] = []
    bars, sides = (shrunk[:, at].astype(np.int64).tolist() for at in (0, 1))
    rows = (bars, sides, *shrunk[:, 2:].T.tolist())
    protection = Protection(program)
    sizing = Sizing(program, protection, cuts)
    for bar, side, fill, cash, equity in zip(*rows, strict=True):
        if math.isinf(cash):
            price = core.slipped(float(close[bar - 1]), side, program.costs.slippage)
            sizing.veto(protection.position(bar, side, price), equity)
        else:
            sizing.explain(protection.position(bar, side, fill), cash, equity)
    return tuple(cuts)


def sealed(values: FloatArray) -> FloatArray:
    """Return the values for reading, all of one type, so that nothing is compiled twice."""
    found = np.ascontiguousarray(values, dtype=np.float64).view()
    found.flags.writeable = False
    return found


def sealed_whole(values: IntArray) -> IntArray:
    """Return whole numbers for reading, all of one type."""
    found = np.ascontiguousarray(values, dtype=np.int64).view()
    found.flags.writeable = False
    return found
