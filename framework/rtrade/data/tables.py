"""A file's rows as arrays, before they are checked: what readers hand to the checks."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtrade.core.bars import COLUMNS, FloatArray, IntArray
from rtrade.data.findings import Finding, RowPlaces


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file, in its order.

    `time` is in ms, -1 where it cannot be used; `values` has five lines (open, high, low, close,
    volume) of as many cells, NaN where a cell has a finding already.
    """

    time: IntArray
    values: FloatArray
    places: RowPlaces
    findings: list[Finding] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.time)

    def column(self, name: str) -> FloatArray:
        """Return open, high, low, close or volume."""
        line: FloatArray = self.values[COLUMNS.index(name) - 1]
        return line
