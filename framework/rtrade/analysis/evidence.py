"""What diagnoses look at: a run with what it rests on, and columns that several of them need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rtrade.analysis.assumptions import Ledger
from rtrade.analysis.metrics import Metrics
from rtrade.core.bars import Bars, FloatArray, IntArray, MarketData
from rtrade.core.results import FillColumns, RunResult, Trade
from rtrade.plan.plan import Plan


@dataclass(frozen=True, eq=False)
class Evidence:
    """A run as it is judged. `benchmark` is buy and hold at each close.

    `warming` is the number of its first closes at which rules may not know yet. `ledger` is the
    same run under other assumptions; None where that was not asked for.
    """

    plan: Plan
    market: MarketData
    result: RunResult
    metrics: Metrics
    benchmark: FloatArray
    warming: int = 0
    ledger: Ledger | None = None

    @cached_property
    def bars(self) -> Bars:
        """The bars of the run."""
        return self.market.bars

    @cached_property
    def equity(self) -> FloatArray:
        """Equity at each close."""
        return np.asarray(self.result.equity, dtype=np.float64)

    @property
    def profit(self) -> float:
        """What the account gained, quote units; below 0 a loss."""
        return float(self.equity[-1]) - self.plan.cash if len(self.equity) else 0.0

    @cached_property
    def closed(self) -> tuple[Trade, ...]:
        """The closed trades."""
        return tuple(trade for trade in self.result.trades if trade.exit_time is not None)

    @cached_property
    def pnl(self) -> FloatArray:
        """What each closed trade made, quote units."""
        return np.array([trade.pnl for trade in self.closed], dtype=np.float64)

    @cached_property
    def gain(self) -> FloatArray:
        """What each closed trade made, as a fraction of its entry's notional."""
        return np.array([trade.return_ for trade in self.closed], dtype=np.float64)

    @cached_property
    def entered(self) -> IntArray:
        """The open of the bar that each closed trade was entered in (ms)."""
        return np.array([trade.entry_time for trade in self.closed], dtype=np.int64)

    @cached_property
    def exits(self) -> tuple[str | None, ...]:
        """What closed each closed trade."""
        return tuple(trade.exit_reason for trade in self.closed)

    @cached_property
    def fills(self) -> FillColumns:
        """All fills."""
        return FillColumns.of(self.result.fills)

    @property
    def entries(self) -> int:
        """How many entries were made."""
        return len(self.result.trades)

    @property
    def costs(self) -> float:
        """Commissions and slippage, quote units."""
        return (self.metrics.fees or 0.0) + (self.metrics.slippage_cost or 0.0)
