"""Whatever is asked is answered with data or an error of Binance; streams never fail quietly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.rest import ENDPOINTS, answer
from rtrade.testing.streams import TradeStream
from testing_exchange.listening import Listener, listen
from testing_exchange.serving import HOUR, START, hourly

EXCHANGE = FakeExchange([hourly(30)], clock=ManualClock(START + 20 * HOUR + 5), weight_limit=None)

names = st.sampled_from(
    ["symbol", "interval", "startTime", "endTime", "limit", "fromId", "symbols", "timeZone", "type",
     "symbolStatus", "x"]
)  # fmt: skip
values = st.one_of(
    st.sampled_from(["BTCUSDT", "1h", "1M", "1s", '["BTCUSDT"]', "[]", "0", "5", "1000", "5000"]),
    st.sampled_from([-1, 10**17, 2**63 - 1, 2**63, 2**64, 10**19, 10**20 - 1, 10**20]).map(str),
    st.integers(START - 100 * HOUR, START + 100 * HOUR).map(str),
    st.text(max_size=8),
)
queries = st.dictionaries(names, values, max_size=5)


@given(st.sampled_from(sorted(ENDPOINTS)), queries, st.booleans())
def test_every_query_has_an_answer(path: str, query: dict[str, str], complete: bool) -> None:
    if complete:
        query = {"symbol": "BTCUSDT", **query}
        if "lines" in path:
            query = {"interval": "1h", **query}
    found = answer(EXCHANGE._state, "GET", path, query, None)
    assert found.status in (200, 400)
    document = json.loads(found.body)
    if found.status == 400:
        assert set(document) == {"code", "msg"}


def test_what_is_said_to_a_socket_is_answered_or_ignored() -> None:
    said: list[Any] = [
        None, 5, "x", [], {}, {"method": None}, {"method": "SUBSCRIBE"}, {"method": "SUBSCRIBE",
        "params": {}}, {"method": "UNSUBSCRIBE", "params": ["nope@x"], "id": {}},
        {"method": "SET_PROPERTY", "params": ["combined", "maybe"], "id": 1},
        {"method": "SUBSCRIBE", "params": ["@", "btcusdt@", "BTCUSDT@trade", "btcusdt@kline_9z"]},
    ]  # fmt: skip

    async def talk(one: Listener) -> None:
        for document in said:
            await one.ws.send_str(json.dumps(document))
            assert {"result", "error"} & set(await one.next())

    with FakeExchange([hourly(5)]) as exchange:
        listen(exchange, "/ws", talk)


def test_streams_that_fail_end_the_server_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: TradeStream) -> list[bytes]:
        raise ArithmeticError("a bug")

    monkeypatch.setattr(TradeStream, "take", broken)
    clock = ManualClock(START)

    async def talk(one: Listener) -> None:
        clock.advance(HOUR)
        await one.frame()

    with (
        pytest.raises(ArithmeticError, match="a bug"),
        FakeExchange([hourly(5)], clock=clock) as exchange,
    ):
        listen(exchange, "/ws/btcusdt@trade", talk)
