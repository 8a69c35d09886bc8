"""Values that carry their unit: `2%`, `50 bps`, `20 bars`, `4h`, `1000 USDT`.

All functions raise ValueError on anything else. Decimal arithmetic keeps `0.1%` the float
nearest to 0.001.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from rtrade.core.timeframes import Timeframe

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_FRACTION = re.compile(rf"({_NUMBER})\s*(%|bps)")
_BARS = re.compile(r"([0-9]{1,9})\s*bars?")
_MONEY = re.compile(rf"({_NUMBER})\s*([A-Z][A-Z0-9]{{1,11}})")


@dataclass(frozen=True)
class Length:
    """A stretch of time, as bars or as a duration; exactly one of the two is set."""

    bars: int | None = None
    duration: Timeframe | None = None

    def in_bars(self, timeframe: Timeframe) -> int:
        """Return the number of bars; raise ValueError where a duration does not divide."""
        if self.duration is None:
            assert self.bars is not None
            return self.bars
        if timeframe.months or self.duration.ms % timeframe.ms:
            raise ValueError(f"{self.duration} is not a whole number of {timeframe} bars")
        return self.duration.ms // timeframe.ms


def parse_fraction(text: str) -> float:
    """Read `2%` as 0.02 and `50 bps` as 0.005."""
    match = _FRACTION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` has no unit: write `2%` or `50 bps`")
    return float(Decimal(match[1]) / (100 if match[2] == "%" else 10_000))


def parse_length(text: str) -> Length:
    """Read `20 bars` or a duration such as `4h`."""
    match = _BARS.fullmatch(text.strip())
    if match is not None:
        return Length(bars=int(match[1]))
    duration = Timeframe.parse(text)
    if duration.months:
        raise ValueError(f"`{text}` is no duration: months differ in length")
    return Length(duration=duration)


def parse_money(text: str) -> tuple[float, str]:
    """Read `1000 USDT` as an amount and a currency."""
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not an amount with a currency, such as `1000 USDT`")
    return float(match[1]), match[2]
