"""Two runs side by side: what differs in how they were made, and in what they made."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtrade.analysis.stored import StoredRun
from rtrade.catalog.metrics import METRICS, Metric

# The nodes of the graph stand in the plan as expressions too; what the words below name is there
# for people. A range is compared by the bars that it led to.
_LEFT_OUT = ("name", "canonical.nodes", "canonical.rules", "canonical.format", "canonical.atr",
             "canonical.volatility", "canonical.scale", "canonical.range", "warmup",
             "canonical.symbol", "canonical.timeframe", "source", "needs")  # fmt: skip
_DATA = ("source", "symbol", "timeframe", "start", "end", "bars", "filters")


@dataclass(frozen=True)
class MetricPair:
    """A metric of both runs; `change` is the second less the first, None where one is unknown."""

    metric: Metric
    first: float | None
    second: float | None
    change: float | None


@dataclass(frozen=True)
class Difference:
    """A value that differs between two plans; None where a run does not have it."""

    name: str
    first: Any
    second: Any


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs side by side.

    `notes` say why their numbers may not be compared as they stand. `shared` counts trades that
    both made, by symbol, side and time of entry; of those, `ended` left at another time or price.
    """

    runs: tuple[StoredRun, StoredRun]
    notes: tuple[str, ...]
    metrics: tuple[MetricPair, ...]
    differences: tuple[Difference, ...]
    yaml: tuple[str, ...]
    only: tuple[tuple[Mapping[str, Any], ...], tuple[Mapping[str, Any], ...]]
    shared: int
    ended: int


def compare(first: StoredRun, second: StoredRun) -> Comparison:
    """Compare two runs as their folders have them."""
    ours, theirs = ({_key(t): t for t in run.document["trades"]} for run in (first, second))
    both = [key for key in ours if key in theirs]
    return Comparison(
        runs=(first, second),
        notes=tuple(_notes(first, second)),
        metrics=tuple(_metrics(first.document["metrics"], second.document["metrics"])),
        differences=tuple(_differences(first, second)),
        yaml=tuple(_yaml(first, second)),
        only=(
            tuple(trade for key, trade in ours.items() if key not in theirs),
            tuple(trade for key, trade in theirs.items() if key not in ours),
        ),
        shared=len(both),
        ended=sum(_end(ours[key]) != _end(theirs[key]) for key in both),
    )


def _key(trade: Mapping[str, Any]) -> tuple[str, str, str]:
    return trade["symbol"], trade["side"], trade["entry_time"]


def _end(trade: Mapping[str, Any]) -> tuple[str | None, float | None]:
    return trade["exit_time"], trade["exit_price"]


def _metrics(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[MetricPair]:
    for metric in METRICS:
        a, b = first[metric.name], second[metric.name]
        yield MetricPair(metric, a, b, None if a is None or b is None else b - a)


def _notes(first: StoredRun, second: StoredRun) -> Iterator[str]:
    """Say what keeps two runs from being compared number by number."""
    a, b = first.document["data"], second.document["data"]
    for name in ("symbol", "timeframe"):
        if a[name] != b[name]:
            yield f"They traded another {name}: {a[name]} and {b[name]}."
    if a["synthetic"] != b["synthetic"]:
        yield "One traded generated prices, the other did not."
    if (a["start"], a["end"]) != (b["start"], b["end"]):
        yield (
            f"They cover other times: {_stretch(a)}, and {_stretch(b)}. Each metric is of the "
            "whole of its own run."
        )
    elif (
        a["sha256"] != b["sha256"]
        and a["symbol"] == b["symbol"]
        and a["timeframe"] == b["timeframe"]
    ):
        yield "Their bars are not the same, though of the same time: other source, or corrected."
    plans = [dict(flat(run.plan)) for run in (first, second)]
    costs = [{k: v for k, v in plan.items() if k.startswith("canonical.costs.")} for plan in plans]
    if costs[0] != costs[1]:
        yield "They paid other costs."
    cash = [plan.get("canonical.cash") for plan in plans]
    if cash[0] != cash[1]:
        yield "They began with other amounts of cash; curves are drawn as multiples of it."
    if first.document["engine"] != second.document["engine"]:
        engines = f"{first.document['engine']} and {second.document['engine']}"
        yield f"Other engines filled their orders: {engines}."
    versions = [run.lock.get("rtrade") for run in (first, second)]
    if versions[0] != versions[1]:
        yield f"Other versions of rtrade made them: {versions[0]} and {versions[1]}."


def _stretch(data: Mapping[str, Any]) -> str:
    return f"{data['start']} to {data['end']}".replace(":00Z", "").replace("T", " ")


def _differences(first: StoredRun, second: StoredRun) -> Iterator[Difference]:
    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {f"data.{name}": first.document["data"][name] for name in _DATA},
            {f"data.{name}": second.document["data"][name] for name in _DATA},
        ),
        (dict(flat(first.plan)), dict(flat(second.plan))),
    ]
    for ours, theirs in pairs:
        for name in dict.fromkeys((*ours, *theirs)):
            if name.startswith(_LEFT_OUT):
                continue
            if (a := ours.get(name)) != (b := theirs.get(name)):
                yield Difference(name.removeprefix("canonical."), a, b)


def flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a document with their places; a signal is its expression."""
    if isinstance(value, Mapping):
        if "expression" in value:
            yield name, value["expression"]
            return
        if value.keys() in ({"kind", "value"}, {"kind", "value", "period"}):
            yield name, _kind_and_value(value)
            return
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for at, inner in enumerate(value):
            yield from flat(inner, f"{name}.{at}")
    else:
        yield name, value


def _kind_and_value(value: Mapping[str, Any]) -> str:
    """Return a level or a size as traders write it: `3%`, `2 x ATR(14)`, `equity 0.95`."""
    if value["kind"] == "percent":
        return f"{100 * value['value']:.12g}%"
    if value["kind"] == "atr":
        return f"{value['value']:.12g} x ATR({value['period']})"
    return f"{value['kind']} {value['value']:.12g}"


def _yaml(first: StoredRun, second: StoredRun) -> Sequence[str]:
    return list(
        difflib.unified_diff(
            first.strategy_yaml.splitlines(),
            second.strategy_yaml.splitlines(),
            first.run_id,
            second.run_id,
            lineterm="",
        )
    )
