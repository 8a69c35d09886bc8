"""Bars to store: rows that say by their values which bar they are."""

from __future__ import annotations

import numpy as np

from rtrade.core.bars import Bars
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe

MINUTE = 60_000
KEY = SeriesKey("binance", "BTC/USDT", Timeframe.parse("1m"))
Row = tuple[int, float, float, float, float, float]


def row(at: int, close: float | None = None) -> Row:
    """The bar number `at`, counted from 1970."""
    price = 100.0 + at % 1000 / 7
    return (at * MINUTE, price, price + 1.1, price - 1.3, close or price + 0.3, float(at % 97))


def columns(numbers: np.ndarray) -> dict[str, np.ndarray]:
    """The bars of these numbers, as columns."""
    price = 100.0 + numbers % 1000 / 7
    return {
        "time": numbers * MINUTE, "open": price, "high": price + 1.1, "low": price - 1.3,
        "close": price + 0.3, "volume": (numbers % 97).astype(float),
    }  # fmt: skip


def rows(first: int, stop: int) -> list[Row]:
    """The bars `first <= number < stop`."""
    return [row(at) for at in range(first, stop)]


def span(first: int, stop: int) -> Interval:
    """The time of the bars `first <= number < stop`."""
    return Interval(first * MINUTE, stop * MINUTE)


def bars_of(count: int, seed: int = 7, key: SeriesKey = KEY) -> Bars:
    """A random walk of `count` bars."""
    draw = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.001, count)))
    high, low = close * 1.001, close * 0.999
    time = np.arange(count, dtype=np.int64) * key.timeframe.ms
    volume = draw.random(count) * 10
    return Bars(key.symbol, key.timeframe, time, close.copy(), high, low, close, volume)
