"""Small strategies with a model, put together by hand, and decisions as a model would take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rtrade.analysis.llm_decisions import DecisionRecord, VoteRecord
from rtrade.catalog.registry import Kind, Unit
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.config.llm_definitions import (
    CadenceDef,
    EnumField,
    IntegerField,
    LlmProviderDef,
    LlmSignalDef,
    TextField,
)
from rtrade.core.bars import Bars, IntArray, MarketData
from rtrade.core.diagnostics import SourceText
from rtrade.core.results import RunResult
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.execution import bt
from rtrade.execution.preparing import prepare
from rtrade.plan.nodes import Align, Answer, Binary, Const, Field, Node, Unary
from rtrade.plan.plan import LlmPlan, Plan, SeriesNeed
from rtrade.signals.evaluate import evaluate

H1 = Timeframe(HOUR)
START = 1_704_067_200_000  # 2024-01-01T00:00:00Z
ACTIONS = ("buy", "sell", "hold")
LOCAL = LlmProviderDef("local_llm", "smollm2-135m-instruct", engine="local")


def action(signal: str = "analyst") -> Answer:
    return Answer(kind=Kind.ENUM, clock=H1, signal=signal, field="action", choices=ACTIONS)


def confidence(signal: str = "analyst") -> Answer:
    return Answer(kind=Kind.NUMBER, clock=H1, signal=signal, field="confidence", low=0, high=100)


def says(value: str, signal: str = "analyst", op: str = "==") -> Node:
    text = Const(kind=Kind.ENUM, clock=H1, value=value)
    return Binary(kind=Kind.BOOLEAN, clock=H1, op=op, left=action(signal), right=text)


def above(level: float, node: Node | None = None) -> Node:
    price = Field(kind=Kind.NUMBER, unit=Unit.PRICE, clock=H1, series="", name="close")
    number = Const(kind=Kind.NUMBER, clock=H1, value=level)
    return Binary(kind=Kind.BOOLEAN, clock=H1, op=">", left=node or price, right=number)


def both(*nodes: Node, op: str = "and") -> Node:
    first, *others = nodes
    for other in others:
        first = Binary(kind=Kind.BOOLEAN, clock=H1, op=op, left=first, right=other)
    return first


def negated(node: Node) -> Node:
    return Unary(kind=Kind.BOOLEAN, clock=H1, op="not", arg=node)


def aligned(node: Node) -> Node:
    return Align(kind=node.kind, clock=H1, arg=node)


def signal_of(
    name: str = "analyst", *, every: int | None = 4, valid_for: int | None = None, **more: Any
) -> LlmSignalDef:
    asks = {} if every is not None else {"at": SourceText("close > 1", "strategy.yaml")}
    return LlmSignalDef(
        name=name,
        provider="local_llm",
        prompt=SourceText("prompts/analyst.j2", "strategy.yaml"),
        cadence=CadenceDef(every=every, valid_for=valid_for, **asks),
        answer=(
            EnumField("action", ACTIONS),
            IntegerField("confidence", 0, 100),
            TextField("reason"),
        ),
        **more,
    )


def plan_of(
    rules: dict[str, Node] | None = None,
    *,
    provider: LlmProviderDef = LOCAL,
    at: Node | None = None,
    signals: Sequence[LlmSignalDef] = (),
    **more: Any,
) -> Plan:
    values: dict[str, Any] = {"atr": {}, "volatility": None, "scale": None} | more
    asked = signals or (signal_of(every=None if at is not None else 4),)
    return Plan(
        name="llm_test",
        source="test",
        start=None,
        end=None,
        last=None,
        params={},
        signals={},
        rules=rules or {"enter_long": says("buy"), "exit_long": says("sell")},
        needs=(SeriesNeed("", "BTC/USDT", H1, 0),),
        warmup=0,
        sizing=SizingDef("equity", 0.95),
        risk=RiskDef(),
        costs=CostsDef(0.001, 0.001, 0.0005),
        cash=10_000.0,
        benchmark="buy_and_hold",
        llm={one.name: LlmPlan(one, provider, at, ()) for one in asked},
        **values,
    )


def bars_of(closes: Sequence[float] | np.ndarray, start: int = START) -> Bars:
    close = np.asarray(closes, dtype=np.float64)
    opened = np.concatenate((close[:1], close[:-1]))
    time = (start + HOUR * np.arange(len(close))).astype(np.int64)
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    return Bars("BTC/USDT", H1, time, opened, high, low, close, np.ones(len(close)))


def market_of(bars: Bars, first: int = 0) -> MarketData:
    return MarketData("test", "csv", bars, first)


def decided(
    bars: Bars,
    at: int,
    answer: str | None,
    sure: int = 50,
    *,
    signal: str = "analyst",
    reason: str = "",
    why: str = "the answer is not JSON",
    **vote: Any,
) -> DecisionRecord:
    """Return the decision at bar `at`; `answer` None is an abstention."""
    values = None if answer is None else {"action": answer, "confidence": sure, "reason": reason}
    said = VoteRecord(
        **{
            "prompt": f"Bar {at}. Buy, sell or hold?",
            "raw": str(values),
            "values": values,
            "why": "" if answer else why,
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "cost": 0.0002,
            "latency": 400,
            "key": f"{signal}-{at}",
            **vote,
        }
    )
    return DecisionRecord(int(bars.time[at]), signal, values, said.why, (said,))


def rerun(market: MarketData):
    """Return what runs a plan with given answers on the real engine."""

    def run(plan: Plan, answers: Any) -> RunResult:
        return bt.run(prepare(plan, market, evaluate(plan, market, answers)), market.bars)

    return run


def shuffling(seed: int = 5):
    stream = np.random.RandomState(seed)

    def shuffle(count: int) -> IntArray:
        return stream.permutation(count).astype(np.int64)

    return shuffle
