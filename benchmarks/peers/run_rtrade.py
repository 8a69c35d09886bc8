"""rtrade: from bars to signals, the run, its trades and all metrics, on the engine asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main

from rtrade.analysis.metrics import measure
from rtrade.catalog.installed import registry
from rtrade.config.definitions import StrategyDef
from rtrade.config.loading import strategy_of
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.config.reader import read_text
from rtrade.core.bars import Bars, MarketData
from rtrade.core.timeframes import MINUTE, Timeframe
from rtrade.execution.preparing import prepare as prepared
from rtrade.plan.build import build
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate

ENGINES = {"backtrader": "rtrade.execution.bt", "compiled": "rtrade.execution.compiled"}
STRATEGY = """
rtrade: 1
name: cross
data: {{source: bars, symbol: BTC/USDT, timeframe: 1m}}
signals: {{fast: "sma(close, {fast})", slow: "sma(close, {slow})"}}
rules: {{enter_long: "crosses_above(fast, slow)", exit_long: "crosses_below(fast, slow)"}}
sizing: {sizing}
risk: {risk}
costs: {{commission: {commission}%, slippage: 0%}}
backtest: {{cash: {cash}}}
"""


@cache
def plan_of(settings: Settings) -> Plan:
    levels = {
        "stop_loss": settings.stop,
        "take_profit": settings.target,
        "trailing_stop": settings.trail,
    }
    stated = [f"{name}: {100 * level:g}%" for name, level in levels.items() if level is not None]
    text = STRATEGY.format(
        fast=settings.fast,
        slow=settings.slow,
        sizing=f"{{equity: {100 * SHARE:g}%}}"
        if settings.units is None
        else f"{{base: {settings.units}}}",
        risk="{" + ", ".join(stated) + "}",
        commission=100 * COMMISSION,
        cash=CASH,
    )
    return build(strategy(text), registry())


def strategy(text: str) -> StrategyDef:
    """Return the strategy of a file of this text."""
    return strategy_of(read_text(text.lstrip(), "benchmark.yaml"), NO_OVERRIDES)


def prepare(market: Market) -> MarketData:
    bars = Bars(
        symbol="BTC/USDT",
        timeframe=Timeframe(MINUTE),
        time=market.time.astype("int64"),
        open=market.open,
        high=market.high,
        low=market.low,
        close=market.close,
        volume=market.volume,
    )
    return MarketData("bars", "synthetic", bars, 0)


def run(market: MarketData, settings: Settings) -> Outcome:
    plan = plan_of(settings)
    engine = import_module(ENGINES[settings.engine])
    signals = evaluate(plan, market)
    result = engine.run(prepared(plan, market, signals), market.bars)
    metrics = measure(result, market.bars, cash=plan.cash, costs=plan.costs, filters=market.filters)
    # Trades are kept as columns until somebody looks at one: here somebody looks at all.
    assert len(tuple(result.trades)) >= metrics.trades

    def fills() -> Fills:
        return [(fill.bar, fill.direction * fill.size, fill.price) for fill in result.fills]

    return Outcome(metrics.trades, metrics.final_equity, fills)


if __name__ == "__main__":
    main(prepare, run)
