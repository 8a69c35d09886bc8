"""From a plan and its signals to what an engine runs: arrays over the bars of the run."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rtrade.core.bars import BoolArray, FloatArray, MarketData
from rtrade.core.errors import EngineFault
from rtrade.execution.engines import unsupported
from rtrade.execution.program import Program
from rtrade.plan.nodes import Node
from rtrade.plan.plan import Plan

__all__ = ["Signals", "prepare", "unsupported"]


class Signals(Protocol):
    """Evaluated nodes: rules over the bars of the run, numbers over all bars that were read."""

    def rule(self, name: str) -> BoolArray:
        """Return where the rule called `name` is true, for each bar of the run."""
        ...

    def number(self, node: Node) -> FloatArray:
        """Return the values of a number node, for each bar that was read."""
        ...

    def choice(self, node: Node) -> FloatArray:
        """Return the index of a choice, NaN where unknown, for each bar that was read."""
        ...


def prepare(plan: Plan, market: MarketData, signals: Signals) -> Program:
    """Return the program of a run over `market.bars`.

    A rule that the plan does not have is never true; `scale` is clipped to 0..1. Raises
    EngineFault where an array has not one value for each bar.
    """
    bars = len(market.base) - market.first

    def rule(name: str) -> BoolArray:
        if name not in plan.rules:
            return np.zeros(bars, dtype=np.bool_)
        return _of_run(f"rules.{name}", signals.rule(name), bars)

    def number(what: str, node: Node) -> FloatArray:
        values = signals.number(node)
        if len(values) != len(market.base):
            raise EngineFault(f"`{what}` has {len(values)} values for {len(market.base)} bars")
        return values[market.first :]

    scale = None if plan.scale is None else np.clip(number("scale_by", plan.scale), 0.0, 1.0)
    return Program(
        enter_long=rule("enter_long"),
        exit_long=rule("exit_long"),
        enter_short=rule("enter_short"),
        exit_short=rule("exit_short"),
        sizing=plan.sizing,
        risk=plan.risk,
        costs=plan.costs,
        cash=plan.cash,
        bars_per_year=plan.timeframe.per_year,
        filters=market.filters,
        atr={period: number(f"atr({period})", node) for period, node in plan.atr.items()},
        volatility=None if plan.volatility is None else number("volatility", plan.volatility),
        scale=scale,
        risk_factor=_risk_factor(plan, market, signals),
    )


def _risk_factor(plan: Plan, market: MarketData, signals: Signals) -> FloatArray | None:
    """Return the factor of the risk level at each close; NaN where the level is not known."""
    if plan.risk_level is None:
        return None
    level = signals.choice(plan.risk_level)[market.first :]
    factors = np.array([*plan.risk_factors, np.nan])
    unknown = len(plan.risk_factors)
    return np.asarray(factors[np.where(np.isnan(level), unknown, level).astype(np.int64)])


def _of_run(what: str, values: BoolArray, bars: int) -> BoolArray:
    if len(values) != bars:
        raise EngineFault(f"`{what}` has {len(values)} values for {bars} bars")
    return values
