"""What asking came to: a decision for each point, with everything that led to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rtrade.llm.answers import Answer, Invalid
from rtrade.llm.faults import Trouble
from rtrade.llm.replies import Reply, Request


@dataclass(frozen=True)
class Miss:
    """Why there is no reply, and one sentence on it."""

    trouble: Trouble
    detail: str


@dataclass(frozen=True)
class Vote:
    """One request of a point and what it came to.

    `result` is the answer, why the last reply holds none, or why there is no reply. `rejected`
    are replies that a repair replaced. `cost` (USD) is what the replies cost when they were
    given, None where unknown; `stored` whether they were asked for in an earlier execution.
    """

    request: Request
    result: Answer | Invalid | Miss
    reply: Reply | None = None
    rejected: tuple[Reply, ...] = ()
    cost: float | None = None
    stored: bool = False

    @property
    def answer(self) -> Answer | None:
        """The valid answer, or None."""
        return self.result if isinstance(self.result, Answer) else None


@dataclass(frozen=True)
class Decision:
    """A decision point: the open time (ms) of its bar and its answer; None is an abstention."""

    time: int
    answer: Answer | None
    votes: tuple[Vote, ...]
    why: str = ""

    @property
    def stored(self) -> bool:
        """Whether nothing had to be asked for."""
        return all(vote.stored for vote in self.votes)


def answers_digest(decisions: Sequence[Decision]) -> str:
    """Return the sha256 (hex) of the answers that decisions rest on, for the fingerprint."""
    state = hashlib.sha256()
    for decision in decisions:
        values = None if decision.answer is None else dict(decision.answer.values)
        line = json.dumps([decision.time, values], sort_keys=True, separators=(",", ":"))
        state.update(line.encode() + b"\n")
    return state.hexdigest()


def cost_of_all(decisions: Sequence[Decision]) -> float | None:
    """Return what the replies used by decisions cost when given (USD), each counted once.

    None where the cost of one is not known.
    """
    costs = {vote.request.key: vote.cost for one in decisions for vote in one.votes if vote.reply}
    known = [cost for cost in costs.values() if cost is not None]
    return sum(known) if len(known) == len(costs) else None
