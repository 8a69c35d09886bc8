"""One copy of SQLite at a time on a file.

Python's sqlite3 and the ADBC driver each bring a SQLite of their own. SQLite's locks are POSIX
locks, and those belong to the process: when one copy closes a file, the locks that the other copy
holds on it are gone, another process may write into the same pages, and the file is damaged (see
"How To Corrupt An SQLite Database File", section 2.2.1). So within a process the two take turns:
while the ADBC driver has the file open, no connection of sqlite3 is open on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from weakref import WeakSet

from sqlalchemy.engine import Engine


class Turns:
    """Whose turn it is on one file of SQLite, in this process."""

    _of_file: ClassVar[dict[Path, Turns]] = {}
    _registry: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._engines: WeakSet[Engine] = WeakSet()
        self._free = threading.Condition()
        self._rows = 0
        self._columns = 0  # that run or wait; rows let them go first
        self._columns_run = False

    @classmethod
    def of(cls, file: Path) -> Turns:
        """Return the turns of a file, whichever way it is written."""
        with cls._registry:
            return cls._of_file.setdefault(file.resolve(), cls())

    def join(self, engine: Engine) -> None:
        """Take part with the connections of `engine`."""
        with self._free:
            self._engines.add(engine)

    @contextmanager
    def rows(self) -> Iterator[None]:
        """Use connections of sqlite3, beside others that do."""
        with self._free:
            self._free.wait_for(lambda: not self._columns)
            self._rows += 1
        try:
            yield
        finally:
            with self._free:
                self._rows -= 1
                self._free.notify_all()

    @contextmanager
    def columns(self, patience: float) -> Iterator[bool]:
        """Use the ADBC driver alone; yields False where its turn did not come in time."""
        until = time.monotonic() + patience
        with self._free:
            self._columns += 1
            alone = self._free.wait_for(
                lambda: not self._rows and not self._columns_run,
                max(0.0, until - time.monotonic()),
            )
            self._columns_run = self._columns_run or alone
        try:
            if alone:
                for engine in list(self._engines):
                    engine.dispose()
            yield alone
        finally:
            with self._free:
                self._columns -= 1
                if alone:
                    self._columns_run = False
                self._free.notify_all()
