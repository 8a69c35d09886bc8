"""What an engine is given besides bars: decisions per bar and the rules for size, risk and cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.core.bars import BoolArray, Filters, FloatArray


@dataclass(frozen=True, eq=False)
class Program:
    """A plan with its signals worked out; all arrays have one value per bar of the run.

    A rule acts where its array is True (unknown is not true). `atr` holds the ATR by period,
    `volatility` the sample deviation per bar of log returns up to that bar, `scale` a factor
    in 0..1, `risk_factor` the factor of the risk level (0 vetoes); NaN = not ready.
    `bars_per_year` is a year of 365 days over the timeframe.
    """

    enter_long: BoolArray
    exit_long: BoolArray
    enter_short: BoolArray
    exit_short: BoolArray
    sizing: SizingDef
    risk: RiskDef
    costs: CostsDef
    cash: float
    bars_per_year: float
    filters: Filters = field(default_factory=Filters)
    atr: Mapping[int, FloatArray] = field(default_factory=dict)
    volatility: FloatArray | None = None
    scale: FloatArray | None = None
    risk_factor: FloatArray | None = None
