"""Connections and transactions: one piece of work at a time, retried as a whole.

A piece of work is a function of a connection. It runs in one transaction, and where the server
falls away, a deadlock is broken or a serialization fails, the whole of it runs again: so it must
have no effect but on the database, and must come to the same end if the transaction before it was
committed after all, only the answer lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
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

_LOCK = sa.text("SELECT set_config('lock_timeout', :limit, true), pg_advisory_xact_lock(:key)")


class Database:
    """An opened database: runs pieces of work in transactions. Safe to use from several threads.

    `patience` in seconds bounds both the wait for another process's lock and all retries of one
    piece of work together.
    """

    def __init__(self, address: Address, patience: float = PATIENCE) -> None:
        self.address = address
        self.patience = patience
        self.engine = _sqlite(address, patience) if address.is_sqlite else _postgres(address)
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


def _sqlite(address: Address, patience: float) -> Engine:
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

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("rtrade_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgres(address: Address) -> Engine:
    # A server that vanished without a word is noticed within a minute. What the URL says wins.
    wishes: dict[str, Any] = {
        "connect_timeout": 10, "application_name": "rtrade",
        "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
    }  # fmt: skip
    given = address.url.query
    arguments = {name: value for name, value in wishes.items() if name not in given}
    return sa.create_engine(address.url, pool_size=5, max_overflow=20, connect_args=arguments)
