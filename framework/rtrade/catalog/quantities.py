"""Quantities of a strategy file: name, unit and range, each declared once.

The JSON Schema, the decoder and the documentation are made from these declarations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """What a quantity is and how it is written; the value is the schema's `format`."""

    FRACTION = "fraction"  # 2% or 50 bps
    DISTANCE = "distance"  # a fraction, or a number of ATRs: {atr: 2, period: 14}
    LENGTH = "length"  # 48 bars or a duration
    BARS = "bars"  # 30, 30 bars or a duration
    MONEY = "money"  # 1000 or 1000 USDT, in the symbol's quote currency
    AMOUNT = "amount"  # a number
    INTEGER = "integer"


@dataclass(frozen=True)
class Quantity:
    """A value with its range, in fractions, bars or plain numbers.

    `low_open` and `high_open` tell that the end itself is outside. `default` None means that the
    quantity must be given. `example` is shown where a value is wrong or missing.
    """

    name: str
    doc: str
    measure: Measure
    example: str
    low: float = 0
    high: float = float("inf")
    low_open: bool = True
    high_open: bool = False
    default: float | None = None

    def holds(self, value: float) -> bool:
        """Whether `value` is inside the range; NaN and infinities never are."""
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below and abs(value) != float("inf")
