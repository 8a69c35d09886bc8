"""Streams of what is stored: by real sockets, on both databases, written by another store."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rtrade.core.errors import StoreError
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import HOUR
from rtrade.store.store import Store
from rtrade.store.tails import NOTHING, Position
from rtrade.web.api import stream as endpoint
from rtrade.web.site import site_of
from rtrade.web.streams import Event, Subscription
from rtrade.workflow import tailing
from rtrade.workflow.holding import HeldStore
from rtrade.workflow.tailing import PAGE, Listener, Tail, position_of, token_of
from web.markets import (
    START,
    SYMBOL,
    Stream,
    Told,
    columns_of,
    key_of,
    make_bars,
    make_market,
    make_trades,
    store_bars,
    stored,
)
from web.serving import PATIENCE, Served, served

PATH = "/api/v1/stream/BTC-USDT?timeframe=1h"
VENUE = key_of().venue


@dataclass
class Place:
    """A server, and the store that a collector writes into."""

    server: Served
    store: Store

    def trade(self, first: int, count: int) -> None:
        trades = make_trades(count, first=first)
        span = Interval(int(trades.time[0]), int(trades.time[-1]) + 1)
        self.store.write_trades(VENUE, SYMBOL, trades, [span])

    def book(self, at: int, price: float) -> None:
        levels = np.array([[price, 1.5], [price - 1, 2.0]])
        self.store.write_book(VENUE, SYMBOL, at, levels, levels[::-1] + 2)

    def bars(self, first: int, stop: int) -> None:
        part = make_bars(stop).slice(first, stop)
        store_bars(self.store, part, key_of())


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    on_postgres = request.param == "postgres"
    database = request.getfixturevalue("postgres_url") if on_postgres else ""
    folder = make_market(tmp_path / "w", database=database)
    with stored(folder, database) as store, served(folder) as server:
        # A market of which something is stored, so that no exchange is asked whether there is one.
        store.write_bars(key_of(), [Interval(0, HOUR)], None)
        yield Place(server, store)


class Comings:
    """Tells when a listener has joined the tail of a server, and when it has left."""

    def __init__(self, server: Served) -> None:
        assert server.app is not None
        self.tail = site_of(server.app).markets.tail
        self.joined, self.left = threading.Event(), threading.Event()
        self._join = self.tail.join
        self.tail.join = self.join  # type: ignore[method-assign] # the real one is called

    def join(self, listener: Listener) -> Callable[[], None]:
        leave = self._join(listener)
        self.joined.set()

        def ended() -> None:
            leave()
            self.left.set()

        return ended


def ids_of(events: list[Told]) -> list[int]:
    return [one for event in events if event.name == "trades" for one in event.json["id"]]


def test_a_stream_says_first_what_it_sends(place: Place) -> None:
    with Stream(place.server, PATH) as stream:
        assert stream.answer.status == 200
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
        assert stream.answer.headers["Cache-Control"] == "no-store"
        ready = stream.next()
        assert ready is not None
        assert ready.name == "ready"
        assert ready.json == {
            "symbol": SYMBOL, "source": "binance", "timeframe": "1h",
            "events": ["trades", "candles", "book"],
        }  # fmt: skip
        assert position_of(ready.id) is not None


def test_what_is_stored_from_now_on_is_sent(place: Place) -> None:
    place.trade(1, 50)
    place.bars(0, 20)
    with Stream(place.server, PATH) as stream:
        stream.until("ready")
        place.trade(51, 3)
        event = stream.until("trades")
        trades = make_trades(3, first=51)
        assert event.json == {
            "id": [51, 52, 53], "time": trades.time.tolist(), "price": trades.price.tolist(),
            "amount": trades.amount.tolist(), "side": ["sell", "buy", "buy"],
        }  # fmt: skip
        place.bars(20, 22)
        event = stream.until("candles")
        assert event.json == columns_of(make_bars(22).slice(20, 22))
        place.book(START, 100.0)
        event = stream.until("book")
        assert event.json == {
            "time": START, "bids": [[100.0, 1.5], [99.0, 2.0]],
            "asks": [[101.0, 4.0], [102.0, 3.5]],
        }  # fmt: skip


def test_the_newest_book_comes_at_once(place: Place) -> None:
    place.book(START, 100.0)
    place.book(START + 5, 105.0)
    with Stream(place.server, PATH) as stream:
        assert stream.until("book").json["time"] == START + 5


def test_the_first_of_all_trades_is_sent_too(place: Place) -> None:
    with Stream(place.server, PATH) as stream:
        stream.until("ready")
        place.trade(1, 2)
        assert stream.until("trades").json["id"] == [1, 2]


def test_a_stream_goes_on_after_the_last_id(place: Place) -> None:
    place.trade(1, 10)
    with Stream(place.server, PATH) as stream:
        stream.until("ready")
        place.trade(11, 5)
        first = stream.until("trades")
    assert first.json["id"] == [11, 12, 13, 14, 15]
    # While nobody listens, more comes than is read at once.
    place.trade(16, 2 * PAGE + 500)
    place.bars(0, 3)
    seen: list[Told] = []
    with Stream(place.server, PATH, last=first.id) as stream:
        while len(ids_of(seen)) < 2 * PAGE + 500 or not any(e.name == "candles" for e in seen):
            event = stream.next()
            assert event is not None
            seen.append(event)
    assert ids_of(seen) == list(range(16, 16 + 2 * PAGE + 500))


def test_every_event_can_be_the_last_one(place: Place) -> None:
    place.trade(1, 1)
    place.bars(0, 1)
    with Stream(place.server, PATH) as stream:
        ready = stream.until("ready")
        events: list[Told] = []
        for at in range(4):
            place.trade(2 + at, 1)
            events.append(stream.until("trades"))
    for at, event in enumerate([ready, *events]):
        with Stream(place.server, PATH, last=event.id) as stream:
            stream.until("ready")
            if at == len(events):
                place.trade(6, 1)
            found = stream.until("trades")
            assert found.json["id"][0] == at + 2, (at, event)


def test_only_one_kind_is_sent_where_that_is_asked(place: Place) -> None:
    with Stream(place.server, f"{PATH}&only=candles") as stream:
        assert stream.until("ready").json["events"] == ["candles"]
        place.trade(1, 3)
        place.book(START, 5.0)
        place.bars(0, 1)
        event = stream.next()
        assert event is not None
        assert event.name == "candles"


def test_several_streams_hear_the_same(place: Place) -> None:
    with Stream(place.server, PATH) as one, Stream(place.server, PATH) as two:
        for stream in (one, two):
            stream.until("ready")
        place.trade(1, 4)
        assert one.until("trades").json == two.until("trades").json


def test_a_stream_that_is_left_is_read_for_no_longer(place: Place) -> None:
    comings = Comings(place.server)
    with Stream(place.server, PATH) as stream:
        stream.until("ready")
        assert len(comings.tail) == 1
    assert comings.left.wait(PATIENCE)
    assert len(comings.tail) == 0


def test_streams_end_with_the_server(place: Place) -> None:
    with Stream(place.server, PATH) as stream:
        stream.until("ready")
        assert place.server.server is not None
        place.server.server.stop()
        assert stream.next() is None


@pytest.mark.parametrize("given", ["x", "t1", "t1.c2.b3.d4", f"t{2**63}.c0.b0"])
def test_an_id_that_is_none_is_refused(place: Place, given: str) -> None:
    with Stream(place.server, PATH, last=given) as stream:
        assert stream.answer.status == 422


def test_a_stream_of_no_exchange_is_refused(place: Place) -> None:
    assert place.server.get(f"{PATH}&source=sample").status == 404
    assert place.server.get(f"{PATH}&source=nowhere").status == 422
    assert place.server.get(f"{PATH}&only=ticker").status == 422


# Clients that are too slow


class Overrun(Subscription):
    """A subscription that tells when it has been cut off."""

    happened = threading.Event()

    def put(self, event: Event, *, replaces: str | None = None) -> None:
        super().put(event, replaces=replaces)
        if self._ended:
            self.happened.set()


def test_who_cannot_follow_is_told_and_misses_no_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "Subscription", Overrun)
    monkeypatch.setattr(endpoint, "_CAPACITY", 3)
    monkeypatch.setattr(endpoint, "_AHEAD", 1000)
    folder = make_market(tmp_path / "w")
    with stored(folder) as store, served(folder) as server:
        place = Place(server, store)
        place.trade(1, 1)
        comings = Comings(server)
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
            client.sendall(request.encode())
            assert comings.joined.wait(PATIENCE)
            # Nothing is read: what the kernel and the server hold fills up, then the queue.
            first = 2
            while not Overrun.happened.is_set():
                place.trade(first, PAGE)
                first += PAGE
            text = b""
            while part := client.recv(1 << 16):
                text += part
        events = text.decode().split("\n\n")
        assert any("event: overrun\ndata: too slow" in one for one in events)
        ids = [line[4:] for line in text.decode().splitlines() if line.startswith("id: ")]
        # Who comes back is read for only as fast as it takes, as usual.
        monkeypatch.setattr(endpoint, "_AHEAD", 1)
        with Stream(server, PATH, last=ids[-1]) as stream:
            stream.until("ready")
            position = position_of(ids[-1])
            assert position is not None
            assert stream.until("trades").json["id"][0] == position.trade + 1


def test_books_that_were_not_sent_yet_are_replaced(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    with stored(folder) as store:
        subscription = Subscription(3)
        hear = endpoint._sender(subscription, ("trades", "candles", "book"))
        for at in range(10):
            levels = np.array([[100.0 + at, 1.0]])
            store.write_book(VENUE, SYMBOL, START + at, levels, levels + 1)
            news = store.news(key_of(), Position(book=START + at - 1), 10)
            hear(news)
        assert len(subscription) == 1
        event = subscription.take(0)
        assert event is not None
        assert f'"time":{START + 9}' in event.data


def test_who_catches_up_is_read_for_as_fast_as_it_takes(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    held = HeldStore(folder)
    with stored(folder) as store:
        trades = make_trades(5 * PAGE)
        store.write_trades(VENUE, SYMBOL, trades, [Interval(START, int(trades.time[-1]) + 1)])
        tail, heard, ready = Tail(held, 1000.0), [], itertools.cycle([True, False])
        slow = Listener(key_of(), heard.append, lambda _: None, lambda: next(ready), Position())
        tail._listeners.add(slow)
        for rounds in range(1, 11):
            tail.round(store)
            assert len(heard) == (rounds + 1) // 2
        assert [len(one.trades) for one in heard] == [PAGE] * 5
        assert slow.position.trade == 5 * PAGE
    held.close()


def test_listeners_are_told_when_the_store_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tailing, "_PATIENCE", 0.0)
    held = HeldStore(make_market(tmp_path / "w"))
    tail, told = Tail(held, 0.01), []
    failed = threading.Event()

    def fail(reason: str) -> None:
        told.append(reason)
        failed.set()

    leave = tail.join(Listener(key_of(), lambda _: None, fail, lambda: True))
    held.close()
    assert failed.wait(PATIENCE)
    assert told == ["the store has been closed"]
    leave()
    with pytest.raises(StoreError):
        tail.join(Listener(key_of(), lambda _: None, fail, lambda: True))


def test_positions_are_texts_and_back() -> None:
    for position in (Position(), Position(5, 7 * HOUR, -3), Position(NOTHING, 0, 2**62 - 1)):
        assert position_of(token_of(position)) == position
    assert position_of(f"t{2**62}.c0.b0") is None
