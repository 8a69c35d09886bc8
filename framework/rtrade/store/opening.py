"""Open the store of a workspace, made and migrated where needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.core.errors import StoreError

if TYPE_CHECKING:
    from rtrade.store.store import Store as Store  # noqa: PLC0414 - for callers' annotations


def open_store(
    url: str, folder: Path, *, patience: float | None = None, limit: float | None = None
) -> Store:
    """Open the database at `url` (the setting DATABASE_URL), creating or migrating its tables.

    "" is the SQLite file `rtrade.db` in `folder`, the workspace's `.rtrade`, which is made where
    it is missing; `postgresql://` (or `postgres://`) is a Postgres database; `sqlite:///FILE`
    another file. Snapshots of series are kept in `folder` in any case. `patience` in seconds
    bounds the wait for locks and all retries of one operation, `limit` how long a query of rows may
    take; None: as long as it needs.
    Raises StoreError: unreachable, denied, read-only, full, locked, of a newer schema, or not a
    database of rtrade.
    """
    from rtrade.store.addresses import read_address
    from rtrade.store.database import PATIENCE, Database
    from rtrade.store.migrating import prepare
    from rtrade.store.store import Store

    address = read_address(url, folder)
    if address.is_sqlite:
        _make(address.file.parent)
    database = Database(address, PATIENCE if patience is None else patience, limit)
    try:
        return Store(database, prepare(database), folder)
    except BaseException:
        database.close()
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the folder {folder} for the database cannot be made: {error.strerror}",
            hint="allow writing there, or name another database in DATABASE_URL",
        ) from error
