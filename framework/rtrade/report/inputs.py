"""What a report is made from, and the typed view of the result's trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.analysis.llm_study import LlmStudy
from rtrade.analysis.trades import TradeTable
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
    `fill_rules` are sentences, `version` is the one of rtrade. `seed` is that of what is drawn by
    chance. `llm` is what was found of the models that the run asked, `analysis` what one of them
    said of the market when it was asked for an analysis.
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
    seed: int = 0
    llm: LlmStudy | None = None
    analysis: Mapping[str, Any] | None = None


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


def trade_columns(table: TradeTable, bars: Bars) -> TradeColumns:
    """Return the trades as the charts draw them."""
    return TradeColumns(
        held=Holdings(table.entry, np.minimum(table.exit, len(bars) - 1), table.pnl),
        side=table.side,
        entry_price=table.entry_price,
        exit_price=table.exit_price,
        gain=table.gain,
        closed=table.closed,
    )
