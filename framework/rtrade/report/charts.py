"""What the page's script draws: levels of detail, lines, panes, markers, as one JSON island."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.catalog.registry import Unit
from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.report.columns import column, rough, times
from rtrade.report.inputs import Indicator, ReportInputs, TradeColumns
from rtrade.report.levels import Grouping, Windows, candles, extremes, group, windows

OVERVIEW = 5_000
DETAIL_BYTES = 900_000
DETAIL_BARS = 10_000
MARGIN = 60
MARKERS = 10_000
LINES = 8
PANES = 3

_TITLES = {
    Unit.PRICE: "price difference",
    Unit.VOLUME: "volume",
    Unit.PERCENT: "0 to 100",
    Unit.RATIO: "fraction",
    Unit.COUNT: "count",
}


@dataclass(frozen=True, eq=False)
class Line:
    """A signal on the chart: on the price (pane 0) or in a pane below (1 to 3)."""

    indicator: Indicator
    pane: int


@dataclass(frozen=True, eq=False)
class ChartPlan:
    """What is drawn and what is not."""

    grouping: Grouping
    near: Windows
    lines: tuple[Line, ...]
    left_out: tuple[str, ...]
    shown_trades: IntArray


def plan_charts(inputs: ReportInputs, trades: TradeColumns) -> ChartPlan:
    """Decide on candles, whole bars near trades, lines and markers."""
    bars = inputs.bars
    grouping = group(bars, OVERVIEW)
    lines, left_out = place(inputs.indicators, bars)
    per_bar = 4 + 4 * 4 + 4 + 8 * (len(lines) + 3) + 4
    budget = min(DETAIL_BARS, DETAIL_BYTES // per_bar) if len(grouping) < len(bars) else 0
    step = max(1, -(-len(trades) // MARKERS))
    return ChartPlan(
        grouping=grouping,
        near=windows(trades.held, len(bars), budget, MARGIN),
        lines=lines,
        left_out=left_out,
        shown_trades=np.arange(0, len(trades), step, dtype=np.int64),
    )


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
        middle = float(np.median(known)) if len(known) else np.nan
        pane = 0
        if indicator.unit is not Unit.PRICE or not low / 2 <= middle <= high * 2:
            key = indicator.name if indicator.unit is Unit.NONE else indicator.unit
            pane = panes.setdefault(key, len(panes) + 1)
        if pane > PANES or len(lines) == LINES or not len(known):
            left_out.append(indicator.name)
            continue
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
    overview["invested"] = rough(invested[plan.grouping.lasts])
    overview["lines"] = [column(line.indicator.values[plan.grouping.lasts]) for line in plan.lines]
    return {
        "timeframe": str(bars.timeframe),
        "candle": str(plan.grouping.timeframe),
        "whole": len(plan.grouping) == len(bars),
        "lines": [_describe(line) for line in plan.lines],
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


def _level(columns: dict[str, FloatArray | IntArray]) -> dict[str, Any]:
    volume = columns.pop("volume")
    level = {
        name: times(values) if name == "time" else column(values)
        for name, values in columns.items()
    }
    level["volume"] = rough(volume)
    return level


def _describe(line: Line) -> dict[str, Any]:
    indicator = line.indicator
    title = _TITLES.get(indicator.unit, "") if line.pane else ""
    percent = indicator.unit is Unit.PERCENT and line.pane > 0
    return {"name": indicator.name, "pane": line.pane, "unit": title, "percent": percent}


def _detail(
    inputs: ReportInputs,
    plan: ChartPlan,
    curves: dict[str, FloatArray],
    invested: FloatArray,
) -> dict[str, Any] | None:
    """Return the whole bars near trades, in stretches without holes between them."""
    marked = np.flatnonzero(plan.near.bars)
    if not len(marked):
        return None
    bars = inputs.bars
    breaks = np.flatnonzero(np.diff(marked) > 1) + 1
    stretches = np.concatenate(([0], breaks)).astype(np.int64)
    columns: dict[str, FloatArray | IntArray] = {
        name: getattr(bars, name)[marked]
        for name in ("time", "open", "high", "low", "close", "volume")
    }
    level = _level(columns)
    level |= {name: column(line[marked]) for name, line in curves.items()}
    level["invested"] = rough(invested[marked])
    level["lines"] = [column(line.indicator.values[marked]) for line in plan.lines]
    level["stretches"] = column(stretches)
    return level


def _trades(bars: Bars, trades: TradeColumns, plan: ChartPlan) -> dict[str, Any]:
    shown = plan.shown_trades
    near = np.zeros(len(trades), dtype=np.int64)
    near[list(plan.near.trades)] = 1
    return {
        "total": len(trades),
        "number": column(shown + 1),
        "entry": times(bars.time[trades.held.entry[shown]]),
        "exit": times(bars.time[trades.held.exit[shown]]),
        "side": column(trades.side[shown]),
        "entry_price": column(trades.entry_price[shown]),
        "exit_price": column(trades.exit_price[shown]),
        "gain": column(trades.gain[shown]),
        "closed": column(trades.closed[shown]),
        "near": column(near[shown]),
    }
