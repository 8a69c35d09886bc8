"""Streams as a raw client sees them: the protocol, what comes when, and what goes wrong."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.faults import Fault, WrittenScript
from rtrade.testing.kinds import KINDS
from testing_exchange.listening import Listener, listen
from testing_exchange.serving import HOUR, MINUTE, START, Raw, hourly, make_bars

NOW = START + 10 * HOUR


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def minutes(count: int = 300) -> Any:
    return make_bars([NOW - 100 * MINUTE + at * MINUTE for at in range(count)], "1m", seed=8)


def test_subscriptions_are_acknowledged_listed_and_ended(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        names = ["btcusdt@trade", "btcusdt@kline_1h"]
        assert await one.tell("SUBSCRIBE", *names, number=7) == {"result": None, "id": 7}
        assert exchange.subscriptions == 2
        assert await one.tell("LIST_SUBSCRIPTIONS", number="x") == {"result": names, "id": "x"}
        assert await one.tell("UNSUBSCRIBE", names[0], number=8) == {"result": None, "id": 8}
        assert await one.tell("LIST_SUBSCRIPTIONS") == {"result": names[1:], "id": 1}
        # A stream that there is not is acknowledged, and silent.
        assert (await one.tell("SUBSCRIBE", "nope@trade"))["result"] is None
        assert await one.tell("GET_PROPERTY", "combined") == {"result": False, "id": 1}
        for method, params in (("SUBSCRIBE", [5]), ("DANCE", [])):
            assert (await one.tell(method, *params))["error"]["code"] == 2
        await one.ws.send_str("{")
        assert (await one.next())["error"]["code"] == 3
        await one.ws.send_str("[]")
        assert (await one.next())["error"]["code"] == 2
        too_many = [f"btcusdt@kline_{at}" for at in range(1025)]
        assert "error" in await one.tell("SUBSCRIBE", *too_many)

    with FakeExchange([hourly(90)], clock=clock) as exchange:
        listen(exchange, "/ws", talk)


def test_klines_form_and_close_as_rest_says(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(HOUR)
        messages = [await one.next() for _ in range(9)]
        klines = [message["k"] for message in messages]
        assert [kline["x"] for kline in klines] == [*[False] * 7, True, False]
        assert {kline["t"] for kline in klines[:8]} == {NOW}
        over = klines[7]
        row = raw.klines(startTime=NOW, limit=1)[0]
        assert [over[name] for name in "tohlcvTqnVQB"] == [
            row[at] for at in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
        ]
        assert messages[7]["E"] == NOW + HOUR
        assert klines[8]["t"] == NOW + HOUR
        volumes = [float(kline["v"]) for kline in klines[:8]]
        assert volumes == sorted(volumes)

    with FakeExchange([hourly(90)], clock=clock) as exchange:
        raw = Raw(exchange)
        listen(exchange, "/stream/ws/btcusdt@kline_1h", talk)


def test_a_month_of_bars_closes_in_order_with_one_step_of_the_clock() -> None:
    clock = ManualClock(START)
    bars = hourly(31 * 24, range(100, 110))

    async def talk(one: Listener) -> None:
        clock.advance(32 * 24 * HOUR)
        closed: list[Any] = []
        while len(closed) < len(bars):
            kline = (await one.next())["k"]
            closed += [kline] if kline["x"] else []
        truth = exchange.truth("BTC/USDT", "1h")
        assert [kline["t"] for kline in closed] == truth.time.tolist()
        assert [float(kline["c"]) for kline in closed] == truth.close.tolist()

    with FakeExchange([bars], clock=clock) as exchange:
        listen(exchange, "/ws/btcusdt@kline_1h", talk)


def test_coarser_klines_are_put_together_on_the_way(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(5 * MINUTE)
        while not (kline := (await one.next())["k"])["x"]:
            assert kline["i"] == "5m"
        row = raw.klines(interval="5m", startTime=kline["t"], limit=1)[0]
        assert [kline["o"], kline["h"], kline["l"], kline["c"], kline["v"]] == row[1:6]

    with FakeExchange([minutes()], clock=clock) as exchange:
        raw = Raw(exchange)
        listen(exchange, "/ws/btcusdt@kline_5m", talk)


def test_trades_and_combined_streams(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        found = await one.take(16)
        assert {message["stream"] for message in found} == {"btcusdt@trade", "btcusdt@aggTrade"}
        trades = [one["data"] for one in found if one["stream"].endswith("@trade")]
        rows = raw.get("/api/v3/trades", symbol="BTCUSDT", limit=9).json
        told = [(trade["t"], trade["p"], trade["q"], trade["T"]) for trade in trades]
        # One more trade stands at the very end of the minute.
        told_by_rest = [(row["id"], row["price"], row["qty"], row["time"]) for row in rows]
        assert set(told) <= set(told_by_rest)
        assert [trade["T"] for trade in trades] == sorted(trade["T"] for trade in trades)

    with FakeExchange([minutes()], clock=clock) as exchange:
        raw = Raw(exchange)
        listen(exchange, "/stream?streams=btcusdt@trade/btcusdt@aggTrade", talk)


def test_diffs_chain_from_any_snapshot_to_the_book_that_rest_has(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        snapshot = raw.get("/api/v3/depth", symbol="BTCUSDT", limit=5000).json
        clock.advance(20 * MINUTE)
        sides = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
        last, applied = snapshot["lastUpdateId"], 0
        wanted = raw.get("/api/v3/depth", symbol="BTCUSDT", limit=5000).json
        while last < wanted["lastUpdateId"]:
            diff = await one.next()
            if diff["u"] <= last:
                continue
            assert diff["U"] <= last + 1 <= diff["u"] if not applied else diff["U"] == last + 1
            last, applied = diff["u"], applied + 1
            for side, levels in sides.items():
                for price, size in diff[side]:
                    levels[price] = size
                    if not float(size):
                        del levels[price]
        assert applied > 100
        assert sides == {"b": dict(wanted["bids"]), "a": dict(wanted["asks"])}

    with FakeExchange([minutes()], clock=clock) as exchange:
        raw = Raw(exchange)
        listen(exchange, "/ws/btcusdt@depth@100ms", talk)


@pytest.mark.parametrize(
    ("stream", "names"),
    [
        ("bookTicker", {"u", "s", "b", "B", "a", "A"}),
        ("depth5@100ms", {"lastUpdateId", "bids", "asks"}),
        ("depth", {"e", "E", "s", "U", "u", "b", "a"}),
        ("miniTicker", {"e", "E", "s", "c", "o", "h", "l", "v", "q"}),
        ("ticker", set("eEspPwxcQbBaAohlvqOCFLn")),
    ],
)
def test_streams_of_prices(clock: ManualClock, stream: str, names: set[str]) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        assert set(await one.next()) == names

    with FakeExchange([minutes()], clock=clock) as exchange:
        listen(exchange, f"/ws/btcusdt@{stream}", talk)


def test_private_streams_are_refused(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        answer = await one.tell("userDataStream.subscribe.signature", number=3)
        assert (answer["id"], answer["status"], answer["error"]["code"]) == (3, 401, -2015)

    with FakeExchange([hourly(20)], clock=clock) as exchange:
        listen(exchange, "/ws-api/v3", talk)


def test_sockets_are_pinged_and_answer_pings(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtrade.testing.sockets.Sockets.ping.__defaults__", (0.01,))

    async def talk(one: Listener) -> None:
        await one.ws.ping(b"are you there")
        seen: dict[aiohttp.WSMsgType, bytes] = {}
        while set(seen) != {aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG}:
            frame = await one.frame()
            seen[frame.type] = frame.data
        assert seen[aiohttp.WSMsgType.PONG] == b"are you there"

    with FakeExchange([hourly(20)], clock=clock) as exchange:
        listen(exchange, "/ws", talk, autoping=False)


def faulty(clock: ManualClock, kind: str, **values: Any) -> FakeExchange:
    script = WrittenScript([Fault(kind, values, nth=3)])
    return FakeExchange([minutes()], clock=clock, faults=script)


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("lost_message", [1, 2, 4, 5]),
        ("repeated_message", [1, 2, 3, 3, 4]),
        ("swapped_messages", [1, 2, 4, 3, 5]),
    ],
)
def test_messages_are_lost_repeated_or_swapped(
    clock: ManualClock, kind: str, ids: list[int]
) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(5 * MINUTE)
        found = [message["t"] for message in await one.take(len(ids))]
        assert [number - found[0] + 1 for number in found] == ids

    with faulty(clock, kind) as exchange:
        listen(exchange, "/ws/btcusdt@trade", talk)
        assert [fault.kind for fault in exchange.stream_faults] == [kind]


def test_a_message_is_no_json(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        await one.take(2)
        text = await one.raw()
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)

    with faulty(clock, "malformed_message") as exchange:
        listen(exchange, "/ws/btcusdt@trade", talk)


@pytest.mark.parametrize(("kind", "code"), [("closed", 1008), ("shutdown", 1001)])
def test_a_socket_is_closed(clock: ManualClock, kind: str, code: int) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        await one.take(2)
        if kind == "shutdown":
            assert (await one.next())["e"] == "serverShutdown"
        frame = await one.frame()
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, code)

    values = {"code": code} if kind == "closed" else {}
    with faulty(clock, kind, **values) as exchange:
        listen(exchange, "/ws/btcusdt@trade", talk, autoclose=False)


def test_a_socket_is_dropped_in_the_middle_of_a_frame(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        await one.take(2)
        frame = await one.frame()
        assert frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert one.ws.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    with faulty(clock, "torn_frame") as exchange:
        listen(exchange, "/ws/btcusdt@trade", talk)


def test_silence_is_on_one_socket_alone(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        clock.advance(MINUTE)
        before = await one.take(2)

        async def other(two: Listener) -> None:
            clock.advance(MINUTE)
            assert (await two.next())["t"] > before[-1]["t"]

        address = f"{exchange.url}/ws/btcusdt@trade"
        async with aiohttp.ClientSession() as session, session.ws_connect(address) as ws:
            await other(Listener(ws))
        # What is asked on the silent socket is not answered: nothing has come since.
        await one.ws.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
        await one.ws.ping()
        assert not one.ws._reader._buffer

    with faulty(clock, "silence") as exchange:
        listen(exchange, "/ws/btcusdt@trade", talk)


def test_a_shutdown_is_announced_to_all(clock: ManualClock) -> None:
    async def talk(one: Listener) -> None:
        exchange.announce_shutdown()
        assert await one.next() == {"e": "serverShutdown", "E": NOW}

    with FakeExchange([hourly(20)], clock=clock) as exchange:
        listen(exchange, "/stream", talk)


def test_every_stream_fault_is_tried_here() -> None:
    tried = {"lost_message", "repeated_message", "swapped_messages", "malformed_message", "closed",
             "shutdown", "torn_frame", "silence"}  # fmt: skip
    assert {name for name, kind in KINDS.items() if kind.family == "stream"} == tried
