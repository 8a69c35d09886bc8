"""What a model may have read of the bars it was asked about: a run in two, at its cutoff.

A model knows how prices went on until its knowledge ends. What it made of bars from before shows
no skill at foreseeing anything; only bars from after can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rtrade.analysis.metrics import measure
from rtrade.config.definitions import CostsDef
from rtrade.core.bars import Bars, Filters, FloatArray, IntArray
from rtrade.core.results import RunResult, Trade

# The metrics of a stretch; all of them follow from equity, position and trades.
SPLIT = (
    "total_return",
    "benchmark_return",
    "sharpe",
    "max_drawdown",
    "trades",
    "win_rate",
    "expectancy",
    "exposure",
)


class Knowledge(StrEnum):
    """How a run lies to the end of what its models have read."""

    CLEAN = "clean"
    PARTLY = "partly"
    INSIDE = "inside"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Stretch:
    """A part of a run: `clean` where no model has read of it.

    `start` is the open of its first bar, `end` the close of its last (ms). `metrics` are those of
    `SPLIT`, as if the run had begun with the equity at hand; trades belong to the stretch that
    they began in. None where one is not defined.
    """

    clean: bool
    start: int
    end: int
    bars: int
    decisions: int
    metrics: Mapping[str, float | int | None]


@dataclass(frozen=True)
class Split:
    """A run before and after `cutoff` (ms, None: unknown), the clean part first."""

    state: Knowledge
    cutoff: int | None
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, eq=False)
class Course:
    """How a run went: its bars and a value at each close, its trades, and what it began with."""

    bars: Bars
    equity: FloatArray
    position: FloatArray
    trades: tuple[Trade, ...]
    cash: float
    costs: CostsDef
    filters: Filters


def last_cutoff(cutoffs: Sequence[int | None]) -> int | None:
    """Return when the knowledge of the last model ends (ms); None where one is not known."""
    known = [cutoff for cutoff in cutoffs if cutoff is not None]
    return max(known) if known and len(known) == len(cutoffs) else None


def split(course: Course, decisions: IntArray, cutoff: int | None) -> Split:
    """Cut a run at `cutoff`; `decisions` are the open times (ms) of the bars that were judged.

    A bar is clean where it opens at or after the cutoff. Where the cutoff is unknown the run is
    one stretch, and not a clean one.
    """
    bars = course.bars
    at = len(bars) if cutoff is None else int(np.searchsorted(bars.time, cutoff))
    parts = [(at, len(bars), True), (0, at, False)]
    stretches = tuple(
        _stretch(course, decisions, first, last, clean=clean)
        for first, last, clean in parts
        if last > first
    )
    return Split(_state(cutoff, at, len(bars)), cutoff, stretches)


def _state(cutoff: int | None, at: int, count: int) -> Knowledge:
    if cutoff is None:
        return Knowledge.UNKNOWN
    if at == 0:
        return Knowledge.CLEAN
    return Knowledge.INSIDE if at == count else Knowledge.PARTLY


def _stretch(course: Course, decisions: IntArray, first: int, last: int, *, clean: bool) -> Stretch:
    bars = course.bars.slice(first, last)
    start, end = int(bars.time[0]), bars.timeframe.close(int(bars.time[-1]))
    return Stretch(
        clean=clean,
        start=start,
        end=end,
        bars=len(bars),
        decisions=int(np.count_nonzero((decisions >= start) & (decisions < end))),
        metrics=_metrics(course, bars, first, last),
    )


def _metrics(course: Course, bars: Bars, first: int, last: int) -> Mapping[str, float | int | None]:
    cash = course.cash if first == 0 else float(course.equity[first - 1])
    if not cash > 0:
        # Ruined before it began.
        return dict.fromkeys(SPLIT)
    equity, position = course.equity[first:last], course.position[first:last]
    begun = tuple(trade for trade in course.trades if first <= trade.entry_bar < last)
    part = RunResult("", (), begun, equity - position * bars.close, position, equity)
    found = measure(part, bars, cash=cash, costs=course.costs, filters=course.filters).values()
    return {name: found[name] for name in SPLIT}
