"""What is new of a market since a position: trades by id, closed candles by time, the newest book.

Another process writes them. On Postgres it also says so (NOTIFY), which ends a wait sooner; a
notification that was lost costs no more than the rest of the wait.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.bars import Bars
from rtrade.core.series import SeriesKey
from rtrade.store import reading, schema
from rtrade.store.database import CHANNEL, Database
from rtrade.store.failures import world_error
from rtrade.store.feeds import BOOK, TRADE_ROW, TRADES, Book, Trades, book_of, trades_of
from rtrade.store.reading import EVERYTHING
from rtrade.store.series import find_id

# A stream that has nothing yet: everything comes after it.
NOTHING = -(2**62)

_NEXT_TRADES = sa.text(
    "SELECT id, ts, price, amount, side FROM trades "
    "WHERE series_id = :series AND id > :after ORDER BY id LIMIT :most"
)


@dataclass(frozen=True, order=True)
class Position:
    """How far a market has been read: the last trade's id, the open of the last candle (ms), the
    time of the last book (ms).
    """

    trade: int = NOTHING
    candle: int = NOTHING
    book: int = NOTHING


@dataclass(frozen=True, eq=False)
class News:
    """What follows a position, and where it ends; `more`: not all of it is here."""

    trades: Trades
    candles: Bars
    book: Book | None
    end: Position
    more: bool


class Tails:
    """The part of a store that is read from its end."""

    _database: Database

    def tail_end(self, key: SeriesKey) -> Position:
        """Return where a market ends now: its trades, its candles of a timeframe; no book.

        A book is of a moment: the newest one is news to whoever begins to read.
        """

        def work(connection: Connection) -> Position:
            trades = find_id(connection, key.venue, key.symbol, TRADES)
            query = sa.select(sa.func.max(schema.trades.c.id)).where(
                schema.trades.c.series_id == trades
            )
            last = None if trades is None else connection.execute(query).scalar_one()
            candles = find_id(connection, key.venue, key.symbol, str(key.timeframe))
            found = None if candles is None else reading.bounds(connection, candles)
            return Position(
                NOTHING if last is None else int(last), NOTHING if found is None else found[1]
            )

        return self._database.read(work)

    def news(self, key: SeriesKey, after: Position, most: int) -> News:
        """Return up to `most` trades and candles after a position, and a newer book."""

        def work(connection: Connection) -> News:
            def stream(name: str) -> int | None:
                return find_id(connection, key.venue, key.symbol, name)

            trades = _trades(connection, stream(TRADES), after.trade, most)
            candles = _candles(connection, key, stream(str(key.timeframe)), after.candle, most)
            book = _book(connection, stream(BOOK), after.book)
            end = Position(
                int(trades.id[-1]) if len(trades) else after.trade,
                int(candles.time[-1]) if len(candles) else after.candle,
                book.time if book is not None else after.book,
            )
            return News(trades, candles, book, end, most in (len(trades), len(candles)))

        return self._database.read(work)

    @contextmanager
    def listening(self) -> Iterator[Waiter]:
        """Yield what waits for changes; on Postgres over a connection of its own.

        Raises StoreError, also where that connection is lost later.
        """
        if self._database.address.is_sqlite:
            yield Waiter(None)
            return
        import psycopg

        address = self._database.address
        url = address.url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            with psycopg.connect(url, autocommit=True) as opened:
                opened.execute(f"LISTEN {CHANNEL}")
                yield Waiter(opened)
        except psycopg.Error as error:
            raise world_error(error, address) from error


class Waiter:
    """Waits until something may have changed."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return after `seconds`, once `stop` is set (soon after), or when a change is told of."""
        if self._connection is None:
            stop.wait(seconds)
            return
        # To its end: a generator that is left holds on to the connection.
        list(self._connection.notifies(timeout=seconds, stop_after=1))


def _trades(connection: Connection, series: int | None, after: int, most: int) -> Trades:
    rows: Any = ()
    if series is not None:
        values = {"series": series, "after": after, "most": most}
        rows = connection.execute(_NEXT_TRADES, values)
    return trades_of(np.fromiter(map(tuple, rows), TRADE_ROW))


def _candles(
    connection: Connection, key: SeriesKey, series: int | None, after: int, most: int
) -> Bars:
    if series is None:
        return reading.empty(key)
    return reading.read_some(connection, key, series, after + 1, EVERYTHING[1], most, latest=False)


def _book(connection: Connection, series: int | None, after: int) -> Book | None:
    return None if series is None else book_of(connection, series, after)
