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
_PATTERN = re.compile(r"([1-9][0-9]{0,5})([smhdwM])")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 1970-01-01 was a Thursday; exchanges start a week on Monday.
_MONDAY = 4 * DAY
_MONTHS = 12
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, order=True)
class Timeframe:
    """The length of a bar; prints as `5m`, `1h`, `1d`, `1w`, `1M`.

    `ms` is its length in milliseconds. Bars of `months` calendar months (UTC) differ in length:
    `ms` is then the mean in a year of 365 days, for ordering and for what is yearly, and no time is
    to be worked out with it. Where bars open and close, the methods say.
    """

    ms: int
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read `5m`, `1h`, `1d`, `1w`, `1M`; raise ValueError for anything else."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"`{text}` is not a timeframe")
        if match[2] == "M":
            return cls.of_months(int(match[1]))
        ms = int(match[1]) * _UNITS[match[2]]
        if ms > 52 * WEEK:
            raise ValueError(f"`{text}` is longer than 52 weeks")
        return cls(ms)

    @classmethod
    def of_months(cls, months: int) -> Timeframe:
        """Return calendar months, as many as divide a year; raise ValueError for others."""
        if months < 1 or _MONTHS % months:
            raise ValueError(f"`{months}M` is no timeframe: months divide a year")
        return cls(YEAR // _MONTHS * months, months)

    def __str__(self) -> str:
        if self.months:
            return f"{self.months}M"
        for unit in ("w", "d", "h", "m"):
            if self.ms % _UNITS[unit] == 0:
                return f"{self.ms // _UNITS[unit]}{unit}"
        return f"{self.ms // SECOND}s"

    @property
    def origin(self) -> int:
        """The open time (ms) that bars of this timeframe are counted from: a Monday for weeks."""
        return _MONDAY if self.ms % WEEK == 0 and not self.months else 0

    @property
    def per_year(self) -> float:
        """Bars in a year of 365 days."""
        return YEAR / self.ms

    def fills(self, coarser: Timeframe) -> bool:
        """Tell whether bars of this timeframe fill those of a coarser one, with edges that meet."""
        if self.ms >= coarser.ms:
            return False
        if self.months or coarser.months:
            whole = coarser.months % self.months if self.months else DAY % self.ms
            return bool(coarser.months) and whole == 0
        return coarser.ms % self.ms == 0 and (coarser.origin - self.origin) % self.ms == 0

    def floor(self, time: int) -> int:
        """Return the open time of the bar that holds `time` (ms)."""
        if self.months:
            return self._open(self._number(time))
        return (time - self.origin) // self.ms * self.ms + self.origin

    def ceil(self, time: int) -> int:
        """Return `time` where a bar opens at it, else the open time of the next bar (ms)."""
        if self.months:
            floor = self.floor(time)
            return floor if floor == time else self.ahead(floor, 1)
        return -((self.origin - time) // self.ms) * self.ms + self.origin

    def ahead(self, time: int, bars: int) -> int:
        """Return the open time of the bar that is `bars` after the one of `time`; < 0: before."""
        if self.months:
            return self._open(self._number(time) + bars)
        return time + bars * self.ms

    def close(self, time: int) -> int:
        """Return the close time of the bar that opens at `time` (ms): the open of the next one."""
        return self.ahead(time, 1)

    def closes(self, time: IntArray) -> IntArray:
        """Return the close times of the bars that open at `time` (ms)."""
        return self.opens(self.numbers(time) + 1) if self.months else time + self.ms

    def floors(self, time: IntArray) -> IntArray:
        """Return the open times of the bars that hold `time` (ms)."""
        return self.opens(self.numbers(time))

    def numbers(self, time: IntArray) -> IntArray:
        """Return which bars hold `time` (ms), counted without holes from the origin."""
        if not self.months:
            return (time - self.origin) // self.ms
        months: IntArray = time.astype("datetime64[ms]").astype("datetime64[M]").astype("int64")
        return months // self.months

    def opens(self, number: IntArray) -> IntArray:
        """Return the open times (ms) of bars by their numbers."""
        if not self.months:
            return number * self.ms + self.origin
        months = (number * self.months).astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype("int64")

    def count(self, start: int, end: int) -> int:
        """Return how many bars open in `start <= t < end` (ms)."""
        if self.months:
            return max(0, self._number(self.ceil(end)) - self._number(self.ceil(start)))
        return max(0, (self.ceil(end) - self.ceil(start)) // self.ms)

    def _number(self, time: int) -> int:
        date = _EPOCH + timedelta(milliseconds=time)
        return ((date.year - _EPOCH.year) * _MONTHS + date.month - 1) // self.months

    def _open(self, number: int) -> int:
        years, month = divmod(number * self.months, _MONTHS)
        return (datetime(_EPOCH.year + years, month + 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND


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
