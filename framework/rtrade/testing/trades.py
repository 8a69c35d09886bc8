"""Trades of a market in the order they happened, by position: told from bars, or recorded."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from rtrade.testing.candles import Candles
from rtrade.testing.numbers import text
from rtrade.testing.ticks import TICKS, tick_time, ticks_of


@dataclass(frozen=True)
class Trade:
    """A trade, or several of one order at one price; `first` and `last` are ids of trades.

    Price and size are decimal text; `maker` is whether the buyer was the maker.
    """

    id: int
    price: str
    size: str
    time: int
    maker: bool
    first: int
    last: int


class Tape(Protocol):
    """Trades by position from 0; ids ascend by one."""

    first_id: int

    def count(self, now: int) -> int:
        """Count the trades up to `now` (ms), inclusive."""

    def at(self, position: int) -> Trade:
        """Return the trade at `position`."""

    def since(self, time: int) -> int:
        """Return the position of the first trade at or after `time` (ms)."""

    def time(self, position: int) -> int | None:
        """Return the time (ms) of the trade at `position`, None beyond the last."""


class ToldTape:
    """The eight trades of every bar that has a volume, as `ticks` tells them."""

    first_id = 1

    def __init__(self, candles: Candles) -> None:
        self._candles = candles
        self._bars = candles.traded()
        self._opens = candles.time[self._bars]
        self._ticks = lru_cache(maxsize=4096)(self._told)

    def count(self, now: int) -> int:
        """Count the trades up to `now` (ms), inclusive."""
        return self.since(now + 1)

    def at(self, position: int) -> Trade:
        """Return the trade at `position`."""
        return self._ticks(position // TICKS)[position % TICKS]

    def since(self, time: int) -> int:
        """Return the position of the first trade at or after `time` (ms)."""
        bar = int(np.searchsorted(self._opens, time, side="right")) - 1
        if bar < 0:
            return 0
        row = self._candles.row(int(self._bars[bar]))
        inside = sum(tick_time(row, number) < time for number in range(TICKS))
        return bar * TICKS + inside

    def time(self, position: int) -> int | None:
        """Return the time (ms) of the trade at `position`, None beyond the last."""
        return self.at(position).time if position < len(self._bars) * TICKS else None

    def _told(self, bar: int) -> tuple[Trade, ...]:
        ticks = ticks_of(self._candles.row(int(self._bars[bar])), self._candles.digits)
        start = self.first_id + bar * TICKS
        return tuple(
            Trade(start + at, text(tick.price), text(tick.size), tick.time, tick.maker,
                  start + at, start + at)
            for at, tick in enumerate(ticks)
        )  # fmt: skip


class RecordedTape:
    """Trades out of a recording, in its order; `known` are the times (ms) of their messages."""

    def __init__(self, trades: Sequence[Trade], known: Sequence[int]) -> None:
        self._trades = trades
        self._known = known
        self._times = [trade.time for trade in trades]
        self.first_id = trades[0].id if trades else 1

    def count(self, now: int) -> int:
        """Count the trades up to `now` (ms), inclusive."""
        return bisect_right(self._known, now)

    def at(self, position: int) -> Trade:
        """Return the trade at `position`."""
        return self._trades[position]

    def since(self, time: int) -> int:
        """Return the position of the first trade at or after `time` (ms)."""
        return bisect_left(self._times, time)

    def time(self, position: int) -> int | None:
        """Return the time (ms) of the trade at `position`, None beyond the last."""
        return self._times[position] if position < len(self._times) else None


def aggregated(trades: Sequence[Trade], known: Sequence[int]) -> RecordedTape:
    """Join neighbours of one time, price and side, as the fills of one order; ids count from 1."""
    groups: list[list[Trade]] = []
    ends: list[int] = []
    for trade, time in zip(trades, known, strict=True):
        last = groups[-1][-1] if groups else None
        same = last is not None and (last.time, last.price, last.maker) == (
            trade.time, trade.price, trade.maker,
        )  # fmt: skip
        if same:
            groups[-1].append(trade)
            ends[-1] = time
        else:
            groups.append([trade])
            ends.append(time)
    return RecordedTape([_one(number, one) for number, one in enumerate(groups, start=1)], ends)


def _one(number: int, group: list[Trade]) -> Trade:
    first, last = group[0], group[-1]
    size = text(round(sum(float(trade.size) for trade in group), 8))
    return Trade(number, first.price, size, first.time, first.maker, first.id, last.id)
