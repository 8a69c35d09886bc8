"""Whole series as columns: ADBC hands Arrow arrays over, and no row becomes a Python object."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import numpy as np

from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.series import SeriesKey
from rtrade.store.database import Database
from rtrade.store.reading import EVERYTHING, empty, select_bars
from rtrade.store.turns import Turns

log = logging.getLogger("rtrade.store")


def read_columns(database: Database, key: SeriesKey, series_id: int) -> tuple[Bars, str] | None:
    """Return all bars of a series, and the state that they belong to.

    None where the driver fails (which is logged), or where other threads kept sqlite3 at work on
    the file for the whole of `patience`: then rows have to be read, which takes longer and says
    what is wrong.
    """
    from adbc_driver_manager import Error

    try:
        if not database.address.is_sqlite:
            return _postgres(database, key, series_id)
        with Turns.of(database.address.file).columns(database.patience) as alone:
            return _sqlite(database, key, series_id) if alone else None
    except Error as error:
        said = database.address.redact(str(error))
        log.warning("reading rows, since columns failed", extra={"error": said})
        return None


def _sqlite(database: Database, key: SeriesKey, series_id: int) -> tuple[Bars, str]:
    from adbc_driver_sqlite import dbapi

    address = f"file:{quote(str(database.address.file))}"
    with dbapi.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(database.patience * 1000)}")
        # Not in autocommit: the first SELECT opens a view that lasts until the connection closes.
        return _read(cursor, key, series_id)


def _postgres(database: Database, key: SeriesKey, series_id: int) -> tuple[Bars, str]:
    from adbc_driver_postgresql import dbapi

    url = database.address.url.set(drivername="postgresql")
    uri = url.render_as_string(hide_password=False)
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _read(cursor, key, series_id)


def _read(cursor: Any, key: SeriesKey, series_id: int) -> tuple[Bars, str]:
    cursor.execute(f"SELECT state FROM series WHERE id = {series_id:d}")  # noqa: S608 - a number
    state = cursor.fetchone()[0]
    cursor.execute(select_bars(series_id, *EVERYTHING))
    table = cursor.fetch_arrow_table()
    if not len(table):
        return empty(key), state
    columns = {
        name: np.ascontiguousarray(table.column(at).to_numpy()) for at, name in enumerate(COLUMNS)
    }
    return Bars(key.symbol, key.timeframe, **columns), state
