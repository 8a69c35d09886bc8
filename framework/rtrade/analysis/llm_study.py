"""A run with language models, judged: what they knew, cost and foresaw, and what beats them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.analysis.llm_baselines import Baselines, Rerun, Shuffle, baselines
from rtrade.analysis.llm_costs import InferenceCost, cost_of
from rtrade.analysis.llm_decisions import DecisionRecord
from rtrade.analysis.llm_knowledge import Course, Split, last_cutoff, split
from rtrade.analysis.llm_outcomes import Judge, Outcome, Reliability, outcomes, reliability
from rtrade.analysis.llm_rules import directions
from rtrade.config.llm_definitions import EnumField, IntegerField, LlmSignalDef
from rtrade.core.bars import Bars, MarketData
from rtrade.core.results import Trade
from rtrade.core.timeframes import parse_time
from rtrade.plan.nodes import Answer, walk
from rtrade.plan.plan import Plan

_CONFIDENCE = "confidence"


@dataclass(frozen=True)
class Asked:
    """A signal and who answers it; `local` is the embedded model, a demonstration.

    `asks` says when, `cutoff` (ms) is when the model's knowledge ends (None: unknown), `fields`
    are those of an answer, `choices` the texts of those that are one of several, `votes` how many
    answers a decision has.
    """

    signal: str
    provider: str
    model: str
    local: bool
    cutoff: int | None
    asks: str
    fields: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]
    votes: int
    anonymize: bool


@dataclass(frozen=True)
class Counts:
    """How asking went: decision points by what became of them, and replies that were no answer."""

    decisions: int
    abstained: int
    invalid: int
    repaired: int
    clamped: int


@dataclass(frozen=True, eq=False)
class LlmStudy:
    """Everything that is shown of a run's models; `found` has an outcome for each decision."""

    asked: tuple[Asked, ...]
    judges: Mapping[str, Judge]
    decisions: tuple[DecisionRecord, ...]
    found: tuple[Outcome, ...]
    counts: Counts
    split: Split
    cost: InferenceCost
    baselines: Baselines
    reliability: tuple[Reliability, ...]

    @property
    def demonstration(self) -> bool:
        """Whether a model is the embedded one, which has no trading skill."""
        return any(one.local for one in self.asked)


def study(
    plan: Plan,
    decisions: Sequence[DecisionRecord],
    market: MarketData,
    course: Course,
    metrics: Mapping[str, float | int | None],
    rerun: Rerun,
    shuffle: Shuffle,
) -> LlmStudy:
    """Judge a run of `plan`; `metrics` are its own, `rerun` and `shuffle` as in `baselines`."""
    decisions = tuple(decisions)
    asked = tuple(_asked(plan, name) for name in plan.llm)
    judges = {name: judge_of(plan, name, decisions, course.bars) for name in plan.llm}
    found = outcomes(decisions, judges, course.bars, course.position, course.trades)
    met = [reliability(name, judge, decisions, found) for name, judge in judges.items()]
    times = np.array([one.time for one in decisions], dtype=np.int64)
    return LlmStudy(
        asked=asked,
        judges=judges,
        decisions=decisions,
        found=found,
        counts=counts_of(decisions),
        split=split(course, times, last_cutoff([one.cutoff for one in asked])),
        cost=cost_of(plan, decisions, metrics["total_return"], int(metrics["trades"] or 0)),
        baselines=baselines(plan, decisions, market, metrics, rerun, shuffle),
        reliability=tuple(one for one in met if one is not None),
    )


def counts_of(decisions: Sequence[DecisionRecord]) -> Counts:
    """Count how asking went."""
    return Counts(
        decisions=len(decisions),
        abstained=sum(one.abstained for one in decisions),
        invalid=sum(one.invalid for one in decisions),
        repaired=sum(one.repaired for one in decisions),
        clamped=sum(bool(one.clamps) for one in decisions),
    )


def judge_of(plan: Plan, signal: str, decisions: Sequence[DecisionRecord], bars: Bars) -> Judge:
    """Return how answers of a signal are judged.

    They point by the first choice that the rules tell apart. The confidence is the number that
    sizes go by, else the one that is called so. Decisions on a condition are judged over
    `valid_for`, else over the median of the bars between them.
    """
    found = directions(plan, signal)
    field = next(iter(found), None)
    points = {} if field is None else found[field]
    sure = _confidence(plan, signal)
    horizon = _horizon(plan.llm[signal].definition, signal, decisions, bars)
    if sure is None:
        return Judge(field, points, horizon=horizon)
    return Judge(field, points, sure.name, sure.low, sure.high, horizon)


def _horizon(
    definition: LlmSignalDef, signal: str, decisions: Sequence[DecisionRecord], bars: Bars
) -> int | None:
    cadence = definition.cadence
    if cadence.at is None:
        return None
    if cadence.valid_for is not None:
        return cadence.valid_for
    times = np.array([one.time for one in decisions if one.signal == signal], dtype=np.int64)
    steps = np.diff(np.searchsorted(bars.time, times))
    return max(1, int(np.median(steps))) if len(steps) else 1


def _confidence(plan: Plan, signal: str) -> IntegerField | None:
    sizing = {
        node.field
        for node in (walk(plan.scale) if plan.scale is not None else ())
        if isinstance(node, Answer) and node.signal == signal
    }
    numbers = [one for one in plan.llm[signal].definition.answer if isinstance(one, IntegerField)]
    named = [one for one in numbers if one.name in sizing]
    named += [one for one in numbers if one.name == _CONFIDENCE]
    return named[0] if named else None


def _asked(plan: Plan, name: str) -> Asked:
    definition, provider = plan.llm[name].definition, plan.llm[name].provider
    return Asked(
        signal=name,
        provider=provider.name,
        model=provider.model,
        local=provider.engine == "local",
        cutoff=provider.knowledge_cutoff,
        asks=_when(definition),
        fields=tuple(one.name for one in definition.answer),
        choices={one.name: one.values for one in definition.answer if isinstance(one, EnumField)},
        votes=definition.vote.samples * (1 + len(definition.vote.prompts)),
        anonymize=definition.anonymize,
    )


def _when(definition: LlmSignalDef) -> str:
    cadence = definition.cadence
    if cadence.every is not None:
        return "every bar" if cadence.every == 1 else f"every {cadence.every} bars"
    return "" if cadence.at is None else f"where {cadence.at.text}"


def trades_of(rows: Sequence[Mapping[str, Any]], bars: Bars) -> tuple[Trade, ...]:
    """Return the trades of a result document; times are looked up among the run's bars."""
    return tuple(
        Trade(
            symbol=row["symbol"],
            side=row["side"],
            size=row["size"],
            entry_bar=_place(bars, row["entry_time"]) or 0,
            entry_time=parse_time(row["entry_time"]),
            entry_price=row["entry_price"],
            entry_reason=row["entry_reason"],
            exit_bar=_place(bars, row["exit_time"]),
            exit_time=None if row["exit_time"] is None else parse_time(row["exit_time"]),
            exit_price=row["exit_price"],
            exit_reason=row["exit_reason"],
            pnl=row["pnl"],
            return_=row["return"],
            fees=row["fees"],
            bars=row["bars"],
        )
        for row in rows
    )


def _place(bars: Bars, time: str | None) -> int | None:
    return None if time is None else int(np.searchsorted(bars.time, parse_time(time)))
