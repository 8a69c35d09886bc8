"""What the page's script draws: levels of detail, lines, panes, markers, as one JSON island."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.core.bars import Bars, IntArray
from rtrade.report.columns import column, flags, rough, times
from rtrade.report.drawn import Drawn, Line, place, starting_cash
from rtrade.report.inputs import ReportInputs, TradeColumns
from rtrade.report.levels import LARGEST, Grouping, Windows, group, largest, windows

OVERVIEW = 5_000
DETAIL_BYTES = 1_200_000
# What models were asked and said takes the rest of a page's size.
DETAIL_BYTES_BESIDE_DECISIONS = 600_000
DETAIL_BARS = 25_000
MARGIN = 40
MARKERS = 10_000
ROWS = 1_000


@dataclass(frozen=True, eq=False)
class ChartPlan:
    """What is drawn and what is not."""

    grouping: Grouping
    near: Windows | None
    lines: tuple[Line, ...]
    left_out: tuple[str, ...]
    shown_trades: IntArray


def plan_charts(inputs: ReportInputs, trades: TradeColumns) -> ChartPlan:
    """Decide on candles, whole bars near trades, lines and markers."""
    bars = inputs.bars
    grouping = group(bars, OVERVIEW)
    lines, left_out = place(inputs.indicators, bars)
    # Four bytes each, but for equity and benchmark.
    per_bar = 4 * (len(lines) + 8) + 8 * 2
    most = DETAIL_BYTES if inputs.llm is None else DETAIL_BYTES_BESIDE_DECISIONS
    budget = min(DETAIL_BARS, most // per_bar)
    near = windows(trades.held, len(bars), budget, MARGIN)
    return ChartPlan(
        grouping=grouping,
        near=near if len(grouping) < len(bars) else None,
        lines=lines,
        left_out=left_out,
        shown_trades=_marked(trades),
    )


def listed(trades: TradeColumns) -> IntArray:
    """Choose the trades of the table: all, or the first and those that moved equity most."""
    if len(trades) <= ROWS:
        return np.arange(len(trades), dtype=np.int64)
    return np.union1d(np.arange(ROWS - LARGEST, dtype=np.int64), largest(trades.held))


def _marked(trades: TradeColumns) -> IntArray:
    """Choose the trades whose marks are drawn: those of the table, and an even part of the rest."""
    count = len(trades)
    step = -(-count // (MARKERS - ROWS)) if count > MARKERS else 1
    return np.union1d(listed(trades), np.arange(0, count, step, dtype=np.int64))


def payload(inputs: ReportInputs, trades: TradeColumns, plan: ChartPlan) -> dict[str, Any]:
    """Return the data of the page's script, ready for `columns.island`."""
    bars = inputs.bars
    cash = starting_cash(inputs.document["metrics"], inputs.equity)
    drawn = Drawn.of(bars, inputs.equity, inputs.benchmark, inputs.position, cash, plan.lines)
    return {
        "timeframe": str(bars.timeframe),
        "candle": str(plan.grouping.timeframe),
        "whole": len(plan.grouping) == len(bars),
        "lines": [{"name": line.indicator.name, "pane": line.pane} for line in plan.lines],
        "overview": drawn.level(plan.grouping),
        "detail": _detail(drawn, plan.near),
        "trades": _trades(bars, trades, plan),
    }


def _detail(drawn: Drawn, near: Windows | None) -> dict[str, Any] | None:
    """Return the whole bars near trades, in stretches without holes between them."""
    if near is None or not near.trades:
        return None
    marked = np.flatnonzero(near.bars)
    breaks = np.flatnonzero(np.diff(marked) > 1) + 1
    stretches = np.concatenate(([0], breaks)).astype(np.int64)
    return drawn.some(marked) | {"stretches": column(stretches)}


def _trades(bars: Bars, trades: TradeColumns, plan: ChartPlan) -> dict[str, Any]:
    """Return what marks need; `kind` is 1 for long + 2 where closed + 4 with whole bars near."""
    shown = plan.shown_trades
    kind = (trades.side > 0) + 2 * trades.closed
    if plan.near is not None:
        kind[list(plan.near.trades)] += 4
    return {
        "number": column(shown + 1),
        "entry": times(bars.time[trades.held.entry[shown]]),
        "exit": times(bars.time[trades.held.exit[shown]]),
        "kind": flags(kind[shown]),
        "entry_price": rough(trades.entry_price[shown]),
        "exit_price": rough(trades.exit_price[shown]),
        "gain": rough(trades.gain[shown]),
    }
