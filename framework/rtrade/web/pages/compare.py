"""Several runs beside each other: the first is what the others are held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from rtrade.analysis.comparison import Comparison, compare
from rtrade.analysis.stored import StoredRun, read_run
from rtrade.catalog.metrics import METRICS, Better, Metric
from rtrade.report.comparison import (
    COLUMNS,
    LETTERS,
    TONES,
    difference_row,
    metric_row,
    only_trades,
    overlaid,
    shared,
    toned,
)
from rtrade.report.comparison_context import OnlyTrades
from rtrade.report.formatting import UNDEFINED, metric_figure
from rtrade.web.pages import frame
from rtrade.web.problems import invalid_parameters
from rtrade.web.site import site

pages = Blueprint("compare", __name__)
AT = "/"
_FEWEST = 2


@dataclass(frozen=True)
class Beside:
    """One of the runs: its letter, the class of its line, and what it was run on."""

    letter: str
    tone: str
    run_id: str
    strategy: str
    where: str


@dataclass(frozen=True)
class MetricRow:
    """A metric of all runs; `best` are the places of those that no other betters.

    `change` is what the second has more than the first, where there are only two.
    """

    metric: Metric
    texts: tuple[str, ...]
    best: tuple[int, ...]
    change: str


@dataclass(frozen=True)
class Differing:
    """A value that is not the same in all runs."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Diff:
    """The lines of the file of the run `letter` that the first run's file has otherwise."""

    letter: str
    lines: tuple[tuple[str, str], ...]


@pages.get("/compare")
def compare_runs() -> Response:
    """Show the runs that the address names."""
    names = list(dict.fromkeys(request.args.getlist("run")))
    if len(names) < _FEWEST:
        return frame.show("compare_few.html.j2", at=AT, names=names)
    if len(names) > len(LETTERS):
        detail = f"names {len(names)} runs: {len(LETTERS)} at most can be told apart"
        raise invalid_parameters([{"name": "run", "detail": detail}])
    runs = [read_run(site().runs.find(name)) for name in names]
    pairs = [compare(runs[0], other) for other in runs[1:]]
    return frame.show(
        "compare.html.j2",
        at=AT,
        runs=[_beside(*one) for one in zip(LETTERS, TONES, runs, strict=False)],
        notes=list(_notes(pairs)),
        curves=overlaid(runs),
        metrics=_metrics(runs, pairs),
        differences=_differences(pairs),
        diffs=[
            Diff(letter, toned(pair.yaml))
            for letter, pair in zip(LETTERS[1:], pairs, strict=False)
            if pair.yaml
        ],
        shared=shared(pairs[0]) if len(runs) == _FEWEST else _shared(runs),
        only=_only(runs),
        titles=COLUMNS,
    )


def _beside(letter: str, tone: str, run: StoredRun) -> Beside:
    data = run.document["data"]
    where = (
        f"{data['symbol']}, bars of {data['timeframe']}, {data['start'][:10]} to {data['end'][:10]}"
    )
    return Beside(letter, tone, run.run_id, str(run.document["strategy"]), where)


def _notes(pairs: Sequence[Comparison]) -> Iterator[str]:
    for letter, pair in zip(LETTERS[1:], pairs, strict=False):
        about = f"A and {letter}: " if len(pairs) > 1 else ""
        yield from (f"{about}{note}" for note in pair.notes)


def _metrics(runs: Sequence[StoredRun], pairs: Sequence[Comparison]) -> list[MetricRow]:
    changes: dict[str, str] = {}
    if len(runs) == _FEWEST:
        changes = {pair.metric.name: metric_row(pair).change for pair in pairs[0].metrics}
    return [_metric(metric, runs, changes.get(metric.name, "")) for metric in METRICS]


def _metric(metric: Metric, runs: Sequence[StoredRun], change: str) -> MetricRow:
    values = [run.document["metrics"][metric.name] for run in runs]
    texts = tuple(metric_figure(metric, value).text for value in values)
    known = [value for value in values if value is not None]
    best: tuple[int, ...] = ()
    if metric.better is not Better.NEITHER and len(set(known)) > 1:
        top = max(known) if metric.better is Better.HIGHER else min(known)
        best = tuple(at for at, value in enumerate(values) if value == top)
    return MetricRow(metric, texts, best, change)


def _differences(pairs: Sequence[Comparison]) -> list[Differing]:
    """Return what differs from the first run in any other; the rest of a row is as in the first."""
    rows: dict[str, list[str]] = {}
    for at, pair in enumerate(pairs, start=1):
        for one in pair.differences:
            row = difference_row(one)
            texts = rows.setdefault(one.name, [row.first] * (len(pairs) + 1))
            texts[at] = row.second
    return [Differing(name, tuple(texts)) for name, texts in rows.items()]


def _trades(run: StoredRun) -> Mapping[tuple[str, str, str], Mapping[str, Any]]:
    return {(t["symbol"], t["side"], t["entry_time"]): t for t in run.document["trades"]}


def _only(runs: Sequence[StoredRun]) -> list[OnlyTrades]:
    """Return the trades that one run made, and none of the others at that time on that side."""
    made = [_trades(run) for run in runs]
    found = []
    for at, (letter, own) in enumerate(zip(LETTERS, made, strict=False)):
        others = made[:at] + made[at + 1 :]
        alone = [trade for key, trade in own.items() if not any(key in one for one in others)]
        found.append(only_trades(letter, alone))
    return found


def _shared(runs: Sequence[StoredRun]) -> str:
    made = [_trades(run) for run in runs]
    count = sum(all(key in one for one in made) for key in made[0])
    trades = UNDEFINED if not made[0] else f"{count:,}"
    return f"Trades that all of them began at the same time on the same side: {trades}."
