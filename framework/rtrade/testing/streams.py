"""Market streams: what comes next on each, and the message when it does.

A stream knows when its next message is due and makes it; it never looks at a clock. Keys are
`(time, order)`, so that recorded messages keep the order of their lines.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rtrade.testing.books import Book, Diff, ToldBook, best
from rtrade.testing.candles import Candles
from rtrade.testing.frames import FRAMES
from rtrade.testing.markets import Market
from rtrade.testing.numbers import text
from rtrade.testing.quotes import aggregate, day_ticker
from rtrade.testing.recording import Message
from rtrade.testing.ticks import Row
from rtrade.testing.trades import Tape, ToldTape, Trade

Key = tuple[int, int]
_SECOND = 1000
_DEPTH = re.compile(r"depth(5|10|20)?(@100ms|@1000ms)?")


class Stream(Protocol):
    """Messages in time order."""

    def due(self) -> Key | None:
        """Return when the next message is due, None where there will be none."""

    def take(self) -> list[bytes]:
        """Return the data of the messages that are due, and go on to the next."""


class RecordedStream:
    """Messages as they were recorded, after `now`."""

    def __init__(self, messages: Sequence[tuple[int, Message]], now: int) -> None:
        self._messages = messages
        self._at = bisect_right(messages, now, key=lambda one: one[1].time)

    def due(self) -> Key | None:
        """Return when the next message is due, None where there will be none."""
        if self._at >= len(self._messages):
            return None
        number, message = self._messages[self._at]
        return message.time, number

    def take(self) -> list[bytes]:
        """Return the data of the next message, and go on."""
        self._at += 1
        return [self._messages[self._at - 1][1].data]


class TradeStream:
    """One message per trade of a tape, after `now`."""

    def __init__(self, tape: Tape, now: int, write: Callable[[Trade], Any]) -> None:
        self._tape = tape
        self._write = write
        self._at = tape.count(now)

    def due(self) -> Key | None:
        """Return when the next trade happens, None where there will be none."""
        time = self._tape.time(self._at)
        return None if time is None else (time, 0)

    def take(self) -> list[bytes]:
        """Return the message of the next trade, and go on."""
        self._at += 1
        return [_dump(self._write(self._tape.at(self._at - 1)))]


class PeriodicStream:
    """A message at the next edge of `period` (ms) whenever there were trades since the last."""

    def __init__(
        self, tape: Tape, now: int, period: int, write: Callable[[int, int, int], Any]
    ) -> None:
        self._tape = tape
        self._period = period
        self._write = write
        self._seen = tape.count(now)

    def due(self) -> Key | None:
        """Return when the next message is due, None where there will be none."""
        time = self._tape.time(self._seen)
        return None if time is None else (-(-time // self._period) * self._period, 1)

    def take(self) -> list[bytes]:
        """Return the message about the trades since the last one, and go on."""
        key = self.due()
        assert key is not None
        before, self._seen = self._seen, self._tape.count(key[0])
        return [_dump(self._write(key[0], before - 1, self._seen - 1))]


class KlineStream:
    """The forming bar at each of its trades, and every bar once more when it is over."""

    def __init__(self, candles: Candles, market: str, now: int) -> None:
        self._candles = candles
        self._market = market
        self._tape = ToldTape(candles.base)
        self._after = now

    def due(self) -> Key | None:
        """Return when the next message is due, None where there will be none."""
        candles = self._candles
        bar = candles.closed(self._after)
        if bar >= len(candles):
            return None
        trade = self._tape.time(self._tape.count(self._after))
        end = int(candles.end[bar])
        return (end if trade is None else min(end, trade)), 2

    def take(self) -> list[bytes]:
        """Return the messages of the next moment: a bar that is over, one that has changed."""
        key = self.due()
        assert key is not None
        now, candles = key[0], self._candles
        messages = []
        bar = candles.closed(self._after)
        if int(candles.end[bar]) == now:
            messages.append(self._message(now, candles.row(bar), over=True))
        if self._tape.count(now) > self._tape.count(self._after):
            row = candles.forming(now)
            if row is not None:
                messages.append(self._message(now, row, over=False))
        self._after = now
        return messages

    def _message(self, now: int, row: Row, *, over: bool) -> bytes:
        first = self._tape.since(row.start) + self._tape.first_id
        return _dump(
            {
                "e": "kline",
                "E": now,
                "s": self._market,
                "k": {
                    "t": row.start,
                    "T": row.end - 1,
                    "s": self._market,
                    "i": self._candles.frame.text,
                    "f": first if row.trades else -1,
                    "L": first + row.trades - 1 if row.trades else -1,
                    "o": text(row.open),
                    "c": text(row.close),
                    "h": text(row.high),
                    "l": text(row.low),
                    "v": text(row.volume),
                    "n": row.trades,
                    "x": over,
                    "q": text(row.quote),
                    "V": text(round(row.volume / 2, 8)),
                    "Q": text(round(row.quote / 2, 8)),
                    "B": "0",
                },
            }
        )


def open_stream(name: str, markets: dict[str, Market], now: int) -> Stream | None:
    """Return the stream called `name` from `now` on; None where nothing will ever come on it.

    Binance acknowledges a subscription to a stream that does not exist, and sends nothing.
    """
    symbol, at, kind = name.partition("@")
    market = markets.get(symbol.upper())
    if not at or market is None or symbol != symbol.lower():
        return None
    if market.recorded is not None and name in market.recorded.messages:
        return RecordedStream(market.recorded.messages[name], now)
    if kind.startswith("kline_"):
        interval = kind.removeprefix("kline_")
        candles = market.candles(interval) if interval in FRAMES else None
        return None if candles is None else KlineStream(candles, market.id, now)
    if kind == "trade":
        return TradeStream(market.tape, now, lambda trade: _trade(market.id, trade))
    if kind == "aggTrade":
        return TradeStream(market.aggregates, now, lambda trade: _aggregate(market.id, trade))
    return _told_quotes(market, kind, now)


def _told_quotes(market: Market, kind: str, now: int) -> Stream | None:
    """Return a stream of the book or of prices."""
    tape, book = market.tape, market.book
    if kind == "bookTicker":
        return PeriodicStream(tape, now, 1, lambda time, _, __: _book_ticker(market, time))
    if kind in ("ticker", "miniTicker"):
        write = _ticker if kind == "ticker" else _mini_ticker
        return PeriodicStream(tape, now, _SECOND, lambda time, _, __: write(market, time))
    match = _DEPTH.fullmatch(kind)
    if match is None:
        return None
    period = 100 if match[2] == "@100ms" else _SECOND
    if match[1] is not None:
        levels = int(match[1])
        return PeriodicStream(tape, now, period, lambda time, _, __: _partial(book, time, levels))
    if isinstance(book, ToldBook):
        told = book
        return PeriodicStream(
            tape, now, period,
            lambda time, before, last: depth_update(market.id, time, told.diff(before, last)),
        )  # fmt: skip
    return None


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def depth_update(market: str, time: int, diff: Diff) -> dict[str, Any]:
    """Return changes of a book as the depth stream writes them."""
    return {
        "e": "depthUpdate",
        "E": time,
        "s": market,
        "U": diff.first,
        "u": diff.last,
        "b": diff.bids,
        "a": diff.asks,
    }


def _partial(book: Book, time: int, levels: int) -> dict[str, Any]:
    last, bids, asks = book.snapshot(time, levels)
    return {"lastUpdateId": last, "bids": bids, "asks": asks}


def _trade(market: str, trade: Trade) -> dict[str, Any]:
    return {
        "e": "trade", "E": trade.time, "s": market, "t": trade.id, "p": trade.price,
        "q": trade.size, "T": trade.time, "m": trade.maker, "M": True,
    }  # fmt: skip


def _aggregate(market: str, trade: Trade) -> dict[str, Any]:
    return {"e": "aggTrade", "E": trade.time, "s": market, **aggregate(trade)}


def _book_ticker(market: Market, time: int) -> dict[str, Any]:
    bid, ask = best(market.book, time)
    last = market.book.snapshot(time, 1)[0]
    return {"u": last, "s": market.id, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}


# Names of the 24-hour ticker on the stream, by those of REST.
_TICKER = {
    "symbol": "s", "priceChange": "p", "priceChangePercent": "P", "weightedAvgPrice": "w",
    "prevClosePrice": "x", "lastPrice": "c", "lastQty": "Q", "bidPrice": "b", "bidQty": "B",
    "askPrice": "a", "askQty": "A", "openPrice": "o", "highPrice": "h", "lowPrice": "l",
    "volume": "v", "quoteVolume": "q", "openTime": "O", "closeTime": "C", "firstId": "F",
    "lastId": "L", "count": "n",
}  # fmt: skip
_MINI = ("symbol", "lastPrice", "openPrice", "highPrice", "lowPrice", "volume", "quoteVolume")


def _ticker(market: Market, time: int) -> dict[str, Any]:
    found = day_ticker(market, time)
    return {"e": "24hrTicker", "E": time, **{_TICKER[name]: found[name] for name in _TICKER}}


def _mini_ticker(market: Market, time: int) -> dict[str, Any]:
    found = day_ticker(market, time)
    return {"e": "24hrMiniTicker", "E": time, **{_TICKER[name]: found[name] for name in _MINI}}
