"""Sharpe ratio and volatility over a window that moves through the run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.timeframes import DAY
from rtrade.execution import core

DAYS = 90
POINTS = 300
_LEAST = 30


@dataclass(frozen=True, eq=False)
class Rolling:
    """Values at `at` (closes in ms) over the `window` bars before; NaN where not defined."""

    window: int
    at: IntArray
    sharpe: FloatArray
    volatility: FloatArray


def rolling(bars: Bars, equity: FloatArray, cash: float) -> Rolling | None:
    """Return both at up to `POINTS` closes; None where the run is too short.

    The window is 90 days of bars, or a quarter of the run where that is less, at least 30 bars.
    Both are scaled to a year as the metrics of the same name are.
    """
    window = max(_LEAST, min(DAYS * DAY // bars.timeframe.ms, len(bars) // 4))
    if len(bars) < 2 * window or not bool(np.all(equity > 0)):
        return None
    returns = equity / np.concatenate(([cash], equity[:-1])) - 1
    last = np.unique(np.linspace(window - 1, len(bars) - 1, POINTS).astype(np.int64))
    scale = math.sqrt(bars.timeframe.per_year)
    means, spreads = np.empty(len(last)), np.empty(len(last))
    for place, at in enumerate(last.tolist()):
        seen = returns[at - window + 1 : at + 1]
        means[place] = seen.mean()
        spreads[place] = math.sqrt(float(((seen - means[place]) ** 2).sum()) / (window - 1))
    flat = spreads < core.STILL
    with np.errstate(all="ignore"):
        sharpe = np.where(flat, np.nan, means / spreads * scale)
    return Rolling(window, bars.timeframe.closes(bars.time[last]), sharpe, spreads * scale)
