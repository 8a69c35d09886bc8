"""Bars out of the database, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.series import SeriesKey

# All times that can be stored.
EVERYTHING = (-(2**62), 2**62)

_ROW = np.dtype([("time", "i8"), *((name, "f8") for name in COLUMNS[1:])])
_SELECT = (
    "SELECT ts, open, high, low, close, volume FROM bars "
    "WHERE series_id = {series:d} AND ts >= {start:d} AND ts < {end:d} ORDER BY ts"
)


def select_bars(series_id: int, start: int, end: int) -> str:
    """Return the statement that reads the bars `start <= ts < end`, in time order."""
    return _SELECT.format(series=series_id, start=start, end=end)


def read_rows(connection: Connection, key: SeriesKey, series_id: int, start: int, end: int) -> Bars:
    """Read `[start, end)` row by row: for few bars quicker than loading the columnar driver."""
    return _bars(key, connection.exec_driver_sql(select_bars(series_id, start, end)))


def read_some(
    connection: Connection,
    key: SeriesKey,
    series_id: int,
    start: int,
    end: int,
    limit: int,
    *,
    latest: bool,
) -> Bars:
    """Read the first `limit` bars of `[start, end)`, with `latest` the last; in time order."""
    order = " DESC" if latest else ""
    statement = f"{select_bars(series_id, start, end)}{order} LIMIT {limit:d}"
    bars = _bars(key, connection.exec_driver_sql(statement))
    if not latest:
        return bars
    columns = {name: np.ascontiguousarray(getattr(bars, name)[::-1]) for name in COLUMNS}
    return Bars(key.symbol, key.timeframe, **columns)


def _bars(key: SeriesKey, result: Iterable[Any]) -> Bars:
    rows = np.fromiter(map(tuple, result), _ROW)
    columns = {name: np.ascontiguousarray(rows[name]) for name in COLUMNS}
    return Bars(key.symbol, key.timeframe, **columns)


def at_most(connection: Connection, series_id: int, start: int, end: int, limit: int) -> bool:
    """Tell whether `[start, end)` holds no more than `limit` bars, without counting on."""
    query = sa.text(
        "SELECT count(*) FROM (SELECT 1 FROM bars WHERE series_id = :series "
        "AND ts >= :start AND ts < :end LIMIT :more) AS few"
    )
    values = {"series": series_id, "start": start, "end": end, "more": limit + 1}
    return int(connection.execute(query, values).scalar_one()) <= limit


def count(connection: Connection, series_id: int, start: int, end: int) -> int:
    """Count the bars `start <= ts < end`."""
    query = sa.text(
        "SELECT count(*) FROM bars WHERE series_id = :series AND ts >= :start AND ts < :end"
    )
    found: int = connection.execute(
        query, {"series": series_id, "start": start, "end": end}
    ).scalar_one()
    return found


def bounds(connection: Connection, series_id: int) -> tuple[int, int] | None:
    """Return the first and the last bar's open time, None where there is no bar."""
    query = sa.text("SELECT min(ts), max(ts) FROM bars WHERE series_id = :series")
    first, last = connection.execute(query, {"series": series_id}).one()
    return None if first is None else (first, last)


def empty(key: SeriesKey) -> Bars:
    """Return no bars of the series."""
    columns = {name: np.empty(0, np.float64) for name in COLUMNS[1:]}
    return Bars(key.symbol, key.timeframe, np.empty(0, np.int64), **columns)
