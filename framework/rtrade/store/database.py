"""Connections and transactions: one piece of work at a time, retried as a whole.

A piece of work is a function of a connection. It runs in one transaction, and where the server
falls away, a deadlock is broken or a serialization fails, the whole of it runs again: so it must
have no effect but on the database, and must come to the same end if the transaction before it was
committed after all, only the answer lost.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from rtrade.store.addresses import Address
from rtrade.store.failures import is_transient, world_error
from rtrade.store.turns import Turns

T = TypeVar("T")
Work = Callable[[Connection], T]

# How long work on a database goes on being tried, in seconds, before it fails.
PATIENCE = 15.0

# Where a process on Postgres tells others that a series has changed; the lock says which one.
CHANNEL = "rtrade_series"
_TELL = sa.text("SELECT pg_notify(:channel, :lock)")
_LOCK = sa.text("SELECT set_config('lock_timeout', :limit, true), pg_advisory_xact_lock(:key)")


class Database:
    """An opened database: runs pieces of work in transactions. Safe to use from several threads.

    `patience` in seconds bounds both the wait for another process's lock and all retries of one
    piece of work together. `limit` in seconds bounds how long a query may take, None: it does not
    end before it is done. On SQLite it bounds all queries of a piece of work that reads.
    """

    def __init__(
        self, address: Address, patience: float = PATIENCE, limit: float | None = None
    ) -> None:
        self.address = address
        self.patience = patience
        self._clock = None if limit is None or not address.is_sqlite else _Clock(limit)
        self.engine = (
            _sqlite(address, patience, self._clock)
            if address.is_sqlite
            else _postgres(address, limit)
        )
        # COPY and `executemany` go past SQLAlchemy: what fails there is the driver's own error.
        driver = self.engine.dialect.dbapi
        assert driver is not None
        self._faults = (sa.exc.SQLAlchemyError, OSError, driver.Error)
        self._turns = Turns.of(address.file) if address.is_sqlite else None
        if self._turns is not None:
            self._turns.join(self.engine)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def read(self, work: Work[T], *, patience: float | None = None) -> T:
        """Run `work` on one unchanging view of the database.

        Raises StoreError where the database fails for longer than `patience`.
        """
        return self._run(work, None, self.patience if patience is None else patience)

    def write(self, work: Work[T], lock: str) -> T:
        """Run `work` as the only writer of `lock`, and commit.

        On Postgres `lock` names what no other process may write meanwhile; SQLite has one writer
        at a time. Raises StoreError where the database fails for longer than `patience`.
        """
        return self._run(work, lock, self.patience)

    def _run(self, work: Work[T], lock: str | None, patience: float) -> T:
        from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

        retrying = Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_delay(patience),
            wait=wait_random_exponential(multiplier=0.05, max=1.0),
            reraise=True,
        )
        try:
            done: T = retrying(self._once, work, lock)
        except self._faults as error:
            raise world_error(error, self.address) from error
        return done

    def _once(self, work: Work[T], lock: str | None) -> T:
        turn = self._turns.rows() if self._turns is not None else nullcontext()
        with turn, self._transaction(write=lock is not None) as connection:
            if lock is not None and not self.address.is_sqlite:
                limit = f"{int(self.patience * 1000)}ms"
                connection.execute(_LOCK, {"limit": limit, "key": lock_number(lock)})
                if lock.startswith("series "):
                    # Sent by the server once this is committed.
                    connection.execute(_TELL, {"channel": CHANNEL, "lock": lock})
            if lock is None and self._clock is not None:
                with self._clock.running():
                    return work(connection)
            return work(connection)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        options: dict[str, Any] = {"rtrade_write": write}
        if not self.address.is_sqlite:
            level = "READ COMMITTED" if write else "REPEATABLE READ"
            options["isolation_level"] = level
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection


def lock_number(name: str) -> int:
    """Return the number of an advisory lock: 64 bits of a hash, the same in every process."""
    digest = hashlib.sha256(f"rtrade {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class _Clock:
    """Says when the work of a thread has taken too long; SQLite asks every so often."""

    # Instructions of SQLite's machine between two questions: a millisecond's worth, about.
    STEPS = 100_000

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._local = threading.local()

    @contextmanager
    def running(self) -> Iterator[None]:
        self._local.until = monotonic() + self._limit
        try:
            yield
        finally:
            self._local.until = None

    def is_over(self) -> bool:
        until = getattr(self._local, "until", None)
        return until is not None and monotonic() > until


def _sqlite(address: Address, patience: float, clock: _Clock | None) -> Engine:
    engine = sa.create_engine(
        address.url, connect_args={"timeout": patience, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _connected(driver: Any, _record: Any) -> None:
        # Python's sqlite3 must not begin transactions by itself: it would begin them deferred,
        # and a deferred one that comes to write fails at once where another writes.
        driver.isolation_level = None
        cursor = driver.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit that was reported survives a loss of power. NORMAL would be a fsync
        # cheaper, but answers of a model cost money and notes cannot be fetched again.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()
        if clock is not None:
            driver.set_progress_handler(clock.is_over, clock.STEPS)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("rtrade_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgres(address: Address, limit: float | None) -> Engine:
    # A server that vanished without a word is noticed within a minute. What the URL says wins.
    wishes: dict[str, Any] = {
        "connect_timeout": 10, "application_name": "rtrade",
        "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    }  # fmt: skip
    given = address.url.query
    arguments = {name: value for name, value in wishes.items() if name not in given}
    if limit is not None:
        told = f"{given.get('options', '')} -c statement_timeout={int(limit * 1000)}"
        arguments["options"] = told.strip()
    return sa.create_engine(address.url, pool_size=5, max_overflow=20, connect_args=arguments)
