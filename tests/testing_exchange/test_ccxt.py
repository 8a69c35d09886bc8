"""The real ccxt and ccxt.pro against the stand-in; `test_lowest` runs this with the oldest too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.faults import Fault, WrittenScript
from rtrade.testing.recording import read_recording
from testing_exchange.listening import PATIENCE, record
from testing_exchange.serving import HOUR, MINUTE, START, hourly, make_bars, options, point

NOW = START + 2500 * HOUR + 20 * MINUTE
SYMBOL = "BTC/USDT"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[FakeExchange]:
    with FakeExchange([hourly(3000, range(700, 760))], clock=clock) as running:
        yield running


@pytest.fixture
def client(exchange: FakeExchange) -> Iterator[Any]:
    import ccxt

    made = point(ccxt.binance(options()), exchange.url)
    yield made
    made.session.close()


def test_markets_have_the_filters(client: Any) -> None:
    market = client.load_markets()[SYMBOL]
    assert market["active"]
    assert market["precision"]["price"] == 0.01
    assert market["precision"]["amount"] == 0.00001
    assert market["limits"]["cost"]["min"] == 5
    assert client.fetch_time() == NOW


def test_bars_are_paged_to_the_truth(client: Any, exchange: FakeExchange) -> None:
    rows: list[list[float]] = []
    since = START
    while since < NOW // HOUR * HOUR:
        until = {"until": NOW // HOUR * HOUR - 1}
        page = client.fetch_ohlcv(SYMBOL, "1h", since=since, limit=1000, params=until)
        rows += page
        since = page[-1][0] + HOUR
    truth = exchange.truth(SYMBOL, "1h")
    assert [row[0] for row in rows] == truth.time.tolist()
    for column, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        assert [row[column] for row in rows] == getattr(truth, name).tolist()
    assert client.fetch_ohlcv(SYMBOL, "1d", limit=3)[-1][0] == NOW // (24 * HOUR) * 24 * HOUR


def test_trades_book_and_tickers_are_understood(client: Any) -> None:
    trades = client.fetch_trades(SYMBOL, limit=8)
    assert [int(one["id"]) for one in trades] == sorted(int(one["id"]) for one in trades)
    book = client.fetch_order_book(SYMBOL, 10)
    assert book["bids"][0][0] < book["asks"][0][0]
    ticker = client.fetch_ticker(SYMBOL)
    assert ticker["last"] == trades[-1]["price"]
    assert ticker["quoteVolume"] > 0


# What ccxt makes of each answer. The two without a class it takes for a page without bars, in
# silence: who pages has to look at the text of the answer, or ask again.
UNDERSTOOD: list[tuple[Fault, str | None]] = [
    (Fault("rate_limit", {"seconds": 1}), "DDoSProtection"),
    (Fault("ban", {"seconds": 1}), "DDoSProtection"),
    (Fault("server_error"), "OperationFailed"),
    (Fault("server_error", {"status": 503}), "ExchangeNotAvailable"),
    (Fault("error_body", {"code": -1003}), "RateLimitExceeded"),
    (Fault("error_body"), "OperationFailed"),
    (Fault("dropped"), "NetworkError"),
    (Fault("blocked"), "ExchangeNotAvailable"),
    (Fault("truncated_gzip"), None),
    (Fault("malformed_json"), None),
]


@pytest.mark.parametrize(("fault", "name"), UNDERSTOOD)
def test_faults_become_ccxts_errors(clock: ManualClock, fault: Fault, name: str | None) -> None:
    import ccxt

    once = Fault(fault.kind, fault.values, "klines")
    with FakeExchange([hourly(30)], clock=clock, faults=WrittenScript([once])) as exchange:
        client = point(ccxt.binance(options()), exchange.url)
        if name is None:
            assert client.fetch_ohlcv(SYMBOL, "1h", since=START) == []
        else:
            with pytest.raises(getattr(ccxt, name)):
                client.fetch_ohlcv(SYMBOL, "1h", since=START)
        clock.advance(1000)
        assert len(client.fetch_ohlcv(SYMBOL, "1h", since=START)) == 30
        assert [one.fault for one in exchange.requests[1:]] == [fault.kind, None]
        client.session.close()


def test_what_needs_a_key_is_refused(client: Any) -> None:
    import ccxt

    client.apiKey, client.secret = "k", "s"
    with pytest.raises(ccxt.AuthenticationError):
        client.fetch_balance()


def test_funding_rates(clock: ManualClock, tmp_path: Path) -> None:
    import ccxt

    file = tmp_path / "rates.csv"
    lines = [f"{START + at * 8 * HOUR},{at / 10_000}" for at in range(5)]
    file.write_text("\n".join(["time,rate", *lines]))
    with FakeExchange(funding=[f"BTC/USDT:USDT,{file}"], clock=clock) as exchange:
        given = options(options={"fetchMarkets": {"types": ["linear"]}})
        client = point(ccxt.binance(given), exchange.url)
        rates = client.fetch_funding_rate_history("BTC/USDT:USDT", since=START + 1)
        assert [one["fundingRate"] for one in rates] == [0.0001, 0.0002, 0.0003, 0.0004]
        client.session.close()


def watch(exchange: FakeExchange, talk: Callable[[Any], Awaitable[None]]) -> None:
    """Run `talk` with a client of ccxt.pro."""
    import ccxt.pro

    async def connected() -> None:
        given = options(newUpdates=True, options={"tradesLimit": 20_000})
        client = point(ccxt.pro.binance(given), exchange.url)
        try:
            await client.load_markets()
            await asyncio.wait_for(talk(client), 2 * PATIENCE)
        finally:
            await client.close()

    asyncio.run(connected())


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait for their end: a client that is closed must not be asked again."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(ready: Callable[[], bool]) -> None:
    """Give others their turn until something is so."""
    while not ready():
        await asyncio.sleep(0.005)


def test_klines_are_watched(clock: ManualClock) -> None:
    bars = make_bars([NOW // MINUTE * MINUTE + at * MINUTE for at in range(-50, 100)], "1m")

    async def talk(client: Any) -> None:
        watching = asyncio.ensure_future(client.watch_ohlcv(SYMBOL, "1m"))
        await until(lambda: exchange.subscriptions == 1)
        clock.advance(2 * MINUTE)
        await watching
        await until(lambda: len(client.ohlcvs[SYMBOL]["1m"]) == 3)
        truth = exchange.truth(SYMBOL, "1m")
        for row in list(client.ohlcvs[SYMBOL]["1m"])[:-1]:
            bar = truth.time.tolist().index(row[0])
            assert row[1:] == [
                float(column[bar])
                for column in (truth.open, truth.high, truth.low, truth.close, truth.volume)
            ]

    with FakeExchange([bars], clock=clock) as exchange:
        watch(exchange, talk)


def test_a_told_book_is_followed_without_a_break(clock: ManualClock) -> None:
    bars = make_bars([NOW // MINUTE * MINUTE + at * MINUTE for at in range(-50, 100)], "1m")

    async def talk(client: Any) -> None:
        watching = asyncio.ensure_future(client.watch_order_book(SYMBOL))
        await until(lambda: any(one.path.endswith("/depth") for one in exchange.requests))
        for _ in range(40):
            clock.advance(MINUTE // 2)
            book = await watching
            watching = asyncio.ensure_future(client.watch_order_book(SYMBOL))
        wanted = await client.fetch_order_book(SYMBOL, 5)
        await until(lambda: bool(book["nonce"] == wanted["nonce"]))
        assert book["bids"][:5] == wanted["bids"]
        assert book["asks"][:5] == wanted["asks"]
        await end(watching)

    with FakeExchange([bars], clock=clock) as exchange:
        watch(exchange, talk)
        depths = [one for one in exchange.requests if one.path.endswith("/depth")]
        assert len(depths) == 2  # The snapshot and the question above: no one lost the thread.


async def follow(
    client: Any, exchange: FakeExchange, clock: ManualClock, symbol: str, wanted: int
) -> tuple[list[int], Any, list[BaseException]]:
    """Play a whole recording to ccxt.pro; return the ids of trades, the book, and all errors."""
    ids: list[int] = []
    errors: list[BaseException] = []
    books: list[Any] = []

    async def trades() -> None:
        while True:
            ids.extend(int(one["id"]) for one in await client.watch_trades(symbol))

    async def book() -> None:
        while True:
            try:
                books[:] = [await client.watch_order_book(symbol)]
            except Exception as error:  # noqa: BLE001  # any error is a break in the chain
                errors.append(error)

    tasks = [asyncio.ensure_future(trades()), asyncio.ensure_future(book())]
    await until(lambda: exchange.subscriptions == 2)
    await until(lambda: any(one.path.endswith("/depth") for one in exchange.requests))
    clock.advance(24 * HOUR)
    last = await client.fetch_order_book(symbol, 1)
    await until(lambda: len(ids) >= wanted and bool(books) and books[0]["nonce"] == last["nonce"])
    await end(*tasks)
    return ids, books[0], errors


def test_a_recording_comes_through_whole(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl.gz"
    told = record(file)
    recording = read_recording(file)
    clock = ManualClock(recording.start - 1)

    async def talk(client: Any) -> None:
        ids, book, errors = await follow(client, exchange, clock, "XYZ/USDT", len(told["trades"]))
        assert ids == told["trades"]
        assert errors == []
        assert dict(book["bids"]) == {
            float(price): float(size) for price, size in told["bids"].items()
        }
        assert book["nonce"] == told["book_id"]

    with FakeExchange(recording=recording, clock=clock) as exchange:
        watch(exchange, talk)


@pytest.mark.realdata
def test_the_real_recording_comes_through_whole(real_data: Path) -> None:
    recording = read_recording(real_data / "BTCUSDT_spot_rawws_20240808.jsonl.gz")
    clock = ManualClock(recording.start - 1)

    async def talk(client: Any) -> None:
        ids, book, errors = await follow(client, exchange, clock, SYMBOL, 9757)
        assert errors == []
        assert len(ids) == 9757
        assert ids == list(range(ids[0], ids[0] + 9757))
        assert (book["bids"][0], book["asks"][0][0]) == ([61685.99, 1.0087], 61686.0)
        rows = await client.fetch_trades(SYMBOL, params={"fromId": 1}, limit=1000)
        assert rows[0]["timestamp"] >= recording.start - MINUTE

    with FakeExchange(recording=recording, clock=clock) as exchange:
        watch(exchange, talk)


@pytest.mark.realdata
def test_all_trades_of_the_real_recording_come_over_rest(real_data: Path) -> None:
    import ccxt

    recording = read_recording(real_data / "BTCUSDT_spot_rawws_20240808.jsonl.gz")
    with FakeExchange(recording=recording, clock=ManualClock(recording.end)) as exchange:
        client = point(ccxt.binance(options()), exchange.url)
        client.load_markets()
        client.apiKey = "any"  # ccxt wants one here; the exchange does not.
        rows: list[Any] = []
        asked: dict[str, Any] = {"symbol": "BTCUSDT", "limit": 1000}
        first = client.publicGetTrades({**asked, "limit": 1000})[0]["id"]
        start = int(first) - 8757
        while page := client.publicGetHistoricalTrades({**asked, "fromId": start}):
            rows += page
            start = int(page[-1]["id"]) + 1
        assert len(rows) == 9757
        assert [int(row["id"]) for row in rows] == list(range(3735683259, 3735683259 + 9757))
        client.session.close()
