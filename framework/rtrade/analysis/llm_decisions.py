"""Every decision of a language model in a run, as plain records and as lines of decisions.jsonl.

A record holds what was asked, what came back, what it was taken for, and what it cost. It is
made from the answers that the run rests on, so equal runs have equal records but for `cached`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rtrade.core.timeframes import iso, parse_time
from rtrade.llm.answers import Answer
from rtrade.llm.decisions import Decision, Vote


@dataclass(frozen=True)
class Clamp:
    """A limit that code put on what an answer asked for: by what, the value before and after."""

    by: str
    before: float
    after: float


@dataclass(frozen=True)
class VoteRecord:
    """One request of a decision. `values` is None where the reply is no answer, `why` says so.

    `raw` is the text of the last reply, None where there was none; `rejected` are the texts of
    replies that a repair replaced. Tokens are those of all replies, `cost` is USD when they were
    given (None: unknown), `latency` ms of the last one.
    """

    prompt: str
    raw: str | None
    values: Mapping[str, str | int] | None
    why: str = ""
    notes: tuple[str, ...] = ()
    rejected: tuple[str | None, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    latency: int | None = None
    cached: bool = False
    key: str = ""

    @property
    def invalid(self) -> int:
        """How many replies were no valid answer, those that were repaired included."""
        return len(self.rejected) + (self.values is None and self.raw is not None)

    @property
    def replies(self) -> int:
        """How many replies came, those that a repair replaced included."""
        return len(self.rejected) + (self.raw is not None)


@dataclass(frozen=True)
class DecisionRecord:
    """What a signal's model decided at the close of the bar that opens at `time` (ms).

    `values` is the answer that counts, None for an abstention, of which `why` gives the reason.
    `size` is what the entry that followed bought or sold (signed base units, 0.0 none, None not
    known), `clamps` are the limits that it met.
    """

    time: int
    signal: str
    values: Mapping[str, str | int] | None
    why: str = ""
    votes: tuple[VoteRecord, ...] = ()
    clamps: tuple[Clamp, ...] = field(default=())
    size: float | None = None

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return self.values is None

    @property
    def cached(self) -> bool:
        """Whether nothing had to be asked for."""
        return all(vote.cached for vote in self.votes)

    @property
    def invalid(self) -> int:
        """How many replies were no valid answer."""
        return sum(vote.invalid for vote in self.votes)

    @property
    def repaired(self) -> bool:
        """Whether an answer came only when asked for again."""
        return any(vote.rejected and vote.values is not None for vote in self.votes)

    @property
    def tokens(self) -> int:
        """Tokens in and out of all its replies."""
        return sum(vote.prompt_tokens + vote.completion_tokens for vote in self.votes)

    @property
    def cost(self) -> float | None:
        """What its replies cost when they were given (USD); None where one is not known."""
        return added(vote.cost for vote in self.votes if vote.replies)


def added(costs: Iterable[float | None]) -> float | None:
    """Add costs up from left to right; None where one of them is not known."""
    total = 0.0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def record_of(
    signal: str, decision: Decision, *, clamps: tuple[Clamp, ...] = (), size: float | None = None
) -> DecisionRecord:
    """Return the record of what asking came to for one decision point of `signal`."""
    return DecisionRecord(
        time=decision.time,
        signal=signal,
        values=None if decision.answer is None else dict(decision.answer.values),
        why=decision.why,
        votes=tuple(map(_vote, decision.votes)),
        clamps=clamps,
        size=size,
    )


def _vote(vote: Vote) -> VoteRecord:
    replies = [*vote.rejected, *([vote.reply] if vote.reply else [])]
    answer = vote.answer
    return VoteRecord(
        prompt=vote.request.messages[-1].content,
        raw=_said(vote.reply),
        values=None if answer is None else dict(answer.values),
        why="" if isinstance(vote.result, Answer) else vote.result.detail,
        notes=() if answer is None else answer.notes,
        rejected=tuple(map(_said, vote.rejected)),
        prompt_tokens=sum(reply.prompt_tokens for reply in replies),
        completion_tokens=sum(reply.completion_tokens for reply in replies),
        cost=vote.cost,
        latency=None if vote.reply is None else vote.reply.latency,
        cached=vote.stored,
        key=vote.request.key,
    )


def _said(reply: Any) -> str | None:
    """Return what a reply says: its text, else its refusal, else nothing at all."""
    if reply is None:
        return None
    return str(reply.text or reply.refusal or "")


def to_lines(records: Sequence[DecisionRecord]) -> bytes:
    """Return decisions.jsonl: a JSON object a line, in time order as given."""
    lines = (json.dumps(line_of(one), ensure_ascii=False, allow_nan=False) for one in records)
    # A lone surrogate stays the escape that it was, which JSON has too.
    return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")


def line_of(one: DecisionRecord) -> dict[str, Any]:
    """Return a record as JSON-able data."""
    return {
        "time": iso(one.time),
        "signal": one.signal,
        "answer": None if one.values is None else dict(one.values),
        "why": one.why,
        "tokens": one.tokens,
        "cost_usd": one.cost,
        "cached": one.cached,
        "size": one.size,
        "clamps": [{"by": c.by, "before": c.before, "after": c.after} for c in one.clamps],
        "votes": [
            {
                "prompt": vote.prompt,
                "raw": vote.raw,
                "answer": None if vote.values is None else dict(vote.values),
                "why": vote.why,
                "notes": list(vote.notes),
                "rejected": list(vote.rejected),
                "prompt_tokens": vote.prompt_tokens,
                "completion_tokens": vote.completion_tokens,
                "cost_usd": vote.cost,
                "latency_ms": vote.latency,
                "cached": vote.cached,
                "key": vote.key,
            }
            for vote in one.votes
        ],
    }


def read_lines(text: str) -> tuple[DecisionRecord, ...]:
    """Return the records of decisions.jsonl; raise ValueError where a line is none."""
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        try:
            found.append(_record(json.loads(line)))
        except (KeyError, TypeError, AttributeError, ValueError) as fault:
            raise ValueError(f"line {number} is no decision: {fault}") from fault
    return tuple(found)


def _record(line: Mapping[str, Any]) -> DecisionRecord:
    return DecisionRecord(
        time=parse_time(line["time"]),
        signal=str(line["signal"]),
        values=None if line["answer"] is None else dict(line["answer"]),
        why=str(line["why"]),
        votes=tuple(
            VoteRecord(
                prompt=vote["prompt"],
                raw=vote["raw"],
                values=None if vote["answer"] is None else dict(vote["answer"]),
                why=vote["why"],
                notes=tuple(vote["notes"]),
                rejected=tuple(vote["rejected"]),
                prompt_tokens=vote["prompt_tokens"],
                completion_tokens=vote["completion_tokens"],
                cost=vote["cost_usd"],
                latency=vote["latency_ms"],
                cached=vote["cached"],
                key=vote["key"],
            )
            for vote in line["votes"]
        ),
        clamps=tuple(Clamp(c["by"], c["before"], c["after"]) for c in line["clamps"]),
        size=line["size"],
    )
