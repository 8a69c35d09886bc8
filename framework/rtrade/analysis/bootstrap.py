"""What else the same trades could have made: drawn again with replacement, many times.

Each path takes as many trades as there were, each any of them with the same chance, and multiplies
what they did to equity. It assumes that trades do not depend on one another and that each risks the
same share of equity wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rtrade.analysis.trades import TradeTable
from rtrade.core.bars import FloatArray, IntArray

PATHS = 1_000
LEAST = 20
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_POINTS = 60
_AT_ONCE = 100

# Given a shape and a limit, whole numbers from 0 to below the limit.
Draw = Callable[[tuple[int, int], int], IntArray]


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Quantiles (`LEVELS`) of the paths: `fan[level][point]` of equity as a multiple of its start.

    `after` are the numbers of trades at the points, `final` and `deepest` the quantiles of the
    final return and of the deepest fall (fractions); `lost` is the share of paths that end below
    their start.
    """

    trades: int
    paths: int
    after: IntArray
    fan: FloatArray
    final: tuple[float, ...]
    deepest: tuple[float, ...]
    lost: float


def bootstrap(trades: TradeTable, equity: FloatArray, cash: float, draw: Draw) -> Bootstrap | None:
    """Return the quantiles of `PATHS` paths; None with fewer than `LEAST` closed trades."""
    steps = equity_steps(trades, equity, cash)
    if len(steps) < LEAST:
        return None
    after = np.unique(np.linspace(0, len(steps), _POINTS).astype(np.int64))
    levels, deepest = np.empty((PATHS, len(after))), np.empty(PATHS)
    for start in range(0, PATHS, _AT_ONCE):
        chosen = draw((_AT_ONCE, len(steps)), len(steps))
        paths = np.ones((_AT_ONCE, len(steps) + 1))
        np.cumprod(1 + steps[chosen], axis=1, out=paths[:, 1:])
        levels[start : start + _AT_ONCE] = paths[:, after]
        peaks = np.maximum.accumulate(paths, axis=1)
        deepest[start : start + _AT_ONCE] = (1 - paths / peaks).max(axis=1)
    final = levels[:, -1]
    return Bootstrap(
        trades=len(steps),
        paths=PATHS,
        after=after,
        fan=np.quantile(levels, LEVELS, axis=0),
        final=tuple((np.quantile(final, LEVELS) - 1).tolist()),
        deepest=tuple(np.quantile(deepest, LEVELS).tolist()),
        lost=int(np.count_nonzero(final < 1)) / PATHS,
    )


def equity_steps(trades: TradeTable, equity: FloatArray, cash: float) -> FloatArray:
    """Return what each closed trade did to equity, as a fraction of it at the close before."""
    closed = np.flatnonzero(trades.closed)
    before = np.where(trades.entry[closed] > 0, equity[trades.entry[closed] - 1], cash)
    with np.errstate(all="ignore"):
        steps = trades.pnl[closed] / before
    # Nothing is lost twice: a path that has lost all stays there.
    return np.maximum(steps[np.isfinite(steps) & (before > 0)], -1.0)
