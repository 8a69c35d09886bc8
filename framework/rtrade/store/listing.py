"""What the store holds, series by series."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe
from rtrade.store import schema
from rtrade.store.reading import bounds

STREAMS = ("trades", "book", "funding")


@dataclass(frozen=True)
class SeriesInfo:
    """A stored series: its bars, the open times (ms) of the first and the last, what is covered.

    `missing` counts the bars that are not there in covered stretches between the first and the
    last, `holes` the places where they are (None where that was not asked for, since it reads
    every bar). `corrected` counts bars that a later answer of the venue changed.
    """

    key: SeriesKey
    bars: int
    first: int | None
    last: int | None
    coverage: list[Interval]
    missing: int
    holes: int | None
    corrected: int


_HOLES = sa.text(
    "SELECT count(*) FROM (SELECT ts - lag(ts) OVER (ORDER BY ts) AS step "
    "FROM bars WHERE series_id = :series) AS steps WHERE step > :longest"
)


def keys(connection: Connection) -> list[SeriesKey]:
    """Return what names each series of bars, in order."""
    table = schema.series
    query = sa.select(table.c.venue, table.c.symbol, table.c.timeframe).where(
        table.c.timeframe.not_in(STREAMS)
    )
    rows = connection.execute(query)
    return sorted(
        SeriesKey(venue, symbol, Timeframe.parse(timeframe)) for venue, symbol, timeframe in rows
    )


def describe(connection: Connection, *, holes: bool) -> list[SeriesInfo]:
    """Return every series of bars, by venue, symbol and timeframe."""
    table = schema.series
    query = sa.select(
        table.c.id, table.c.venue, table.c.symbol, table.c.timeframe, table.c.bars,
        table.c.corrected,
    ).where(table.c.timeframe.not_in(STREAMS))  # fmt: skip
    stretches: dict[int, list[Interval]] = {}
    for series_id, start, end in connection.execute(
        sa.select(schema.coverage).order_by(schema.coverage.c.start_ms)
    ):
        stretches.setdefault(series_id, []).append(Interval(start, end))
    infos = []
    for series_id, venue, symbol, timeframe, bars, corrected in connection.execute(query).all():
        key = SeriesKey(venue, symbol, Timeframe.parse(timeframe))
        first, last = bounds(connection, series_id) or (None, None)
        covered = stretches.get(series_id, [])
        missing = _expected(key.timeframe, covered, first, last) - bars
        found = _holes(connection, key.timeframe, series_id) if holes else None
        infos.append(SeriesInfo(key, bars, first, last, covered, missing, found, corrected))
    return sorted(infos, key=lambda info: info.key)


def _expected(
    timeframe: Timeframe, covered: list[Interval], first: int | None, last: int | None
) -> int:
    if first is None or last is None:
        return 0
    return sum(
        timeframe.count(max(one.start, first), min(one.end, last + 1))
        for one in covered
        if one.end > first and one.start <= last
    )


def _holes(connection: Connection, timeframe: Timeframe, series_id: int) -> int:
    # Months differ in length: the longest step of a year's is none too long.
    opens = [timeframe.ahead(timeframe.floor(0), at) for at in range(13)]
    longest = max(after - before for before, after in pairwise(opens))
    values = {"series": series_id, "longest": longest}
    return int(connection.execute(_HOLES, values).scalar_one())
