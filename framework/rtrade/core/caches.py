"""A cache that is bounded by the bytes it holds: what was used longest ago goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Values by key, at most `most` bytes of them. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def bytes(self) -> int:
        """How many bytes are held."""
        return self._bytes

    def get(self, key: Hashable) -> Value | None:
        """Return a value, None where it is not held."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Hold a value of `size` bytes, in place of one of the same key; too large a one is not."""
        with self._lock:
            self._drop(key)
            if size > self._most:
                return
            self._held[key] = (value, size)
            self._bytes += size
            while self._bytes > self._most:
                self._drop(next(iter(self._held)))

    def drop(self, key: Hashable) -> None:
        """Hold a value no longer."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        gone = self._held.pop(key, None)
        if gone is not None:
            self._bytes -= gone[1]
