"""The store of a workspace: what it can be asked, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.bars import Bars
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.store import listing, reading, writing
from rtrade.store import series as rows_of_series
from rtrade.store.answers import Answers
from rtrade.store.columnar import read_columns
from rtrade.store.database import Database
from rtrade.store.documents import Documents
from rtrade.store.feeds import Feeds
from rtrade.store.notes import Finding, add, findings
from rtrade.store.rows import Row, rows_of
from rtrade.store.series import Series, ensure_id, find
from rtrade.store.snapshots import Snapshots
from rtrade.store.tails import Tails
from rtrade.store.writing import Written

# Up to so many bars, rows are read sooner than the columnar driver is loaded.
FEW_BARS = 20_000
# How often columns are read anew because bars changed meanwhile, before rows are.
_TRIES = 3


@dataclass(frozen=True, eq=False)
class Reading:
    """Bars and what is known of the series, of one and the same moment."""

    bars: Bars
    coverage: list[Interval]
    state: str


@dataclass(frozen=True, eq=False)
class _Look:
    """What one transaction saw of a series; `bars` where they were read with it."""

    series: Series | None
    coverage: list[Interval]
    bars: Bars | None = None


class Store(Feeds, Documents, Answers, Tails):
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

        def work(connection: Connection) -> Series | None:
            _ensure(connection, key)
            return find(connection, key)

        return self._database.write(work, _lock(key))

    def all_series(self, *, holes: bool = False) -> list[listing.SeriesInfo]:
        """Return every series of bars with its counts; with `holes` those too, reading all bars."""
        return self._database.read(lambda connection: listing.describe(connection, holes=holes))

    def size(self) -> int:
        """Return the bytes that the database takes: on disk, or as the server tells."""
        if self._database.address.is_sqlite:
            file = self._database.address.file
            parts = (file, file.with_name(f"{file.name}-wal"))
            return sum(part.stat().st_size for part in parts if part.exists())
        query = sa.text("SELECT pg_database_size(current_database())")
        return int(self._database.read(lambda connection: connection.execute(query).scalar_one()))

    def all_keys(self) -> list[SeriesKey]:
        """Return what names each series of bars, in order."""
        return self._database.read(listing.keys)

    def status(self, key: SeriesKey) -> tuple[Series | None, list[Interval]]:
        """Return the series, None where it was never written, and its coverage, of one moment."""
        look = self._look(key)
        return look.series, look.coverage

    def coverage(self, key: SeriesKey) -> list[Interval]:
        """Return the stretches that were asked for and answered: sorted, apart from each other."""
        return self._look(key).coverage

    def set_filters(
        self,
        key: SeriesKey,
        lot: str | None,
        tick: str | None,
        min_notional: str | None,
        listed: int | None = None,
    ) -> None:
        """Keep what the venue allows for the symbol of `key`, as its decimal text.

        `listed` is when trading began (ms), where that is known. It counts for every timeframe.
        """
        values = {"lot": lot, "tick": tick, "min_notional": min_notional, "listed": listed}
        texts = {name: None if value is None else str(value) for name, value in values.items()}
        texts["listed"] = listed  # type: ignore[assignment] # the one number among them

        def work(connection: Connection) -> None:
            rows_of_series.set_filters(connection, key.venue, key.symbol, texts)

        self._database.write(work, f"market {key.venue} {key.symbol}")

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
        or in what was covered before (a bar asked for again). Writing the same once more changes
        nothing. A bar that differs from the stored one replaces it, raises its revision, and the
        old values go to `quality` as `corrected`; without `revise` the stored one stays. Raises
        ValueError for bars outside, not finite, or two different ones of one time.
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
        """Return the bars with `start <= time < end` (ms), and the coverage they stand in.

        A series is read whole, from its snapshot or as columns from the database; few bars are
        read row by row. Bars, coverage and state are of one moment in any case.
        """
        for _ in range(_TRIES):
            look = self._look(key, start, end)
            if look.series is None:
                return Reading(reading.empty(key), [], "")
            if look.bars is not None:
                return Reading(look.bars, look.coverage, look.series.state)
            found = self._whole(look.series)
            if found is not None:
                low, high = np.searchsorted(found.time, [start, end])
                part = found.slice(int(low), int(high))
                return Reading(part, look.coverage, look.series.state)
        look = self._look(key, start, end, whatever=True)
        assert look.bars is not None or look.series is None
        state = look.series.state if look.series else ""
        return Reading(reading.empty(key) if look.bars is None else look.bars, look.coverage, state)

    def read_some(
        self, key: SeriesKey, start: int, end: int, limit: int, *, latest: bool = False
    ) -> Reading:
        """Return the first `limit` bars with `start <= time < end` (ms), with `latest` the last.

        They are read row by row, whatever snapshot there is: for a thousand bars of millions.
        """

        def work(connection: Connection) -> Reading:
            found = find(connection, key)
            if found is None:
                return Reading(reading.empty(key), [], "")
            bars = reading.read_some(connection, key, found.id, start, end, limit, latest=latest)
            return Reading(bars, rows_of_series.covered(connection, found.id), found.state)

        return self._database.read(work)

    def _whole(self, series: Series) -> Bars | None:
        """Return all bars of the series in this state; None where it has another one by now."""
        bars = self._snapshots.load(series.key, series.id, series.state)
        if bars is not None:
            return bars
        columns = read_columns(self._database, series.key, series.id)
        if columns is None or columns[1] != series.state:
            return None
        self._snapshots.save(columns[0], series.id, series.state)
        return columns[0]

    def _look(
        self, key: SeriesKey, start: int = 0, end: int = 0, *, whatever: bool = False
    ) -> _Look:
        """Return the series, its coverage, and the bars of `[start, end)` where they are few.

        Bars are left out where a snapshot has them, and where `start` is `end`; with `whatever`
        they are read in any case.
        """

        def work(connection: Connection) -> _Look:
            found = find(connection, key)
            if found is None:
                return _Look(None, [])
            known = rows_of_series.covered(connection, found.id)
            rows = whatever or (
                start < end
                and not self._snapshots.has(found.id, found.state)
                and reading.at_most(connection, found.id, start, end, FEW_BARS)
            )
            if not rows:
                return _Look(found, known)
            return _Look(found, known, reading.read_rows(connection, key, found.id, start, end))

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

    # Quality

    def quality(self, key: SeriesKey) -> list[Finding]:
        """Return what was found about bars of the series, by time."""

        def work(connection: Connection) -> list[Finding]:
            found = find(connection, key)
            return findings(connection, found.id) if found else []

        return self._database.read(work)

    def add_quality(self, key: SeriesKey, found: Sequence[tuple[int, str, str]]) -> None:
        """Keep findings (ts ms, code, detail), each in place of one of the same time and code."""

        def work(connection: Connection) -> None:
            add(connection, _ensure(connection, key), found)

        self._database.write(work, _lock(key))


def _lock(key: SeriesKey) -> str:
    return f"series {key.venue} {key.symbol} {key.timeframe}"


def _ensure(connection: Connection, key: SeriesKey) -> int:
    return ensure_id(connection, key.venue, key.symbol, str(key.timeframe))
