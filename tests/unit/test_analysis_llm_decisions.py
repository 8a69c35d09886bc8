"""Decisions as records and as lines: nothing is lost, and what is no decision is said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.analysis.llm_decisions import (
    Clamp,
    DecisionRecord,
    VoteRecord,
    read_lines,
    record_of,
    to_lines,
)
from rtrade.llm.answers import Answer, Invalid, Reason
from rtrade.llm.decisions import Decision, Miss, Vote
from rtrade.llm.faults import Trouble
from rtrade.llm.replies import Message, Reply, Request

AT = 1_704_067_200_000
ASKED = Request("small", (Message("user", "example"), Message("user", "Which way?")), "{}")


def reply(text, **more):
    return Reply(text, prompt_tokens=100, completion_tokens=10, latency=250, **more)


def test_a_repaired_answer_counts_both_replies():
    vote = Vote(
        ASKED,
        Answer({"action": "buy", "confidence": 70}, ("dropped `mood`",)),
        reply('{"action": "buy", "confidence": 70}'),
        rejected=(reply("Buy!"),),
        cost=0.002,
    )
    one = record_of("analyst", Decision(AT, vote.answer, (vote,)))
    assert (one.values, one.abstained) == ({"action": "buy", "confidence": 70}, False)
    assert (one.invalid, one.repaired, one.tokens, one.cost) == (1, True, 220, 0.002)
    assert one.votes[0].prompt == "Which way?"
    assert one.votes[0].rejected == ("Buy!",)
    assert one.votes[0].notes == ("dropped `mood`",)
    assert not one.cached


def test_an_abstention_tells_an_invalid_answer_from_no_answer():
    wrong = Vote(ASKED, Invalid(Reason.NOT_JSON, "the answer is not JSON"), reply("Buy!"), cost=0.1)
    none = Vote(ASKED, Miss(Trouble.TIMEOUT, "no reply within 30 s"))
    made = [
        record_of("analyst", Decision(AT, None, (vote,), vote.result.detail))
        for vote in (wrong, none)
    ]
    assert [one.invalid for one in made] == [1, 0]
    assert [one.votes[0].raw for one in made] == ["Buy!", None]
    assert [one.why for one in made] == ["the answer is not JSON", "no reply within 30 s"]
    # No reply costs nothing, a reply of unknown price makes the sum unknown.
    assert [one.cost for one in made] == [0.1, 0.0]
    unknown = record_of("analyst", Decision(AT, None, (Vote(ASKED, wrong.result, reply("x")),)))
    assert unknown.cost is None


def test_a_refusal_is_what_the_model_said():
    vote = Vote(ASKED, Invalid(Reason.REFUSED, "refuses"), reply(None, refusal="I cannot."))
    assert record_of("analyst", Decision(AT, None, (vote,))).votes[0].raw == "I cannot."


texts = st.text(max_size=30)
votes = st.builds(
    VoteRecord,
    prompt=texts,
    raw=st.none() | texts,
    values=st.none() | st.dictionaries(texts, texts | st.integers(-100, 100), max_size=3),
    why=texts,
    notes=st.lists(texts, max_size=2).map(tuple),
    rejected=st.lists(st.none() | texts, max_size=2).map(tuple),
    prompt_tokens=st.integers(0, 10_000),
    completion_tokens=st.integers(0, 10_000),
    cost=st.none() | st.floats(0, 1),
    latency=st.none() | st.integers(0, 90_000),
    cached=st.booleans(),
    key=texts,
)
records = st.builds(
    DecisionRecord,
    time=st.integers(0, 4_000_000_000).map(lambda seconds: seconds * 1000),
    signal=texts,
    values=st.none() | st.dictionaries(texts, texts | st.integers(-100, 100), max_size=3),
    why=texts,
    votes=st.lists(votes, max_size=3).map(tuple),
    clamps=st.lists(
        st.builds(Clamp, texts, st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), max_size=2
    ).map(tuple),
    size=st.none() | st.floats(-1e9, 1e9),
)


@given(st.lists(records, max_size=4).map(tuple))
def test_lines_say_it_all(given_):
    text = to_lines(given_).decode()
    assert text.count("\n") == len(given_)
    assert read_lines(text) == given_


def test_half_of_a_surrogate_pair_is_written():
    one = DecisionRecord(AT, "analyst", {"reason": "\ud800"})
    assert read_lines(to_lines([one]).decode()) == (one,)


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", '{"time": "2024-01-01T00:00:00Z"}', '{"time": 5}', "null"]
)
def test_what_is_no_decision_is_named_by_its_line(line):
    good = to_lines([DecisionRecord(AT, "analyst", None)]).decode()
    with pytest.raises(ValueError, match=r"^line 2 is no decision: "):
        read_lines(f"{good}{line}\n")


def test_a_line_is_plain_json():
    one = DecisionRecord(AT, "analyst", {"action": "hold"}, clamps=(Clamp("scale", 1.0, 0.7),))
    line = json.loads(to_lines([one]))
    assert line["time"] == "2024-01-01T00:00:00Z"
    assert line["answer"] == {"action": "hold"}
    assert line["clamps"] == [{"by": "scale", "before": 1.0, "after": 0.7}]
