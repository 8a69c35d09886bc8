"""`rtrade llm probe`: the same decision points under disguises, and what the answers give away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.overrides import Overrides
from rtrade.core.errors import UsageError
from rtrade.workflow.consulting import consult
from rtrade.workflow.markets import FETCHED, Fetching
from rtrade.workflow.prompting import Inquiry, open_inquiry

if TYPE_CHECKING:
    from rtrade.analysis.llm_probe import Disguise, Shown, Verdict
    from rtrade.config.llm_definitions import LlmProviderDef
    from rtrade.core.bars import IntArray
    from rtrade.llm.decisions import Decision
    from rtrade.llm.questions import Question
    from rtrade.llm.usage import Counters

POINTS, SEED = 20, 1
# Far from the votes of any strategy.
_REPETITION = 1_000


@dataclass(frozen=True)
class Probed:
    """What a probe has shown: at which points (open times, ms), what was answered, what follows.

    `failed` tells that more went unanswered than the signal's `on_failure` allows.
    """

    signal: str
    provider: LlmProviderDef
    field: str
    seed: int
    times: tuple[int, ...]
    in_run: bool
    shown: Mapping[Disguise, Shown]
    verdict: Verdict
    counters: Counters
    failed: bool


def probe_model(
    path: Path,
    overrides: Overrides,
    *,
    signal: str | None = None,
    points: int = POINTS,
    seed: int = SEED,
    fetching: Fetching = FETCHED,
) -> Probed:
    """Show a model so many decision points of a strategy under each disguise.

    Which points, and the order of shuffled bars, follow from `seed`. Raises InvalidInput and
    UsageError where the strategy cannot be probed, and WorldError where the world fails.
    """
    from rtrade.analysis.llm_probe import deciding_field, judge

    inquiry = open_inquiry(path, overrides, signal, fetching)
    field = deciding_field(inquiry.definition.answer)
    chosen = _chosen(inquiry, points, seed)
    asked = _questions(inquiry, chosen, seed)
    questions = [question for group in asked.values() for question in group]
    done = consult(inquiry, questions, fetching)
    shown = _shown(asked, done.decisions, field.name)
    return Probed(
        signal=inquiry.definition.name,
        provider=inquiry.provider,
        field=field.name,
        seed=seed,
        times=tuple(int(inquiry.market.base.time[index]) for index in chosen),
        in_run=inquiry.model.uses_state,
        shown=shown,
        verdict=judge(shown, field),
        counters=done.counters,
        failed=done.failed,
    )


def _chosen(inquiry: Inquiry, count: int, seed: int) -> list[int]:
    """Return indices of decision points, ascending: all of them, or `count` drawn by `seed`."""
    from numpy.random import RandomState

    points = inquiry.points()
    if not len(points):
        raise UsageError(
            f"`{inquiry.definition.name}` is not asked once in this range",
            hint="take a longer range with `--start` and `--end`, or another condition",
        )
    if len(points) > count:
        points = points[RandomState(seed).permutation(len(points))[:count]]
    return sorted(points.tolist())


def _questions(
    inquiry: Inquiry, points: Sequence[int], seed: int
) -> dict[Disguise, list[Question]]:
    """Return the questions at the points under each disguise."""
    from numpy.random import RandomState

    from rtrade.analysis.llm_probe import mirrored, moved, reordered

    def order(count: int) -> IntArray:
        found: IntArray = RandomState(seed).permutation(count)
        return found

    weights, market = inquiry.weights(), inquiry.market
    hidden = inquiry.questions(points, weights=weights, anonymize=True)
    return {
        "anonymised": hidden,
        "repeated": [_again(one) for one in hidden],
        "named": inquiry.questions(points, weights=weights, anonymize=False),
        "shifted": inquiry.questions(
            points, weights=weights, anonymize=False, market=moved(market)
        ),
        "flipped": inquiry.questions(
            points, weights=weights, anonymize=True, market=mirrored(market)
        ),
        "shuffled": inquiry.questions(
            points, weights=weights, anonymize=True, market=reordered(market, order)
        ),
    }


def _again(question: Question) -> Question:
    """Return a question that is the same but for its seed, so that it is answered anew."""
    requests = tuple(
        replace(
            one,
            vote=one.vote + _REPETITION,
            sampling=tuple(
                (name, value + _REPETITION if name == "seed" else value)
                for name, value in one.sampling
            ),
        )
        for one in question.requests
    )
    return replace(question, requests=requests)


def _shown(
    asked: Mapping[Disguise, Sequence[Question]], decisions: Sequence[Decision], field: str
) -> dict[Disguise, Shown]:
    from rtrade.analysis.llm_probe import Shown

    waiting = iter(decisions)
    found: dict[Disguise, Shown] = {}
    for name, questions in asked.items():
        answers = [next(waiting).answer for _ in questions]
        found[name] = Shown(
            values=tuple(None if one is None else one.values[field] for one in answers),
            prompts=tuple(
                "\n".join(request.messages[-1].content for request in one.requests)
                for one in questions
            ),
        )
    return found
