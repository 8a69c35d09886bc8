"""What a reply comes to: an answer of the form, or a stated reason why it is none."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from llm.cases import FIELDS
from rtrade.config.llm_definitions import EnumField, IntegerField, TextField
from rtrade.llm.answers import MAX_TEXT, Answer, AnswerForm, Invalid, Reason
from rtrade.llm.replies import Reply

FORM = AnswerForm(FIELDS)
GOOD = '{"action": "buy", "confidence": 70, "reason": "up"}'


def read(text: str | None, **reply: object) -> Answer | Invalid:
    return FORM.read(Reply(text, **reply))  # type: ignore[arg-type]  # what tests pass on


def test_the_schema_is_the_subset_that_endpoints_share() -> None:
    assert FORM.schema == {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": ["buy", "sell", "hold"]},
            "confidence": {"type": "integer", "minimum": 0, "maximum": 100},
            "reason": {"type": "string"},
        },
        "required": ["action", "confidence", "reason"],
        "additionalProperties": False,
    }
    Draft7Validator.check_schema(FORM.schema)
    assert FORM.bounded_schema["properties"]["reason"] == {"type": "string", "maxLength": 500}


def test_a_good_answer() -> None:
    found = read(f"\n {GOOD} \n")
    assert isinstance(found, Answer)
    assert dict(found.values) == {"action": "buy", "confidence": 70, "reason": "up"}
    assert found.notes == ()


# Text of the reply, other parts of it, the reason, a part of the detail.
BAD = [
    ("", {}, Reason.EMPTY, "empty"),
    (" \n ", {}, Reason.EMPTY, "empty"),
    (None, {}, Reason.EMPTY, "empty"),
    (None, {"refusal": "I cannot advise"}, Reason.REFUSED, "I cannot advise"),
    (GOOD, {"refusal": "no"}, Reason.REFUSED, "no"),
    (GOOD, {"finish": "content_filter"}, Reason.REFUSED, "filter"),
    (GOOD[:20], {"finish": "length"}, Reason.TRUNCATED, "cut off"),
    (GOOD, {"finish": "length"}, Reason.TRUNCATED, "cut off"),
    (GOOD[:20], {}, Reason.NOT_JSON, "character"),
    (GOOD, {"finish": "oversized"}, Reason.OVERSIZED, "65,536"),
    (f'{{"action": "buy", "reason": "{"x" * MAX_TEXT}"}}', {}, Reason.OVERSIZED, "65,536"),
    ("buy", {}, Reason.NOT_JSON, "not JSON"),
    ("I would not BUY here, SELL", {}, Reason.NOT_JSON, "not JSON"),
    (f"Sure! {GOOD}", {}, Reason.NOT_JSON, "not JSON"),
    (f"```json\n{GOOD}\n```", {}, Reason.NOT_JSON, "not JSON"),
    (f"{GOOD}\nI hope that helps", {}, Reason.EXTRA_TEXT, "I hope that helps"),
    (GOOD + GOOD, {}, Reason.EXTRA_TEXT, "follows"),
    ('"buy"', {}, Reason.NOT_AN_OBJECT, "text"),
    ("[1]", {}, Reason.NOT_AN_OBJECT, "a list"),
    ("null", {}, Reason.NOT_AN_OBJECT, "null"),
    ("70", {}, Reason.NOT_AN_OBJECT, "a number"),
    (f'{{"answer": {GOOD}}}', {}, Reason.MISSING_FIELD, "`action`"),
    ('{"action": "buy", "confidence": 70}', {}, Reason.MISSING_FIELD, "`reason`"),
    (GOOD.replace('"buy"', '"hodl"'), {}, Reason.WRONG_CHOICE, "`hodl`, not one of buy, sell"),
    (GOOD.replace('"buy"', '"BUY"'), {}, Reason.WRONG_CHOICE, "`BUY`"),
    (GOOD.replace('"buy"', '"buy "'), {}, Reason.WRONG_CHOICE, "buy"),
    (GOOD.replace('"buy"', '["buy"]'), {}, Reason.WRONG_TYPE, "a list, not text"),
    (GOOD.replace('"buy"', '{"is": "buy"}'), {}, Reason.WRONG_TYPE, "an object, not text"),
    (GOOD.replace('"buy"', "null"), {}, Reason.WRONG_TYPE, "null, not text"),
    (GOOD.replace("70", "NaN"), {}, Reason.NOT_A_NUMBER, "`NaN`"),
    (GOOD.replace("70", "-Infinity"), {}, Reason.NOT_A_NUMBER, "`-Infinity`"),
    (GOOD.replace("70", "1e999"), {}, Reason.WRONG_TYPE, "not a whole number"),
    (GOOD.replace("70", "9" * 5000), {}, Reason.NOT_A_NUMBER, "too many digits"),
    (GOOD.replace("70", "70.5"), {}, Reason.WRONG_TYPE, "not a whole number"),
    (GOOD.replace("70", '"70"'), {}, Reason.WRONG_TYPE, "text, not a whole number"),
    (GOOD.replace("70", "true"), {}, Reason.WRONG_TYPE, "true or false"),
    (GOOD.replace("70", "101"), {}, Reason.OUT_OF_RANGE, "`101`, and 100 at most"),
    (GOOD.replace("70", "-1"), {}, Reason.OUT_OF_RANGE, "`-1`, and 0 at least"),
    (GOOD.replace('"up"', "7"), {}, Reason.WRONG_TYPE, "a number, not text"),
    ('{"action": "buy", "action": "sell"}', {}, Reason.DUPLICATE_KEY, "`action`"),
    ("[" * 20_000, {}, Reason.NOT_JSON, "deep"),
    ('{"a":' * 10_000, {}, Reason.NOT_JSON, "deep"),
    ("\ufeff" + GOOD, {}, Reason.NOT_JSON, "not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reply", "reason", "part"), BAD)
def test_what_is_no_answer(text: str, reply: dict[str, str], reason: Reason, part: str) -> None:
    found = read(text, **reply)
    assert isinstance(found, Invalid)
    assert found.reason is reason
    assert part in found.detail
    assert len(found.detail) < 200


def test_every_reason_has_a_case() -> None:
    assert {reason for *_, reason, _ in BAD} == set(Reason)


def test_further_fields_are_dropped_and_noted() -> None:
    found = read('{"action": "buy", "size": 1e9, "confidence": 70, "reason": "", "__proto__": {}}')
    assert isinstance(found, Answer)
    assert list(found.values) == ["action", "confidence", "reason"]
    assert found.notes == ("dropped `size`", "dropped `__proto__`")


def test_a_whole_number_may_be_written_as_a_float() -> None:
    found = read(GOOD.replace("70", "7e1"))
    assert isinstance(found, Answer)
    assert found.values["confidence"] == 70
    assert type(found.values["confidence"]) is int


def test_long_text_is_cut_and_noted() -> None:
    found = read(json.dumps({"action": "buy", "confidence": 1, "reason": "x" * 501}))
    assert isinstance(found, Answer)
    assert found.values["reason"] == "x" * 500
    assert found.notes == ("cut `reason` to 500 characters",)


def test_text_can_always_be_written_down() -> None:
    found = read(r'{"action": "buy", "confidence": 1, "reason": "a\ud800b\u0000c"}')
    assert isinstance(found, Answer)
    assert found.values["reason"] == "a?bc"


names = st.sampled_from(["action", "confidence", "reason", "size", "Action", ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["buy", "sell", "hold"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(values)
def test_an_answer_obeys_the_schema_whatever_json_comes(value: object) -> None:
    found = read(json.dumps(value))
    if isinstance(found, Answer):
        assert Draft7Validator(FORM.schema).is_valid(dict(found.values))
        assert isinstance(value, dict)
        assert found.values["action"] == value["action"]


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_damaged_text_never_raises(seed: int, times: int) -> None:
    draw = random.Random(seed)
    text = list(GOOD)
    for _ in range(times):
        text[draw.randrange(len(text))] = draw.choice('{}[]",:\\ux0\x00é0N')
    found = read("".join(text))
    if isinstance(found, Answer):
        assert Draft7Validator(FORM.schema).is_valid(dict(found.values))


def test_a_form_of_other_fields() -> None:
    form = AnswerForm((EnumField("regime", ("bull",)), IntegerField("bps", -50, 50)))
    found = form.read(Reply('{"regime": "bull", "bps": -50}'))
    assert isinstance(found, Answer)
    assert form.schema["required"] == ["regime", "bps"]
    assert AnswerForm((TextField("why", 3),)).read(Reply('{"why": "long"}')) == Answer(
        {"why": "lon"}, ("cut `why` to 3 characters",)
    )
