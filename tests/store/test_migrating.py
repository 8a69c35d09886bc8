"""From an empty database to the schema of today and back, filled, on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from rtrade.core.errors import StoreDamaged, StoreTooNew
from rtrade.store import migrating, schema
from rtrade.store.addresses import read_address
from rtrade.store.database import Database
from rtrade.store.feeds import Trades
from rtrade.store.opening import open_store
from store.cases import KEY, row, rows, span

ALL = (-(2**62), 2**62)


@pytest.fixture
def database(url: str, tmp_path: Path):
    opened = Database(read_address(url, tmp_path))
    yield opened
    opened.close()


def fill(url: str, folder: Path) -> None:
    with open_store(url, folder) as store:
        store.write_bars(KEY, [span(0, 50), span(60, 70)], rows(0, 50))
        store.write_bars(KEY, [], [row(7, close=3.0)])
        one = np.array([1])
        store.write_trades(
            "binance", "BTC/USDT", Trades(one, one, one * 1.5, one, one), [span(0, 1)]
        )
        store.put_document("markets", "binance", "{}", 5)


def test_the_schema_made_is_the_schema_used(url: str, tmp_path: Path, database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    open_store(url, tmp_path).close()
    kept = {"alembic_version"}

    def ours(thing, name, kind, *_: object) -> bool:
        return not (kind == "table" and name in kept)

    def compare(connection):
        context = MigrationContext.configure(
            connection, opts={"include_object": ours, "compare_type": True}
        )
        return compare_metadata(context, schema.metadata)

    assert database.read(compare) == []


def test_down_and_up_again_on_a_filled_database(
    url: str, tmp_path: Path, database: Database
) -> None:
    fill(url, tmp_path)
    with open_store(url, tmp_path) as store:
        before, identity = store.read(KEY, *ALL), store.id
    database.write(lambda connection: migrating.migrate(connection, "0001"), "schema")
    tables = database.read(lambda connection: set(sa.inspect(connection).get_table_names()))
    assert "trades" not in tables
    assert "bars" in tables
    with open_store(url, tmp_path) as store:
        after = store.read(KEY, *ALL)
        assert store.id == identity
        assert after.bars.digest() == before.bars.digest()
        assert (after.coverage, after.state) == (before.coverage, before.state)
        assert [note.code for note in store.quality(KEY)] == ["corrected"]
        assert len(store.read_trades("binance", "BTC/USDT", 0, 10)) == 0
        assert store.trade_coverage("binance", "BTC/USDT") == []
    database.write(lambda connection: migrating.migrate(connection, "base"), "schema")
    tables = database.read(lambda connection: set(sa.inspect(connection).get_table_names()))
    assert tables <= {"alembic_version"}
    with open_store(url, tmp_path) as store:
        assert store.all_series() == []
        assert store.id != identity


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    url: str, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = migrating.migrate

    def fail(connection, revision: str) -> None:
        real(connection, revision)
        raise RuntimeError("killed here")

    monkeypatch.setattr(migrating, "migrate", fail)
    with pytest.raises(RuntimeError, match="killed here"):
        open_store(url, tmp_path)
    assert database.read(lambda connection: sa.inspect(connection).get_table_names()) == []
    monkeypatch.undo()
    fill(url, tmp_path)


def test_a_newer_schema_is_refused_and_left_alone(
    url: str, tmp_path: Path, database: Database
) -> None:
    fill(url, tmp_path)
    newer = sa.text("UPDATE alembic_version SET version_num = '9999'")
    database.write(lambda connection: connection.execute(newer).rowcount, "schema")
    with pytest.raises(StoreTooNew, match="9999") as caught:
        open_store(url, tmp_path)
    assert caught.value.hint is not None
    assert "update rtrade" in caught.value.hint
    count = sa.text("SELECT count(*) FROM bars")
    assert database.read(lambda connection: connection.execute(count).scalar_one()) == 50


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["CREATE TABLE bars (ts integer)"], "without a revision: bars"),
        (
            ["CREATE TABLE alembic_version (version_num varchar(32))",
             "INSERT INTO alembic_version VALUES ('0001'), ('0002')"],
            "more than one revision",
        ),
        (
            ["CREATE TABLE alembic_version (version_num varchar(32))",
             "INSERT INTO alembic_version VALUES ('0002')"],
            "lacks a table that its revision 0002 has: about",
        ),
    ],
)  # fmt: skip
def test_a_half_made_schema_is_refused(
    url: str, tmp_path: Path, database: Database, statements: list[str], words: str
) -> None:
    def make(connection) -> None:
        for statement in statements:
            connection.execute(sa.text(statement))

    database.write(make, "schema")
    with pytest.raises(StoreDamaged, match=words):
        open_store(url, tmp_path)


def test_two_processes_open_a_new_database_at_once(url: str, tmp_path: Path) -> None:
    """All of them find the same database, with one id."""
    program = (
        "import sys; from pathlib import Path; from rtrade.store.opening import open_store;"
        "sys.stdin.readline(); store = open_store(sys.argv[1], Path(sys.argv[2])); print(store.id)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4, ended
    assert len({out for out, _ in ended}) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO coverage (series_id, start_ms, end_ms) VALUES (1, 30, 40)",
        "INSERT INTO coverage (series_id, start_ms, end_ms) VALUES (1, 20, 25)",
        "INSERT INTO coverage (series_id, start_ms, end_ms) VALUES (1, 12, 13)",
        "INSERT INTO coverage (series_id, start_ms, end_ms) VALUES (1, 0, 100)",
        "INSERT INTO coverage (series_id, start_ms, end_ms) VALUES (1, 60, 60)",
        "UPDATE coverage SET end_ms = 45 WHERE start_ms = 10",
    ],
)
def test_the_database_itself_refuses_coverage_that_overlaps_or_touches(
    url: str, tmp_path: Path, database: Database, statement: str
) -> None:
    open_store(url, tmp_path).close()

    def work(connection) -> None:
        for series, start, end in ((1, 10, 20), (1, 40, 50), (2, 15, 45)):
            connection.execute(
                sa.insert(schema.coverage).values(series_id=series, start_ms=start, end_ms=end)
            )

    database.write(work, "test")
    with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as connection:
        connection.execute(sa.text(statement))
