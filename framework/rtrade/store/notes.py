"""Findings about single bars: rows of `quality`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.store import schema
from rtrade.store.series import now_ms

CORRECTED = "corrected"


@dataclass(frozen=True)
class Finding:
    """What was found about the bar that opens at `time` (ms).

    `revision` is 0, but for `corrected`: there it is the revision that replaced the values which
    `detail` holds as JSON. `created` is when it was written (ms).
    """

    time: int
    code: str
    detail: str
    revision: int
    created: int


def findings(connection: Connection, series_id: int) -> list[Finding]:
    """Return the findings of a series, by time, code and revision."""
    columns = schema.quality.c
    query = sa.select(
        columns.ts, columns.code, columns.detail, columns.revision, columns.created
    ).where(columns.series_id == series_id)
    ordered = query.order_by(columns.ts, columns.code, columns.revision)
    return [Finding(*row) for row in connection.execute(ordered)]


def add(connection: Connection, series_id: int, found: Sequence[tuple[int, str, str]]) -> None:
    """Write findings (ts, code, detail), each in place of one of the same time and code."""
    table, now = schema.quality, now_ms()
    for ts, code, detail in sorted(found):
        if code == CORRECTED:
            raise ValueError("`corrected` is written with the bar that replaces another")
        same = (table.c.series_id == series_id) & (table.c.ts == ts) & (table.c.code == code)
        values = {"detail": detail, "created": now}
        if connection.execute(sa.update(table).where(same).values(values)).rowcount == 0:
            row = {"series_id": series_id, "ts": ts, "code": code, "revision": 0, **values}
            connection.execute(sa.insert(table).values(row))
