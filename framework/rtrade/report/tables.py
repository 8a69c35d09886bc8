"""Rows of the report's tables: trades, metrics, facts, refusals, periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rtrade.catalog.metrics import BY_NAME, METRICS
from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.results import REFUSALS
from rtrade.report import words
from rtrade.report.context import (
    Fact,
    Figure,
    KeyNumber,
    MetricRow,
    PeriodRow,
    Refusal,
    TradeRow,
    Trades,
)
from rtrade.report.drawn import fall, starting_cash
from rtrade.report.formatting import Form, Value, figure, metric_figure, moment, raw, show, tone
from rtrade.report.inputs import ReportInputs
from rtrade.report.levels import LARGEST
from rtrade.report.refusals import SENTENCES

PERIODS = 40

_KEYS = (
    "total_return",
    "cagr",
    "max_drawdown",
    "sharpe",
    "profit_factor",
    "trades",
    "win_rate",
    "exposure",
)
_COSTS = ("fees", "slippage_cost", "turnover")


def key_numbers(metrics: Mapping[str, Any]) -> tuple[KeyNumber, ...]:
    """Return the numbers at the top of the page."""
    beside = {"total_return": _metric("benchmark_return", metrics)}
    return tuple(
        KeyNumber(
            BY_NAME[name].title,
            BY_NAME[name].doc,
            _metric(name, metrics),
            beside.get(name),
        )
        for name in _KEYS
    )


def metric_rows(metrics: Mapping[str, Any]) -> tuple[MetricRow, ...]:
    """Return all metrics with their definitions, in the catalog's order."""
    return tuple(
        MetricRow(
            name=metric.name,
            title=metric.title,
            doc=metric.doc,
            formula=metric.formula,
            figure=_metric(metric.name, metrics),
        )
        for metric in METRICS
    )


def cost_facts(metrics: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return what trading has cost."""
    return tuple(
        Fact(metric.title, "", metric.doc, _metric(metric.name, metrics), code=False)
        for metric in (BY_NAME[name] for name in _COSTS)
    )


def _metric(name: str, metrics: Mapping[str, Any]) -> Figure:
    return metric_figure(BY_NAME[name], metrics[name])


def trades_table(
    trades: list[Mapping[str, Any]], chosen: IntArray, against: FloatArray, for_: FloatArray
) -> Trades:
    """Return the chosen trades as rows, and a sentence where there are more."""
    rows = tuple(
        _trade(at + 1, trades[at], float(against[at]), float(for_[at])) for at in chosen.tolist()
    )
    cut = ""
    if len(rows) < len(trades):
        cut = (
            f"{show(len(rows), Form.COUNT)} of {show(len(trades), Form.COUNT)} trades: the first, "
            f"and the {LARGEST} that moved equity most. All of them are in trades.csv, next to "
            "this file."
        )
    return Trades(rows, len(trades), tuple(dict.fromkeys(row.exit_reason for row in rows)), cut)


def _trade(number: int, trade: Mapping[str, Any], against: float, for_: float) -> TradeRow:
    left = trade["exit_reason"]
    return TradeRow(
        number=number,
        side=trade["side"],
        entry_time=moment(trade["entry_time"]),
        exit_time="open" if trade["exit_time"] is None else moment(trade["exit_time"]),
        exit_raw=trade["exit_time"] or "",
        entry_price=_cell(trade["entry_price"], Form.PRICE),
        exit_price=_cell(trade["exit_price"], Form.PRICE),
        size=_cell(trade["size"], Form.SIZE),
        pnl=_cell(trade["pnl"], Form.MONEY, signed=True),
        return_=_cell(trade["return"], Form.PERCENT, signed=True),
        fees=_cell(trade["fees"], Form.MONEY),
        bars=_cell(trade["bars"], Form.COUNT),
        against=_cell(against, Form.PERCENT),
        for_=_cell(for_, Form.PERCENT),
        exit_reason="still open" if left is None else words.reason(left),
    )


def _cell(value: Value, form: Form, *, signed: bool = False) -> tuple[str, str, str]:
    return raw(value), show(value, form, signed=signed), tone(value, signed=signed)


def refusals(refused: Mapping[str, int]) -> tuple[Refusal, ...]:
    """Return the reasons for which entries were refused, in the order they are judged in."""
    names = [name for name in REFUSALS if refused.get(name)]
    return tuple(
        Refusal(name, SENTENCES[name], figure(f"refused.{name}", refused[name], Form.COUNT))
        for name in names
    )


# Counts of the bars, by their place below `data` in the result.
_COUNTED = (
    ("bars", "Bars", "Those of the run; bars that only warmed up the signals are left out."),
    ("gaps", "Gaps", "Holes that are left in the series. Time steps over them."),
    ("missing", "Missing bars", "Bars that are missing in those gaps."),
    ("quality.longest_gap", "Longest gap", "Bars that are missing in the longest of them."),
    ("quality.filled", "Filled bars", "Put into holes: the close before, and no volume."),
    ("quality.halts", "Halts", "Bars of one price and without volume: nothing was traded."),
    ("quality.outliers", "Outliers", "Bars unlike those before them. Some are real."),
    ("quality.partial", "Partial bars", "Put together from fewer finer bars than fill them."),
    ("quality.repaired", "Repaired bars", "A high or a low was moved to hold the other prices."),
    ("quality.dropped", "Dropped rows", "Left out by the source's quality policy."),
)


def data_facts(data: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return which bars were used, what they are like, and what the venue allows."""
    flat = {**data, **{f"quality.{name}": count for name, count in data["quality"].items()}}
    return (
        _fact("Source", data["source"]),
        _fact("Symbol", data["symbol"]),
        _fact("Timeframe", data["timeframe"]),
        _fact("Start", moment(data["start"]), "UTC, the open of the first bar."),
        _fact("End", moment(data["end"]), "UTC."),
        *(
            Fact(title, "", doc, figure(f"data.{key}", flat[key], Form.COUNT), code=False)
            for key, title, doc in _COUNTED
        ),
        *_filters(data["filters"]),
        Fact("sha256", data["sha256"], "Of the content of all bars read.", None, code=True),
    )


def _filters(filters: Mapping[str, Any]) -> list[Fact]:
    titles = {
        "lot": ("Size step", "Sizes are rounded down to it."),
        "tick": ("Price step", "For information: prices are not rounded in backtests."),
        "min_notional": ("Least order", "Entries worth less are refused; quote units."),
    }
    return [
        Fact(title, "none", doc, None, code=False)
        if filters[key] is None
        else Fact(
            title, "", doc, figure(f"data.filters.{key}", filters[key], Form.SIZE), code=False
        )
        for key, (title, doc) in titles.items()
    ]


def identity(document: Mapping[str, Any], version: str) -> tuple[Fact, ...]:
    """Return what names the run, so that it can be reproduced."""
    same = "Equal inputs give an equal fingerprint, on any machine."
    return (
        Fact("Run", document["run_id"], "The folder that the run was written to.", None, code=True),
        Fact("Fingerprint", document["fingerprint"], same, None, code=True),
        _fact("Engine", document["engine"], "What filled the orders."),
        _fact("rtrade", version, "The version that wrote this page."),
    )


def _fact(title: str, text: str, doc: str = "") -> Fact:
    return Fact(title, text, doc, None, code=False)


def period_rows(inputs: ReportInputs) -> tuple[PeriodRow, ...]:
    """Return the curve at the ends of months, or of years where months are too many."""
    time = inputs.bars.time.astype("datetime64[ms]")
    for unit in ("D", "M", "Y"):
        periods = time.astype(f"datetime64[{unit}]")
        ends = np.append(np.flatnonzero(periods[1:] != periods[:-1]), len(time) - 1)
        if len(ends) <= PERIODS:
            break
    under = fall(inputs.equity, starting_cash(inputs.document["metrics"], inputs.equity))
    return tuple(
        PeriodRow(
            str(periods[at]),
            show(float(inputs.equity[at]), Form.MONEY),
            show(float(inputs.benchmark[at]), Form.MONEY),
            show(float(under[at]), Form.PERCENT),
        )
        for at in ends.tolist()
    )
