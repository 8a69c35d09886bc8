"""Timeframes and UTC times: `1h` <-> milliseconds, ISO-8601 <-> milliseconds since 1970."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    IntArray = NDArray[int64]

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR = 365 * DAY

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_PATTERN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 1970-01-01 was a Thursday; exchanges start a week on Monday.
_MONDAY = 4 * DAY


@dataclass(frozen=True, order=True)
class Timeframe:
    """The length of a bar in milliseconds; prints as `5m`, `1h`, `1d`, `1w`."""

    ms: int

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read `5m`, `1h`, `1d`, `1w`; raise ValueError for anything else."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"`{text}` is not a timeframe")
        ms = int(match[1]) * _UNITS[match[2]]
        if ms > 52 * WEEK:
            raise ValueError(f"`{text}` is longer than 52 weeks")
        return cls(ms)

    def __str__(self) -> str:
        for unit in ("w", "d", "h", "m"):
            if self.ms % _UNITS[unit] == 0:
                return f"{self.ms // _UNITS[unit]}{unit}"
        return f"{self.ms // SECOND}s"

    @property
    def origin(self) -> int:
        """The open time (ms) that bars of this timeframe are counted from: a Monday for weeks."""
        return _MONDAY if self.ms % WEEK == 0 else 0

    @property
    def per_year(self) -> float:
        """Bars in a year of 365 days."""
        return YEAR / self.ms

    def floor(self, time: int) -> int:
        """Return the open time of the bar that holds `time` (ms)."""
        return (time - self.origin) // self.ms * self.ms + self.origin

    def ceil(self, time: int) -> int:
        """Return `time` where a bar opens at it, else the open time of the next bar (ms)."""
        return -((self.origin - time) // self.ms) * self.ms + self.origin

    def ahead(self, time: int, bars: int) -> int:
        """Return the open time of the bar that is `bars` after the one of `time`; < 0: before."""
        return time + bars * self.ms

    def closes(self, time: IntArray) -> IntArray:
        """Return the close times of the bars that open at `time` (ms)."""
        return time + self.ms

    def floors(self, time: IntArray) -> IntArray:
        """Return the open times of the bars that hold `time` (ms)."""
        return (time - self.origin) // self.ms * self.ms + self.origin

    def numbers(self, time: IntArray) -> IntArray:
        """Return which bars hold `time` (ms), counted without holes from the origin."""
        return (time - self.origin) // self.ms

    def opens(self, number: IntArray) -> IntArray:
        """Return the open times (ms) of bars by their numbers."""
        return number * self.ms + self.origin

    def count(self, start: int, end: int) -> int:
        """Return how many bars open in `start <= t < end` (ms)."""
        return max(0, (self.ceil(end) - self.ceil(start)) // self.ms)


def iso(time: int) -> str:
    """Format epoch milliseconds as `2024-01-31T09:00:00Z`, with milliseconds only where not 0."""
    moment = _EPOCH + timedelta(milliseconds=time)
    text = moment.isoformat()[:19]
    return f"{text}.{time % 1000:03d}Z" if time % 1000 else f"{text}Z"


def parse_time(text: str) -> int:
    """Read an ISO-8601 date or time as epoch milliseconds, UTC where no offset is given.

    Raises ValueError for anything else, and for moments that are not whole milliseconds.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    if micros % 1000:
        raise ValueError(f"`{text}` is finer than a millisecond")
    return micros // 1000
