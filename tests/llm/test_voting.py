"""Majorities: a tie abstains, and no vote is counted that was not given."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.cases import FIELDS
from rtrade.config.llm_definitions import IntegerField
from rtrade.llm.answers import Answer
from rtrade.llm.voting import tally


def vote(action: str, confidence: int = 50, reason: str = "") -> Answer:
    return Answer({"action": action, "confidence": confidence, "reason": reason})


def outcome(*votes: Answer | None, agree: float = 0.5) -> dict[str, object] | None:
    answer = tally(FIELDS, votes, agree).answer
    return None if answer is None else dict(answer.values)


def test_a_majority() -> None:
    votes = [
        vote("buy", 80, "a"),
        vote("sell", 99, "b"),
        vote("buy", 60, "c"),
        vote("buy", 10, "d"),
    ]
    found = tally(FIELDS, votes)
    assert found.answer is not None
    assert dict(found.answer.values) == {"action": "buy", "confidence": 60, "reason": "a"}
    assert found.counts["action"] == {"buy": 3, "sell": 1}
    assert (found.votes, found.reason) == (4, "")


@pytest.mark.parametrize(
    "votes",
    [
        [], [None], [None, None, vote("buy")], [vote("buy"), vote("sell")],
        [vote("buy"), vote("sell"), vote("hold")], [vote("buy"), vote("buy"), vote("sell"),
        vote("sell"), vote("hold")], [vote("buy"), None, None],
    ],
)  # fmt: skip
def test_no_majority(votes: list[Answer | None]) -> None:
    found = tally(FIELDS, votes)
    assert found.answer is None
    assert found.reason == "no majority"


def test_abstentions_count_against() -> None:
    assert outcome(vote("buy"), vote("buy"), None, None) is not None
    assert outcome(vote("buy"), vote("buy"), None, None, None) is None
    assert outcome(vote("buy"), vote("buy"), None, agree=2 / 3) is not None
    assert outcome(vote("buy"), vote("buy"), None, agree=0.7) is None
    assert outcome(vote("buy"), vote("buy"), None, agree=1.0) is None


def test_a_form_of_numbers_has_their_lower_median() -> None:
    fields = (IntegerField("score", 0, 10),)
    votes = [Answer({"score": n}) for n in (9, 1, 5, 7)]
    found = tally(fields, votes).answer
    assert found is not None
    assert found.values["score"] == 5


answers = st.none() | st.builds(
    vote, st.sampled_from(["buy", "sell", "hold"]), st.integers(0, 100), st.text(max_size=3)
)


@given(st.lists(answers, max_size=9), st.sampled_from([0.01, 0.34, 0.5, 0.6, 1.0]))
def test_the_winner_is_ahead_of_everything(votes: list[Answer | None], agree: float) -> None:
    found = tally(FIELDS, votes, agree).answer
    count = Counter(str(one.values["action"]) for one in votes if one is not None)
    if found is None:
        top = count.most_common(2)
        tied = len(top) == 2 and top[0][1] == top[1][1]
        assert not count or tied or top[0][1] < agree * len(votes)
    else:
        action = str(found.values["action"])
        assert all(count[action] > n for name, n in count.items() if name != action)
        assert count[action] >= agree * len(votes) - 1e-9
        assert any(one is not None and one.values["action"] == action
                   and one.values["confidence"] == found.values["confidence"]
                   for one in votes)  # fmt: skip


@given(st.lists(answers, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_votes_moves_no_action(votes: list[Answer | None], draw: object) -> None:
    turned = list(votes)
    draw.shuffle(turned)  # type: ignore[attr-defined]  # a random.Random
    first, second = (tally(FIELDS, one).answer for one in (votes, turned))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        for name in ("action", "confidence"):
            assert first.values[name] == second.values[name]
