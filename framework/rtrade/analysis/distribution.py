"""How returns are spread: of days, or of bars where there are few days."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rtrade.analysis.periods import by_day
from rtrade.core.bars import Bars, FloatArray, IntArray

_FEW = 20
_BINS = 31


@dataclass(frozen=True, eq=False)
class Distribution:
    """Returns (fractions) of `unit` (`day` or `bar`), their histogram and what describes them.

    `counts[i]` lie between `edges[i]` and `edges[i + 1]`; the outer bins hold all beyond.
    `skew` and `kurtosis` (0 for a normal distribution) are None where returns do not vary.
    `best` and `worst` are `(start in ms, return)`, the most extreme first.
    """

    unit: str
    count: int
    edges: FloatArray
    counts: IntArray
    mean: float
    median: float
    low: float
    high: float
    positive: float
    skew: float | None
    kurtosis: float | None
    best: tuple[tuple[int, float], ...]
    worst: tuple[tuple[int, float], ...]


def distribution(bars: Bars, equity: FloatArray, cash: float, most: int = 5) -> Distribution | None:
    """Return how returns of UTC days are spread; None without two of them."""
    time, returns, unit = *by_day(bars, equity, cash), "day"
    if len(returns) < _FEW:
        before = np.concatenate(([cash], equity[:-1]))
        with np.errstate(all="ignore"):
            time, returns, unit = bars.time, equity / before - 1, "bar"
    known = np.isfinite(returns)
    time, returns = time[known], returns[known]
    if len(returns) < 2:
        return None
    order = np.argsort(returns, kind="stable")
    edges = _edges(returns)
    inside = np.clip(returns, edges[0], edges[-1])
    skew, kurtosis = _shape(returns)
    low, median, high = np.quantile(returns, (0.05, 0.5, 0.95)).tolist()
    pairs = [(int(time[at]), float(returns[at])) for at in order.tolist()]
    return Distribution(
        unit=unit,
        count=len(returns),
        edges=edges,
        counts=np.histogram(inside, edges)[0].astype(np.int64),
        mean=float(returns.mean()),
        median=median,
        low=low,
        high=high,
        positive=float(np.count_nonzero(returns > 0) / len(returns)),
        skew=skew,
        kurtosis=kurtosis,
        best=tuple(pairs[::-1][:most]),
        worst=tuple(pairs[:most]),
    )


def _edges(returns: FloatArray) -> FloatArray:
    """Return edges of equal bins around 0 that hold 99 % of the returns."""
    reach = float(np.quantile(np.abs(returns), 0.99))
    if reach == 0:
        reach = float(np.abs(returns).max()) or 0.01
    return np.linspace(-reach, reach, _BINS + 1)


def _shape(returns: FloatArray) -> tuple[float | None, float | None]:
    """Return skewness and excess kurtosis, moments with denominator n."""
    away = returns - returns.mean()
    spread = math.sqrt(float((away**2).mean()))
    if spread < 1e-12:
        return None, None
    scaled = away / spread
    return float((scaled**3).mean()), float((scaled**4).mean()) - 3
