"""What the page's script draws: levels of detail, lines, panes, markers, as one JSON island."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rtrade.catalog.registry import Unit
from rtrade.core.bars import COLUMNS, Bars, FloatArray, IntArray
from rtrade.report.columns import column, flags, rough, times
from rtrade.report.inputs import Indicator, ReportInputs, TradeColumns
from rtrade.report.levels import (
    LARGEST,
    Grouping,
    Windows,
    candles,
    extremes,
    group,
    largest,
    means,
    windows,
)

OVERVIEW = 5_000
DETAIL_BYTES = 1_200_000
# What models were asked and said takes the rest of a page's size.
DETAIL_BYTES_BESIDE_DECISIONS = 600_000
DETAIL_BARS = 25_000
MARGIN = 40
MARKERS = 10_000
ROWS = 1_000
LINES = 8
PANES = 3


@dataclass(frozen=True, eq=False)
class Line:
    """A signal on the chart: on the price (pane 0) or in a pane below (1 to 3)."""

    indicator: Indicator
    pane: int


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


def place(
    indicators: tuple[Indicator, ...], bars: Bars
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """Put prices on the price pane and each other unit in a pane of its own.

    A number in price units that stays far from the prices (a difference of averages) would
    flatten the candles, so it gets a pane too.
    """
    low, high = float(bars.low.min()), float(bars.high.max())
    panes: dict[Unit | str, int] = {}
    lines: list[Line] = []
    left_out: list[str] = []
    for indicator in indicators:
        known = indicator.values[np.isfinite(indicator.values)]
        if not len(known) or len(lines) == LINES:
            left_out.append(indicator.name)
            continue
        pane = 0
        if indicator.unit is not Unit.PRICE or not low / 2 <= np.median(known) <= high * 2:
            key = indicator.name if indicator.unit is Unit.NONE else indicator.unit
            pane = panes.setdefault(key, len(panes) + 1)
        if pane > PANES:
            left_out.append(indicator.name)
        else:
            lines.append(Line(indicator, pane))
    return tuple(lines), tuple(left_out)


def payload(inputs: ReportInputs, trades: TradeColumns, plan: ChartPlan) -> dict[str, Any]:
    """Return the data of the page's script, ready for `columns.island`."""
    bars = inputs.bars
    drawdown = fall(inputs.equity, starting_cash(inputs))
    invested = np.divide(
        inputs.position * bars.close,
        inputs.equity,
        out=np.zeros(len(bars)),
        where=inputs.equity > 0,
    )
    curves = {"equity": inputs.equity, "benchmark": inputs.benchmark, "drawdown": -drawdown}
    overview = _level(candles(bars, plan.grouping))
    overview |= {name: column(extremes(line, plan.grouping)) for name, line in curves.items()}
    overview["invested"] = rough(means(invested, plan.grouping))
    overview["lines"] = [column(line.indicator.values[plan.grouping.lasts]) for line in plan.lines]
    return {
        "timeframe": str(bars.timeframe),
        "candle": str(plan.grouping.timeframe),
        "whole": len(plan.grouping) == len(bars),
        "lines": [{"name": line.indicator.name, "pane": line.pane} for line in plan.lines],
        "overview": overview,
        "detail": _detail(inputs, plan, curves, invested),
        "trades": _trades(bars, trades, plan),
    }


def fall(equity: FloatArray, cash: float) -> FloatArray:
    """Return how far equity stands under its peak so far, as a positive fraction of the peak."""
    peak = np.maximum(np.maximum.accumulate(equity), cash)
    result: FloatArray = (peak - equity) / peak
    return result


def starting_cash(inputs: ReportInputs) -> float:
    """Return the cash that the run began with, from its final equity and total return."""
    metrics = inputs.document["metrics"]
    final, gained = metrics["final_equity"], metrics["total_return"]
    if final is None or gained is None or gained <= -1:
        return float(inputs.equity[0])
    return float(final / (1 + gained))


def _level(bars: Bars) -> dict[str, Any]:
    prices = {name: column(getattr(bars, name)) for name in ("open", "high", "low", "close")}
    return {"time": times(bars.time), **prices, "volume": rough(bars.volume)}


def _detail(
    inputs: ReportInputs,
    plan: ChartPlan,
    curves: dict[str, FloatArray],
    invested: FloatArray,
) -> dict[str, Any] | None:
    """Return the whole bars near trades, in stretches without holes between them."""
    if plan.near is None or not plan.near.trades:
        return None
    marked = np.flatnonzero(plan.near.bars)
    bars = inputs.bars
    breaks = np.flatnonzero(np.diff(marked) > 1) + 1
    stretches = np.concatenate(([0], breaks)).astype(np.int64)
    level = _level(replace(bars, **{name: getattr(bars, name)[marked] for name in COLUMNS}))
    level |= {name: column(curves[name][marked]) for name in ("equity", "benchmark")}
    level["drawdown"] = rough(curves["drawdown"][marked])
    level["invested"] = rough(invested[marked])
    level["lines"] = [rough(line.indicator.values[marked]) for line in plan.lines]
    level["stretches"] = column(stretches)
    return level


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
