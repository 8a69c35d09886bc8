"""What happened inside a stored bar: eight trades, the same ones whenever they are asked for.

A bar says its open, high, low, close and volume, and no more. The stand-in tells one story that
agrees with it: a bar that rises goes open, low, high, close, one that falls open, high, low,
close, with steps half-way between; the eight trades share the volume and stand at equal
distances from the open on. A bar without volume has no trades.
"""

from __future__ import annotations

from dataclasses import dataclass

TICKS = 8
_UNITS = 100_000_000  # quantities are whole numbers of 1e-8


@dataclass(frozen=True)
class Row:
    """One bar: `[start, end)` in ms, prices, base and quote volume, number of trades."""

    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote: float
    trades: int


@dataclass(frozen=True)
class Tick:
    """One trade inside a bar; `maker` is whether the buyer was the maker (a sale hit a bid)."""

    time: int
    price: float
    size: float
    maker: bool


def tick_time(row: Row, number: int) -> int:
    """Return the time (ms) of a bar's trade `number`, from 0."""
    return row.start + number * (row.end - row.start) // TICKS


def ticks_of(row: Row, digits: int) -> tuple[Tick, ...]:
    """Return the trades of a bar, prices rounded to `digits` places where they lie between."""
    if not row.trades:
        return ()
    first, second = (row.low, row.high) if row.close >= row.open else (row.high, row.low)

    def between(one: float, other: float) -> float:
        return min(max(round((one + other) / 2, digits), row.low), row.high)

    prices = (
        row.open, between(row.open, first), first, between(first, second),
        second, between(second, row.close), row.close, row.close,
    )  # fmt: skip
    units = round(row.volume * _UNITS)
    share = units // TICKS
    sizes = [share] * (TICKS - 1) + [units - share * (TICKS - 1)]
    return tuple(
        Tick(tick_time(row, at), price, size / _UNITS, at % 2 == 1)
        for at, (price, size) in enumerate(zip(prices, sizes, strict=True))
    )


def formed(row: Row, now: int, digits: int) -> Row:
    """Return what of a bar is known at `now`, a time inside it: it opens, and its trades so far."""
    seen = [tick for tick in ticks_of(row, digits) if tick.time <= now]
    if not seen:
        return Row(row.start, row.end, row.open, row.open, row.open, row.open, 0.0, 0.0, 0)
    prices = [tick.price for tick in seen]
    volume = round(sum(tick.size for tick in seen), 8)
    quote = round(sum(tick.size * tick.price for tick in seen), 8)
    return Row(
        row.start, row.end, row.open, max(prices), min(prices), prices[-1], volume, quote, len(seen)
    )
