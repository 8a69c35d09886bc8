"""trace.csv: a run bar by bar, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from rtrade.analysis.record import csv_digits, csv_lines, csv_times
from rtrade.core.bars import Bars
from rtrade.execution.tracing import TracedBar

TRACE_COLUMNS = (
    "time",
    "open",
    "high",
    "low",
    "close",
    "fills",
    "stop",
    "target",
    "position",
    "cash",
    "equity",
    "rules",
    "decision",
    "refused",
)


def trace_csv(bars: Bars, traced: Sequence[TracedBar]) -> str:
    """Return trace.csv; cells are empty where there is nothing, names are parted by spaces.

    `fills` are those in the bar, `stop` and `target` the levels that worked in it; `position`,
    `cash` and `equity` are as of its close, `decision` and `refused` say what follows from it.
    """
    prices = (csv_digits(values) for values in (bars.open, bars.high, bars.low, bars.close))
    cells = map(_cells, traced)
    rows = (
        ",".join((*row, *more))
        for *row, more in zip(csv_times(bars.time), *prices, cells, strict=True)
    )
    return csv_lines(",".join(TRACE_COLUMNS), rows)


def _cells(bar: TracedBar) -> tuple[str, ...]:
    return (
        " ".join(bar.fills),
        _number(bar.stop),
        _number(bar.target),
        _number(bar.position),
        _number(bar.cash),
        _number(bar.equity),
        " ".join(bar.rules),
        " ".join(bar.decision),
        bar.refused,
    )


def _number(value: float) -> str:
    return "" if value != value else repr(float(value))
