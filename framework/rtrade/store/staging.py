"""Rows into a temporary table of the connection: the fast way in, for both databases.

From there one statement moves them, so that a conflict is decided by the database. On Postgres
they travel as COPY in its binary format, built by numpy; on SQLite by `executemany`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy.engine import Connection

from rtrade.core.bars import FloatArray, IntArray

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"


def stage(connection: Connection, name: str, columns: dict[str, IntArray | FloatArray]) -> None:
    """Fill the temporary table `name` with int64 and float64 columns; the first is unique."""
    if connection.dialect.name == "sqlite":
        _sqlite(connection, name, columns)
    else:
        _postgres(connection, name, columns)


def _sqlite(connection: Connection, name: str, columns: dict[str, Any]) -> None:
    # The first column is the row's own number, so that a join never has to scan for it.
    key, *others = columns.items()
    kinds = ", ".join(
        f"{column} {'BIGINT' if array.dtype.kind == 'i' else 'DOUBLE PRECISION'}"
        for column, array in others
    )
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS {name} ({key[0]} INTEGER PRIMARY KEY, {kinds})"
    )
    driver.execute(f"DELETE FROM {name}")  # noqa: S608 - names are ours
    places = ", ".join("?" * len(columns))
    rows = zip(*(array.tolist() for array in columns.values()), strict=True)
    driver.executemany(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608 - names are ours


def _postgres(connection: Connection, name: str, columns: dict[str, Any]) -> None:
    kinds = ", ".join(
        f"{column} {'bigint' if array.dtype.kind == 'i' else 'double precision'}"
        for column, array in columns.items()
    )
    create = f"CREATE TEMP TABLE IF NOT EXISTS {name} ({kinds}) ON COMMIT DELETE ROWS"
    connection.exec_driver_sql(create)
    driver = connection.connection.driver_connection
    assert driver is not None
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(binary_copy(list(columns.values())))


def binary_copy(columns: list[IntArray | FloatArray]) -> bytes:
    """Return int64 and float64 columns in the binary format of COPY.

    Each row is the number of its fields (int16), and each field its length (int32) and its eight
    bytes, all big-endian; a signature of 19 bytes goes before, -1 (int16) after.
    Source: PostgreSQL manual, COPY, File Formats, Binary Format.
    """
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for at, array in enumerate(columns):
        fields += [
            (f"length{at}", ">i4"),
            (f"value{at}", ">i8" if array.dtype.kind == "i" else ">f8"),
        ]
    packed = np.empty(len(columns[0]), np.dtype(fields))
    packed["count"] = len(columns)
    for at, array in enumerate(columns):
        packed[f"length{at}"] = 8
        packed[f"value{at}"] = array
    return _SIGNATURE + packed.tobytes() + _TRAILER
