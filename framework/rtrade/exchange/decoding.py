"""Decode what exchanges answer: bars, trades, order books, tickers.

Every function takes what came out of JSON, whatever it is, and returns typed values or raises
MalformedAnswer. Numbers may be text, as Binance writes them, or numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.errors import MalformedAnswer
from rtrade.exchange.rows import Rows

# Times are in ms, between 1970 and 2200; ids go as far as databases do.
LAST_TIME, LAST_ID = 7_258_118_400_000, 2**63 - 1
MAX_ROWS = 100_000


@dataclass(frozen=True, eq=False)
class Trades:
    """Trades in the order of their ids: id, time (ms), price, amount, side (1 bought, -1 sold).

    The side is that of who took liquidity. All arrays have the same length.
    """

    id: IntArray
    time: IntArray
    price: FloatArray
    amount: FloatArray
    side: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, eq=False)
class Book:
    """An order book: `bids` and `asks` are n x 2, price and amount, the best first."""

    time: int | None
    bids: FloatArray
    asks: FloatArray


@dataclass(frozen=True)
class Ticker:
    """The last day of a symbol; what an exchange does not say is None."""

    time: int | None
    last: float | None
    bid: float | None
    ask: float | None
    high: float | None
    low: float | None
    volume: float | None
    quote_volume: float | None


@dataclass(frozen=True, eq=False)
class FundingRates:
    """Funding rates: time (ms) and rate as a fraction, in order."""

    time: IntArray
    rate: FloatArray


def decode_klines(answer: Any) -> Rows:
    """Decode `[[open time, open, high, low, close, volume, ...], ...]`."""
    rows = _listed(answer, "bars")
    for row in rows:
        if not isinstance(row, list) or len(row) < 6:
            raise MalformedAnswer("a bar is no list of at least six values")
    time = whole([row[0] for row in rows], "the time of a bar", LAST_TIME)
    values = numbers(chain.from_iterable(row[1:6] for row in rows), 5 * len(rows), "a bar")
    return Rows(time, values.reshape(len(rows), 5))


def decode_ohlcv(answer: Any) -> Rows:
    """Decode what ccxt's `fetch_ohlcv` returns: as `decode_klines`, volume None where unknown."""
    rows = _listed(answer, "bars")
    for row in rows:
        if isinstance(row, list) and len(row) == 6 and row[5] is None:
            row[5] = 0.0
    return decode_klines(rows)


def decode_agg_trades(answer: Any) -> Trades:
    """Decode Binance's aggregate trades: `[{a: id, T: time, p, q, m: buyer is maker}, ...]`."""
    rows = [_mapping(row, "a trade") for row in _listed(answer, "trades")]
    makers = [row.get("m") for row in rows]
    if any(not isinstance(maker, bool) for maker in makers):
        raise MalformedAnswer("a trade does not say whether the buyer was the maker")
    return _trades(
        [row.get("a") for row in rows],
        [row.get("T") for row in rows],
        [row.get("p") for row in rows],
        [row.get("q") for row in rows],
        [-1 if maker else 1 for maker in makers],
    )


def decode_trades(answer: Any) -> Trades:
    """Decode what ccxt's `fetch_trades` returns; ids that are no numbers are refused."""
    rows = [_mapping(row, "a trade") for row in _listed(answer, "trades")]
    sides = [{"buy": 1, "sell": -1}.get(str(row.get("side")), 0) for row in rows]
    return _trades(
        [row.get("id") for row in rows],
        [row.get("timestamp") for row in rows],
        [row.get("price") for row in rows],
        [row.get("amount") for row in rows],
        sides,
    )


def _trades(
    ids: list[Any], times: list[Any], prices: list[Any], amounts: list[Any], sides: list[int]
) -> Trades:
    trades = Trades(
        whole(ids, "the id of a trade", LAST_ID),
        whole(times, "the time of a trade", LAST_TIME),
        numbers(prices, len(prices), "the price of a trade"),
        numbers(amounts, len(amounts), "the amount of a trade"),
        np.array(sides, dtype=np.int8),
    )
    if len(trades) and (trades.price.min() <= 0 or trades.amount.min() <= 0):
        raise MalformedAnswer("a trade has a price or an amount that is not above 0")
    if (np.diff(trades.id) <= 0).any():
        raise MalformedAnswer("trades are out of order, or given twice")
    return trades


def decode_book(answer: Any) -> Book:
    """Decode an order book: `{bids: [[price, amount], ...], asks: ..., timestamp}`."""
    document = _mapping(answer, "an order book")
    bids, asks = levels(document.get("bids")), levels(document.get("asks"))
    if (np.diff(bids[:, 0]) >= 0).any() or (np.diff(asks[:, 0]) <= 0).any():
        raise MalformedAnswer("the levels of an order book are out of order")
    if len(bids) and len(asks) and bids[0, 0] >= asks[0, 0]:
        raise MalformedAnswer("the best bid of an order book is not below its best ask")
    given = document.get("timestamp")
    time = None if given is None else int(whole([given], "the time of a book", LAST_TIME)[0])
    return Book(time, bids, asks)


def levels(given: Any, *, empty: bool = False) -> FloatArray:
    """Decode levels, `[[price, amount], ...]`; `empty` allows an amount of 0: a level gone."""
    rows = _listed(given, "levels")
    for row in rows:
        if not isinstance(row, list) or len(row) < 2:
            raise MalformedAnswer("a level is no pair of price and amount")
    found = numbers(chain.from_iterable(row[:2] for row in rows), 2 * len(rows), "a level")
    found = found.reshape(len(rows), 2)
    if len(found) and (found[:, 0].min() <= 0 or found[:, 1].min() < 0):
        raise MalformedAnswer("a level has a price or an amount below 0")
    if not empty and (found[:, 1] == 0).any():
        raise MalformedAnswer("a level holds nothing")
    return found


def decode_ticker(answer: Any) -> Ticker:
    """Decode what ccxt's `fetch_ticker` returns."""
    document = _mapping(answer, "a ticker")
    names = ("last", "bid", "ask", "high", "low", "baseVolume", "quoteVolume")
    given = [document.get(name) for name in names]
    known = [None if one is None else float(numbers([one], 1, "a ticker")[0]) for one in given]
    if any(one is not None and one < 0 for one in known):
        raise MalformedAnswer("a ticker has a value below 0")
    stamp = document.get("timestamp")
    time = None if stamp is None else int(whole([stamp], "the time of a ticker", LAST_TIME)[0])
    return Ticker(time, *known)


def decode_funding(answer: Any) -> FundingRates:
    """Decode what ccxt's `fetch_funding_rate_history` returns."""
    rows = [_mapping(row, "a funding rate") for row in _listed(answer, "funding rates")]
    time = whole([row.get("timestamp") for row in rows], "the time of a rate", LAST_TIME)
    rate = numbers([row.get("fundingRate") for row in rows], len(rows), "a funding rate")
    if (np.diff(time) <= 0).any():
        raise MalformedAnswer("funding rates are out of order, or given twice")
    return FundingRates(time, rate)


def decode_time(answer: Any) -> int:
    """Decode a time in ms."""
    return int(whole([answer], "the exchange's time", LAST_TIME)[0])


def whole(given: list[Any], what: str, last: int) -> IntArray:
    """Return whole numbers in 0..last, from numbers or their digits; raise MalformedAnswer."""
    read = [_whole(one) for one in given]
    if any(one is None or not 0 <= one <= last for one in read):
        raise MalformedAnswer(f"{what} is no whole number in its range")
    return np.array(read, dtype=np.int64)


def _whole(given: Any) -> int | None:
    if type(given) is int:
        return given
    if isinstance(given, str) and len(given) < 20 and given.isascii() and given.isdigit():
        return int(given)
    return None


def numbers(given: Iterable[Any], count: int, what: str) -> FloatArray:
    """Return `count` finite numbers, from numbers or their text; raise MalformedAnswer."""
    try:
        found = np.fromiter(map(_number, given), dtype=np.float64, count=count)
    except (ValueError, OverflowError):
        found = np.array([np.nan])
    if not np.isfinite(found).all():
        raise MalformedAnswer(f"{what} has a value that is no number")
    return found


def _number(given: Any) -> float:
    kind = type(given)
    if kind is str:
        # float() takes `1_000` and blanks, which no exchange means by a number.
        if "_" in given or not given.isascii() or given != given.strip():
            raise ValueError(given)
        return float(given)
    if kind is float or kind is int:
        return float(given)
    raise ValueError


def _listed(given: Any, what: str) -> list[Any]:
    if not isinstance(given, list):
        raise MalformedAnswer(f"the answer is no list of {what}")
    if len(given) > MAX_ROWS:
        raise MalformedAnswer(f"the answer has {len(given):,} {what}")
    return given


def _mapping(given: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise MalformedAnswer(f"{what} is no mapping")
    return given
