"""What the result of an entry keeps to, given what its inputs keep to.

Declared ranges (`Output.low`, `Output.high`) hold whatever is put in. Here stands what follows
besides: an average stays within its input, a z-score of n bars within the square root of n - 1.
`plan.ranges` and `plan.ordering` reason with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rtrade.catalog.registry import Params

INFINITE = math.inf


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, both included."""

    low: float = -INFINITE
    high: float = INFINITE

    def meet(self, other: Interval) -> Interval:
        """Return what lies in both; where nothing does, this one."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else self

    def join(self, other: Interval) -> Interval:
        """Return the smallest interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))


EVERYTHING = Interval()
Extent = Callable[[Params, tuple[Interval, ...]], Interval]


def _first(_: Params, inputs: tuple[Interval, ...]) -> Interval:
    return inputs[0]


def _lower(_: Params, inputs: tuple[Interval, ...]) -> Interval:
    return Interval(min(x.low for x in inputs), min(x.high for x in inputs))


def _higher(_: Params, inputs: tuple[Interval, ...]) -> Interval:
    return Interval(max(x.low for x in inputs), max(x.high for x in inputs))


def _size(_: Params, inputs: tuple[Interval, ...]) -> Interval:
    x = inputs[0]
    least = 0.0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high))
    return Interval(least, max(abs(x.low), abs(x.high)))


def _difference(_: Params, inputs: tuple[Interval, ...]) -> Interval:
    width = inputs[0].high - inputs[0].low
    return EVERYTHING if math.isnan(width) else Interval(-width, width)


def _relative(of_whole: float) -> Extent:
    """Return what a change keeps to: what is positive cannot lose more than all of itself."""
    return lambda _, inputs: Interval(-of_whole) if inputs[0].low >= 0 else EVERYTHING


def _deviations(params: Params, _: tuple[Interval, ...]) -> Interval:
    # With denominator n, a single one of n values is farthest out: (n - 1) / sqrt(n - 1).
    farthest = math.sqrt(params["n"] - 1)
    return Interval(-farthest, farthest)


def _spread(_: Params, inputs: tuple[Interval, ...]) -> Interval:
    return Interval(0, (inputs[0].high - inputs[0].low) / 2)


# By entry, or by entry and output where there are several.
EXTENTS: Mapping[str, Extent] = {
    "abs": _size,
    "bbands.middle": _first,
    "change": _difference,
    "count_true": lambda params, _: Interval(0, params["n"]),
    "ema": _first,
    "highest": _first,
    "lowest": _first,
    "max": _higher,
    "min": _lower,
    "mom": _difference,
    "pct_change": _relative(1.0),
    "roc": _relative(100.0),
    "sma": _first,
    "stddev": _spread,
    "wma": _first,
    "zscore": _deviations,
}

# Results that lie between the lowest and the highest of the last n values of the first input.
WITHIN_WINDOW = frozenset({"highest", "lowest", "sma", "wma"})
# Results that do not fall where an input rises.
MONOTONE = frozenset({"ema", "highest", "lowest", "max", "min", "sma", "wma"})
# Outputs of one call in ascending order.
ASCENDING: Mapping[str, tuple[str, ...]] = {"bbands": ("lower", "middle", "upper")}
