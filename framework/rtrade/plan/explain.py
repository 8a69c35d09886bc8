"""Explain a plan: resolved values and where they came from, rules in words, the data it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rtrade.catalog.registry import Kind, Registry
from rtrade.config.definitions import Distance, StrategyDef
from rtrade.core.timeframes import DAY, iso
from rtrade.plan import sentences
from rtrade.plan.consistency import percent
from rtrade.plan.explain_models import ModelNote, model_values, models
from rtrade.plan.names import number
from rtrade.plan.nodes import Align, Node, resting
from rtrade.plan.plan import Plan
from rtrade.plan.printing import formulas
from rtrade.plan.warmup import leads, unforgetting
from rtrade.plan.words import in_words

_RULES = {
    "enter_long": "Enter long",
    "exit_long": "Exit long",
    "enter_short": "Enter short",
    "exit_short": "Exit short",
}


@dataclass(frozen=True)
class Resolved:
    """A value that the run uses, by its dotted key, and where it came from."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True)
class SignalNote:
    """A signal: its expression and words; `warmup` and `settle` (None: it never
    does) in bars of its timeframe. `asked` tells that it rests on a model's answer.
    """

    name: str
    expression: str
    words: str
    kind: str
    unit: str
    timeframe: str
    warmup: int
    settle: int | None
    asked: bool = False


@dataclass(frozen=True)
class RuleNote:
    """A rule, as an expression and as a sentence."""

    name: str
    expression: str
    words: str


@dataclass(frozen=True)
class DataNote:
    """A series that the run reads, and how many bars of it before the first one."""

    name: str
    symbol: str
    timeframe: str
    lookback: int


@dataclass(frozen=True)
class Explanation:
    """All there is to know about a strategy before it runs."""

    name: str
    description: str | None
    period: str
    warmup: int
    rules: tuple[RuleNote, ...]
    timing: tuple[str, ...]
    sizing: tuple[str, ...]
    risk: tuple[str, ...]
    costs: tuple[str, ...]
    signals: tuple[SignalNote, ...]
    data: tuple[DataNote, ...]
    values: tuple[Resolved, ...]
    warnings: tuple[str, ...]
    models: tuple[ModelNote, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the explanation as plain text for a terminal."""
        return "\n".join(_lines(self))


def explain(plan: Plan, definition: StrategyDef, registry: Registry) -> Explanation:
    """Explain the plan that was built from `definition`."""
    return Explanation(
        name=plan.name,
        description=definition.description,
        period=sentences.period(plan),
        warmup=plan.warmup,
        rules=_rules(plan, registry),
        timing=sentences.timing(plan),
        sizing=sentences.sizing(plan, registry, _names(plan)),
        risk=sentences.risk(plan),
        costs=sentences.costs(plan),
        signals=_signals(plan, registry),
        data=tuple(
            DataNote(need.name, need.symbol, str(need.timeframe), need.lookback)
            for need in plan.needs
        ),
        values=tuple(
            Resolved(key, value, _origin(definition, key)) for key, value in _values(definition)
        ),
        warnings=tuple(found.message for found in plan.warnings),
        models=models(plan, registry, _names(plan)),
    )


def _names(plan: Plan) -> dict[int, str]:
    """Return what nodes are called: the first signal of several equal ones."""
    names: dict[int, str] = {}
    for name, node in plan.signals.items():
        names.setdefault(id(node), name)
    return names


def _rules(plan: Plan, registry: Registry) -> tuple[RuleNote, ...]:
    names = _names(plan)
    roots = [*plan.signals.values(), *plan.rules.values()]
    expressions, words = formulas(roots, names), in_words(roots, registry, names)
    return tuple(
        RuleNote(name, expressions[id(node)], f"{_RULES[name]} when {words[id(node)]}.")
        for name, node in ((name, _bare(node)) for name, node in plan.rules.items())
    )


def _bare(node: Node) -> Node:
    """Return what a node on the base clock shows, so that a rule is written out, not named."""
    return node.arg if isinstance(node, Align) else node


def _signals(plan: Plan, registry: Registry) -> tuple[SignalNote, ...]:
    names, roots = _names(plan), [*plan.signals.values()]
    expressions, words = formulas(roots, names), in_words(roots, registry, names)
    needed, asked = leads(roots, registry), resting(*roots)
    return tuple(
        SignalNote(
            name=name,
            expression=expressions[id(node)],
            words=words[id(node)],
            kind=str(node.kind),
            unit=str(node.unit) if node.kind == Kind.NUMBER else "",
            timeframe=str(node.clock),
            warmup=needed[id(node)].warmup,
            settle=None
            if unforgetting([node], registry)
            else needed[id(node)].need - needed[id(node)].warmup,
            asked=id(node) in asked,
        )
        for name, node in plan.signals.items()
    )


def _origin(definition: StrategyDef, key: str) -> str:
    """Return where the value of a key came from; of a part of it where no more is known."""
    parts = tuple(key.split("."))
    for length in range(len(parts), 0, -1):
        known = definition.origins.get(".".join(parts[:length]))
        if known is not None:
            return known
    within = [origin for known, origin in definition.origins.items() if known.startswith(f"{key}.")]
    if within:
        return within[0]
    return "file" if parts in definition.document.values else "default"


def _values(definition: StrategyDef) -> Iterator[tuple[str, str]]:
    data, risk, costs = definition.data, definition.risk, definition.costs
    yield "data.source", data.source
    yield "data.symbol", data.symbol
    yield "data.timeframe", str(data.timeframe)
    yield "data.start", _start(definition)
    yield "data.end", "the last closed bar" if data.end is None else iso(data.end)
    for also in data.also:
        yield f"data.also.{also.name}", f"{also.symbol} {also.timeframe}"
    for param in definition.params:
        yield f"params.{param.name}", number(param.value)
    yield from model_values(definition)
    yield f"sizing.{definition.sizing.kind}", _size(definition)
    levels = definition.sizing.risk_levels
    for name, factor in levels.factors if levels is not None else ():
        yield f"sizing.risk_levels.{name}", number(factor)
    for name in ("stop_loss", "take_profit", "trailing_stop"):
        distance = getattr(risk, name)
        if distance is not None:
            yield f"risk.{name}", _distance(distance)
    for name in ("time_exit", "cooldown"):
        if getattr(risk, name) is not None:
            yield f"risk.{name}", f"{getattr(risk, name)} bars"
    for name in ("max_drawdown", "daily_loss"):
        if getattr(risk, name) is not None:
            yield f"risk.{name}", percent(getattr(risk, name))
    if costs.taker == costs.maker:
        yield "costs.commission", percent(costs.taker)
    else:
        yield "costs.commission.taker", percent(costs.taker)
        yield "costs.commission.maker", percent(costs.maker)
    yield "costs.slippage", percent(costs.slippage)
    yield "backtest.cash", number(definition.backtest.cash)
    yield "backtest.benchmark", definition.backtest.benchmark


def _start(definition: StrategyDef) -> str:
    data = definition.data
    if data.last is not None:
        return f"{data.last / DAY:g} days before the end"
    return "the first bar there is" if data.start is None else iso(data.start)


def _size(definition: StrategyDef) -> str:
    sizing = definition.sizing
    if sizing.kind in {"quote", "base"}:
        return number(sizing.value)
    lookback = f" over {sizing.lookback} bars" if sizing.kind == "volatility" else ""
    return percent(sizing.value) + lookback


def _distance(distance: Distance) -> str:
    if distance.kind == "percent":
        return percent(distance.value)
    return f"{number(distance.value)} x ATR({distance.period})"


def _lines(told: Explanation) -> Iterator[str]:
    yield told.name + (f": {told.description}" if told.description else "")
    yield from _section("Rules", [rule.words for rule in told.rules] + [*told.timing])
    yield from _section("Size", told.sizing)
    yield from _section("Risk", told.risk)
    yield from _section("Costs", told.costs)
    if told.signals:
        yield from _section("Signals", [_signal(note) for note in told.signals])
    for model in told.models:
        yield from _section(f"Model: {model.signal}", model.words)
    yield from _section("Data", [f"The run goes {told.period}.", *map(_series, told.data)])
    width = max(len(value.key) for value in told.values)
    shown = max(len(value.value) for value in told.values)
    rows = [f"{one.key:<{width}}  {one.value:<{shown}}  {one.origin}" for one in told.values]
    yield from _section("Values and where they come from", rows)
    if told.warnings:
        yield from _section("Warnings", told.warnings)


def _section(title: str, lines: list[str] | tuple[str, ...]) -> Iterator[str]:
    yield ""
    yield title
    for line in lines:
        yield f"  {line}"


def _signal(note: SignalNote) -> str:
    what = " ".join(part for part in (note.kind, f"({note.unit})" if note.unit else "") if part)
    known = f"known after {_bars(note.warmup)}"
    if note.asked:
        known = "known once there is an answer"
    elif note.settle is None:
        known += ", never settled"
    elif note.settle:
        known += f", settled {_bars(note.settle)} later"
    return f"{note.name} = {note.expression}  [{what}, {note.timeframe}, {known}]"


def _series(note: DataNote) -> str:
    name = f"{note.name}: " if note.name else ""
    before = "the first of those" if note.name else "the run"
    read = f"up to {_bars(note.lookback)} before {before} are read too"
    return f"{name}{note.symbol} {note.timeframe}" + (f"; {read}" if note.lookback else "")


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
