"""REST besides klines: what there is, what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtrade.core.errors import UsageError, WorldError
from rtrade.testing import FakeExchange, ManualClock, Rules
from testing_exchange.serving import HOUR, MINUTE, START, Raw, hourly

NOW = START + 50 * HOUR + 31 * MINUTE


@pytest.fixture(scope="module")
def exchange() -> Any:
    bars = [hourly(90), hourly(90, symbol="ETH/BTC", seed=4)]
    with FakeExchange(bars, clock=ManualClock(NOW), weight_limit=None) as running:
        yield running


@pytest.fixture
def raw(exchange: FakeExchange) -> Raw:
    return Raw(exchange)


def test_time_and_ping(raw: Raw) -> None:
    assert raw.get("/api/v3/ping").json == {}
    assert raw.get("/api/v3/time").json == {"serverTime": NOW}


def test_exchange_info_states_filters_and_limits(raw: Raw) -> None:
    info = raw.get("/api/v3/exchangeInfo").json
    assert [one["symbol"] for one in info["symbols"]] == ["BTCUSDT", "ETHBTC"]
    filters = {one["filterType"]: one for one in info["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01"
    assert filters["LOT_SIZE"]["stepSize"] == "0.00001"
    assert filters["NOTIONAL"]["minNotional"] == "5"
    assert info["symbols"][0]["permissionSets"] == [["SPOT"]]
    assert info["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT"
    one = raw.get("/api/v3/exchangeInfo", symbol="ETHBTC").json
    assert [one["symbol"] for one in one["symbols"]] == ["ETHBTC"]


KLINES = "/api/v3/klines"
REFUSED: list[tuple[str, dict[str, Any], int, int]] = [
    (KLINES, {"symbol": "NOPE", "interval": "1h"}, 400, -1121),
    (KLINES, {"symbol": "btcusdt", "interval": "1h"}, 400, -1100),
    (KLINES, {"symbol": "BTCUSDT", "interval": "2m"}, 400, -1120),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1m"}, 400, -1120),
    (KLINES, {"symbol": "BTCUSDT"}, 400, -1102),
    (KLINES, {"interval": "1h"}, 400, -1102),
    (KLINES, {"symbol": "", "interval": "1h"}, 400, -1105),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1h", "startTime": "-5"}, 400, -1100),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1h", "startTime": "1e3"}, 400, -1100),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1h", "limit": "0"}, 400, -1130),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1h", "limit": "x"}, 400, -1100),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1h", "what": "1"}, 400, -1104),
    (KLINES, {"symbol": "BTCUSDT", "interval": "1h", "timeZone": "8"}, 400, -1130),
    ("/api/v3/depth", {}, 400, -1102),
    ("/api/v3/aggTrades", {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}, 400, -1128),
    ("/api/v3/ticker/price", {"symbol": "NOPE"}, 400, -1121),
    ("/api/v3/ticker/price", {"symbols": "nonsense"}, 400, -1100),
    ("/api/v3/account", {"timestamp": 1}, 401, -2014),
    ("/sapi/v1/capital/config/getall", {}, 401, -2014),
]  # fmt: skip


@pytest.mark.parametrize(("path", "params", "status", "code"), REFUSED)
def test_refusals_have_binances_codes(
    raw: Raw, path: str, params: dict[str, Any], status: int, code: int
) -> None:
    response = raw.get(path, **params)
    assert (response.status, response.json["code"]) == (status, code)
    assert set(response.json) == {"code", "msg"}
    assert response.headers["X-MBX-USED-WEIGHT-1M"]


def test_orders_are_refused_as_for_an_unknown_key(raw: Raw) -> None:
    response = raw.send("POST", "/api/v3/order", {"X-MBX-APIKEY": "k"})
    assert (response.status, response.json["code"]) == (401, -2015)
    assert raw.send("GET", "/nothing").status == 404


def test_trades_agree_with_the_bars(raw: Raw, exchange: FakeExchange) -> None:
    rows: list[Any] = []
    first = 1
    while page := raw.get("/api/v3/aggTrades", symbol="BTCUSDT", fromId=first, limit=1000).json:
        assert page[0]["a"] == first
        rows += page
        first = page[-1]["a"] + 1
    assert rows[-1]["T"] <= NOW
    truth = exchange.truth("BTC/USDT", "1h")
    for bar in (0, 17, 49):
        start = int(truth.time[bar])
        inside = [row for row in rows if start <= row["T"] < start + HOUR]
        prices = [float(row["p"]) for row in inside]
        assert prices[0] == truth.open[bar]
        assert prices[-1] == truth.close[bar]
        assert (max(prices), min(prices)) == (truth.high[bar], truth.low[bar])
        assert round(sum(float(row["q"]) for row in inside), 8) == truth.volume[bar]


def test_trades_are_asked_for_by_time_by_id_or_the_newest(raw: Raw) -> None:
    path, btc = "/api/v3/aggTrades", {"symbol": "BTCUSDT"}
    window = {"startTime": START + 3 * HOUR, "endTime": START + 4 * HOUR - 1}
    inside = raw.get(path, **btc, **window).json
    assert len(inside) == 8
    assert raw.get(path, **btc, **window, limit=3).json == inside[:3]
    assert raw.get(path, **btc, endTime=window["endTime"], limit=2).json == inside[-2:]
    newest = raw.get(path, **btc, limit=1).json[0]
    assert raw.get("/api/v3/trades", **btc, limit=1).json[0]["id"] == newest["a"]
    old = raw.get("/api/v3/historicalTrades", **btc, fromId=5, limit=2).json
    assert [row["id"] for row in old] == [5, 6]
    assert raw.get(path, **btc, fromId=newest["a"] + 1).json == []


def test_the_book_lies_around_the_last_trade(raw: Raw) -> None:
    book = raw.get("/api/v3/depth", symbol="BTCUSDT", limit=50).json
    bids, asks = ([float(price) for price, _ in book[side]] for side in ("bids", "asks"))
    assert len(bids) == len(asks) == 50
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    last = float(raw.get("/api/v3/ticker/price", symbol="BTCUSDT").json["price"])
    assert last in (bids[0], asks[0])
    ticker = raw.get("/api/v3/ticker/bookTicker", symbol="BTCUSDT").json
    assert [ticker["bidPrice"], ticker["bidQty"]] == book["bids"][0]
    assert book["lastUpdateId"] > 0


def test_the_day_ticker_sums_a_day(raw: Raw, exchange: FakeExchange) -> None:
    ticker = raw.get("/api/v3/ticker/24hr", symbol="BTCUSDT").json
    truth = exchange.truth("BTC/USDT", "1h")
    high = max(truth.high[27:50].max(), float(raw.klines(limit=1)[0][2]))
    assert float(ticker["highPrice"]) == high
    assert float(ticker["openPrice"]) == truth.open[27]
    assert ticker["closeTime"] - ticker["openTime"] == 24 * HOUR
    assert len(raw.get("/api/v3/ticker/24hr").json) == 2
    named = raw.get("/api/v3/ticker/price", symbols='["ETHBTC"]').json
    assert [one["symbol"] for one in named] == ["ETHBTC"]
    average = raw.get("/api/v3/avgPrice", symbol="BTCUSDT").json
    assert average["mins"] == 5
    assert float(average["price"]) > 0


WEIGHTS = [
    ("ping", {}, 1), ("time", {}, 1), ("exchangeInfo", {}, 20),
    ("klines", {"symbol": "BTCUSDT", "interval": "1h"}, 2),
    ("trades", {"symbol": "BTCUSDT"}, 25), ("historicalTrades", {"symbol": "BTCUSDT"}, 25),
    ("aggTrades", {"symbol": "BTCUSDT"}, 4), ("avgPrice", {"symbol": "BTCUSDT"}, 2),
    ("depth", {"symbol": "BTCUSDT"}, 5), ("depth", {"symbol": "BTCUSDT", "limit": 500}, 25),
    ("depth", {"symbol": "BTCUSDT", "limit": 1000}, 50),
    ("depth", {"symbol": "BTCUSDT", "limit": 5000}, 250),
    ("ticker/24hr", {"symbol": "BTCUSDT"}, 2), ("ticker/24hr", {}, 80),
    ("ticker/price", {"symbol": "BTCUSDT"}, 2), ("ticker/price", {}, 4),
    ("ticker/bookTicker", {"symbol": "BTCUSDT"}, 2), ("ticker/bookTicker", {}, 4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "weight"), WEIGHTS)
def test_endpoints_weigh_what_binance_says(
    raw: Raw, exchange: FakeExchange, name: str, params: dict[str, Any], weight: int
) -> None:
    before = int(raw.get("/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"])
    response = raw.get(f"/api/v3/{name}", **params)
    assert response.status == 200
    assert int(response.headers["X-MBX-USED-WEIGHT-1M"]) - before == weight
    noted = exchange.requests[-1]
    assert (noted.path, noted.status, noted.weight) == (f"/api/v3/{name}", 200, weight)
    assert noted.params == {key: str(value) for key, value in params.items()}


def test_funding_rates(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("timestamp,rate\n2024-01-01 00:00:00.000,0.0001\n2024-01-01T08:00Z,-0.0002\n")
    funding = [f"BTC/USDT:USDT,{file}"]
    with FakeExchange(funding=funding, clock=ManualClock(START + 9 * HOUR)) as exchange:
        raw, path = Raw(exchange), "/fapi/v1/fundingRate"
        rows = raw.get(path, symbol="BTCUSDT").json
        assert [(row["fundingTime"], row["fundingRate"]) for row in rows] == [
            (START, "0.00010000"), (START + 8 * HOUR, "-0.00020000"),
        ]  # fmt: skip
        assert raw.get(path, symbol="BTCUSDT", startTime=START + 1).json == rows[1:]
        assert raw.get(path, symbol="BTCUSDT", endTime=START).json == rows[:1]
        assert raw.get(path, symbol="BTCUSDT", limit=1).json == rows[1:]
        assert raw.get(path, symbol="NOPE").json["code"] == -1121
        assert raw.get("/fapi/v1/exchangeInfo").json["symbols"][0]["contractType"] == "PERPETUAL"


@pytest.mark.parametrize("rows", ["x,0.1", "1704067200000", "1704067200000,much"])
def test_a_bad_funding_file_is_named_with_its_line(tmp_path: Path, rows: str) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(f"time,rate\n{rows}\n")
    with pytest.raises(UsageError, match="line 2 of"):
        FakeExchange(funding=[f"BTC/USDT:USDT,{file}"])
    with pytest.raises(WorldError, match="cannot read"):
        FakeExchange(funding=["BTC/USDT:USDT,/nowhere/rates.csv"])


def test_filters_are_as_stated() -> None:
    rules = Rules(lot="0.001", min_notional="10", tick="0.5")
    with FakeExchange([hourly(3)], rules=rules) as exchange:
        info = Raw(exchange).get("/api/v3/exchangeInfo").json
    filters = {one["filterType"]: one for one in info["symbols"][0]["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.5"
    assert filters["LOT_SIZE"]["minQty"] == "0.001"
    assert filters["NOTIONAL"]["minNotional"] == "10"


@pytest.mark.parametrize(
    "given", ["BTC/USDT", "BTCUSDT,1h,x.csv", "BTC/USDT,1x,x.csv", "BTC/USDT,7m,x.csv"]
)
def test_a_series_that_is_none_is_refused(given: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("ts,open,high,low,close,volume\n1704067200000,1,1,1,1,1\n")
    with pytest.raises(UsageError):
        FakeExchange([given.replace("x.csv", str(tmp_path / "x.csv"))])


def test_the_same_series_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        FakeExchange([hourly(3), hourly(4)])
