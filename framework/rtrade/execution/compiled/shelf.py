"""Arrays of one length by key, as rows of one table: what is needed last of all makes room."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

_NOT_AGAIN = sys.maxsize


class Shelf:
    """A table with a place for so many arrays, for more only where they are wanted at once."""

    def __init__(self, room: int, length: int, dtype: type) -> None:
        # Memory is taken by what is written, not by what is asked for.
        self.table: Any = np.empty((room, length), dtype=dtype)
        self._places: OrderedDict[int, int] = OrderedDict()
        self._used = 0

    def take(self, keys: Sequence[int], later: Mapping[int, int] | None = None) -> dict[int, int]:
        """Give each key a place, and return those of the keys that had none: to be written.

        Others make room: those that are not in `later`, which says when a key is needed next, what
        was used longest ago first; then what is needed last.
        """
        wanted = dict.fromkeys(keys)
        for known in wanted.keys() & self._places.keys():
            self._places.move_to_end(known)
        missing = [key for key in wanted if key not in self._places]
        if len(wanted) > len(self.table):
            self._grow(len(wanted))
        places = {key: self._place(wanted, later or {}) for key in missing}
        self._places.update(places)
        return places

    def place(self, key: int) -> int:
        """Return the place of a key."""
        return self._places[key]

    def _place(self, wanted: Collection[int], later: Mapping[int, int]) -> int:
        """Return a place that nobody has used, or that of what makes room."""
        if self._used < len(self.table):
            self._used += 1
            return self._used - 1
        if not later:
            return self._places.popitem(last=False)[1]
        others = (key for key in self._places if key not in wanted)
        return self._places.pop(max(others, key=lambda key: later.get(key, _NOT_AGAIN)))

    def _grow(self, room: int) -> None:
        grown = np.empty((room, self.table.shape[1]), dtype=self.table.dtype)
        grown[: self._used] = self.table[: self._used]
        self.table = grown
