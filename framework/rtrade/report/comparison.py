"""The page of two runs side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.analysis.comparison import Comparison, Difference, MetricPair
from rtrade.analysis.metrics import drawdown
from rtrade.analysis.stored import StoredRun
from rtrade.catalog.metrics import Better
from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.timeframes import iso
from rtrade.report import drawing as draw
from rtrade.report import words
from rtrade.report.assets import load_assets
from rtrade.report.comparison_context import Compared, ComparisonContext, OnlyTrades, PairRow
from rtrade.report.context import Picture
from rtrade.report.formatting import TIMES, UNDEFINED, Form, metric_figure, moment, show
from rtrade.report.levels import thin
from rtrade.report.pictures import dates, multiples, percent
from rtrade.report.templates import fill

TEMPLATE = "compare.html.j2"
ROWS = 200
COLUMNS = ("Side", "Entry", "Price", "Exit", "Price", "Bars", "Profit", "Return", "Closed by")
# Of the runs of a drawing, in their order: what they are called, and the classes of their lines.
LETTERS = "ABCDEF"
TONES = ("first", "second", "third", "fourth", "fifth", "sixth")
_POINTS = 1_200
_WIDE, _TALL = 1_180, 440
_SCRIPTS = ("theme.js", "compare.js")


def render_comparison(found: Comparison, reports: tuple[str, str], version: str) -> str:
    """Return the page; `reports` are the addresses of the runs' own pages, relative to it."""
    return fill(TEMPLATE, build_context(found, reports, version))


def build_context(found: Comparison, reports: tuple[str, str], version: str) -> ComparisonContext:
    """Turn a comparison into everything that its template sees."""
    first, second = found.runs
    return ComparisonContext(
        title=f"{first.run_id} and {second.run_id}",
        runs=(_compared("A", first, reports[0]), _compared("B", second, reports[1])),
        notes=found.notes,
        curves=overlaid(found.runs),
        metrics=tuple(metric_row(pair) for pair in found.metrics),
        differences=tuple(difference_row(one) for one in found.differences),
        yaml=toned(found.yaml),
        shared=shared(found),
        only=(only_trades("A", found.only[0]), only_trades("B", found.only[1])),
        columns=COLUMNS,
        assets=load_assets(_SCRIPTS, charts=False),
        version=version,
    )


def shared(found: Comparison) -> str:
    """Say how many trades both made, and how many only one."""
    count = words.counted(found.shared, "trade")
    both = f"{count[0].upper()}{count[1:]} of both began at the same time on the same side"
    if found.ended:
        both += f", {found.ended:,} of them ended at another time or price"
    return f"{both}. Only A made {len(found.only[0]):,}, only B {len(found.only[1]):,}."


def metric_row(pair: MetricPair) -> PairRow:
    """Return a metric of both runs as texts; the better one is told where one way is better."""
    metric = pair.metric
    better = ""
    if pair.change and metric.better is not Better.NEITHER:
        better = "B" if (pair.change > 0) == (metric.better is Better.HIGHER) else "A"
    change = ""
    if pair.change is not None:
        # The difference of two percentages is one of percentage points.
        change = metric_figure(metric, pair.change).text.replace("%", "pp")
        if pair.change > 0 and not change.startswith("+"):
            change = f"+{change}"
    first, second = (metric_figure(metric, value).text for value in (pair.first, pair.second))
    return PairRow(metric.title, metric.doc, first, second, change, better)


def difference_row(one: Difference) -> PairRow:
    """Return a value that differs as texts."""
    return PairRow(one.name, "", _text(one.first), _text(one.second), "", "")


def _text(value: Any) -> str:
    if value is None:
        return UNDEFINED
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _compared(letter: str, run: StoredRun, report: str) -> Compared:
    data = run.document["data"]
    where = (
        f"{data['symbol']}, bars of {data['timeframe']}, {data['start'][:10]} to {data['end'][:10]}"
    )
    return Compared(letter, run.run_id, str(run.document["strategy"]), where, report)


def toned(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the lines of a diff, each with what it is: `old`, `new`, `at` or empty."""
    marks = {"+": "new", "-": "old", "@": "at"}
    return tuple((marks.get(line[:1], ""), line) for line in lines)


def only_trades(letter: str, trades: Sequence[Mapping[str, Any]]) -> OnlyTrades:
    """Return trades that only the run of that letter made, as texts."""
    rows = tuple(
        (
            trade["side"],
            moment(trade["entry_time"]),
            show(trade["entry_price"], Form.PRICE),
            "open" if trade["exit_time"] is None else moment(trade["exit_time"]),
            show(trade["exit_price"], Form.PRICE),
            show(trade["bars"], Form.COUNT),
            show(trade["pnl"], Form.MONEY, signed=True),
            show(trade["return"], Form.PERCENT, signed=True),
            UNDEFINED if trade["exit_reason"] is None else words.reason(trade["exit_reason"]),
        )
        for trade in trades[:ROWS]
    )
    cut = ""
    if len(trades) > ROWS:
        cut = f"The first {ROWS} of {len(trades):,}; the trades.csv of the run has all."
    return OnlyTrades(letter, len(trades), rows, cut)


def overlaid(runs: Sequence[StoredRun]) -> Picture:
    """Draw equities as multiples of their starting cash, and how far under their peaks.

    Of up to `len(TONES)` runs, which are called A, B and so on.
    """
    lines = [_line(run) for run in runs]
    begin = min(float(one.time[0]) for one in lines)
    end = max(float(one.time[-1]) for one in lines)
    whole = np.array([begin, end], dtype=np.int64)
    logs = [np.log10(np.maximum(equity, 1e-4)) for equity in (one.equity for one in lines)]
    low, high = min(float(one.min()) for one in logs), max(float(one.max()) for one in logs)
    deepest = max(float(one.fall.max()) for one in lines)
    x = draw.across(begin, end, (), width=_WIDE)
    y = draw.up(low, high, [(v, f"{10**v:.4g}{TIMES}") for v in multiples(low, high)], bottom=290)
    below = draw.across(begin, end, dates(whole), width=_WIDE)
    under = draw.up(-deepest, 0.0, [(-v, percent(0.0 - v)) for v in draw.ticks(0.0, deepest, 3)],
                    top=330, bottom=410)  # fmt: skip
    parts = [draw.frame(x, y, "Equity as a multiple of the starting cash (log scale)"),
             draw.frame(below, under, "Under the peak")]  # fmt: skip
    for one, log, tone in zip(lines, logs, TONES, strict=False):
        parts += [
            draw.path(x, y, one.time.astype(np.float64), log, tone),
            draw.path(below, under, one.fall_time.astype(np.float64), -one.fall, tone),
        ]
    parts.append(
        draw.ends(x, y, [(float(log[-1]), run) for log, run in zip(logs, LETTERS, strict=False)])
    )
    return Picture(
        svg=draw.drawing(parts, height=_TALL, width=_WIDE),
        summary=_summary(runs),
        header=("At", *LETTERS[: len(runs)]),
        rows=_rows(lines, whole),
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """A run's curves, thinned: equity as a multiple of the cash, and how far under the peak."""

    time: IntArray
    equity: FloatArray
    fall_time: IntArray
    fall: FloatArray


def _line(run: StoredRun) -> _Line:
    cash = _cash(run)
    return _Line(
        *thin(run.time, run.equity / cash, _POINTS),
        *thin(run.time, drawdown(run.equity, cash), _POINTS),
    )


def _cash(run: StoredRun) -> float:
    canonical = run.plan.get("canonical", {})
    cash = canonical.get("cash") if isinstance(canonical, Mapping) else None
    return float(cash) if isinstance(cash, int | float) and cash > 0 else float(run.equity[0])


def _rows(lines: list[_Line], whole: IntArray) -> tuple[tuple[str, ...], ...]:
    rows = []
    for at in np.linspace(int(whole[0]), int(whole[1]), 13).astype(np.int64).tolist():
        values = []
        for one in lines:
            place = int(np.searchsorted(one.time, at, side="right")) - 1
            known = place >= 0 and at <= int(one.time[-1])
            values.append(f"{one.equity[place]:.3f}{TIMES}" if known else "")
        rows.append((iso(at)[:10], *values))
    return tuple(rows)


def _summary(runs: Sequence[StoredRun]) -> str:
    gains = (run.document["metrics"]["total_return"] for run in runs)
    ends = [show(gain, Form.PERCENT, signed=True) for gain in gains]
    parts = [f"run {letter} by {end}" for letter, end in zip(LETTERS, ends, strict=False)]
    changed = f"{', '.join(parts).replace(' by', ' changed by', 1)}.".replace("run", "Run", 1)
    return " ".join([changed, *_hidden(runs)])


def _hidden(runs: Sequence[StoredRun]) -> Iterator[str]:
    """Say which lines cannot be seen, since another one lies on them."""
    same: dict[tuple[bytes, bytes], list[str]] = {}
    for letter, run in zip(LETTERS, runs, strict=False):
        same.setdefault((run.time.tobytes(), run.equity.tobytes()), []).append(letter)
    for letters in same.values():
        if len(letters) > 1:
            names = f"{', '.join(letters[:-1])} and {letters[-1]}"
            yield f"The lines of {names} are one: only that of {letters[-1]} is seen."
