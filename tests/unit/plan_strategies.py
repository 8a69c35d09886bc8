"""Make strategy definitions from text, so that the plan's tests need neither schema nor loader."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.definitions import (
    AlsoDef,
    BacktestDef,
    CostsDef,
    DataDef,
    ParamDef,
    RiskDef,
    RulesDef,
    SignalDef,
    SizingDef,
    StrategyDef,
)
from rtrade.config.document import Document
from rtrade.core.diagnostics import Diagnostic, Severity, SourceText
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import Timeframe
from rtrade.plan.build import build
from rtrade.plan.nodes import Node
from rtrade.plan.plan import Plan

ALL_IN = SizingDef("equity", 0.95)
NO_RISK = RiskDef()


class Lines:
    """A file that grows by a line for each expression, so that every one has a place."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, name: str, text: str) -> SourceText:
        start = len(self.lines) + 1
        prefix = f"{name}: "
        anchors, offset = [], 0
        for number, line in enumerate(text.split("\n")):
            indent = len(prefix) if number == 0 else 2
            anchors.append((offset, start + number, indent + 1))
            offset += len(line) + 1
            self.lines.append((prefix if number == 0 else "  ") + line)
        return SourceText(text, "strategy.yaml", tuple(anchors))


def strategy(
    enter_long: str | None = "close > open",
    exit_long: str | None = "close < open",
    enter_short: str | None = None,
    exit_short: str | None = None,
    *,
    signals: dict[str, str] | None = None,
    params: dict[str, float | tuple[float, float, float]] | None = None,
    also: dict[str, tuple[str, str]] | None = None,
    scale_by: str | None = None,
    sizing: SizingDef = ALL_IN,
    risk: RiskDef = NO_RISK,
    slippage: float = 0.0005,
    timeframe: str = "1h",
    **changes: Any,
) -> StrategyDef:
    """Return a definition; `params` are values or (value, min, max), `also` (symbol, timeframe)."""
    file = Lines()
    signal_defs = tuple(
        SignalDef(name, file.add(name, text)) for name, text in (signals or {}).items()
    )
    given = {
        "enter_long": enter_long,
        "exit_long": exit_long,
        "enter_short": enter_short,
        "exit_short": exit_short,
    }
    rules = RulesDef(
        **{name: file.add(name, text) for name, text in given.items() if text is not None}
    )
    if scale_by is not None:
        sizing = replace(sizing, scale_by=file.add("scale_by", scale_by))
    param_defs = []
    for name, value in (params or {}).items():
        number, low, high = value if isinstance(value, tuple) else (value, None, None)
        param_defs.append(ParamDef(name, number, number, low, high))
    series = tuple(
        AlsoDef(name, symbol, Timeframe.parse(frame))
        for name, (symbol, frame) in (also or {}).items()
    )
    definition = StrategyDef(
        name="test",
        description=None,
        data=DataDef("sample", "BTC/USDT", Timeframe.parse(timeframe), also=series),
        params=tuple(param_defs),
        signals=signal_defs,
        rules=rules,
        sizing=sizing,
        risk=risk,
        costs=CostsDef(0.001, 0.001, slippage),
        backtest=BacktestDef(10_000.0),
        document=Document("strategy.yaml", "\n".join(file.lines), {}),
    )
    return replace(definition, **changes)


DAILY = {"daily": ("BTC/USDT", "1d")}


def compiled(*args: Any, **kwargs: Any) -> Plan:
    return build(strategy(*args, **kwargs), builtin())


def node(text: str, **kwargs: Any) -> Node:
    """Return the node of one expression, as a signal called `it`."""
    signals = {**kwargs.pop("signals", {}), "it": text}
    return compiled(signals=signals, **kwargs).signals["it"]


def findings(*args: Any, **kwargs: Any) -> tuple[Diagnostic, ...]:
    """Return all findings, whether the strategy compiles or not."""
    try:
        return compiled(*args, **kwargs).warnings
    except InvalidInput as invalid:
        return invalid.diagnostics


def finding(text: str, **kwargs: Any) -> Diagnostic:
    """Return the only finding about one expression; `it: ` takes four columns before it."""
    signals = {"it": text, **kwargs.pop("signals", {})}
    found = findings(signals=signals, **kwargs)
    if len(found) != 1:
        pytest.fail(f"{text!r}: {len(found)} findings: {[one.message for one in found]}")
    return found[0]


def place(found: Diagnostic) -> tuple[int, int, int]:
    """Return line, first column and end column of a finding, counted from the expression."""
    assert found.span is not None
    return found.span.line, found.span.column - 4, found.span.end_column - 4


def is_error(found: Diagnostic) -> bool:
    return found.severity is Severity.ERROR
