"""Which answer of a language model applied at a bar, when it was asked for, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rtrade.analysis.llm_decisions import DecisionRecord, VoteRecord
from rtrade.analysis.why import ModelWhy, VoteWhy
from rtrade.core.bars import IntArray
from rtrade.core.timeframes import iso
from rtrade.llm.cadence import NONE, applying
from rtrade.plan.plan import LlmPlan, Plan


def models_at(
    plan: Plan, decisions: Sequence[DecisionRecord], times: IntArray, at: int
) -> tuple[ModelWhy, ...]:
    """Return what the models of a plan had answered by the close of bar `at`.

    `times` are the opens (ms) of all bars read, `at` counts from the first of them.
    """
    return tuple(
        _model(llm, [one for one in decisions if one.signal == name], times, at)
        for name, llm in plan.llm.items()
    )


def silences(
    plan: Plan, decisions: Sequence[DecisionRecord], times: IntArray
) -> Callable[[str, int], str]:
    """Return what says why a signal has no answer at a bar, counted from the first of `times`."""

    def silence(signal: str, at: int) -> str:
        said = [one for one in decisions if one.signal == signal]
        found = _model(plan.llm[signal], said, times, at)
        if found.asked_at is None:
            return f"no answer of `{signal}` applied: {found.why}"
        why = f": {found.why}" if found.why else ""
        return f"`{signal}` abstained at the close of the bar of {found.asked_at}{why}"

    return silence


def _model(llm: LlmPlan, said: Sequence[DecisionRecord], times: IntArray, at: int) -> ModelWhy:
    definition, valid_for = llm.definition, llm.definition.cadence.valid_for
    points = np.searchsorted(times, np.array([one.time for one in said], dtype=np.int64))
    place = int(applying(points.astype(np.int64), at + 1, valid_for)[at])
    last = int(np.searchsorted(points, at, side="right")) - 1
    one = None if place == NONE else said[place]
    prompts = (definition.prompt, *definition.vote.prompts)
    return ModelWhy(
        signal=definition.name,
        provider=llm.provider.name,
        model=llm.provider.model,
        asked_at=None if one is None else iso(one.time),
        here=one is not None and int(points[place]) == at,
        bars_ago=None if one is None else at - int(points[place]),
        valid_for=valid_for,
        answer=None if one is None or one.values is None else dict(one.values),
        why=_absent(said, last, valid_for) if one is None else one.why,
        templates=tuple(prompt.text for prompt in prompts),
        votes=() if one is None else tuple(map(_vote, one.votes)),
    )


def _absent(said: Sequence[DecisionRecord], last: int, valid_for: int | None) -> str:
    if last < 0:
        return "it had not been asked yet"
    bars = f"{valid_for} bar{'s' if valid_for != 1 else ''}"
    return f"its last answer, of {iso(said[last].time)}, was valid for {bars}"


def _vote(vote: VoteRecord) -> VoteWhy:
    return VoteWhy(
        prompt=vote.prompt,
        reply=vote.raw,
        answer=None if vote.values is None else dict(vote.values),
        why=vote.why,
        rejected=vote.rejected,
        cached=vote.cached,
    )
