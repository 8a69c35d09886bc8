"""Order books: told from trades, or recorded as a snapshot and its diffs.

A told book has 100 levels a side, a price step apart, around the last trade; what lies at a price
depends on the price alone, so that two books differ only where levels come and go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from rtrade.testing.numbers import text
from rtrade.testing.trades import Tape, Trade

LEVELS = 100
_UPDATES = 10  # of a told book per trade
Levels = list[list[str]]


@dataclass(frozen=True)
class Diff:
    """Changes of a book: update ids `first..last`, and levels with their new sizes; 0 = gone."""

    time: int
    first: int
    last: int
    bids: Levels
    asks: Levels


class Book(Protocol):
    """What REST asks of a book."""

    def snapshot(self, now: int, limit: int) -> tuple[int, Levels, Levels]:
        """Return the last update id, bids and asks from the best on, at `now` (ms)."""


class ToldBook:
    """A book that follows the trades of a tape."""

    def __init__(self, tape: Tape, tick: str) -> None:
        self.tape = tape
        self._tick = Decimal(tick)

    def snapshot(self, now: int, limit: int) -> tuple[int, Levels, Levels]:
        """Return the last update id, bids and asks from the best on, at `now` (ms)."""
        position = self.tape.count(now) - 1
        if position < 0:
            return 0, [], []
        bids, asks = self._levels(position)
        return (position + 1) * _UPDATES, self._written(bids[:limit]), self._written(asks[:limit])

    def diff(self, before: int, position: int) -> Diff:
        """Return what changed from the book after trade `before` (-1: none) to a later one."""
        old_bids, old_asks = self._levels(before) if before >= 0 else ([], [])
        bids, asks = self._levels(position)
        return Diff(
            self.tape.at(position).time,
            (before + 1) * _UPDATES + 1,
            (position + 1) * _UPDATES,
            self._changes(old_bids, bids),
            self._changes(old_asks, asks),
        )

    def _levels(self, position: int) -> tuple[list[int], list[int]]:
        """Return the prices of bids and asks, in steps, from the best on."""
        trade = self.tape.at(position)
        steps = int((Decimal(trade.price) / self._tick).to_integral_value())
        best = max(1, steps if trade.maker else steps - 1)
        bids = list(range(best, max(0, best - LEVELS), -1))
        return bids, list(range(best + 1, best + 1 + LEVELS))

    def _changes(self, old: list[int], new: list[int]) -> Levels:
        kept, gone = set(new), set(old)
        removed = [[self._price(level), text(0.0)] for level in old if level not in kept]
        return removed + self._written([level for level in new if level not in gone])

    def _written(self, levels: list[int]) -> Levels:
        return [[self._price(level), text(_size(level))] for level in levels]

    def _price(self, level: int) -> str:
        return f"{level * self._tick:.8f}"


def _size(level: int) -> float:
    """Return what lies at a price: between 0.01 and 1.01, without a pattern to the eye."""
    return (1000 + level * 7919 % 100_000) / 100_000


@dataclass
class RecordedBook:
    """A recorded snapshot and the diffs around it; the book is known from the snapshot on."""

    snapshot_id: int
    bids: Levels
    asks: Levels
    diffs: Sequence[Diff]
    _at: int = field(default=0, init=False)
    _sides: tuple[dict[str, str], dict[str, str]] | None = field(default=None, init=False)
    _last: int = field(default=0, init=False)

    def snapshot(self, now: int, limit: int) -> tuple[int, Levels, Levels]:
        """Return the last update id, bids and asks from the best on, at `now` (ms)."""
        sides = self._advance(now)
        bids = sorted(sides[0].items(), key=lambda level: -float(level[0]))[:limit]
        asks = sorted(sides[1].items(), key=lambda level: float(level[0]))[:limit]
        return self._last, [list(level) for level in bids], [list(level) for level in asks]

    def _advance(self, now: int) -> tuple[dict[str, str], dict[str, str]]:
        sides = self._sides
        if sides is None or (self._at and self.diffs[self._at - 1].time > now):
            # The clock was set back, or this is the first question: begin anew.
            sides = self._sides = (_side(self.bids), _side(self.asks))
            self._at, self._last = 0, self.snapshot_id
        while self._at < len(self.diffs) and self.diffs[self._at].time <= now:
            diff = self.diffs[self._at]
            self._at += 1
            if diff.last <= self._last:
                continue
            for side, changes in zip(sides, (diff.bids, diff.asks), strict=True):
                _apply(side, changes)
            self._last = diff.last
        return sides


def _side(levels: Levels) -> dict[str, str]:
    return {price: size for price, size in levels}  # noqa: C416  # dict() takes no lists for pairs


def _apply(side: dict[str, str], changes: Levels) -> None:
    for price, size in changes:
        if float(size):
            side[price] = size
        else:
            side.pop(price, None)


def best(book: Book, now: int) -> tuple[list[str], list[str]]:
    """Return the best bid and ask, zeros where there is none."""
    _, bids, asks = book.snapshot(now, 1)
    none = [text(0.0), text(0.0)]
    return (bids[0] if bids else none), (asks[0] if asks else none)


def trades_between(tape: Tape, low: int, high: int) -> Iterator[Trade]:
    """Yield the trades at positions `low..high - 1`."""
    return (tape.at(position) for position in range(low, high))
