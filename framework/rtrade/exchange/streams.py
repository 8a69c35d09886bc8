"""Decode the messages of Binance's market streams.

`decode_message` takes a text as it came out of a socket, single or combined, and returns an event,
or raises MalformedAnswer. Fields that are not known are passed over; events of a kind that is not
known are `Other`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rtrade.core.bars import FloatArray
from rtrade.core.errors import MalformedAnswer
from rtrade.exchange.decoding import LAST_ID, LAST_TIME, levels, numbers, whole

MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class KlineEvent:
    """A bar as it forms; `closed` tells that it is over. `time` is when it opens (ms)."""

    symbol: str
    interval: str
    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: bool
    sent: int


@dataclass(frozen=True)
class TradeEvent:
    """A trade; `side` 1 = the buyer took, -1 = the seller. `aggregate`: of one order's trades."""

    symbol: str
    id: int
    time: int
    price: float
    amount: float
    side: int
    aggregate: bool
    sent: int


@dataclass(frozen=True, eq=False)
class DepthEvent:
    """Changes of an order book, of its updates `first` to `last`; an amount of 0 = level gone."""

    symbol: str
    first: int
    last: int
    bids: FloatArray
    asks: FloatArray
    sent: int


@dataclass(frozen=True)
class Reply:
    """The answer to a request of our own; `error` is what the exchange says against it."""

    id: int
    error: str | None = None


@dataclass(frozen=True)
class Other:
    """An event of a kind that is not decoded, such as `serverShutdown`."""

    kind: str


Event = KlineEvent | TradeEvent | DepthEvent | Reply | Other


def decode_message(text: str | bytes) -> Event:
    """Decode one message; raise MalformedAnswer."""
    if len(text) > MAX_BYTES:
        raise MalformedAnswer(f"a message of {len(text):,} bytes")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedAnswer("a message is no JSON") from None
    if isinstance(message, dict) and isinstance(message.get("data"), dict) and "stream" in message:
        message = message["data"]
    if not isinstance(message, dict):
        raise MalformedAnswer("a message is no mapping")
    return _decode(message)


def _decode(message: Mapping[str, Any]) -> Event:
    kind = message.get("e")
    if kind is None and ("result" in message or "error" in message):
        return _reply(message)
    if not isinstance(kind, str):
        raise MalformedAnswer("a message does not say what it is")
    decode = _DECODERS.get(kind)
    return Other(kind[:64]) if decode is None else decode(message)


def _reply(message: Mapping[str, Any]) -> Reply:
    error = message.get("error")
    words = None
    if error is not None:
        words = str(error.get("msg", error) if isinstance(error, dict) else error)[:200]
    return Reply(_integer(message, "id"), words)


def _kline(message: Mapping[str, Any]) -> KlineEvent:
    bar = message.get("k")
    if not isinstance(bar, dict):
        raise MalformedAnswer("a message of a bar has no bar")
    values = numbers([bar.get(name) for name in "ohlcv"], 5, "a bar")
    low, high = min(values[:4]), max(values[:4])
    if low <= 0 or values[4] < 0 or values[1] < high or values[2] > low:
        raise MalformedAnswer("the prices of a bar contradict one another")
    opened, highest, lowest, closed, volume = (float(one) for one in values)
    return KlineEvent(
        symbol=_text(message, "s"),
        interval=_text(bar, "i"),
        time=_integer(bar, "t", LAST_TIME),
        open=opened,
        high=highest,
        low=lowest,
        close=closed,
        volume=volume,
        closed=_flag(bar, "x"),
        sent=_integer(message, "E", LAST_TIME),
    )


def _trade(message: Mapping[str, Any]) -> TradeEvent:
    aggregate = message["e"] == "aggTrade"
    price, amount = (
        float(one) for one in numbers([message.get("p"), message.get("q")], 2, "a trade")
    )
    if price <= 0 or amount <= 0:
        raise MalformedAnswer("a trade has a price or an amount that is not above 0")
    return TradeEvent(
        _text(message, "s"),
        _integer(message, "a" if aggregate else "t"),
        _integer(message, "T", LAST_TIME),
        price,
        amount,
        -1 if _flag(message, "m") else 1,
        aggregate,
        _integer(message, "E", LAST_TIME),
    )


def _depth(message: Mapping[str, Any]) -> DepthEvent:
    first, last = _integer(message, "U"), _integer(message, "u")
    if last < first:
        raise MalformedAnswer("the updates of an order book end before they begin")
    return DepthEvent(
        _text(message, "s"),
        first,
        last,
        levels(message.get("b"), empty=True),
        levels(message.get("a"), empty=True),
        _integer(message, "E", LAST_TIME),
    )


def _integer(message: Mapping[str, Any], name: str, last: int = LAST_ID) -> int:
    return int(whole([message.get(name)], f"`{name}` of a message", last)[0])


def _text(message: Mapping[str, Any], name: str) -> str:
    found = message.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= 64:
        raise MalformedAnswer(f"`{name}` of a message is no name")
    return found


def _flag(message: Mapping[str, Any], name: str) -> bool:
    found = message.get(name)
    if not isinstance(found, bool):
        raise MalformedAnswer(f"`{name}` of a message is neither true nor false")
    return found


_DECODERS: dict[str, Callable[[Mapping[str, Any]], Event]] = {
    "kline": _kline,
    "trade": _trade,
    "aggTrade": _trade,
    "depthUpdate": _depth,
}
