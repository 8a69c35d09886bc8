"""Tickers, books, trades and averages: of a stand-in over real sockets, or out of the store."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from rtrade.core.errors import ExchangeBusy, ExchangeUnreachable
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import HOUR, MINUTE, Timeframe, iso
from rtrade.data.vwap import vwap
from rtrade.testing import FakeExchange
from rtrade.web.site import site_of
from rtrade.workflow import quoting
from rtrade.workflow.quoting import Questions
from web.markets import (
    SYMBOL,
    Stream,
    key_of,
    make_bars,
    make_market,
    make_trades,
    recent_bars,
    store_bars,
    stored,
)
from web.serving import PATIENCE, Served, served

COUNT = 800


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def exchange() -> Iterator[FakeExchange]:
    with FakeExchange([recent_bars(COUNT)]) as one:
        yield one


@pytest.fixture(scope="module")
def server(exchange: FakeExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_market(tmp_path_factory.mktemp("live"), exchange.url)
    with served(folder) as one:
        yield one


@pytest.fixture
def stocked(tmp_path: Path) -> Iterator[tuple[Served, object, str]]:
    """A server whose exchange is a port where nobody listens, and its store."""
    folder = make_market(tmp_path / "w")
    with stored(folder) as store, served(folder) as one:
        yield one, store, key_of().venue


def good(server: Served, path: str) -> dict:
    answer = server.get(path)
    assert answer.status == 200, answer.body
    assert answer.headers["cache-control"] == "no-store"
    return answer.json


# Asked of the exchange


@pytest.mark.parametrize("spelled", ["BTC-USDT", "BTC/USDT", "BTC%2FUSDT"])
def test_a_ticker_is_the_last_day(server: Served, exchange: FakeExchange, spelled: str) -> None:
    found = good(server, f"/api/v1/ticker/{spelled}")
    day = exchange.truth(SYMBOL, "1h")
    assert (found["symbol"], found["source"]) == (SYMBOL, "binance")
    assert found["bid"] < found["ask"]
    assert found["low"] <= found["last"] <= found["high"]
    assert found["high"] >= day.high[-20:].max()
    assert found["low"] <= day.low[-20:].min()
    assert found["volume"] > 0
    assert found["quote_volume"] == pytest.approx(found["volume"] * found["last"], rel=0.2)
    assert abs(found["time"] - now()) < HOUR


@pytest.mark.parametrize("limit", [1, 3, 20, 77, 1000])
def test_a_book_has_its_best_levels_first(server: Served, limit: int) -> None:
    found = good(server, f"/api/v1/orderbook/BTC-USDT?limit={limit}")
    assert found["origin"] == "exchange"
    bids, asks = np.array(found["bids"]), np.array(found["asks"])
    assert 1 <= len(bids) <= limit
    assert bids[0, 0] < asks[0, 0]
    assert (np.diff(bids[:, 0]) < 0).all()
    assert (np.diff(asks[:, 0]) > 0).all()


def test_the_last_trades_come_in_order(server: Served) -> None:
    found = good(server, "/api/v1/trades/BTC-USDT?limit=50")
    trades = found["trades"]
    assert (found["origin"], found["next"]) == ("exchange", None)
    assert {len(column) for column in trades.values()} == {50}
    assert trades["id"] == list(range(trades["id"][0], trades["id"][0] + 50))
    assert trades["time"] == sorted(trades["time"])
    assert set(trades["side"]) <= {"buy", "sell"}


def test_trades_of_a_stretch_are_paged_by_id(server: Served, exchange: FakeExchange) -> None:
    end = exchange.truth(SYMBOL, "1h").time[-100].item()
    start = end - 3 * HOUR
    address = f"/api/v1/trades/BTC-USDT?from={start}&to={end}"
    seen, after, pages = [], "", 0
    while True:
        found = good(server, f"{address}&limit=10{after}")
        seen += found["trades"]["id"]
        assert all(start <= one < end for one in found["trades"]["time"])
        pages += 1
        if found["next"] is None:
            break
        after = f"&after={found['next']}"
    assert pages > 1
    assert seen == good(server, f"{address}&limit=1000")["trades"]["id"]
    assert seen == list(range(seen[0], seen[-1] + 1))


def test_an_answer_is_kept_for_a_moment_and_asked_once(
    exchange: FakeExchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow this machine is, the moment is not over.
    monkeypatch.setattr(quoting, "_FRESH", PATIENCE)
    with served(make_market(tmp_path / "w", exchange.url)) as server:
        good(server, "/api/v1/orderbook/BTC-USDT")
        before = sum(one.path.endswith("/depth") for one in exchange.requests)
        answers: list[dict] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(good(server, "/api/v1/orderbook/BTC-USDT?limit=50"))
            )
            for _ in range(5)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join(PATIENCE)
        after = sum(one.path.endswith("/depth") for one in exchange.requests)
    assert len(answers) == 5
    assert len({one["time"] for one in answers}) == after - before == 1


def test_the_list_of_markets_is_asked_for_once(exchange: FakeExchange, tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w", exchange.url)

    def asked() -> int:
        return sum(one.path.endswith("/exchangeInfo") for one in exchange.requests)

    before = asked()
    for _ in range(2):
        with served(folder) as server:
            good(server, "/api/v1/ticker/BTC-USDT")
    assert asked() - before == 1


OWN = ("ticker/{}", "orderbook/{}", "trades/{}", "vwap/{}?window=1h", "stream/{}")
ENVELOPED = (
    "market/ticker/{}", "market/ticker?symbol={}", "market/orderbook/{}", "market/trades?symbol={}",
    "market/klines?interval=1h&symbol={}",
)  # fmt: skip


@pytest.mark.parametrize("path", OWN)
def test_a_market_that_there_is_not_is_not_found(server: Served, path: str) -> None:
    answer = server.get(f"/api/v1/{path.format('DOGE-USDT')}")
    assert answer.status == 404
    assert "has no symbol `DOGE/USDT`" in answer.json["detail"]
    assert answer.json["hint"]


@pytest.mark.parametrize("path", ENVELOPED)
@pytest.mark.parametrize("spelled", ["NULL", "DOGEUSDT", "DOGE-USDT"])
def test_nor_is_one_in_the_envelope(server: Served, path: str, spelled: str) -> None:
    answer = server.get(f"/api/v1/{path.format(spelled)}")
    assert answer.status == 404
    assert "has no symbol `" in answer.json["error"]


NO_MARKETS = (
    "2130706433", "9" * 21, "btcusdt", "BTC_USDT", "/USDT", "BTC/", "BTC-1", "USD",
    "A" * 60 + "-USDT", "\uff22TC/USDT", "\u2025/\u2025/secret.txt", "BTC/USDT\n",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_MARKETS)
def test_what_no_market_can_be_called_is_refused_before_anybody_is_asked(
    stocked: tuple, text: str
) -> None:
    server = stocked[0]
    for path in (*OWN, *ENVELOPED):
        answer = server.get(f"/api/v1/{path.format(quote(text, safe=''))}")
        # The exchange is not there: asking it would be a 502.
        assert answer.status in (404, 422), (path, answer.body)
        assert answer.json["detail"]


@pytest.mark.parametrize(("path", "status"), [("ticker/{}", 404), ("ticker?symbol={}", 422)])
def test_a_refused_text_is_told_how_to_be_written(stocked: tuple, path: str, status: int) -> None:
    answer = stocked[0].get(f"/api/v1/market/{path.format('btcusdt')}")
    assert answer.status == status
    said = "`symbol` is no market: write base and quote currency in capitals, such as `BTCUSDT`"
    assert said in answer.json["error"]


@pytest.mark.parametrize(
    "path", ["ticker/{}", "market/ticker/{}", "market/klines?interval=1h&symbol={}"]
)
def test_what_could_be_a_market_is_asked_for(stocked: tuple, path: str) -> None:
    assert stocked[0].get(f"/api/v1/{path.format('NULL-USDT')}").status == 502


def test_a_stream_needs_no_exchange(stocked: tuple) -> None:
    with Stream(stocked[0], "/api/v1/stream/NULL-USDT") as stream:
        assert stream.answer.status == 200
        assert stream.until("ready").json["symbol"] == "NULL/USDT"


def test_a_stored_perpetual_is_not_the_spot_market(exchange: FakeExchange, tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w", exchange.url)
    with stored(folder) as store, served(folder) as server:
        perpetual = make_bars(3, symbol=f"{SYMBOL}:USDT")
        store_bars(store, perpetual, key_of(exchange.url, symbol=f"{SYMBOL}:USDT"))
        own = good(server, "/api/v1/ticker/BTC-USDT")
        found = enveloped(server, "ticker/BTCUSDT")
    assert float(found["high_24h"]) == own["high"]


@pytest.mark.parametrize("path", ["ticker", "orderbook", "trades"])
def test_files_and_generators_have_bars_alone(server: Served, path: str) -> None:
    answer = server.get(f"/api/v1/{path}/BTC-USDT?source=sample")
    assert answer.status == 404
    assert "is no exchange" in answer.json["detail"]


def test_an_exchange_that_is_not_there_is_a_bad_gateway(stocked: tuple) -> None:
    server = stocked[0]
    answer = server.get("/api/v1/ticker/BTC-USDT")
    assert answer.status == 502
    assert "127.0.0.1:9" not in answer.json["detail"]
    assert server.get("/healthz").status == 200


def test_an_exchange_that_never_answers_takes_no_thread_for_long(tmp_path: Path) -> None:
    release = threading.Event()
    questions = Questions(patience=0.05)
    with pytest.raises(ExchangeUnreachable, match="not answered"):
        questions.ask("slow", lambda: release.wait(PATIENCE))
    for at in range(7):
        with pytest.raises(ExchangeUnreachable):
            questions.ask(at, lambda: release.wait(PATIENCE))
    with pytest.raises(ExchangeBusy, match="under way"):
        questions.ask("one more", lambda: release.wait(PATIENCE))
    release.set()
    patient = Questions()
    with pytest.raises(ZeroDivisionError):
        patient.ask("fails", lambda: 1 // 0)
    assert patient.ask("fails", lambda: 7) == 7
    assert patient.ask("fails", lambda: 8) == 7


def test_a_changed_source_is_asked_at_its_new_address(tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w")
    with FakeExchange([recent_bars(30)]) as exchange, served(folder) as server:
        assert server.get("/api/v1/ticker/BTC-USDT?source=binance").status == 502
        make_market(folder, exchange.url)
        assert good(server, "/api/v1/ticker/BTC-USDT?source=binance")["bid"] > 0


# Out of the store


def test_a_book_that_a_collector_keeps_is_not_asked_for(stocked: tuple) -> None:
    server, store, venue = stocked
    bids = np.array([[100.0, 1.0], [99.5, 2.0], [99.0, 3.0]])
    asks = np.array([[100.5, 1.0], [101.0, 2.5]])
    at = now()
    store.write_book(venue, SYMBOL, at, bids, asks)
    found = good(server, "/api/v1/orderbook/BTC-USDT?limit=2")
    assert found == {
        "symbol": SYMBOL, "source": "binance", "origin": "store", "time": at,
        "bids": [[100.0, 1.0], [99.5, 2.0]], "asks": [[100.5, 1.0], [101.0, 2.5]],
    }  # fmt: skip


def test_a_book_that_has_grown_old_is_asked_for_anew(stocked: tuple) -> None:
    server, store, venue = stocked
    levels = np.array([[100.0, 1.0]])
    store.write_book(venue, SYMBOL, now() - MINUTE, levels, levels + 1)
    assert server.get("/api/v1/orderbook/BTC-USDT").status == 502


def test_trades_that_a_collector_keeps_are_not_asked_for(stocked: tuple) -> None:
    server, store, venue = stocked
    start = now() - 60_000
    trades = make_trades(60, first=500, start=start)
    store.write_trades(venue, SYMBOL, trades, [Interval(start, now())])
    found = good(server, "/api/v1/trades/BTC-USDT?limit=3")
    assert (found["origin"], found["trades"]["id"]) == ("store", [557, 558, 559])
    assert found["trades"]["side"] == ["sell", "buy", "buy"]


def test_stored_trades_of_a_stretch_are_paged_by_id(stocked: tuple) -> None:
    server, store, venue = stocked
    trades = make_trades(100)
    start = int(trades.time[0])
    store.write_trades(venue, SYMBOL, trades, [Interval(start, start + 100_000)])
    address = f"/api/v1/trades/BTC-USDT?from={start}&to={start + 90_000}&limit=40"
    first = good(server, address)
    assert (first["origin"], first["next"]) == ("store", 40)
    second = good(server, f"{address}&after=40")
    third = good(server, f"{address}&after=80")
    assert third["next"] is None
    ids = [one for page in (first, second, third) for one in page["trades"]["id"]]
    assert ids == list(range(1, 91))
    # What was not collected whole is asked of the exchange, which is not there.
    assert server.get(f"/api/v1/trades/BTC-USDT?from={start - 1}&to={start + 9}").status == 502


# Averages


def test_an_average_of_trades(stocked: tuple) -> None:
    server, store, venue = stocked
    trades = make_trades(100)
    start = int(trades.time[0])
    store.write_trades(venue, SYMBOL, trades, [Interval(start, start + 100_000)])
    found = good(server, f"/api/v1/vwap/BTC-USDT?from={start + 10_000}&to={start + 20_000}")
    price, amount = trades.price[10:20], trades.amount[10:20]
    assert (found["of"], found["count"], found["missing"]) == ("trades", 10, 0)
    worth = math.fsum((price * amount).tolist())
    assert found["vwap"] == worth / math.fsum(amount.tolist())
    assert (found["from"], found["to"]) == (start + 10_000, start + 20_000)


def test_an_average_of_stored_bars_is_that_of_the_catalog(stocked: tuple) -> None:
    server, store, _ = stocked
    bars = make_bars(200, without=[50, 51])
    store_bars(store, bars, key_of())
    start, end = int(bars.time[40]), int(bars.time[80])
    found = good(server, f"/api/v1/vwap/BTC-USDT?from={start}&to={end}")
    part = bars.slice(40, 80)
    expected = vwap(part.high, part.low, part.close, part.volume, n=40)[0]
    assert found["vwap"] == expected
    assert (found["of"], found["count"], found["timeframe"]) == ("bars", 40, "1h")
    assert found["missing"] == 2
    assert found["volume"] == pytest.approx(part.volume.sum())


def test_nothing_traded_has_no_average(stocked: tuple) -> None:
    server, store, _ = stocked
    store.write_bars(key_of(), [Interval(0, 10 * HOUR)], None)
    found = good(server, f"/api/v1/vwap/BTC-USDT?from=0&to={5 * HOUR}")
    assert (found["vwap"], found["volume"], found["count"], found["missing"]) == (None, 0, 0, 5)


def test_an_average_of_generated_bars(server: Served) -> None:
    found = good(server, "/api/v1/vwap/BTC-USDT?window=1h&source=sample")
    assert (found["count"], found["timeframe"], found["source"]) == (12, "5m", "sample")
    assert found["to"] - found["from"] == HOUR


@pytest.fixture(scope="module")
def minutes() -> Iterator[FakeExchange]:
    frame = Timeframe(MINUTE)
    start = frame.floor(now()) - 3000 * MINUTE
    with FakeExchange([make_bars(3002, start=start, frame=frame)]) as one:
        yield one


def test_the_last_window_is_fetched_and_stored(minutes: FakeExchange, tmp_path: Path) -> None:
    folder = make_market(tmp_path / "w", minutes.url)
    with served(folder) as server:
        found = good(server, "/api/v1/vwap/BTC-USDT?window=2h")
        truth = minutes.truth(SYMBOL, "1m")
        inside = (truth.time >= found["from"]) & (truth.time < found["to"])
        columns = (truth.high, truth.low, truth.close, truth.volume)
        expected = vwap(*(one[inside] for one in columns), n=120)[0]
        assert (found["count"], found["timeframe"], found["missing"]) == (120, "1m", 0)
        assert found["vwap"] == expected
        asked = len(minutes.requests)
        again = good(server, f"/api/v1/vwap/BTC-USDT?from={found['from']}&to={found['to']}")
        assert again["vwap"] == expected
        assert len(minutes.requests) == asked


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("", "window"),
        ("?window=1h&from=0&to=1", "window"),
        ("?from=5", "to"),
        ("?to=5", "from"),
        ("?from=5&to=5", "to"),
        ("?window=1x", "window"),
        ("?window=1h&timeframe=1m", "timeframe"),
    ],
)
def test_wrong_windows_are_named(server: Served, query: str, name: str) -> None:
    answer = server.get(f"/api/v1/vwap/BTC-USDT{query}")
    assert answer.status == 422
    assert [one["name"] for one in answer.json["errors"]] == [name]


@pytest.mark.parametrize("query", ["?window=1M", "?window=90s", "?from=60001&to=60002"])
def test_windows_without_whole_bars_are_refused(server: Served, query: str) -> None:
    assert server.get(f"/api/v1/vwap/BTC-USDT{query}").status == 422


# The endpoints of the earlier project


def enveloped(server: Served, path: str) -> object:
    answer = server.get(f"/api/v1/market/{path}")
    assert answer.status == 200, answer.body
    document = answer.json
    assert set(document) == {"success", "data", "error"}
    assert (document["success"], document["error"]) == (True, None)
    return document["data"]


@pytest.mark.parametrize("spelled", ["BTCUSDT", "BTC-USDT"])
@pytest.mark.parametrize("form", ["{}/{}", "{}?symbol={}"])
def test_the_four_endpoints_keep_their_envelope(server: Served, form: str, spelled: str) -> None:
    ticker = enveloped(server, form.format("ticker", spelled))
    assert set(ticker) == {
        "symbol", "price", "timestamp", "volume_24h", "high_24h", "low_24h",
    }  # fmt: skip
    own = good(server, "/api/v1/ticker/BTC-USDT")
    # High and low are those of the day, not the best bid and ask.
    assert float(ticker["high_24h"]) == own["high"]
    assert float(ticker["low_24h"]) == own["low"]
    assert ticker["timestamp"].endswith("Z")
    book = enveloped(server, form.format("orderbook", spelled))
    assert set(book) == {"symbol", "timestamp", "bids", "asks"}
    assert len(book["bids"]) == 20
    assert all(isinstance(one, str) for one in book["bids"][0])
    trades = enveloped(server, form.format("trades", spelled))
    assert len(trades) == 20
    assert set(trades[0]) == {"symbol", "timestamp", "price", "quantity", "is_buyer_maker"}
    assert float(trades[0]["price"]) > 0


def test_klines_come_from_the_store_once_they_were_fetched(
    exchange: FakeExchange, tmp_path: Path
) -> None:
    with served(make_market(tmp_path / "w", exchange.url)) as server:
        truth = exchange.truth(SYMBOL, "1h")
        start = int(truth.time[100])
        path = f"klines?symbol=BTCUSDT&interval=1h&startTime={start}&limit=5"
        found = enveloped(server, path)
        assert [one["timestamp"] for one in found] == [iso(t) for t in truth.time[100:105].tolist()]
        assert [float(one["close"]) for one in found] == truth.close[100:105].tolist()
        assert [float(one["high"]) for one in found] == truth.high[100:105].tolist()
        assert [float(one["low"]) for one in found] == truth.low[100:105].tolist()
        assert [float(one["volume"]) for one in found] == truth.volume[100:105].tolist()
        assert set(found[0]) == {
            "timestamp", "symbol", "price", "volume", "high", "low", "open", "close",
        }  # fmt: skip
        assert found[0]["price"] == found[0]["close"]
        asked = len(exchange.requests)
        assert enveloped(server, path) == found
        same = f"klines?symbol=BTC-USDT&interval=1h&start_time={iso(start)}&limit=5"
        assert [one["close"] for one in enveloped(server, same)] == [one["close"] for one in found]
        assert len(exchange.requests) == asked
        stored_ones = server.get("/api/v1/candles?symbol=BTC-USDT&timeframe=1h").json["bars"]
        assert stored_ones["close"] == truth.close[100:105].tolist()


def test_the_last_klines_are_those_that_closed(server: Served, exchange: FakeExchange) -> None:
    found = enveloped(server, "klines?symbol=BTCUSDT&interval=1h&limit=3")
    truth = exchange.truth(SYMBOL, "1h")
    assert [one["timestamp"] for one in found] == [iso(one) for one in truth.time[-3:].tolist()]
    end = int(truth.time[-10])
    found = enveloped(server, f"klines?symbol=BTCUSDT&interval=1h&limit=2&endTime={end}")
    assert [one["timestamp"] for one in found] == [iso(one) for one in truth.time[-11:-9].tolist()]
    ahead = f"klines?symbol=BTCUSDT&interval=1h&startTime={now() + HOUR}"
    assert enveloped(server, ahead) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("klines?symbol=BTCUSDT", 422),
        ("klines?symbol=BTCUSDT&interval=1h&limit=1001", 422),
        ("klines?symbol=BTCUSDT&interval=1h&startTime=yesterday", 422),
        ("klines?symbol=BTCUSDT&interval=1h&startTime=5&start_time=5", 422),
        ("klines?symbol=BTCUSDT&interval=1h&startTime=5&endTime=4", 422),
        ("klines?symbol=BTCUSDT&interval=7h&startTime=5", 404),
        ("ticker", 422),
        ("ticker/XXXUSDT", 404),
        ("orderbook/BTCUSDT?depth=5", 422),
    ],
)
def test_refusals_have_a_status_and_the_envelope(server: Served, path: str, status: int) -> None:
    answer = server.get(f"/api/v1/market/{path}")
    document = answer.json
    assert answer.status == document["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (document["success"], document["data"]) == (False, None)
    assert document["error"] == document["detail"] != ""


def test_a_server_ends_while_an_exchange_is_asked(tmp_path: Path) -> None:
    with served(make_market(tmp_path / "w")) as server:
        assert server.app is not None
        markets = site_of(server.app).markets
        begun, release = threading.Event(), threading.Event()

        def slow() -> None:
            begun.set()
            release.wait(PATIENCE)

        waiting = threading.Thread(target=markets.exchanges.questions.ask, args=("slow", slow))
        waiting.start()
        assert begun.wait(PATIENCE)
    release.set()
    waiting.join(PATIENCE)
