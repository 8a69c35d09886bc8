"""Decoders: what is right is decoded to the bit, all else is refused by an error of ours."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.support import H1, START
from rtrade.core.errors import MalformedAnswer
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import DAY, HOUR, WEEK, Timeframe
from rtrade.exchange import decoding, streams
from rtrade.exchange.decoding import (
    decode_agg_trades,
    decode_book,
    decode_funding,
    decode_klines,
    decode_ohlcv,
    decode_ticker,
    decode_time,
    decode_trades,
)
from rtrade.exchange.rows import Rows, check
from rtrade.exchange.streams import (
    DepthEvent,
    KlineEvent,
    Other,
    Reply,
    TradeEvent,
    decode_message,
)

ROW = [START, "42283.58", "42554.57", "42261.02", "42475.23", "1271.68108000", START + 3_599_999,
       "53957248.97", 47134, "682.57", "28957416.8", "0"]  # fmt: skip
WINDOW = Interval(START, START + 10 * HOUR)


def rows(*changed: dict[int, object], count: int = 3) -> list[list[object]]:
    made = [[START + n * HOUR, *ROW[1:]] for n in range(count)]
    for row, change in zip(made, changed, strict=False):
        for index, value in change.items():
            row[index] = value
    return made


def test_bars_are_decoded_to_the_bit():
    found = decode_klines(rows())
    assert found.time.tolist() == [START, START + HOUR, START + 2 * HOUR]
    assert found.time.dtype == np.int64
    assert found.values[0].tolist() == [42283.58, 42554.57, 42261.02, 42475.23, 1271.68108]
    assert check(found, H1, WINDOW) is found
    bars = found.bars("BTC/USDT", H1)
    assert (bars.high[1], bars.volume[2], len(bars)) == (42554.57, 1271.68108, 3)


def test_numbers_may_be_text_or_not():
    assert decode_klines([[str(START), 1, 2.0, "0.5", "1e0", 3]]).same(
        decode_klines([[START, "1", "2", "0.5", "1", "3"]])
    )


def test_no_bars_are_no_bars():
    found = check(decode_klines([]), H1, WINDOW)
    assert (len(found), found.values.shape) == (0, (0, 5))


def test_a_volume_that_ccxt_does_not_know_is_0():
    assert decode_ohlcv([[START, 1.0, 2.0, 0.5, 1.0, None]]).values[0, 4] == 0


@pytest.mark.parametrize(
    "answer",
    [
        None, {}, "<html>", 3, [None], [3], [{}], [[]], [ROW[:5]], ["abcdef"],
        rows({0: None}), rows({0: "x"}), rows({0: 1.5}), rows({0: True}), rows({0: -1}),
        rows({0: 10**30}), rows({0: "9" * 25}), rows({1: None}), rows({1: ""}), rows({1: "nan"}),
        rows({1: "inf"}), rows({1: float("nan")}), rows({1: 10**400}), rows({1: "1_0"}),
        rows({1: " 1"}), rows({1: "١"}), rows({1: []}), rows({1: True}), rows({1: "0x10"}),
        [ROW] * (decoding.MAX_ROWS + 1),
    ],
    ids=lambda answer: str(answer)[:40],
)  # fmt: skip
def test_what_is_no_list_of_bars_is_refused(answer):
    with pytest.raises(MalformedAnswer):
        decode_klines(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (rows({0: START + HOUR}), "is given twice"),
        (rows({}, {0: START + 5 * HOUR}), "is out of order"),
        (rows({0: START - HOUR}), "was not asked for"),
        (rows(count=11), "was not asked for"),
        (rows({}, {0: START + HOUR + 1}), "is not the open time of a 1h bar"),
        (rows({3: "0"}), "has a price that is not above 0"),
        (rows({3: "-5"}), "has a price that is not above 0"),
        (rows({5: "-0.1"}), "has a negative volume"),
        (rows({}, {2: "42400"}), "has a high below another of its prices"),
        (rows({}, {3: "42300"}), "has a low above another of its prices"),
    ],
)
def test_a_bar_that_cannot_be_is_refused_and_named(answer, words):
    with pytest.raises(MalformedAnswer, match=f"^the bar of 20.* {words}$"):
        check(decode_klines(answer), H1, WINDOW)


def test_an_odd_time_is_refused_all_the_same():
    odd = Rows(np.array([2**62]), np.ones((1, 5)))
    with pytest.raises(MalformedAnswer, match="was not asked for"):
        check(odd, H1, WINDOW)


@pytest.mark.parametrize("timeframe", [Timeframe(DAY), Timeframe(WEEK)])
def test_weeks_open_on_monday(timeframe):
    first = timeframe.floor(START + 3 * DAY)
    found = decode_klines([[first, *ROW[1:]]])
    check(found, timeframe, Interval(first, first + WEEK))


TRADE = {"a": 7, "p": "20000.5", "q": "0.01", "f": 1, "l": 2, "T": START, "m": True, "M": True}


def trades(*changed: dict[str, object]) -> list[dict[str, object]]:
    return [{**TRADE, "a": 7 + n, **change} for n, change in enumerate(changed)]


def test_trades_are_decoded():
    found = decode_agg_trades(trades({}, {"m": False}))
    assert (found.id.tolist(), found.side.tolist()) == ([7, 8], [-1, 1])
    assert (found.price[0], found.amount[1], found.time[1]) == (20000.5, 0.01, START)
    unified = {"id": "7", "timestamp": START, "price": 20000.5, "amount": 0.01, "side": "sell"}
    again = decode_trades([unified])
    assert (again.id[0], again.price[0], again.side[0]) == (7, 20000.5, -1)


@pytest.mark.parametrize(
    "answer",
    [
        None, {}, [3], trades({"a": None}), trades({"a": -1}), trades({"a": 2**63}),
        trades({"m": None}), trades({"m": 1}), trades({"p": "0"}), trades({"q": "-1"}),
        trades({"T": "x"}), trades({}, {"a": 7}), trades({}, {"a": 6}),
    ],
    ids=lambda answer: str(answer)[:40],
)  # fmt: skip
def test_what_are_no_trades_is_refused(answer):
    with pytest.raises(MalformedAnswer):
        decode_agg_trades(answer)


def test_a_book_is_decoded():
    book = decode_book({"bids": [["9", "1"], ["8", "2"]], "asks": [["10", "3"]], "timestamp": None})
    assert (book.bids.tolist(), book.asks.tolist()) == ([[9, 1], [8, 2]], [[10, 3]])
    assert decode_book({"bids": [], "asks": [], "timestamp": 5}).time == 5


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        ([["8", "1"], ["9", "1"]], []), ([], [["10", "1"], ["10", "1"]]),
        ([["10", "1"]], [["10", "1"]]),
        ([["9", "0"]], []), ([["9", "-1"]], []), ([["0", "1"]], []), ([["9"]], []), ("x", []),
        ([["9", "nan"]], []), (None, []), ([9], []),
    ],
)  # fmt: skip
def test_a_book_that_cannot_be_is_refused(bids, asks):
    with pytest.raises(MalformedAnswer):
        decode_book({"bids": bids, "asks": asks})


def test_tickers_rates_and_times_are_decoded():
    ticker = decode_ticker({"timestamp": START, "last": 2.5, "bid": None, "baseVolume": "3"})
    assert (ticker.last, ticker.bid, ticker.volume, ticker.time) == (2.5, None, 3.0, START)
    rates = decode_funding(
        [{"timestamp": START + n, "fundingRate": rate} for n, rate in enumerate((1e-4, -2e-4))]
    )
    assert rates.rate.tolist() == [1e-4, -2e-4]
    assert decode_time("1704067200000") == START
    for decode, answer in (
        (decode_ticker, {"last": -1}), (decode_ticker, []), (decode_ticker, {"last": "x"}),
        (decode_funding, [{"timestamp": 2, "fundingRate": 1}] * 2), (decode_funding, [{}]),
        (decode_time, None), (decode_time, "now"), (decode_time, 10**16),
    ):  # fmt: skip
        with pytest.raises(MalformedAnswer):
            decode(answer)


# Streams.

KLINE = {
    "e": "kline", "E": START + 5, "s": "BTCUSDT",
    "k": {"t": START, "T": START + 3_599_999, "s": "BTCUSDT", "i": "1h", "o": "10", "c": "11",
          "h": "12", "l": "9", "v": "3.5", "n": 4, "x": False, "q": "1", "B": "0"},
}  # fmt: skip
AGG = {"e": "aggTrade", "E": START, "s": "BTCUSDT", "a": 26129, "p": "0.016", "q": "4.7",
       "f": 27781, "l": 27781, "T": START, "m": True, "M": True}  # fmt: skip
DEPTH = {"e": "depthUpdate", "E": START, "s": "BTCUSDT", "U": 157, "u": 160,
         "b": [["0.0024", "10"]], "a": [["0.0026", "0"]]}  # fmt: skip


def test_messages_are_decoded_single_or_combined():
    bar = decode_message(json.dumps(KLINE))
    assert bar == KlineEvent("BTCUSDT", "1h", START, 10, 12, 9, 11, 3.5, closed=False,
                             sent=START + 5)  # fmt: skip
    assert decode_message(json.dumps({"stream": "btcusdt@kline_1h", "data": KLINE})) == bar
    assert decode_message(json.dumps(AGG).encode()) == TradeEvent(
        "BTCUSDT", 26129, START, 0.016, 4.7, -1, True, START
    )
    trade = {**AGG, "e": "trade", "t": 12, "m": False}
    assert decode_message(json.dumps(trade)).id == 12
    depth = decode_message(json.dumps(DEPTH))
    assert isinstance(depth, DepthEvent)
    assert (depth.first, depth.last, depth.asks.tolist()) == (157, 160, [[0.0026, 0.0]])


def test_replies_and_unknown_events_are_told_apart():
    assert decode_message('{"result":null,"id":3}') == Reply(3)
    assert decode_message('{"error":{"code":2,"msg":"bad"},"id":3}') == Reply(3, "bad")
    assert decode_message('{"e":"serverShutdown","E":1}') == Other("serverShutdown")


def changed_bar(**change):
    return {**KLINE, "k": {**KLINE["k"], **change}}


@pytest.mark.parametrize(
    "message",
    [
        3, [], {}, {"e": 3}, {"e": None, "x": 1}, {"result": None}, {"result": None, "id": "x"},
        {**KLINE, "k": None}, changed_bar(x=1), changed_bar(h="10"), changed_bar(l="10.5"),
        changed_bar(o="nan"), changed_bar(v="-1"), changed_bar(t="x"), changed_bar(i=""),
        changed_bar(l="0"), {**KLINE, "s": None}, {**KLINE, "s": "x" * 65}, {**KLINE, "E": -1},
        {**AGG, "p": "0"}, {**AGG, "a": None}, {**AGG, "m": "true"}, {**DEPTH, "u": 1},
        {**DEPTH, "b": None}, {**DEPTH, "b": [["1"]]}, {**DEPTH, "a": [["-1", "1"]]},
    ],
    ids=lambda message: str(message)[:50],
)  # fmt: skip
def test_a_message_that_cannot_be_is_refused(message):
    with pytest.raises(MalformedAnswer):
        decode_message(json.dumps(message))


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "NaN", "[" * 100_000, b"\xff\xfe", '"x"', " " * (streams.MAX_BYTES + 1)],
)
def test_what_is_no_message_is_refused(text):
    with pytest.raises(MalformedAnswer):
        decode_message(text)


@given(st.integers(0, 500), st.randoms())
def test_every_order_of_the_same_bars_but_one_is_refused(count, random):
    made = decode_klines(rows(count=count % 9 + 2))
    order = list(range(len(made)))
    random.shuffle(order)
    shuffled = Rows(made.time[order], made.values[order])
    if order == sorted(order):
        assert check(shuffled, H1, WINDOW) is shuffled
    else:
        with pytest.raises(MalformedAnswer, match="is out of order"):
            check(shuffled, H1, WINDOW)
