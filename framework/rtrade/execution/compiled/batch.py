"""Walks of many candidates, one after the other, without going back to Python.

Plain functions that `binding` compiles.
"""

# ruff: noqa: FBT001 - functions that are compiled take their arguments by position
from __future__ import annotations

import numpy as np

from rtrade.core.bars import FloatArray, IntArray
from rtrade.execution.compiled.states import CLOSED, FILLED, Terms
from rtrade.execution.compiled.statistics import BLOCK, statistics
from rtrade.execution.compiled.walker import walk
from rtrade.execution.core import BELOW_MINIMUM, mark

# Columns of the results.
EQUITY, TRADES, FILLS, REFUSED, DRAWDOWN, MEAN, DEVIATION = range(7)
COLUMNS = 7


def walk_all(
    start: FloatArray,
    low: FloatArray,
    high: FloatArray,
    close: FloatArray,
    day: IntArray,
    rules: IntArray,
    rows: IntArray,
    measures: FloatArray,
    terms: Terms,
    fills: IntArray,
    money: FloatArray,
    counts: IntArray,
    results: FloatArray,
    measured: bool,
) -> None:
    """Walk each candidate, whose rules are in `rows` of the words, and write its results.

    `measured` asks for what its equity did on every bar, too; `fills` and `money` are room for the
    fills that this needs.
    """
    none, returns = np.empty((0, 5)), np.empty(BLOCK + 1)
    for at in range(len(rows)):
        places = (rows[at, 0], rows[at, 1], rows[at, 2], rows[at, 3])
        while True:
            counts[:] = 0
            cash, side, size = walk(
                start, low, high, close, day, rules, places, measures, terms, fills, money, none,
                counts,
            )  # fmt: skip
            if not measured or counts[FILLED] <= len(fills):
                break
            fills = np.empty((counts[FILLED] * 2, 3), dtype=np.int64)
            money = np.empty((counts[FILLED] * 2, 4))
        results[at, EQUITY] = cash if side == 0 else mark(cash, side, size, close[len(close) - 1])
        results[at, TRADES] = counts[CLOSED]
        results[at, FILLS] = counts[FILLED]
        results[at, REFUSED] = counts[: BELOW_MINIMUM + 1].sum()
        if measured:
            found = statistics(close, fills, money, counts[FILLED], terms.cash, returns)
            results[at, DRAWDOWN], results[at, MEAN], results[at, DEVIATION] = found
