"""What a result says of the models that were asked: records, the `llm` block, the warnings.

All of it follows from the answers that the run rests on, so that a run out of the store says the
same. What this time's asking took stands in `run.lock` and in what is printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rtrade.analysis.llm_costs import cost_of
from rtrade.analysis.llm_decisions import Clamp, DecisionRecord, VoteRecord, added, record_of
from rtrade.analysis.metrics import Metrics
from rtrade.config.llm_definitions import LlmProviderDef
from rtrade.core.bars import IntArray
from rtrade.core.results import ENTRY_REASONS, RunResult
from rtrade.core.timeframes import iso
from rtrade.llm.answers import Answer, Invalid
from rtrade.llm.decisions import Decision
from rtrade.plan.plan import LlmPlan, Plan


@dataclass(frozen=True, eq=False)
class Asked:
    """A signal's decisions in a run. `points` are their bars, counted from the run's first.

    `failed` tells that it abstained more often than `on_failure` allows.
    """

    llm: LlmPlan
    decisions: Sequence[Decision]
    points: IntArray
    failed: bool

    @property
    def name(self) -> str:
        """The signal's name."""
        return self.llm.definition.name

    @property
    def provider(self) -> LlmProviderDef:
        """Who answered."""
        return self.llm.provider


def records_of(asked: Iterable[Asked], result: RunResult) -> tuple[DecisionRecord, ...]:
    """Return the records of all decisions of a run, in time order.

    `cached` tells that an equal question came before in the run, so that none was sent: what this
    time's asking found in the store is no part of a record.
    """
    found = [record for one in asked for record in _records(one, result)]
    return tuple(sorted(found, key=lambda record: record.time))


def _records(asked: Asked, result: RunResult) -> Iterator[DecisionRecord]:
    seen: set[str] = set()
    bars = len(result.equity)
    for decision, start, stop in zip(
        asked.decisions, asked.points, _ends(asked, bars), strict=True
    ):
        votes = []
        for vote in decision.votes:
            votes.append(replace(vote, stored=vote.request.key in seen))
            seen.add(vote.request.key)
        # What is decided at a close is carried out in the next bar.
        sizes = [
            fill.direction * fill.size
            for fill in result.fills
            if fill.reason in ENTRY_REASONS and start < fill.bar <= stop
        ]
        clamps = [
            Clamp(cut.by, cut.before, cut.after) for cut in result.cuts if start <= cut.bar < stop
        ]
        yield record_of(
            asked.name,
            replace(decision, votes=tuple(votes)),
            clamps=tuple(clamps),
            size=sizes[0] if sizes else 0.0,
        )


def _ends(asked: Asked, bars: int) -> list[int]:
    """Return for each decision the first bar at whose close its answer applies no more."""
    ends = np.append(asked.points[1:], bars)[: len(asked.points)]
    valid = asked.llm.definition.cadence.valid_for
    if valid is not None:
        ends = np.minimum(ends, asked.points + valid)
    return [int(end) for end in ends]


def llm_document(
    asked: Sequence[Asked],
    records: Sequence[DecisionRecord],
    digest: str,
    plan: Plan,
    metrics: Metrics,
) -> dict[str, Any]:
    """Return the `llm` block of result.json; `digest` is the sha256 of all answers, `metrics` are
    those of the run.
    """
    providers = [one.provider for one in asked]
    return {
        "provider": ", ".join(dict.fromkeys(one.name for one in providers)),
        "model": ", ".join(dict.fromkeys(one.model for one in providers)),
        "valid": not any(one.failed for one in asked),
        **_counts(records),
        "answers": {"sha256": digest, **_paid(records, providers)},
        "returns": _returns(records, plan, metrics),
        "signals": [_signal(one, records) for one in asked],
    }


def _signal(asked: Asked, records: Sequence[DecisionRecord]) -> dict[str, Any]:
    provider = asked.provider
    own = [one for one in records if one.signal == asked.name]
    cutoff = provider.knowledge_cutoff
    return {
        "signal": asked.name,
        "provider": provider.name,
        "model": provider.model,
        "valid": not asked.failed,
        **_counts(own),
        "anonymized": asked.llm.definition.anonymize,
        "demonstration": provider.engine == "local",
        "knowledge_cutoff": None if cutoff is None else iso(cutoff),
    }


def _counts(records: Sequence[DecisionRecord]) -> dict[str, int]:
    return {
        "decisions": len(records),
        "abstained": sum(one.abstained for one in records),
        "invalid": sum(vote.invalid for vote in distinct(records)),
    }


def _paid(records: Sequence[DecisionRecord], providers: Sequence[LlmProviderDef]) -> dict[str, Any]:
    votes = distinct(records)
    free = all(one.engine == "local" for one in providers)
    return {
        "prompt_tokens": sum(vote.prompt_tokens for vote in votes),
        "completion_tokens": sum(vote.completion_tokens for vote in votes),
        "cost_usd": 0.0 if free else added(vote.cost for vote in votes if vote.replies),
    }


def _returns(
    records: Sequence[DecisionRecord], plan: Plan, metrics: Metrics
) -> dict[str, float | None]:
    found = cost_of(plan, records, metrics.total_return, metrics.trades)
    return {
        "gross": found.gross_return,
        "net": found.net_return,
        "break_even_cash": found.break_even,
    }


def distinct(records: Iterable[DecisionRecord]) -> list[VoteRecord]:
    """Return the votes of records; equal requests were sent once, and count once."""
    found: dict[str, VoteRecord] = {}
    for record in records:
        for vote in record.votes:
            found.setdefault(vote.key, vote)
    return list(found.values())


def verdicts(asked: Iterable[Asked]) -> Iterator[str]:
    """Yield why a run is invalid, a sentence for each signal whose model failed too often."""
    for one in asked:
        if one.failed:
            missing = sum(decision.answer is None for decision in one.decisions)
            allowed = one.llm.definition.on_failure.invalid_above
            yield (
                f"INVALID: `{one.name}` abstained at {missing:,} of {len(one.decisions):,} "
                f"decisions, more than the {allowed:.0%} that `on_failure` allows: this result "
                "says nothing about the strategy"
            )


def llm_warnings(asked: Iterable[Asked], result: RunResult) -> Iterator[str]:
    """Yield what to know of the models and of what was made of their answers."""
    for one in asked:
        if one.provider.engine == "local":
            yield (
                f"`{one.name}` is answered by the embedded model, a demonstration without trading "
                "skill: this result says nothing about better models"
            )
        reasons = Counter(map(why_none, (d for d in one.decisions if d.answer is None)))
        if reasons:
            listed = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
            count = f"{sum(reasons.values()):,} of {len(one.decisions):,} decisions"
            yield f"`{one.name}` abstained at {count} ({listed})"
        if not len(one.decisions):
            yield f"`{one.name}` was not asked once: its time never came"
    yield from _of_cuts(result)


def why_none(decision: Decision) -> str:
    """Return the reason of an abstention in a word: of no reply, of no valid answer, of no vote."""
    if any(vote.answer is not None for vote in decision.votes):
        return "no_majority"
    result = decision.votes[0].result
    if isinstance(result, Answer):
        return "no_majority"
    return str(result.reason if isinstance(result, Invalid) else result.trouble)


def _of_cuts(result: RunResult) -> Iterator[str]:
    for by in ("scale_by", "risk_levels"):
        cuts = [cut for cut in result.cuts if cut.by == by and cut.after > 0]
        if cuts:
            before, after = sum(cut.before for cut in cuts), sum(cut.after for cut in cuts)
            entries = f"{len(cuts):,} {'entry' if len(cuts) == 1 else 'entries'}"
            yield f"`{by}` made {entries} smaller: {before:.6g} to {after:.6g} units in all"
    vetoed = result.refused.get("risk_veto", 0)
    if vetoed:
        yield f"`risk_levels` vetoed an entry at {vetoed:,} close{'s' if vetoed != 1 else ''}"
