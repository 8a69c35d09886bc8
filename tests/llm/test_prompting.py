"""From bars to series: points, prompts, questions, answers, columns, put together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llm.cases import CANARY, FIELDS, PROVIDER, SIGNAL, Rows
from llm.endpoint import GOOD, Call, StandIn, completion, http, says
from llm.test_contexts import BASE, SIGNALS, bars
from rtrade.config.llm_definitions import VoteDef
from rtrade.core.bars import Bars
from rtrade.core.errors import InvalidInput, LlmNotInstalled, LlmRefused
from rtrade.llm import local
from rtrade.llm.answers import Answer
from rtrade.llm.asking import Asker
from rtrade.llm.cache import AnswerCache
from rtrade.llm.cadence import points_every
from rtrade.llm.columns import answer_columns
from rtrade.llm.contexts import ContextBuilder, Portfolio, Position, known_names
from rtrade.llm.opening import open_endpoint
from rtrade.llm.prompting import Prompter
from rtrade.llm.questions import Question, Questioner
from rtrade.llm.templates import PromptTemplate, parse_template

KNOWN = known_names(SIGNALS, {})


def template(text: str) -> PromptTemplate:
    return parse_template(text, "p.j2", KNOWN)


def prompter(*texts: str, series: Bars = BASE, samples: int = 1) -> Prompter:
    signal = replace(SIGNAL, vote=VoteDef(samples=samples))
    builder = ContextBuilder(series, SIGNALS, window=20)
    return Prompter([template(text) for text in texts], builder, Questioner(signal, PROVIDER))


def said(question: Question) -> list[str]:
    return [request.messages[-1].content for request in question.requests]


def test_questions_at_the_points_of_a_cadence() -> None:
    points = points_every(BASE, 24)
    with prompter("{{ close }} {{ stats.change | pct }}") as one:
        found = one.questions(points)
        assert not one.in_run
    assert [question.time for question in found] == [int(time) for time in BASE.time[points]]
    assert len({said(question)[0] for question in found}) == len(points)


def test_each_prompt_is_asked_in_each_sample() -> None:
    with prompter("bull {{ close }}", "bear {{ close }}", samples=2) as one:
        question = one.questions([50])[0]
    assert [text.split()[0] for text in said(question)] == ["bull", "bull", "bear", "bear"]
    assert [request.vote for request in question.requests] == [0, 1, 2, 3]
    assert len({request.key for request in question.requests}) == 4


def test_a_prompt_that_sees_the_position() -> None:
    account = Portfolio(1e4, 1e4, 1e4, 1e4, 0)
    with prompter("{{ position.side if position else 'flat' }} {{ portfolio.equity }}") as one:
        assert one.in_run
        assert said(one.question(50, None, account)) == ["flat 100.0"]
        assert said(one.question(51, Position("long", 40_000, 1), account)) == ["long 100.0"]


def test_a_prompt_that_cannot_be_rendered_names_its_bar() -> None:
    text = "{{ signals.average * 2 }}"  # unknown before bar 20
    with prompter(text) as one, pytest.raises(InvalidInput) as caught:
        one.questions([40, 30, 19, 50])
    message = caught.value.diagnostics[0].message
    assert message.startswith("at the bar 2024-01-01T19:00:00Z, the prompt cannot be rendered")
    account = Portfolio(1e4, 1e4, 1e4, 1e4, 0)
    with prompter(text) as one, pytest.raises(InvalidInput, match="at the bar 2024-01-01T05"):
        one.question(5, None, account)


def test_moving_the_start_misses_no_stored_answer() -> None:
    rows, text = Rows(), "{{ close }} {% for bar in bars %}{{ bar.close }} {% endfor %}"
    series = bars(400)
    from rtrade.llm.endpoint import Access, Endpoint

    def run(first: int, url: str) -> int:
        points = points_every(series, 12, first)
        builder = ContextBuilder(series, window=20)
        asked = Prompter([template(text)], builder, Questioner(SIGNAL, PROVIDER))
        endpoint = Endpoint(PROVIDER, Access(url, CANARY))
        with asked, Asker(SIGNAL, endpoint, AnswerCache(rows)) as asker:
            asker.ask(asked.questions(points))
            return asker.counters.calls

    with StandIn() as server:
        assert run(100, server.url) == 25
        assert run(160, server.url) == 0
        assert run(63, server.url) == 3


def test_the_whole_way_to_series() -> None:
    async def step(call: Call) -> None:
        number = len(server.calls) - 1
        answer = GOOD | {"action": ("buy", "sell", "hold")[number % 3], "confidence": number}
        call.writer.write(http(completion("no" if number in (2, 3) else answer)))

    points = points_every(BASE, 48)
    with StandIn(step) as server, prompter("{{ close }}") as asked:
        provider = replace(PROVIDER, base_url=server.url)
        signal = replace(SIGNAL, concurrency=1)
        with (
            open_endpoint(provider, {}) as endpoint,
            Asker(signal, endpoint, AnswerCache(Rows())) as asker,
        ):
            decisions = asker.ask(asked.questions(points))
    answers = [decision.answer for decision in decisions]
    # The third is invalid, and so is its repair.
    assert [answer is None for answer in answers] == [False, False, True, False]
    columns = answer_columns(FIELDS, answers, points, len(BASE), valid_for=24)
    assert set(columns) == {"action", "confidence"}
    action, confidence = columns["action"], columns["confidence"]
    assert action.choices == ("buy", "sell", "hold")
    for index in range(len(BASE)):
        past = [n for n, point in enumerate(points) if point <= index < point + 24]
        answer = answers[past[-1]] if past else None
        if answer is None:
            assert action.values[index] == -1
            assert np.isnan(confidence.values[index])
        else:
            assert action.choices[action.values[index]] == answer.values["action"]
            assert confidence.values[index] == answer.values["confidence"]
    # A column goes into further prompts and rules as any other signal.
    assert ContextBuilder(BASE, dict(columns)).at(int(points[0]))["signals"]["action"] == "buy"


def test_columns_of_nothing() -> None:
    none = np.array([], dtype=np.int64)
    assert np.isnan(answer_columns(FIELDS, [], none, 3)["confidence"].values).all()
    known = answer_columns(FIELDS, [Answer({"action": "hold", "confidence": 1, "reason": ""})],
                           np.array([1]), 3)  # fmt: skip
    assert list(known["action"].values) == [-1, 2, 2]


def test_keys_come_from_the_environment() -> None:
    provider = replace(PROVIDER, api_key="OPENAI_KEY")
    for environ in ({"OPENAI_KEY": f" {CANARY}\n"}, {"OPENAI_API_KEY": CANARY}):
        with open_endpoint(provider, environ) as endpoint:
            assert endpoint.access.api_key == CANARY
    with pytest.raises(LlmRefused, match="OPENAI_KEY is not set") as caught:
        open_endpoint(provider, {"OPENAI_KEY": ""}).__enter__()
    assert "local_llm" in (caught.value.hint or "")
    for bad in ("sk-canary with space", "sk-canary\r\nX-Evil: 1", "sk-canäry"):
        with pytest.raises(LlmRefused, match="no key") as caught:
            open_endpoint(provider, {"OPENAI_KEY": bad}).__enter__()
        assert "canary" not in caught.value.message


def test_a_server_without_keys() -> None:
    with StandIn(says()) as server:
        provider = replace(PROVIDER, base_url=server.url)
        with (
            open_endpoint(provider, {}) as endpoint,
            Asker(SIGNAL, endpoint, AnswerCache(Rows())) as asker,
        ):
            decision = asker.ask([Questioner(SIGNAL, provider).question(0, ["x"])])[0]
    assert decision.answer is not None
    assert "none" not in str(decision.answer.values)


def test_the_local_model_is_started_and_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = replace(PROVIDER, engine="local", model=local.MODEL)
    monkeypatch.setattr(local, "PACKAGE", "no_such_package_of_weights")
    with pytest.raises(LlmNotInstalled):
        open_endpoint(provider, {}).__enter__()
