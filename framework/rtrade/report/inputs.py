"""What a report is made from, and the typed view of the result's trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.catalog.registry import Unit
from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.report.levels import Holdings


@dataclass(frozen=True, eq=False)
class Indicator:
    """A signal to draw: its values on the run's bars, NaN where unknown."""

    name: str
    unit: Unit
    values: FloatArray


@dataclass(frozen=True, eq=False)
class ReportInputs:
    """A finished run. Arrays have one value per bar of the run, taken at its close.

    `document` is that of `result.json`, with `data.synthetic`. `equity` and `benchmark` are in
    quote units, `position` is the signed size. `explanation` is the plan in plain words,
    `fill_rules` are sentences, `version` is the one of rtrade.
    """

    document: Mapping[str, Any]
    bars: Bars
    equity: FloatArray
    benchmark: FloatArray
    position: FloatArray
    indicators: tuple[Indicator, ...]
    strategy_yaml: str
    explanation: str
    fill_rules: tuple[str, ...]
    version: str


@dataclass(frozen=True, eq=False)
class TradeColumns:
    """The result's trades as columns; while open, exits stand at the last bar and its close.

    `side` is +1 for long, -1 for short; prices and `pnl` in quote units, `gain` a fraction.
    """

    held: Holdings
    side: IntArray
    entry_price: FloatArray
    exit_price: FloatArray
    gain: FloatArray
    closed: IntArray

    def __len__(self) -> int:
        return len(self.side)


def trade_columns(trades: list[Mapping[str, Any]], bars: Bars) -> TradeColumns:
    """Read the trades of the result document; times are looked up among the run's bars."""
    exits = [trade["exit_time"] for trade in trades]
    last_time, last_close = int(bars.time[-1]), float(bars.close[-1])
    exit_ms = _milliseconds([text or "1970-01-01" for text in exits])
    closed = np.array([text is not None for text in exits], dtype=np.int64)
    exit_ms[closed == 0] = last_time
    prices = [last_close if t["exit_price"] is None else t["exit_price"] for t in trades]
    return TradeColumns(
        held=Holdings(
            entry=np.searchsorted(bars.time, _milliseconds([t["entry_time"] for t in trades])),
            exit=np.searchsorted(bars.time, exit_ms),
            pnl=np.array([t["pnl"] for t in trades], dtype=np.float64),
        ),
        side=np.array([1 if t["side"] == "long" else -1 for t in trades], dtype=np.int64),
        entry_price=np.array([t["entry_price"] for t in trades], dtype=np.float64),
        exit_price=np.array(prices, dtype=np.float64),
        gain=np.array([t["return"] for t in trades], dtype=np.float64),
        closed=closed,
    )


def _milliseconds(texts: list[str]) -> IntArray:
    moments = np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[ms]")
    return moments.astype(np.int64)
