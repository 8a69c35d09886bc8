"""What a result says of models: which decision an entry and a clamp belong to, counts, warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llm.cases import PROVIDER, SIGNAL
from rtrade.analysis.llm_record import (
    Asked,
    distinct,
    llm_warnings,
    records_of,
    verdicts,
)
from rtrade.config.llm_definitions import CadenceDef
from rtrade.core.results import Cut, Fill, RunResult
from rtrade.llm.answers import Answer, Invalid, Reason
from rtrade.llm.decisions import Decision, Miss, Vote
from rtrade.llm.faults import Trouble
from rtrade.llm.replies import Message, Reply, Request
from rtrade.plan.plan import LlmPlan

HOUR = 3_600_000
BUY = Answer({"action": "buy", "confidence": 70})


def vote(text: str, result=BUY, **more) -> Vote:
    reply = None if isinstance(result, Miss) else Reply("{}", prompt_tokens=10, completion_tokens=2)
    return Vote(Request("m", (Message("user", text),), "{}"), result, reply, **more)


def decision(bar: int, *votes: Vote, answer=None) -> Decision:
    return Decision(bar * HOUR, answer if answer else votes[0].answer, votes)


def asked(*decisions: Decision, valid_for=None, failed=False, provider=PROVIDER) -> Asked:
    definition = replace(SIGNAL, cadence=CadenceDef(every=10, valid_for=valid_for))
    points = np.array([one.time // HOUR for one in decisions], dtype=np.int64)
    return Asked(LlmPlan(definition, provider, None, ()), decisions, points, failed)


def result(*fills: Fill, cuts=(), refused=None, bars=30) -> RunResult:
    flat = np.zeros(bars)
    return RunResult(
        "backtrader", fills, (), flat, flat, flat, refused=refused or {}, cuts=tuple(cuts)
    )


def entry(bar: int, direction: int = 1, size: float = 2.0) -> Fill:
    reason = "enter_long" if direction > 0 else "enter_short"
    return Fill(bar, bar * HOUR, direction, size, 100.0, 100.0, 0.0, reason)


def test_an_entry_belongs_to_the_answer_that_applied_at_the_close_before_it() -> None:
    one = asked(*(decision(bar, vote(f"at {bar}")) for bar in (0, 10, 20)))
    out = Fill(6, 6 * HOUR, -1, 2.0, 100.0, 100.0, 0.0, "rule")
    made = result(entry(1), out, entry(10, size=3.0), out._replace(bar=15), entry(21, -1, 5.0),
                  cuts=[Cut(9, "scale_by", 9.0, 3.0), Cut(20, "cash", 8.0, 5.0)])  # fmt: skip
    found = records_of([one], made)
    # The entry in bar 10 was decided at the close of bar 9: by the first answer.
    assert [record.size for record in found] == [2.0, 0.0, -5.0]
    assert [[clamp.by for clamp in record.clamps] for record in found] == [
        ["scale_by"], [], ["cash"],
    ]  # fmt: skip


def test_an_answer_that_has_ended_owns_nothing() -> None:
    one = asked(decision(0, vote("a")), decision(10, vote("b")), valid_for=4)
    made = result(entry(4), entry(5), cuts=[Cut(3, "cash", 2.0, 1.0), Cut(4, "cash", 2.0, 1.0)])
    first = records_of([one], made)[0]
    assert len(first.clamps) == 1
    assert first.size == 2.0
    assert records_of([one], result(entry(5)))[0].size == 0.0


def test_an_equal_question_is_told_as_one_that_came_before_not_as_one_that_was_stored() -> None:
    same, other = vote("same", stored=True), vote("other", stored=True)
    again = replace(same, stored=False)
    found = records_of(
        [asked(decision(0, same), decision(10, other), decision(20, again))], result()
    )
    assert [record.cached for record in found] == [False, False, True]


def test_equal_questions_are_paid_for_once() -> None:
    wrong = Invalid(Reason.NOT_JSON, "no")
    one = asked(
        decision(0, vote("a", cost=0.5)),
        decision(10, vote("a", cost=0.5)),
        decision(20, vote("b", wrong, cost=0.25)),
    )
    counted = distinct(records_of([one], result()))
    assert [vote.cost for vote in counted] == [0.5, 0.25]
    assert [vote.invalid for vote in counted] == [0, 1]


def test_abstentions_are_told_by_reason_and_too_many_first() -> None:
    wrong = Invalid(Reason.WRONG_CHOICE, "`action` is `\x1b[2J`, not one of buy")
    split = Decision(30 * HOUR, None, (vote("x"), vote("y", wrong)), "no majority")
    one = asked(
        decision(0, vote("a", Miss(Trouble.BUDGET, "spent"))),
        decision(10, vote("b", wrong)),
        decision(20, vote("c", wrong)),
        split,
        decision(40, vote("d")),
        failed=True,
    )
    told = list(llm_warnings([one], result()))
    assert told == [
        "`analyst` abstained at 4 of 5 decisions (budget 1, no_majority 1, wrong_choice 2)"
    ]
    verdict = next(verdicts([one]))
    assert verdict.startswith("INVALID: `analyst` abstained at 4 of 5 decisions, more than the 20%")
    assert list(verdicts([replace(one, failed=False)])) == []


@pytest.mark.parametrize(
    ("cuts", "refused", "words"),
    [
        ([Cut(0, "scale_by", 2.0, 1.0), Cut(9, "scale_by", 4.0, 3.0)], {},
         "`scale_by` made 2 entries smaller: 6 to 4 units in all"),
        ([Cut(0, "risk_levels", 2.0, 0.0)], {"risk_veto": 1},
         "`risk_levels` vetoed an entry at 1 close"),
    ],
)  # fmt: skip
def test_what_made_sizes_smaller_is_told(cuts, refused, words) -> None:
    told = list(llm_warnings([asked(decision(0, vote("a")))], result(cuts=cuts, refused=refused)))
    assert told == [words]


def test_a_model_that_was_never_asked_is_told() -> None:
    assert list(llm_warnings([asked()], result())) == [
        "`analyst` was not asked once: its time never came"
    ]
