"""What a failing database says, as one of our errors with a way out.

Drivers tell faults apart by number where they can: SQLite by its result code, Postgres by SQLSTATE.
A connection that Postgres refuses carries no SQLSTATE, so there the server's words are looked at.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa

from rtrade.core.errors import (
    StoreDamaged,
    StoreDenied,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    StoreUnreachable,
)
from rtrade.store.addresses import Address

# Serialization failure, deadlock, the server going away or coming up, too many connections.
_TRANSIENT = ("40001", "40P01", "57P01", "57P02", "57P03", "53300", "08")
# The words of a server that answers, but not yet or not just now.
_COMING_UP = (
    "starting up", "shutting down", "recovery", "not yet accepting", "too many clients",
    "remaining connection slots",
)  # fmt: skip
_REFUSING = (
    "authentication failed", "no password supplied", "does not exist", "no pg_hba.conf entry",
    "permission denied",
)  # fmt: skip

_SQLITE: dict[int, tuple[type[StoreError], str, str | None]] = {
    sqlite3.SQLITE_BUSY: (
        StoreLocked, "another process has been writing to it for too long",
        "wait for the other rtrade to finish, or end it",
    ),
    sqlite3.SQLITE_LOCKED: (
        StoreLocked, "another connection holds it for too long",
        "wait for the other rtrade to finish, or end it",
    ),
    sqlite3.SQLITE_INTERRUPT: (
        StoreLocked, "a query took longer than it may", "ask for less at once",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnly, "it can only be read",
        "allow writing to the file and its folder, or name another database in DATABASE_URL",
    ),
    sqlite3.SQLITE_FULL: (
        StoreFull, "no space is left", "free some space and start again: what was stored is kept",
    ),
    # A quota or a limit on the size of files: SQLite calls full only what the system calls so.
    sqlite3.SQLITE_IOERR_WRITE: (
        StoreFull, "the file cannot grow: a quota, or a limit on the size of files",
        "raise the limit (`ulimit -f`) or the quota: what was stored is kept",
    ),
    sqlite3.SQLITE_IOERR_SHMSIZE: (
        StoreFull, "no space is left", "free some space and start again: what was stored is kept",
    ),
    sqlite3.SQLITE_NOTADB: (
        StoreDamaged, "the file is not a database",
        "name another file in DATABASE_URL, or move this one away",
    ),
    sqlite3.SQLITE_CORRUPT: (
        StoreDamaged, "the file is damaged",
        "move it away and sync again, or restore it from a backup",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreError, "the file cannot be opened", "check that its folder exists and may be written",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreError, "reading or writing the file failed",
        "check the disk: its space, its health, that it is still there",
    ),
}  # fmt: skip

_POSTGRES: dict[str, tuple[type[StoreError], str | None]] = {
    "25006": (StoreReadOnly, "connect to the primary server, not to a replica"),
    "53100": (StoreFull, "free some space on the server: what was stored is kept"),
    "53200": (StoreFull, "give the server more memory: what was stored is kept"),
    "57014": (StoreLocked, "ask for less at once: a query took longer than it may"),
    "55P03": (StoreLocked, "wait for the other rtrade to finish, or end it"),
    "42P01": (StoreDamaged, "a table was removed: restore the database, or name an empty one"),
}


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may well succeed when it is tried again."""
    original = original_of(error)
    if not hasattr(original, "sqlstate"):
        return False  # not of Postgres; SQLite's own busy timeout has waited already
    if original.sqlstate is not None:
        return str(original.sqlstate).startswith(_TRANSIENT)
    if not _about_connection(original):
        return False
    text = str(original)
    if any(words in text for words in _COMING_UP):
        return True
    return not any(words in text for words in _REFUSING)


def original_of(error: BaseException) -> Any:
    """Return the driver's error, whether SQLAlchemy wrapped it or it came from COPY itself."""
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error


def _about_connection(error: BaseException) -> bool:
    from psycopg import InterfaceError, OperationalError

    return isinstance(error, OperationalError | InterfaceError)


def world_error(error: Exception, address: Address) -> StoreError:
    """Return the StoreError that says what `error` means, without a secret in it."""
    original = original_of(error)
    if isinstance(original, sqlite3.Error):
        return _of_sqlite(original, address)
    if hasattr(original, "sqlstate"):
        return _of_postgres(original, address)
    if isinstance(error, sa.exc.TimeoutError):
        return StoreUnreachable(
            f"{address.shown}: no connection became free", hint="use fewer threads at once"
        )
    return StoreError(f"{address.shown}: {address.redact(' '.join(str(error).split()))}")


def _of_sqlite(error: sqlite3.Error, address: Address) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0)
    found = _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    kind, what, hint = found or (StoreError, str(error), None)
    return kind(f"{address.shown}: {what}", hint=hint)


def _of_postgres(error: BaseException, address: Address) -> StoreError:
    text = address.redact(" ".join(str(error).split()))
    state = str(getattr(error, "sqlstate", None) or "")
    message = f"{address.shown}: {text}"
    refused = not state and any(words in text for words in _REFUSING)
    if state.startswith("28") or (refused and "password" in text):
        return StoreDenied(message, hint="check the user and the password in DATABASE_URL")
    if state.startswith("3D") or (refused and "database" in text and "does not exist" in text):
        return StoreDenied(
            message, hint="create it: createdb NAME; or name another in DATABASE_URL"
        )
    if state == "42501" or refused:
        return StoreDenied(message, hint="ask for the rights, or name another user in DATABASE_URL")
    kind, hint = _POSTGRES.get(state, (StoreError, None))
    if state.startswith(_TRANSIENT) or (not state and _about_connection(error)):
        kind = StoreUnreachable
        hint = "start the server, or check host and port in DATABASE_URL; what was stored is kept"
    return kind(message, hint=hint)
