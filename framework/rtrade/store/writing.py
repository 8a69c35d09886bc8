"""Bars and their coverage into the database, within one transaction that holds the series' lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.bars import COLUMNS
from rtrade.core.intervals import Interval, subtract, union
from rtrade.store import schema
from rtrade.store.notes import CORRECTED
from rtrade.store.rows import Rows, inside
from rtrade.store.series import changed, covered, now_ms, set_coverage
from rtrade.store.staging import Columns, append, stage

_DIFFERS = " OR ".join(f"bars.{name} <> new.{name}" for name in COLUMNS[1:])
_RANGE = "bars.series_id = :series AND bars.ts BETWEEN :first AND :last"
_CORRECTIONS = sa.text(
    "SELECT bars.ts, bars.revision, bars.open, bars.high, bars.low, bars.close, bars.volume "  # noqa: S608 - names are ours
    f"FROM bars JOIN stage_bars AS new ON new.ts = bars.ts WHERE {_RANGE} AND ({_DIFFERS}) "
    "ORDER BY bars.ts"
)
# Rows that are stored as they are must not be touched: Postgres would lock each of them.
_INSERT = (
    "INSERT INTO bars (series_id, ts, open, high, low, close, volume, revision) "  # noqa: S608 - names are ours
    "SELECT :series, new.ts, new.open, new.high, new.low, new.close, new.volume, 0 "
    f"FROM stage_bars AS new LEFT JOIN bars ON bars.ts = new.ts AND {_RANGE} "
    "WHERE bars.ts IS NULL OR {also} ORDER BY new.ts ON CONFLICT (series_id, ts) DO "
)
_KEEP = sa.text(_INSERT.format(also="false") + "NOTHING")
_REVISE = sa.text(
    _INSERT.format(also=_DIFFERS)
    + "UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
    + ", revision = bars.revision + 1"
)
_ANY = sa.text(f"SELECT EXISTS (SELECT 1 FROM bars WHERE {_RANGE})")  # noqa: S608 - names are ours


@dataclass(frozen=True)
class Written:
    """What became of the bars that were written."""

    inserted: int = 0
    corrected: int = 0
    unchanged: int = 0


def write(
    connection: Connection, series_id: int, new: Sequence[Interval], rows: Rows, *, revise: bool
) -> Written:
    """Store bars and the stretches that they answer; see Store.write_bars."""
    old = covered(connection, series_id)
    together = union([*old, *new])
    strangers = ~inside(rows.time, together)
    if strangers.any():
        raise ValueError(f"the bar {rows.time[strangers][0]} is in no stretch that was answered")
    written, first_times = Written(), 0
    if len(rows):
        written, first_times = _write_rows(connection, series_id, rows, revise=revise)
    set_coverage(connection, series_id, old, together)
    if written.inserted or written.corrected:
        changed(connection, series_id, bars=written.inserted, corrected=first_times)
    return written


def _write_rows(
    connection: Connection, series_id: int, rows: Rows, *, revise: bool
) -> tuple[Written, int]:
    """Write the rows; return what became of them, and how many were never corrected before."""
    columns: Columns = {"ts": rows.time}
    columns |= {name: rows.values[:, at] for at, name in enumerate(COLUMNS[1:])}
    span = {"series": series_id, "first": int(rows.time[0]), "last": int(rows.time[-1])}
    if not connection.execute(_ANY, span).scalar_one():
        # Nothing is in the way, and while the lock is held nothing can come into it.
        same = np.full(len(rows), series_id, np.int64)
        first = {"series_id": same, "revision": np.zeros(len(rows), np.int64)}
        append(connection, "bars", {**first, **columns})
        return Written(inserted=len(rows)), 0
    stage(connection, "stage_bars", columns)
    old = _keep_old(connection, series_id, span) if revise else []
    touched = connection.execute(_REVISE if revise else _KEEP, span).rowcount
    written = Written(touched - len(old), len(old), len(rows) - touched)
    return written, old.count(0)


def _keep_old(connection: Connection, series_id: int, span: dict[str, int]) -> list[int]:
    """Copy the bars that are about to change into `quality`; return their revisions."""
    old = connection.execute(_CORRECTIONS, span).all()
    if old:
        now = now_ms()
        notes = [
            {
                "series_id": series_id, "ts": ts, "code": CORRECTED, "revision": revision + 1,
                "detail": json.dumps(dict(zip(COLUMNS[1:], values, strict=True))), "created": now,
            }
            for ts, revision, *values in old
        ]  # fmt: skip
        connection.execute(sa.insert(schema.quality), notes)
    return [revision for _, revision, *_ in old]


def prune(connection: Connection, series_id: int, before: int) -> int:
    """Delete the bars that open before `before` (ms) with their coverage; return how many."""
    bars, quality = schema.bars, schema.quality
    counting = sa.select(sa.func.count()).where(
        bars.c.series_id == series_id, bars.c.ts < before, bars.c.revision > 0
    )
    revised = connection.execute(counting).scalar_one()
    gone = connection.execute(
        sa.delete(bars).where(bars.c.series_id == series_id, bars.c.ts < before)
    ).rowcount
    connection.execute(
        sa.delete(quality).where(quality.c.series_id == series_id, quality.c.ts < before)
    )
    old = covered(connection, series_id)
    kept = [part for one in old for part in _after(one, before)]
    set_coverage(connection, series_id, old, kept)
    if gone:
        changed(connection, series_id, bars=-gone, corrected=-revised)
    return gone


def _after(interval: Interval, before: int) -> list[Interval]:
    if before <= interval.start:
        return [interval]
    return subtract(interval, [Interval(interval.start, min(before, interval.end))])
