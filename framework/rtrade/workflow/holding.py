"""Keep the store of a workspace open between the requests of a server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.core.errors import StoreError
from rtrade.core.settings import load_settings

if TYPE_CHECKING:
    from rtrade.store.store import Store


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

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Yield the store; raise StoreError where it cannot be opened, or has been closed."""
        yield self._opened()

    def _opened(self) -> Store:
        # One thread opens; those that wait find what it opened, or try for themselves.
        with self._lock:
            if self._closed:
                raise StoreError("the store has been closed", hint="the server is stopping")
            if self._store is None:
                from rtrade.store.opening import open_store

                url = load_settings(self.workspace)["DATABASE_URL"]
                folder = self.workspace / ".rtrade"
                self._store = open_store(url, folder, patience=self._patience, limit=self._limit)
            return self._store

    def close(self) -> None:
        """Close the store for good."""
        with self._lock:
            self._closed = True
            store, self._store = self._store, None
        if store is not None:
            store.close()
