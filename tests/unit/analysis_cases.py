"""Small runs for the tests of analysis: bars, fills, trades, plans, each with only what matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rtrade.catalog.registry import Kind
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.core.bars import Bars, Filters, MarketData
from rtrade.core.results import Fill, RunResult, Trade
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.plan.nodes import Const
from rtrade.plan.plan import Plan, SeriesNeed

FREE = CostsDef(taker=0.0, maker=0.0, slippage=0.0)
START = parse_time("2024-01-01")
DAY = Timeframe.parse("1d")


def bars_of(
    closes: Sequence[float],
    *,
    opens: Sequence[float] | None = None,
    timeframe: Timeframe = DAY,
    symbol: str = "BTC/USDT",
    skip: dict[int, int] | None = None,
) -> Bars:
    """Bars with these closes; `skip[i]` bars are missing before bar i."""
    close = np.array(closes, dtype=np.float64)
    steps = np.ones(len(close), dtype=np.int64)
    steps[:1] = 0
    for index, missing in (skip or {}).items():
        steps[index] += missing
    return Bars(
        symbol=symbol,
        timeframe=timeframe,
        time=START + np.cumsum(steps) * timeframe.ms,
        open=close.copy() if opens is None else np.array(opens, dtype=np.float64),
        high=close.copy(),
        low=close.copy(),
        close=close,
        volume=np.ones(len(close)),
    )


def trade_of(pnl: float, return_: float = 0.0, *, closed: bool = True) -> Trade:
    return Trade(
        symbol="BTC/USDT",
        side="long",
        size=1.0,
        entry_bar=0,
        entry_time=START,
        entry_price=100.0,
        entry_reason="enter_long",
        exit_bar=1 if closed else None,
        exit_time=START + DAY.ms if closed else None,
        exit_price=100.0 + pnl if closed else None,
        exit_reason="rule" if closed else None,
        pnl=pnl,
        return_=return_,
        fees=0.0,
        bars=1,
    )


def fill_of(size: float, price: float, reference: float, fee: float = 0.0) -> Fill:
    return Fill(
        bar=0,
        time=START,
        direction=1,
        size=size,
        price=price,
        reference=reference,
        fee=fee,
        reason="enter_long",
    )


def result_of(
    equity: Sequence[float],
    *,
    position: Sequence[float] | None = None,
    trades: Sequence[Trade] = (),
    fills: Sequence[Fill] = (),
) -> RunResult:
    values = np.array(equity, dtype=np.float64)
    return RunResult(
        engine="backtrader",
        fills=tuple(fills),
        trades=tuple(trades),
        cash=values,
        position=np.zeros(len(values)) if position is None else np.array(position, dtype=float),
        equity=values,
    )


def plan_of(**changes) -> Plan:
    plan = Plan(
        name="example",
        source="files",
        start=None,
        end=None,
        last=None,
        params={},
        signals={},
        rules={"enter_long": Const(kind=Kind.BOOLEAN, clock=DAY, value=True)},
        atr={},
        volatility=None,
        scale=None,
        needs=(SeriesNeed("", "BTC/USDT", DAY, 0),),
        warmup=0,
        sizing=SizingDef("equity", 1.0),
        risk=RiskDef(),
        costs=FREE,
        cash=1000.0,
        benchmark="buy_and_hold",
    )
    return replace(plan, **changes)


def market_of(base: Bars, **changes) -> MarketData:
    market = MarketData(
        source="files",
        source_kind="csv",
        base=base,
        first=0,
        filters=Filters(),
        filters_stated=True,
    )
    return replace(market, **changes)
