"""Pages of klines that are not true, once each.

A lie is only told about bars that no answer has told before, so that who asks again, in any words,
hears the truth. Told are the bars of every page that was sent whole, true or not.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rtrade.core.intervals import Interval, union
from rtrade.testing.candles import Candles
from rtrade.testing.faults import Fault, dice

Rows = list[list[Any]]
_CLOSE_TIME = 6
# Rows that stay at either end of a page with a hole.
_EDGES = 1


@dataclass(frozen=True)
class Page:
    """A true answer to a klines request and what was asked; times in ms."""

    candles: Candles
    body: bytes
    start: int | None
    end: int | None
    limit: int
    now: int

    @property
    def series(self) -> tuple[str, str]:
        """What names the series."""
        return self.candles.symbol, self.candles.frame.text

    def rows(self) -> Rows:
        """Return the true rows."""
        rows: Rows = json.loads(self.body)
        return rows

    def region(self, rows: Rows) -> Interval | None:
        """Return the stretch of time that the answer speaks about, None where that is nothing."""
        low = self.start if self.start is not None else (rows[0][0] if rows else None)
        if len(rows) >= self.limit or self.end is None:
            high = rows[-1][0] + 1 if rows else None
        else:
            high = self.end + 1
        return None if low is None or high is None or high <= low else Interval(low, high)


class Lies:
    """What was told of each series, and the lies that may still be told."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], list[Interval]] = {}

    def told(self, page: Page) -> None:
        """Note that a page has been told, true or not."""
        region = page.region(page.rows())
        if region is not None:
            self._told[page.series] = union([*self._told.get(page.series, []), region])

    def tell(self, page: Page, fault: Fault, seed: int) -> bytes | None:
        """Return the page with a lie in it; None where it has no bar that one may be told about."""
        rows = page.rows()
        told = self._told.get(page.series, [])
        fresh = [at for at, row in enumerate(rows) if not _within(told, row[0])]
        region = page.region(rows)
        if region is None or not fresh:
            return None
        lie = _LIES[fault.kind](page, rows, fresh, fault, dice(f"{seed}/{region}"))
        return None if lie is None else json.dumps(lie, separators=(",", ":")).encode()


Lie = Callable[[Page, Rows, list[int], Fault, random.Random], Rows | None]


def _within(parts: list[Interval], time: int) -> bool:
    """Tell whether a time lies in one of `parts`, which ascend and do not touch."""
    at = bisect_right(parts, time, key=lambda part: part.start) - 1
    return at >= 0 and time < parts[at].end


def _hole(
    _: Page, rows: Rows, fresh: list[int], fault: Fault, chance: random.Random
) -> Rows | None:
    """Leave out neighbours; the first and the last row stay."""
    new = set(fresh)
    most = min(fault["bars"], len(rows) - 2 * _EDGES)
    for bars in range(most, 0, -1):
        starts = [
            at for at in range(_EDGES, len(rows) - _EDGES - bars + 1)
            if all(one in new for one in range(at, at + bars))
        ]  # fmt: skip
        if starts:
            at = chance.choice(starts)
            return rows[:at] + rows[at + bars :]
    return None


def _empty(_: Page, rows: Rows, fresh: list[int], __: Fault, ___: random.Random) -> Rows | None:
    return [] if len(fresh) == len(rows) else None


def _changed(
    page: Page, rows: Rows, fresh: list[int], fault: Fault, _: random.Random
) -> Rows | None:
    """Change the bar at an end; the last only where there are later ones, which show the lie."""
    at = 0 if fault["at"] == "first" else len(rows) - 1
    later = page.candles.closed(page.now) > 0 and rows[-1][0] < int(
        page.candles.time[page.candles.closed(page.now) - 1]
    )
    if at not in fresh or (fault["at"] == "last" and not later):
        return None
    return _with(rows, at, {2: 1.001, 4: 1.0005, 5: 0.5})


def _with(rows: Rows, at: int, factors: dict[int, float]) -> Rows:
    """Return rows with values of one multiplied; the high stays above the close."""
    row = list(rows[at])
    for column, factor in factors.items():
        row[column] = f"{float(row[column]) * factor:.8f}"
    row[2] = max(row[2], row[4], key=float)
    return [*rows[:at], row, *rows[at + 1 :]]


def _twice(_: Page, rows: Rows, fresh: list[int], __: Fault, chance: random.Random) -> Rows | None:
    at = chance.choice(fresh)
    return [*rows[: at + 1], *rows[at:]]


def _unordered(
    _: Page, rows: Rows, fresh: list[int], __: Fault, chance: random.Random
) -> Rows | None:
    pairs = [at for at in fresh if at + 1 in set(fresh)]
    if not pairs:
        return None
    at = chance.choice(pairs)
    return [*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]


_BAD = {"nan": "NaN", "negative": "-1.00000000", "zero": "0.00000000", "text": "abc", "null": None}


def _bad(_: Page, rows: Rows, fresh: list[int], fault: Fault, chance: random.Random) -> Rows | None:
    at = chance.choice(fresh)
    row = list(rows[at])
    row[chance.randint(1, 4)] = _BAD[fault["value"]]
    return [*rows[:at], row, *rows[at + 1 :]]


def _crossed(
    _: Page, rows: Rows, fresh: list[int], __: Fault, chance: random.Random
) -> Rows | None:
    at = chance.choice(fresh)
    row = list(rows[at])
    row[2], row[3] = f"{float(row[3]) * 0.99:.8f}", f"{float(row[2]) * 1.01:.8f}"
    return [*rows[:at], row, *rows[at + 1 :]]


def _open_as_closed(
    page: Page, rows: Rows, _: list[int], __: Fault, ___: random.Random
) -> Rows | None:
    """Give the forming bar a close time that is over; the page must end at it or just before."""
    forming = page.candles.forming(page.now)
    if forming is None:
        return None
    from rtrade.testing.candles import kline_text

    row = json.loads(kline_text(forming))
    row[_CLOSE_TIME] = page.now - 1
    if rows[-1][0] == forming.start:
        return [*rows[:-1], row]
    if rows[-1][_CLOSE_TIME] + 1 == forming.start:
        return [*rows, row]
    return None


_LIES: dict[str, Lie] = {
    "hole": _hole,
    "empty_page": _empty,
    "changed_bar": _changed,
    "duplicate_row": _twice,
    "unordered_rows": _unordered,
    "bad_number": _bad,
    "crossed_bar": _crossed,
    "open_as_closed": _open_as_closed,
}
