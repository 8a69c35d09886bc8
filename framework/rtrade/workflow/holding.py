"""Keep the store of a workspace open between the requests of a server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from rtrade.core.errors import StoreError
from rtrade.core.settings import load_settings

if TYPE_CHECKING:
    from rtrade.store.store import Store


# Seconds after which a database that could not be opened is tried again.
_AGAIN = 2.0


class HeldStore:
    """The store of a workspace, opened when first needed and kept; safe to use from any thread.

    `patience` in seconds bounds the wait for a lock and all retries of one piece of work, `limit`
    how long a query may take.
    """

    def __init__(self, workspace: Path, *, patience: float = 5.0, limit: float = 10.0) -> None:
        self.workspace = workspace
        self._patience = patience
        self._limit = limit
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._closed = False
        self._failed: tuple[float, StoreError] | None = None

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Yield the store; raise StoreError where it cannot be opened, or has been closed."""
        yield self._opened()

    def _opened(self) -> Store:
        with self._lock:
            if self._closed:
                raise StoreError("the store has been closed", hint="the server is stopping")
            if self._store is None:
                self._store = self._open()
            return self._store

    def _open(self) -> Store:
        from rtrade.store.opening import open_store

        if self._failed is not None and monotonic() - self._failed[0] < _AGAIN:
            # Those that waited for one to try are told what it was told.
            fault = self._failed[1]
            raise type(fault)(fault.message, hint=fault.hint)
        url = load_settings(self.workspace)["DATABASE_URL"]
        folder = self.workspace / ".rtrade"
        try:
            return open_store(url, folder, patience=self._patience, limit=self._limit)
        except StoreError as fault:
            self._failed = monotonic(), fault
            raise

    def close(self) -> None:
        """Close the store for good."""
        with self._lock:
            self._closed = True
            store, self._store = self._store, None
        if store is not None:
            store.close()
