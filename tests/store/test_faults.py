"""Whatever is wrong with the database: one clear error, a way out, and what was stored stays."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url

from rtrade.core.errors import (
    StoreDamaged,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreUnreachable,
)
from rtrade.store.opening import open_store
from rtrade.store.store import Store
from store.cases import KEY, row, rows, span
from store.postgres import Embedded, embedded, new_database

ALL = (-(2**62), 2**62)
CANARY = "canary-5ecre7"
ROOT = Path(__file__).parents[2]


def fill(store: Store) -> None:
    store.write_bars(KEY, [span(0, 100)], rows(0, 100))


def kept(url: str, folder: Path) -> None:
    with open_store(url, folder) as store:
        assert store.count_bars(KEY, *ALL) == 100
        assert store.coverage(KEY) == [span(0, 100)]


def in_process(program: str, folder: Path) -> str:
    """Run a program with the store at hand; return what it says."""
    head = (
        "from pathlib import Path; from rtrade.core.errors import *\n"
        "from rtrade.store.opening import open_store; from store.cases import *\n"
        f"folder = Path({str(folder)!r})\n"
    )
    paths = os.pathsep.join([str(ROOT / "framework"), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", head + program], capture_output=True, text=True, timeout=60,
        check=False, env=os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# SQLite


@pytest.mark.parametrize(
    "content", [b"not a database, but a text\n" * 100, b"SQLite format 3\0" * 90]
)
def test_a_file_that_is_not_a_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rtrade.db").write_bytes(content)
    with pytest.raises(StoreDamaged) as caught:
        open_store("", tmp_path)
    assert str(tmp_path / "rtrade.db") in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 4
    assert (tmp_path / "rtrade.db").read_bytes() == content


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "rtrade.db")) as connection:
        connection.execute("CREATE TABLE trades (mine TEXT)")
    with pytest.raises(StoreDamaged, match="trades"):
        open_store("", tmp_path)


def test_damaged_pages_are_an_error(tmp_path: Path) -> None:
    with open_store("", tmp_path) as store:
        store.write_bars(KEY, [span(0, 5000)], rows(0, 5000))
    file = tmp_path / "rtrade.db"
    data = bytearray(file.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    file.write_bytes(data)
    with pytest.raises(StoreDamaged, match="damaged"), open_store("", tmp_path) as store:
        store.read_bars(KEY, *ALL)


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "rtrade.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store("", tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        open_store("", tmp_path / "file" / ".rtrade")
    assert str(tmp_path / "file" / ".rtrade") in caught.value.message


def test_a_file_that_can_only_be_read(tmp_path: Path) -> None:
    """Somebody else's file in somebody else's folder; root steps down, since nothing refuses it."""
    program = (
        "import os\n"
        "with open_store('', folder / 'warm') as store:\n"  # all is imported while that is allowed
        "    store.write_bars(KEY, [span(0, 2)], rows(0, 2))\n"
        "if os.geteuid() == 0:\n"
        "    os.setegid(65534); os.seteuid(65534)\n"
        "try:\n"
        "    with open_store('', folder / 'theirs') as store:\n"
        "        store.write_bars(KEY, [span(0, 200)], rows(0, 200))\n"
        "except StoreReadOnly as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        folder = Path(name) / "theirs"
        with open_store("", folder) as store:
            fill(store)
        Path(name).chmod(0o755)
        folder.chmod(0o555)
        (folder / "rtrade.db").chmod(0o444)
        said = in_process(program, Path(name))
        folder.chmod(0o755)
        (folder / "rtrade.db").chmod(0o644)
        assert "it can only be read" in said
        assert "allow writing" in said
        kept("", folder)


@pytest.mark.parametrize("first", [0, 200], ids=["among others", "new alone"])
def test_a_limit_on_the_size_of_files(tmp_path: Path, first: int) -> None:
    with open_store("", tmp_path) as store:
        fill(store)
    limit = (tmp_path / "rtrade.db").stat().st_size + 50_000
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "with open_store('', folder) as store:\n"
        "    try:\n"
        f"        store.write_bars(KEY, [span({first}, 20_000)], rows({first}, 20_000))\n"
        "    except StoreFull as error:\n"
        "        print(error.message, '|', error.hint)\n"
        "    print(store.count_bars(KEY, 0, 10**15))\n"
    )
    said = in_process(program, tmp_path)
    assert "cannot grow" in said
    assert "ulimit" in said
    assert said.endswith("\n100\n")
    kept("", tmp_path)


@pytest.mark.parametrize("first", [0, 200], ids=["among others", "new alone"])
def test_a_full_disk(tmp_path: Path, first: int) -> None:
    with open_store("", tmp_path) as store:
        fill(store)
        engine = store._database.engine
        engine.dispose()

        @event.listens_for(engine, "connect")
        def _bounded(driver: sqlite3.Connection, _record: object) -> None:
            driver.execute("PRAGMA max_page_count = 60")

        with pytest.raises(StoreFull, match="no space is left") as caught:
            store.write_bars(KEY, [span(first, 20_000)], rows(first, 20_000))
        assert "what was stored is kept" in str(caught.value.hint)
        assert store.write_bars(KEY, [span(100, 101)], [row(100)]).inserted == 1
        assert store.prune(KEY, 10**15) == 101
        fill(store)
    kept("", tmp_path)


def test_a_file_that_another_process_holds_for_too_long(tmp_path: Path) -> None:
    with open_store("", tmp_path, patience=0.2) as store:
        fill(store)
        other = sqlite3.connect(tmp_path / "rtrade.db", isolation_level=None)
        with closing(other):
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreLocked, match="another process") as caught:
                store.write_bars(KEY, [span(100, 101)], [row(100)])
            assert caught.value.hint
            assert store.count_bars(KEY, *ALL) == 100  # readers are not held up
            other.execute("ROLLBACK")
        assert store.write_bars(KEY, [span(100, 101)], [row(100)]).inserted == 1


# Postgres


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"postgresql://trader:{CANARY}@127.0.0.1:{port}/market"
    with pytest.raises(StoreUnreachable) as caught:
        open_store(url, tmp_path, patience=0.3)
    assert f"`market` at 127.0.0.1:{port} as trader" in caught.value.message
    assert "start the server" in str(caught.value.hint)
    assert CANARY not in chain(caught.value)


def chain(error: BaseException | None) -> str:
    """All that a traceback with its causes would print of the error itself."""
    said = []
    while error is not None:
        said.append(f"{error} {error!r} {error.args} {getattr(error, 'hint', '')}")
        error = error.__cause__ or error.__context__
    return " ".join(said)


def test_a_database_that_does_not_exist(postgres: str, tmp_path: Path) -> None:
    url = make_url(postgres).set(database="no_such").render_as_string(hide_password=False)
    with pytest.raises(StoreDenied, match="no_such") as caught:
        open_store(url, tmp_path)
    assert "createdb" in str(caught.value.hint)


def test_a_table_that_was_removed(postgres_url: str, tmp_path: Path) -> None:
    with open_store(postgres_url, tmp_path) as store:
        fill(store)
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP TABLE quality")
        with pytest.raises(StoreDamaged, match="quality"):
            store.quality(KEY)
    with pytest.raises(StoreDamaged, match="lacks a table"):
        open_store(postgres_url, tmp_path)


def test_a_database_that_can_only_be_read(postgres_url: str, tmp_path: Path) -> None:
    with open_store(postgres_url, tmp_path) as store:
        fill(store)
    name = make_url(postgres_url).database
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with open_store(postgres_url, tmp_path) as store:
        assert len(store.read_bars(KEY, *ALL)) == 100
        with pytest.raises(StoreReadOnly, match="read-only") as caught:
            store.write_bars(KEY, [span(100, 101)], [row(100)])
        assert caught.value.hint
    kept(postgres_url, tmp_path)


def test_a_lock_that_another_holds_for_too_long(postgres_url: str, tmp_path: Path) -> None:
    from rtrade.store.database import lock_number

    with open_store(postgres_url, tmp_path, patience=0.3) as store:
        fill(store)
        number = lock_number(f"series {KEY.venue} {KEY.symbol} {KEY.timeframe}")
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", (number,))
            with pytest.raises(StoreLocked) as caught:
                store.write_bars(KEY, [span(100, 101)], [row(100)])
            assert caught.value.hint
        assert store.write_bars(KEY, [span(100, 101)], [row(100)]).inserted == 1


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Embedded, str]]:
    """A server that asks the role `guarded` for a password, and a database of it."""
    with embedded() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
            connection.execute("CREATE ROLE poor LOGIN")
        rules = server.data / "pg_hba.conf"
        rules.write_text("local all guarded scram-sha-256\n" + rules.read_text())
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        with new_database(server.url) as url:
            name = make_url(url).database
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f'ALTER DATABASE "{name}" OWNER TO guarded')
            yield server, url


def as_user(url: str, user: str, password: str | None) -> str:
    changed = make_url(url).set(username=user, password=password)
    return changed.render_as_string(hide_password=False)


@pytest.mark.parametrize("password", [CANARY, None])
def test_a_wrong_password_is_never_printed(
    guarded: tuple[Embedded, str], tmp_path: Path, password: str | None, caplog
) -> None:
    with caplog.at_level(0), pytest.raises(StoreDenied) as caught:
        open_store(as_user(guarded[1], "guarded", password), tmp_path)
    assert "as guarded" in caught.value.message
    assert caught.value.hint == "check the user and the password in DATABASE_URL"
    assert CANARY not in chain(caught.value) + caplog.text
    with open_store(as_user(guarded[1], "guarded", "right"), tmp_path) as store:
        assert len(store.read_bars(KEY, *ALL)) == 0


def test_a_user_without_rights(guarded: tuple[Embedded, str], tmp_path: Path) -> None:
    with pytest.raises(StoreDenied, match="permission denied") as caught:
        open_store(as_user(guarded[1], "poor", None), tmp_path)
    assert "rights" in str(caught.value.hint)


def test_a_server_that_goes_away_and_comes_back(
    guarded: tuple[Embedded, str], tmp_path: Path
) -> None:
    import threading

    server, _ = guarded
    with new_database(server.url) as url:
        with open_store(url, tmp_path, patience=30.0) as store:
            fill(store)
            server.stop()
            starting = threading.Thread(target=server.start)
            starting.start()
            assert store.write_bars(KEY, [span(0, 100)], rows(0, 100)).unchanged == 100
            starting.join()
        with open_store(url, tmp_path, patience=0.3) as store:
            server.stop()
            try:
                with pytest.raises(StoreUnreachable) as caught:
                    store.write_bars(KEY, [span(100, 101)], [row(100)])
            finally:
                server.start()
            assert "what was stored is kept" in str(caught.value.hint)
        kept(url, tmp_path)


@pytest.mark.parametrize("state", ["53100", "53200"])
def test_a_server_without_space(postgres_url: str, tmp_path: Path, state: str) -> None:
    """The server's own words for a full disk, raised by a trigger in the midst of a write."""
    with open_store(postgres_url, tmp_path) as store:
        fill(store)
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
                f"EXCEPTION 'could not extend file: no space' USING ERRCODE = '{state}'; END $$"
            )
            connection.execute(
                "CREATE TRIGGER full_disk BEFORE INSERT ON coverage EXECUTE FUNCTION full_disk()"
            )
        with pytest.raises(StoreFull, match="no space") as caught:
            store.write_bars(KEY, [span(100, 200)], rows(100, 200))
        assert "what was stored is kept" in str(caught.value.hint)
    kept(postgres_url, tmp_path)
