"""Whether a run comes out again as it was; where not, what is known to differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rtrade.analysis.comparison import flat
from rtrade.analysis.llm_decisions import DecisionRecord
from rtrade.analysis.record import to_json
from rtrade.analysis.stored import StoredRun
from rtrade.core.bars import MarketData
from rtrade.core.timeframes import iso
from rtrade.execution.watching import WatchedBar
from rtrade.llm.answers import Answer
from rtrade.llm.decisions import Decision, answers_digest
from rtrade.plan.canonical import plan_document
from rtrade.plan.plan import Plan

# Differences that are named; of more, how many there are.
_NAMED = 5


def digest_again(decisions: Sequence[DecisionRecord], plan: Plan) -> str | None:
    """Return the sha256 (hex) of the answers in a run's folder; None where no model is asked."""
    if not plan.llm:
        return None
    parts = sorted(
        [name, answers_digest([_decision(one) for one in decisions if one.signal == name])]
        for name in plan.llm
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _decision(one: DecisionRecord) -> Decision:
    return Decision(one.time, None if one.values is None else Answer(one.values), ())


def differences(
    run: StoredRun, plan: Plan, market: MarketData, fingerprint: str, version: str
) -> tuple[str, ...]:
    """Say in what a run that was made again differs from the one in its folder.

    `fingerprint` is the one that it has now, `version` this rtrade's. Empty where it is the same.
    """
    if fingerprint == run.document["fingerprint"]:
        return ()
    found = [
        *_of_bars(run, market),
        *_of_plan(run, plan),
        *_of_answers(run, plan),
        *_of_version(run, version),
    ]
    if not found:
        others = "".join(f", those of `{need.name}`" for need in plan.needs[1:])
        found = [f"it is none of its bars, its plan or its answers: what is left{others} differs"]
    return tuple(found)


def _of_bars(run: StoredRun, market: MarketData) -> Iterator[str]:
    data, bars = run.document["data"], market.bars
    if market.source != data["source"]:
        yield f"its bars are of `{market.source}`; they were of `{data['source']}`"
    if market.base.digest() != data["sha256"]:
        yield f"the bars of `{market.source}` are not what they were: {_bars(run, market)}"
    lot, notional = float(market.filters.lot), market.filters.min_notional
    tick = None if market.filters.tick is None else float(market.filters.tick)
    now = {"lot": lot, "tick": tick, "min_notional": notional}
    for name, value in now.items():
        if value != data["filters"][name]:
            yield f"the filter `{name}` is {value}; it was {data['filters'][name]}"
    if len(bars) == data["bars"]:
        for name in ("filled", "outliers", "partial", "repaired", "dropped"):
            if (count := getattr(market.quality, name)) != data["quality"][name]:
                yield f"{count} bars count as {name}; it were {data['quality'][name]}"


def _bars(run: StoredRun, market: MarketData) -> str:
    then, now = run.time, market.bars.time
    if len(then) != len(now):
        return f"there are {len(now):,} in the run, and there were {len(then):,}"
    moved = np.flatnonzero(then != now)
    if len(moved):
        return f"the first that opens at another time was that of {iso(int(then[moved[0]]))}"
    return "as many, at the same times, with other prices or volumes (or before the run's first)"


def _of_plan(run: StoredRun, plan: Plan) -> Iterator[str]:
    then = dict(flat(run.plan))
    now = dict(flat(json.loads(to_json(plan_document(plan)))))
    names = [name for name in dict.fromkeys((*then, *now)) if then.get(name) != now.get(name)]
    # What they are made of says the same once more.
    named = [name for name in names if not name.startswith("canonical.nodes")] or names
    for name in named[:_NAMED]:
        key = name.removeprefix("canonical.")
        yield f"the plan's `{key}` is {_said(now.get(name))}; it was {_said(then.get(name))}"
    if len(named) > _NAMED:
        yield f"{len(named) - _NAMED} more values of the plan differ"


def _said(value: Any) -> str:
    return "not there" if value is None else f"`{value}`" if isinstance(value, str) else f"{value}"


def _of_answers(run: StoredRun, plan: Plan) -> Iterator[str]:
    then: Mapping[str, Any] | None = run.document.get("llm")
    if then is not None and digest_again(run.decisions, plan) != then["answers"]["sha256"]:
        yield "decisions.jsonl does not hold the answers that the run rests on"


def _of_version(run: StoredRun, version: str) -> Iterator[str]:
    then = run.lock.get("rtrade")
    if then != version:
        yield f"this is rtrade {version}; it was made with {then}"


def departures(run: StoredRun, seen: WatchedBar) -> Iterator[str]:
    """Say in what a bar made again is not that of the run's folder, its fingerprint being equal."""
    for name, now, then in (
        ("equity", seen.equity, float(run.equity[seen.bar])),
        ("position", _held(seen), float(run.position[seen.bar])),
    ):
        if now != then:
            yield f"the {name} at this close comes to {now!r}; equity.csv has {then!r}"


def _held(seen: WatchedBar) -> float:
    return 0.0 if seen.position is None else seen.position.side * seen.position.size
