"""Series and their coverage: rows of `series`, `markets`, `coverage` within a transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.intervals import Interval, union
from rtrade.core.series import SeriesKey
from rtrade.store import schema


def _find_statement() -> sa.Select[Any]:
    table, market = schema.series, schema.markets
    same = (market.c.venue == table.c.venue) & (market.c.symbol == table.c.symbol)
    return (
        sa.select(
            table.c.id, table.c.state, table.c.bars,
            market.c.lot, market.c.tick, market.c.min_notional, market.c.listed,
        )
        .select_from(table.outerjoin(market, same))
        .where(table.c.venue == sa.bindparam("venue"), table.c.symbol == sa.bindparam("symbol"))
        .where(table.c.timeframe == sa.bindparam("timeframe"))
    )  # fmt: skip


# Made once: for a server, making them takes longer than executing them.
_FIND = _find_statement()
_COVERED = (
    sa.select(schema.coverage.c.start_ms, schema.coverage.c.end_ms)
    .where(schema.coverage.c.series_id == sa.bindparam("series"))
    .order_by(schema.coverage.c.start_ms)
)


@dataclass(frozen=True)
class Series:
    """A stored series, as of one moment.

    `state` is another one whenever bars of it changed, and the same as long as none did. Filters
    are the venue's decimal text, None where it has none; `listed` is the open time (ms) of its
    first bar where that is known. `bars` counts its bars.
    """

    id: int
    key: SeriesKey
    state: str
    bars: int
    lot: str | None = None
    tick: str | None = None
    min_notional: str | None = None
    listed: int | None = None


def now_ms() -> int:
    """The local clock, ms; only for stamps that say when a row was written."""
    return time.time_ns() // 1_000_000


def find(connection: Connection, key: SeriesKey) -> Series | None:
    """Return the series, None where it was never written."""
    values = {"venue": key.venue, "symbol": key.symbol, "timeframe": str(key.timeframe)}
    row = connection.execute(_FIND, values).one_or_none()
    return Series(row[0], key, *row[1:]) if row is not None else None


def find_id(connection: Connection, venue: str, symbol: str, stream: str) -> int | None:
    """Return the id of a stream (a timeframe, `trades`, `funding`, `book`), None: never written."""
    table = schema.series
    query = sa.select(table.c.id).where(
        table.c.venue == venue, table.c.symbol == symbol, table.c.timeframe == stream
    )
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def ensure_id(connection: Connection, venue: str, symbol: str, stream: str) -> int:
    """Return the id of a stream, made where it is new. The stream's lock must be held."""
    found = find_id(connection, venue, symbol, stream)
    if found is not None:
        return found
    row = {
        "venue": venue, "symbol": symbol, "timeframe": stream,
        "state": uuid4().hex, "bars": 0, "corrected": 0, "created": now_ms(),
    }  # fmt: skip
    made = connection.execute(sa.insert(schema.series).values(row)).inserted_primary_key
    assert made is not None
    return int(made[0])


def changed(connection: Connection, series_id: int, *, bars: int, corrected: int) -> None:
    """Draw a new state token and add to the counts, in the transaction that changes bars."""
    table = schema.series
    connection.execute(
        sa.update(table)
        .where(table.c.id == series_id)
        .values(
            state=uuid4().hex,
            bars=table.c.bars + bars,
            corrected=table.c.corrected + corrected,
        )
    )


def covered(connection: Connection, series_id: int) -> list[Interval]:
    """Return the stretches that were asked for and answered, sorted."""
    found = connection.execute(_COVERED, {"series": series_id})
    return [Interval(start, end) for start, end in found]


def set_filters(connection: Connection, venue: str, symbol: str, values: dict[str, Any]) -> None:
    """Keep what the venue allows for a symbol, in place of what it said before."""
    table = schema.markets
    same = (table.c.venue == venue) & (table.c.symbol == symbol)
    row = {**values, "updated": now_ms()}
    if connection.execute(sa.update(table).where(same).values(row)).rowcount == 0:
        connection.execute(sa.insert(table).values(venue=venue, symbol=symbol, **row))


def set_coverage(
    connection: Connection, series_id: int, old: Sequence[Interval], new: Sequence[Interval]
) -> None:
    """Replace the stretches `old` (those in force) by `new`, touching only rows that differ."""
    table = schema.coverage
    wanted = union(new)
    for gone in sorted(set(old) - set(wanted)):
        connection.execute(
            sa.delete(table).where(table.c.series_id == series_id, table.c.start_ms == gone.start)
        )
    rows = [
        {"series_id": series_id, "start_ms": one.start, "end_ms": one.end}
        for one in sorted(set(wanted) - set(old))
    ]
    if rows:
        connection.execute(sa.insert(table), rows)
