"""The store of a workspace: what it can be asked, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from sqlalchemy.engine import Connection

from rtrade.core.bars import Bars
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.store import reading, writing
from rtrade.store.database import Database
from rtrade.store.rows import Row, rows_of
from rtrade.store.series import Series, covered, ensure_id, find
from rtrade.store.snapshots import Snapshots
from rtrade.store.writing import Written


@dataclass(frozen=True, eq=False)
class Reading:
    """Bars and what is known of the series, of one and the same moment."""

    bars: Bars
    coverage: list[Interval]
    state: str


class Store:
    """An opened database of a workspace. Safe to use from several threads; a context manager.

    Every method raises a StoreError where the database fails; what was stored is kept.
    """

    def __init__(self, database: Database, database_id: str, folder: Path) -> None:
        self._database = database
        self._snapshots = Snapshots(folder / "snapshots", database_id)
        self.id = database_id
        self.address = database.address.shown

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    # Series and coverage

    def series(self, key: SeriesKey, *, create: bool = False) -> Series | None:
        """Return the series with its filters and state; None where it was never written.

        With `create` it is made where it is new.
        """
        found = self._database.read(lambda connection: find(connection, key))
        if found is not None or not create:
            return found
        self._database.write(lambda connection: _ensure(connection, key), _lock(key))
        return self._database.read(lambda connection: find(connection, key))

    def coverage(self, key: SeriesKey) -> list[Interval]:
        """Return the stretches that were asked for and answered: sorted, apart from each other."""

        def work(connection: Connection) -> list[Interval]:
            found = find(connection, key)
            return covered(connection, found.id) if found else []

        return self._database.read(work)

    # Bars

    def write_bars(
        self,
        key: SeriesKey,
        covered: Sequence[Interval],
        bars: Bars | Sequence[Row] | None,
        *,
        revise: bool = True,
    ) -> Written:
        """Store closed bars together with the stretches of time that they answer, or nothing.

        `covered` are the stretches that the venue was asked for and has answered, empty parts
        included; they must not reach past the last closed bar. `bars` are Bars, or rows (ts ms,
        open, high, low, close, volume) in any order, or None for none; each must lie in `covered`
        or in what was covered before (a bar asked for again). Writing the same once more changes nothing. A bar
        that differs from the stored one replaces it, raises its revision, and the old values go
        to `quality` as `corrected`; without `revise` the stored one stays. Raises ValueError for
        bars outside, not finite, or two different ones of one time.
        """
        rows = rows_of(bars)

        def work(connection: Connection) -> Written:
            series_id = _ensure(connection, key)
            return writing.write(connection, series_id, covered, rows, revise=revise)

        return self._database.write(work, _lock(key))

    def read_bars(self, key: SeriesKey, start: int, end: int) -> Bars:
        """Return the stored bars with `start <= time < end` (ms); none for an unknown series."""
        return self.read(key, start, end).bars

    def read(self, key: SeriesKey, start: int, end: int) -> Reading:
        """Return the bars with `start <= time < end` (ms), and the coverage they stand in."""

        def work(connection: Connection) -> Reading:
            found = find(connection, key)
            if found is None:
                return Reading(reading.empty(key), [], "")
            known = covered(connection, found.id)
            bars = self._snapshots.load(key, found.id, found.state)
            if bars is None:
                bars = reading.read_rows(connection, key, found.id, -(2**63), 2**63 - 1)
                self._snapshots.save(bars, found.id, found.state)
            low, high = np.searchsorted(bars.time, [start, end])
            return Reading(bars.slice(int(low), int(high)), known, found.state)

        return self._database.read(work)

    def count_bars(self, key: SeriesKey, start: int, end: int) -> int:
        """Count the stored bars with `start <= time < end` (ms)."""

        def work(connection: Connection) -> int:
            found = find(connection, key)
            return reading.count(connection, found.id, start, end) if found else 0

        return self._database.read(work)

    def bounds(self, key: SeriesKey) -> tuple[int, int] | None:
        """Return the open times (ms) of the first and the last stored bar, None without bars."""

        def work(connection: Connection) -> tuple[int, int] | None:
            found = find(connection, key)
            return reading.bounds(connection, found.id) if found else None

        return self._database.read(work)

    def prune(self, key: SeriesKey, before_ms: int) -> int:
        """Delete the bars that open before `before_ms`, and their coverage; return how many."""

        def work(connection: Connection) -> int:
            found = find(connection, key)
            return writing.prune(connection, found.id, before_ms) if found else 0

        return self._database.write(work, _lock(key))


def _lock(key: SeriesKey) -> str:
    return f"series {key.venue} {key.symbol} {key.timeframe}"


def _ensure(connection: Connection, key: SeriesKey) -> int:
    return ensure_id(connection, key.venue, key.symbol, str(key.timeframe))
