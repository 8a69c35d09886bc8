"""Bars for measurements: a random walk of one-minute bars from a fixed seed, prices in cents."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtrade.core.bars import COLUMNS, Bars, MarketData
from rtrade.core.timeframes import MINUTE, Timeframe

START = 1_640_995_200_000  # 2022-01-01
YEAR_OF_MINUTES = 525_600


def synthetic(count: int) -> Bars:
    """Return `count` bars; those of a smaller count are not the first of these."""
    rng = np.random.default_rng(7)
    close = np.round(30_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0008, count))), 2)
    opening = np.concatenate([[30_000.0], close[:-1]]) * (1.0 + rng.normal(0.0, 1e-5, count))
    opening = np.round(opening, 2)
    reach = 1.0 + np.abs(rng.normal(0.0, 0.0003, (2, count)))
    return Bars(
        symbol="BTC/USDT",
        timeframe=Timeframe(MINUTE),
        time=START + np.arange(count, dtype=np.int64) * MINUTE,
        open=opening,
        high=np.round(np.maximum(opening, close) * reach[0], 2),
        low=np.round(np.minimum(opening, close) / reach[1], 2),
        close=close,
        volume=np.round(rng.uniform(1.0, 100.0, count), 3),
    )


def market_of(bars: Bars) -> MarketData:
    """Return what a run over all of these bars reads."""
    return MarketData("bars", "synthetic", bars, 0)


def save(bars: Bars, path: Path) -> None:
    """Write a float64 array of one row per column: time (ms), open, high, low, close, volume."""
    np.save(path, np.stack([np.asarray(getattr(bars, name), np.float64) for name in COLUMNS]))
