"""Rows into a temporary table of the connection: the fast way in, for both databases.

From there one statement moves them, so that a conflict is decided by the database. On Postgres
they travel as COPY in its binary format, built by numpy; on SQLite by `executemany`.
"""

from __future__ import annotations

import numpy as np
from sqlalchemy.engine import Connection

from rtrade.core.bars import FloatArray, IntArray

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"


Columns = dict[str, IntArray | FloatArray]


def stage(connection: Connection, name: str, columns: Columns) -> None:
    """Fill the temporary table `name` with int64 and float64 columns; the first is unique."""
    (key, first), *others = columns.items()
    if connection.dialect.name == "sqlite":
        # The first column is the row's own number, so that a join never has to scan for it.
        kinds = [f"{key} INTEGER PRIMARY KEY", *(_kind(*other) for other in others)]
        connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS {name} ({', '.join(kinds)})")
        connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608 - names are ours
    else:
        kinds = [_kind(key, first), *(_kind(*other) for other in others)]
        create = f"CREATE TEMP TABLE IF NOT EXISTS {name} ({', '.join(kinds)})"
        connection.exec_driver_sql(f"{create} ON COMMIT DELETE ROWS")
    append(connection, name, columns)


def append(connection: Connection, name: str, columns: Columns) -> None:
    """Put rows into a table that has none of them."""
    driver = connection.connection.driver_connection
    assert driver is not None
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        rows = zip(*(array.tolist() for array in columns.values()), strict=True)
        insert = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608 - names are ours
        driver.executemany(insert, rows)
        return
    copy_in = f"COPY {name} ({names}) FROM STDIN (FORMAT binary)"
    with driver.cursor() as cursor, cursor.copy(copy_in) as copy:
        copy.write(binary_copy(list(columns.values())))


def _kind(name: str, array: IntArray | FloatArray) -> str:
    return f"{name} {'bigint' if array.dtype.kind == 'i' else 'double precision'}"


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
