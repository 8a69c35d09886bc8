"""Many questions: order, concurrency, pace, budget, votes, and what is stored of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llm.cases import CANARY, PROVIDER, SIGNAL, Rows, asker, questions
from llm.endpoint import GOOD, Call, StandIn, completion, http, refuses, says, sends
from rtrade.config.llm_definitions import BudgetDef, ExampleDef, OnFailureDef, VoteDef
from rtrade.core.errors import AnswerMissing, LlmError, LlmRefused, StoreFull
from rtrade.llm.asking import Asker
from rtrade.llm.cache import AnswerCache
from rtrade.llm.decisions import answers_digest, cost_of_all
from rtrade.llm.endpoint import Access, Endpoint
from rtrade.llm.faults import Trouble
from rtrade.llm.questions import Questioner
from rtrade.store.opening import open_store


async def by_prompt(call: Call) -> None:
    """Answer with a confidence that is the number in the prompt; odd bars first wait a little."""
    number = int(call.document["messages"][-1]["content"].split()[-1])
    await asyncio.sleep(0.01 * (number % 3))
    answer = GOOD | {"confidence": number % 100}
    call.writer.write(http(completion(answer), headers=[("X-Request-Id", f"r{number}")]))


def test_decisions_are_in_the_order_of_the_questions() -> None:
    told: list[tuple[int, int]] = []
    with StandIn(by_prompt) as server, asker(server.url) as one:
        found = one.ask(questions(40), lambda *so_far: told.append(so_far))
    assert [decision.answer and decision.answer.values["confidence"] for decision in found] == [
        *range(40)
    ]
    assert [decision.time for decision in found] == [n * 3_600_000 for n in range(40)]
    assert {call.votes[0].reply and call.votes[0].reply.request_id for call in found} == {
        f"r{n}" for n in range(40)
    }
    assert told == [(n, 40) for n in range(41)]
    assert server.most_at_once <= 4
    assert (one.counters.decisions, one.counters.calls, one.counters.abstained) == (40, 40, 0)
    assert one.counters.prompt_tokens == 40 * 50
    assert one.counters.cost_usd == pytest.approx(40 * (50 * 1.0 + 12 * 2.0) / 1e6)
    assert not one.failed


def test_what_is_sent() -> None:
    signal = replace(SIGNAL, examples=(ExampleDef("up", (("action", "buy"), ("confidence", 60))),))
    question = Questioner(signal, PROVIDER).question(0, ["now"])
    with StandIn() as server, asker(server.url) as one:
        one.ask([question])
    call = server.calls[0]
    assert call.header("authorization") == f"Bearer {CANARY}"
    assert call.path == "/v1/chat/completions"
    assert call.document == {
        "model": "stand-in", "max_tokens": 400, "seed": 7, "temperature": 0.0,
        "messages": [
            {"role": "user", "content": "up"},
            {"role": "assistant", "content": '{"action":"buy","confidence":60}'},
            {"role": "user", "content": "now"},
        ],
        "response_format": {"type": "json_schema", "json_schema": {
            "name": "answer", "strict": True, "schema": one.form.schema,
        }},
    }  # fmt: skip


def test_a_repair_shows_the_model_what_was_wrong() -> None:
    with StandIn(says("BUY!"), says()) as server, asker(server.url) as one:
        decision = one.ask(questions(1))[0]
    said = [message["content"] for message in server.calls[1].document["messages"]]
    assert said[:2] == ["bar 0", "BUY!"]
    assert "not JSON" in said[2]
    assert decision.votes[0].rejected[0].text == "BUY!"
    assert decision.votes[0].cost == pytest.approx(2 * (50 + 24) / 1e6)


def test_an_endpoint_without_schemas_is_told_the_schema() -> None:
    script = (refuses(400, "response_format json_schema is not supported"), says())
    with StandIn(*script) as server, asker(server.url, concurrency=1) as one:
        found = one.ask(questions(3))
    last = server.calls[-1].document
    assert last["response_format"] == {"type": "json_object"}
    assert json.dumps(one.form.schema, separators=(",", ":")) in last["messages"][0]["content"]
    assert [one.votes[0].reply and one.votes[0].reply.rung for one in found] == ["json_object"] * 3
    # Only the first request finds out.
    assert len(server.calls) == 4


def test_a_second_run_asks_nothing_and_is_the_same() -> None:
    rows = Rows()
    with StandIn(by_prompt) as server, asker(server.url, rows) as one:
        first = one.ask(questions(10))
        assert one.estimate(questions(12)).requests == 2
    with asker(None, rows, cache="replay") as one:
        second = one.ask(questions(10))
        assert (one.counters.calls, one.counters.cached, one.counters.cost_usd) == (0, 10, 0)
    assert answers_digest(first) == answers_digest(second)
    assert [decision.answer for decision in first] == [decision.answer for decision in second]
    assert cost_of_all(second) == cost_of_all(first) == pytest.approx(10 * 74e-6)
    assert all(decision.stored for decision in second)


def test_equal_requests_are_sent_once() -> None:
    with StandIn() as server, asker(server.url) as one:
        found = one.ask(questions(30, text="the same"))
    assert len(server.calls) == 1
    assert [decision.answer for decision in found] == [found[0].answer] * 30
    assert one.counters.decisions == 30


def test_a_run_that_breaks_off_goes_on_where_it_was() -> None:
    rows = Rows()
    with StandIn(*[says()] * 7, refuses(401)) as server:
        with asker(server.url, rows, concurrency=1) as one, pytest.raises(LlmRefused):
            one.ask(questions(20))
        assert len(rows.rows) == 7
        server.script = [says()]
        with asker(server.url, rows) as one:
            one.ask(questions(20))
            assert (one.counters.cached, one.counters.calls) == (7, 13)


def test_a_store_that_fails_ends_the_asking() -> None:
    class Full(Rows):
        def put_answers(self, answers: object, *, overwrite: bool = False) -> int:
            raise StoreFull("no space is left", hint="free some")

    with StandIn() as server, asker(server.url, Full()) as one, pytest.raises(StoreFull):
        one.ask(questions(20))


def test_the_real_store(tmp_path: Path) -> None:
    with open_store("", tmp_path) as store, StandIn(by_prompt) as server:
        with asker(server.url, store) as one:
            first = one.ask(questions(60))
        with asker(None, store, cache="replay") as one:
            assert answers_digest(one.ask(questions(60))) == answers_digest(first)


@pytest.mark.parametrize(
    ("mode", "calls", "kept"),
    [
        ("replay_or_call", 2, {"old", "new"}), ("record", 4, {"old", "new"}),
        ("refresh", 4, {"new"}), ("off", 4, {"old"}),
    ],
)  # fmt: skip
def test_modes(mode: str, calls: int, kept: set[str]) -> None:
    rows = Rows()
    with StandIn(says(GOOD | {"reason": "old"})) as server, asker(server.url, rows) as one:
        one.ask(questions(2))
    with (
        StandIn(says(GOOD | {"reason": "new"})) as server,
        asker(server.url, rows, cache=mode) as one,
    ):
        found = one.ask(questions(4))
        assert one.counters.calls == calls
    texts = {json.loads(row.answer)["reason"] for row in rows.rows.values()}
    assert texts == kept
    used = {str(decision.answer.values["reason"]) for decision in found if decision.answer}
    assert used == ({"old", "new"} if mode == "replay_or_call" else {"new"})


def test_a_miss_names_the_bar_and_shows_what_differs() -> None:
    rows = Rows()
    with StandIn() as server, asker(server.url, rows) as one:
        one.ask(questions(3, text="price up\nbar {}\nend"))
    asked = questions(5, text="price down\nbar {}\nend")
    with asker(None, rows, cache="replay") as one, pytest.raises(AnswerMissing) as caught:
        one.ask(asked[4:])
    assert "1970-01-01T04:00:00Z" in caught.value.message
    assert asked[4].requests[0].key in caught.value.message
    shown = (caught.value.hint or "").splitlines()
    assert "-user: price up" in shown
    assert "+user: price down" in shown
    assert "+user: bar 4" in shown
    assert "user: end" not in " ".join(shown)
    with asker(None, Rows(), cache="replay") as one, pytest.raises(AnswerMissing, match="bar"):
        one.ask(asked)


def test_a_damaged_row_is_an_error() -> None:
    rows = Rows()
    with StandIn() as server, asker(server.url, rows) as one:
        one.ask(questions(1))
        key, row = rows.rows.popitem()
        for damaged in (
            replace(row, request=row.request.replace("bar 0", "bar 9")),
            replace(row, details={}),
            replace(row, details={**row.details, "reply": {"finish": 1, "silent": False}}),
        ):
            rows.rows[key] = damaged
            with pytest.raises(LlmError, match=f"{key} is damaged"):
                one.ask(questions(1))


@pytest.mark.parametrize(
    ("budget", "calls", "words"),
    [
        (BudgetDef(calls=5), 5, "5 calls"),
        # Some 100 tokens of prompt and the longest answer (400) are set aside for a call; it then
        # takes 62, or 74 millionths of a dollar.
        (BudgetDef(tokens=1000), 9, "1,000 tokens"),
        (BudgetDef(usd=0.0012), 5, "0.0012 USD"),
    ],
)
def test_points_past_the_budget_abstain(budget: BudgetDef, calls: int, words: str) -> None:
    rows = Rows()
    with StandIn() as server, asker(server.url, rows, budget=budget, concurrency=1) as one:
        found = one.ask(questions(20))
        assert len(server.calls) == one.counters.calls == calls
    answered = [decision.answer is not None for decision in found]
    assert answered == [True] * calls + [False] * (20 - calls)
    assert words in found[-1].why
    assert found[-1].votes[0].result.trouble is Trouble.BUDGET  # type: ignore[union-attr]  # a Miss
    assert one.counters.abstained == 20 - calls
    with asker(None, rows, cache="replay") as one:
        assert one.ask(questions(calls))[-1].answer is not None


def test_failures_up_to_the_threshold_are_no_invalid_run() -> None:
    settings = OnFailureDef(invalid_above=0.25)
    for bad, failed in ((5, False), (6, True)):
        script = [*[says("no")] * (2 * bad), says()]
        with (
            StandIn(*script) as server,
            asker(server.url, on_failure=settings, concurrency=1) as one,
        ):
            one.ask(questions(20))
            assert (one.counters.abstained, one.counters.invalid) == (bad, 2 * bad)
            assert one.failed is failed


def test_the_estimate_is_an_upper_bound() -> None:
    with StandIn(says("no", usage=(60, 400))) as server, asker(server.url) as one:
        asked = questions(10)
        known = one.estimate(asked)
        one.ask(asked)
    assert (known.decisions, known.cached, known.requests) == (10, 0, 10)
    assert known.calls == 40 >= one.counters.calls
    assert known.tokens >= one.counters.prompt_tokens + one.counters.completion_tokens
    assert known.usd is not None
    assert known.usd >= (one.counters.cost_usd or 0)


def test_without_prices_no_cost_is_claimed() -> None:
    free = replace(PROVIDER, prices=None)
    with StandIn() as server, asker(server.url, provider=free) as one:
        assert one.estimate(questions(1)).usd is None
        found = one.ask(questions(1))
        assert one.counters.cost_usd is None
    assert cost_of_all(found) is None


def test_samples_vote() -> None:
    signal = replace(SIGNAL, vote=VoteDef(samples=3), concurrency=1)
    asked = [Questioner(signal, PROVIDER).question(0, ["now"])]
    script = [says(GOOD | {"action": action}) for action in ("sell", "buy", "buy")]
    with StandIn(*script) as server, asker(server.url, vote=signal.vote, concurrency=1) as one:
        decision = one.ask(asked)[0]
    assert [call.document["seed"] for call in server.calls] == [7, 8, 9]
    assert decision.answer is not None
    assert decision.answer.values["action"] == "buy"
    assert len(decision.votes) == len({vote.request.key for vote in decision.votes}) == 3
    assert (one.counters.decisions, one.counters.calls) == (1, 3)


def test_prompts_vote_and_a_tie_abstains() -> None:
    asked = [Questioner(SIGNAL, PROVIDER).question(0, ["bull", "bear"])]
    script = [says(GOOD | {"action": action}) for action in ("sell", "buy")]
    with StandIn(*script) as server, asker(server.url, concurrency=1) as one:
        decision = one.ask(asked)[0]
    assert (decision.answer, decision.why) == (None, "no majority")
    assert one.counters.abstained == 1


def test_one_after_another_in_a_run() -> None:
    with StandIn(by_prompt) as server, asker(server.url) as one:
        for n, question in enumerate(questions(5)):
            decision = one.ask([question])[0]
            assert decision.answer is not None
            assert decision.answer.values["confidence"] == n
        assert (one.counters.decisions, one.counters.calls) == (5, 5)
        assert len(server.calls) == 5


def test_only_loopback_is_spoken_to_where_that_is_demanded() -> None:
    access = Access("http://192.0.2.1/v1", CANARY, loopback_only=True)
    with Asker(SIGNAL, Endpoint(PROVIDER, access), AnswerCache(Rows())) as one, refused():
        one.ask(questions(1))
    away = [("Location", "http://192.0.2.1/v1/chat/completions")]
    with StandIn(sends(http(b"", 307, headers=away))) as server:
        access = Access(server.url, CANARY, loopback_only=True)
        with Asker(SIGNAL, Endpoint(PROVIDER, access), AnswerCache(Rows())) as one, refused():
            one.ask(questions(1))


def refused() -> Any:
    return pytest.raises(LlmRefused, match=r"192\.0\.2\.1")


def test_openai_itself_is_asked_in_its_own_words() -> None:
    endpoint = Endpoint(PROVIDER, Access(None, CANARY))
    request = questions(1)[0].requests[0]
    sent = endpoint._parameters(request, request.messages, "json_schema")
    assert sent["max_completion_tokens"] == 400
    assert "max_tokens" not in sent
