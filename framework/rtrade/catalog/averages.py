"""Declarations of moving averages, and of what their start means to what is built on them."""

from __future__ import annotations

from collections.abc import Callable

from rtrade.catalog.functions import LONGEST_WALKED, bars, behind, none, within
from rtrade.catalog.registry import Entry, Input, Output, Params, Unit
from rtrade.catalog.settling import LEVEL, exponential, fade

X = Input("x", "a number series, usually close")
# The slowest that the adaptive average can get: the square of a 30-bar exponential's weight.
_SLOWEST = exponential(30) ** 2


def value(unit: Unit, low: float | None = None, high: float | None = None) -> tuple[Output, ...]:
    """Return the single output of an entry."""
    return (Output("value", unit, low=low, high=high),)


def chain_warmup(count: int, extra: int = 0) -> Callable[[Params], int]:
    """Return the warm-up of `count` averages of n bars, one fed by the other, `extra` more."""
    return lambda params: count * (int(params["n"]) - 1) + extra


def chain_settle(count: int, digits: int = LEVEL) -> Callable[[Params], int]:
    """Return the settling of `count` exponential averages of n bars, one fed by the other."""
    return lambda params: fade(exponential(params["n"]), digits, chain=count)


AVERAGES = (
    Entry(
        name="sma",
        group="averages",
        doc="Simple moving average: the mean of the last n values, this one included.",
        inputs=(X,),
        params=(bars(),),
        outputs=value(Unit.INPUT),
        warmup=within,
        settle=none,
        words="the {n}-bar average of {x}",
        source="sum of x[0..n-1] / n, the sum rounded once",
    ),
    Entry(
        name="ema",
        group="averages",
        doc="Exponential moving average; starts from the mean of the first n values.",
        inputs=(X,),
        params=(bars("bars; the newest value weighs 2 / (n + 1)"),),
        outputs=value(Unit.INPUT),
        warmup=within,
        settle=chain_settle(1),
        words="the {n}-bar exponential average of {x}",
        source="e = e[1] + 2 / (n + 1) x (x - e[1])",
    ),
    Entry(
        name="wma",
        group="averages",
        doc="Weighted moving average: weights fall linearly from n for this bar to 1.",
        inputs=(X,),
        params=(bars(high=LONGEST_WALKED),),
        outputs=value(Unit.INPUT),
        warmup=within,
        settle=none,
        words="the {n}-bar weighted average of {x}",
        source="sum of (n - k) x[k], k in 0..n-1, / (n (n + 1) / 2)",
    ),
    Entry(
        name="dema",
        group="averages",
        doc="Double exponential moving average: follows faster than `ema`.",
        inputs=(X,),
        params=(bars("bars of each exponential average"),),
        outputs=value(Unit.INPUT),
        warmup=chain_warmup(2),
        settle=chain_settle(2),
        words="the {n}-bar double exponential average of {x}",
        source="2 e1 - e2, e1 = ema(x, n), e2 = ema(e1, n)",
    ),
    Entry(
        name="tema",
        group="averages",
        doc="Triple exponential moving average: follows faster than `dema`.",
        inputs=(X,),
        params=(bars("bars of each exponential average"),),
        outputs=value(Unit.INPUT),
        warmup=chain_warmup(3),
        settle=chain_settle(3),
        words="the {n}-bar triple exponential average of {x}",
        source="3 e1 - 3 e2 + e3, each the ema of the one before",
    ),
    Entry(
        name="kama",
        group="averages",
        doc="Kaufman's adaptive moving average: fast in a trend, slow in noise.",
        inputs=(X,),
        params=(bars("bars of the efficiency ratio", low=2),),
        outputs=value(Unit.INPUT),
        warmup=behind,
        settle=lambda _: fade(_SLOWEST, LEVEL),
        words="the {n}-bar adaptive average of {x}",
        source="k = k[1] + s^2 (x - k[1]), s = r (2/3 - 2/31) + 2/31, "
        "r = |x - x[n]| / sum of |x - x[1]| over n bars; starts from x[1]",
    ),
)
