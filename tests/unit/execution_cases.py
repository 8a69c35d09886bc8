"""Short ways to say bars and programs, for the tests of execution."""

import numpy as np

from rtrade.config.definitions import CostsDef, Distance, RiskDef, SizingDef
from rtrade.core.bars import Bars, Filters
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.execution.program import Program


def bars_of(rows, *, frame=HOUR, start=0, skip=()):
    """Make bars from (open, high, low, close) rows; `skip` are positions left out of the clock."""
    places = [place for place in range(len(rows) + len(skip)) if place not in skip][: len(rows)]
    values = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Bars(
        "BTC/USDT",
        Timeframe(frame),
        start + np.array(places, dtype=np.int64) * frame,
        *(np.ascontiguousarray(values[:, column]) for column in range(4)),
        np.ones(len(values)),
    )


def flat_bars(*prices, **more):
    """Make bars that do not move inside: open = high = low = close."""
    return bars_of([(price,) * 4 for price in prices], **more)


def percent(value):
    return Distance("percent", value)


def atr(value, period=14):
    return Distance("atr", value, period)


def true_at(bars, *places):
    out = np.zeros(bars, dtype=np.bool_)
    out[list(places)] = True
    return out


def program_of(bars, *, sizing=("base", 1.0), risk=None, costs=(0.0, 0.0, 0.0), **more):
    """Make a program for bars; rules are the bars at whose close they are true."""
    count = len(bars)
    rules = {
        name: true_at(count, *more.pop(name, ()))
        for name in ("enter_long", "exit_long", "enter_short", "exit_short")
    }
    return Program(
        **rules,
        sizing=SizingDef(*sizing),
        risk=risk or RiskDef(),
        costs=CostsDef(*costs),
        cash=more.pop("cash", 10_000.0),
        bars_per_year=bars.timeframe.per_year,
        filters=more.pop("filters", Filters()),
        **more,
    )


def facts(result):
    """Return everything that a result says, in a form that compares by value."""
    return (
        result.engine,
        result.fills,
        result.trades,
        result.cash.tobytes(),
        result.position.tobytes(),
        result.equity.tobytes(),
        tuple(result.refused.items()),
        result.capped,
        result.halted_at,
        result.ruined_at,
    )
