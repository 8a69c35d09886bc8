"""Trades, order books and funding rates of a market: streams beside its bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.intervals import Interval, union
from rtrade.store import schema
from rtrade.store.database import Database
from rtrade.store.reading import EVERYTHING
from rtrade.store.series import covered, ensure_id, find_id, set_coverage
from rtrade.store.staging import Columns, stage

TRADES, BOOK, FUNDING = "trades", "book", "funding"
TRADE_ROW = np.dtype(
    [("id", "i8"), ("time", "i8"), ("price", "f8"), ("amount", "f8"), ("side", "i8")]
)

_TRADES = sa.text(
    "INSERT INTO trades (series_id, id, ts, price, amount, side) "
    "SELECT :series, id, ts, price, amount, side FROM stage_trades WHERE true ORDER BY id "
    "ON CONFLICT (series_id, id) DO UPDATE SET ts = excluded.ts, price = excluded.price, "
    "amount = excluded.amount, side = excluded.side WHERE trades.ts <> excluded.ts "
    "OR trades.price <> excluded.price OR trades.amount <> excluded.amount "
    "OR trades.side <> excluded.side"
)
_FUNDING = sa.text(
    "INSERT INTO funding (series_id, ts, rate) "
    "SELECT :series, ts, rate FROM stage_funding WHERE true ORDER BY ts "
    "ON CONFLICT (series_id, ts) DO UPDATE SET rate = excluded.rate "
    "WHERE funding.rate <> excluded.rate"
)


@dataclass(frozen=True, eq=False)
class Trades:
    """Trades as columns of one length, sorted by id.

    `id` is the venue's, `time` in ms, `price` in quote units, `amount` in base units; `side` is
    the taker's: 1 a buy, -1 a sell.
    """

    id: IntArray
    time: IntArray
    price: FloatArray
    amount: FloatArray
    side: IntArray

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, eq=False)
class Book:
    """An order book at `time` (ms): arrays (n, 2) of price and amount, best first."""

    time: int
    bids: FloatArray
    asks: FloatArray


@dataclass(frozen=True, eq=False)
class Funding:
    """Funding rates as fractions, by time (ms)."""

    time: IntArray
    rate: FloatArray


class Feeds:
    """The part of a store that keeps trades, order books and funding rates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write_trades(
        self, venue: str, symbol: str, trades: Trades, covered: Sequence[Interval]
    ) -> int:
        """Store trades with the stretches of time they answer, in one transaction; return how many
        were new or different.

        A trade is known by its id: stored twice it is one. Raises ValueError where an id is given
        twice or a value is not finite.
        """
        _check(trades)
        order = np.argsort(trades.id, kind="stable")
        columns: Columns = {
            "id": trades.id[order].astype(np.int64), "ts": trades.time[order].astype(np.int64),
            "price": trades.price[order].astype(np.float64),
            "amount": trades.amount[order].astype(np.float64),
            "side": trades.side[order].astype(np.int64),
        }  # fmt: skip

        def work(connection: Connection) -> int:
            series_id = ensure_id(connection, venue, symbol, TRADES)
            _extend(connection, series_id, covered)
            stage(connection, "stage_trades", columns)
            return connection.execute(_TRADES, {"series": series_id}).rowcount

        return self._database.write(work, _lock(venue, symbol, TRADES))

    def read_trades(
        self,
        venue: str,
        symbol: str,
        start: int,
        end: int,
        *,
        after: int | None = None,
        limit: int | None = None,
    ) -> Trades:
        """Return the trades with `start <= time < end` (ms), by id.

        `after` leaves out those up to an id, and of the others the first `limit` are returned.
        """
        where = "" if after is None else f"AND id > {after:d} "
        most = "" if limit is None else f" LIMIT {limit:d}"
        query = sa.text(
            "SELECT id, ts, price, amount, side FROM trades "  # noqa: S608 - numbers alone are put in
            f"WHERE series_id = :series AND ts >= :start AND ts < :end {where}ORDER BY id{most}"
        )
        return trades_of(self._rows(venue, symbol, TRADES, query, TRADE_ROW, start, end))

    def latest_trades(self, venue: str, symbol: str, limit: int) -> Trades:
        """Return the last `limit` trades, by id."""
        query = sa.text(
            "SELECT id, ts, price, amount, side FROM trades "  # noqa: S608 - a number alone is put in
            "WHERE series_id = :series AND ts >= :start AND ts < :end "
            f"ORDER BY id DESC LIMIT {limit:d}"
        )
        rows = self._rows(venue, symbol, TRADES, query, TRADE_ROW, *EVERYTHING)
        return trades_of(rows[::-1])

    def trade_coverage(self, venue: str, symbol: str) -> list[Interval]:
        """Return the stretches of time of which all trades are stored."""

        def work(connection: Connection) -> list[Interval]:
            series_id = find_id(connection, venue, symbol, TRADES)
            return [] if series_id is None else covered(connection, series_id)

        return self._database.read(work)

    def write_book(
        self, venue: str, symbol: str, time: int, bids: FloatArray, asks: FloatArray
    ) -> None:
        """Store the order book of a moment (ms): arrays (n, 2) of price and amount, best first."""
        table = schema.books
        values = {"bids": _packed(bids), "asks": _packed(asks)}

        def work(connection: Connection) -> None:
            series_id = ensure_id(connection, venue, symbol, BOOK)
            same = (table.c.series_id == series_id) & (table.c.ts == time)
            if connection.execute(sa.update(table).where(same).values(values)).rowcount == 0:
                row = {"series_id": series_id, "ts": time, **values}
                connection.execute(sa.insert(table).values(row))

        self._database.write(work, _lock(venue, symbol, BOOK))

    def latest_book(self, venue: str, symbol: str) -> Book | None:
        """Return the newest stored order book, None without one."""

        def work(connection: Connection) -> Book | None:
            series_id = find_id(connection, venue, symbol, BOOK)
            return None if series_id is None else book_of(connection, series_id, EVERYTHING[0])

        return self._database.read(work)

    def newest_of_feeds(self) -> list[tuple[str, str, str, int]]:
        """Return venue, symbol, stream and the time (ms) of the newest trade or book of each."""

        def work(connection: Connection) -> list[tuple[str, str, str, int]]:
            found = []
            for stream, table in ((TRADES, schema.trades), (BOOK, schema.books)):
                # For each its own query: the newest row of one is at the end of an index.
                newest = (
                    sa.select(sa.func.max(table.c.ts))
                    .where(table.c.series_id == schema.series.c.id)
                    .scalar_subquery()
                )
                query = sa.select(
                    schema.series.c.venue, schema.series.c.symbol, newest.label("newest")
                ).where(schema.series.c.timeframe == stream)
                found += [
                    (row.venue, row.symbol, stream, int(row.newest))
                    for row in connection.execute(query)
                    if row.newest is not None
                ]
            return sorted(found)

        return self._database.read(work)

    def write_funding(self, venue: str, symbol: str, rates: Funding) -> int:
        """Store funding rates; return how many were new or different."""
        order = np.argsort(rates.time, kind="stable")
        columns: Columns = {
            "ts": rates.time[order].astype(np.int64), "rate": rates.rate[order].astype(np.float64),
        }  # fmt: skip
        if not np.isfinite(rates.rate).all() or (np.diff(columns["ts"]) == 0).any():
            raise ValueError("a funding rate is given twice for one time, or is not finite")

        def work(connection: Connection) -> int:
            series_id = ensure_id(connection, venue, symbol, FUNDING)
            stage(connection, "stage_funding", columns)
            return connection.execute(_FUNDING, {"series": series_id}).rowcount

        return self._database.write(work, _lock(venue, symbol, FUNDING))

    def read_funding(self, venue: str, symbol: str, start: int, end: int) -> Funding:
        """Return the funding rates with `start <= time < end` (ms), by time."""
        query = sa.text(
            "SELECT ts, rate FROM funding "
            "WHERE series_id = :series AND ts >= :start AND ts < :end ORDER BY ts"
        )
        kinds = np.dtype([("time", "i8"), ("rate", "f8")])
        rows = self._rows(venue, symbol, FUNDING, query, kinds, start, end)
        return Funding(np.ascontiguousarray(rows["time"]), np.ascontiguousarray(rows["rate"]))

    def _rows(
        self, venue: str, symbol: str, stream: str, query: sa.TextClause, kinds: np.dtype[np.void],
        start: int, end: int,
    ) -> np.ndarray:  # fmt: skip
        def work(connection: Connection) -> np.ndarray:
            series_id = find_id(connection, venue, symbol, stream)
            values = {"series": series_id, "start": start, "end": end}
            return np.fromiter(map(tuple, connection.execute(query, values)), kinds)

        return self._database.read(work)


def trades_of(rows: np.ndarray) -> Trades:
    """Return rows of `TRADE_ROW` as columns."""
    return Trades(*(np.ascontiguousarray(rows[name]) for name in TRADE_ROW.names or ()))


def book_of(connection: Connection, series_id: int, after: int) -> Book | None:
    """Return the newest book of a stream, None where there is none after a time (ms)."""
    table = schema.books
    query = sa.select(table.c.ts, table.c.bids, table.c.asks).where(
        table.c.series_id == series_id, table.c.ts > after
    )
    row = connection.execute(query.order_by(table.c.ts.desc()).limit(1)).one_or_none()
    return None if row is None else Book(row[0], _unpacked(row[1]), _unpacked(row[2]))


def _extend(connection: Connection, series_id: int, new: Sequence[Interval]) -> None:
    old = covered(connection, series_id)
    set_coverage(connection, series_id, old, union([*old, *new]))


def _check(trades: Trades) -> None:
    if len(np.unique(trades.id)) != len(trades):
        raise ValueError("a trade to be stored is given twice")
    if not (np.isfinite(trades.price).all() and np.isfinite(trades.amount).all()):
        raise ValueError("a trade to be stored holds a value that is not finite")


def _packed(levels: FloatArray) -> bytes:
    return np.ascontiguousarray(levels, "<f8").reshape(-1, 2).tobytes()


def _unpacked(data: bytes) -> FloatArray:
    return np.frombuffer(data, "<f8").reshape(-1, 2).astype(np.float64)


def _lock(venue: str, symbol: str, stream: str) -> str:
    return f"series {venue} {symbol} {stream}"
