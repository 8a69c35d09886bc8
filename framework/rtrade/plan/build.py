"""Compile a strategy: `StrategyDef` -> `Plan`, or every finding of the stage.

1. Names and timeframes are checked.
2. Every expression is parsed; signals are ordered so that each follows those it uses.
3. Each is worked out into typed, interned nodes; rules are brought onto the base clock.
4. The ATRs and the volatility that risk and sizing need become nodes too.
5. The file is checked as a whole; then warm-up and the bars to read follow from the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rtrade.catalog.registry import Registry
from rtrade.config.definitions import StrategyDef
from rtrade.core.diagnostics import SourceText, Span
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import Timeframe
from rtrade.plan import consistency
from rtrade.plan.answers import describe
from rtrade.plan.asking import Asking, Models, asked, seen_bars, told_nodes
from rtrade.plan.context import Context
from rtrade.plan.elaborate import elaborate, elaborate_signal
from rtrade.plan.findings import Fault, Findings
from rtrade.plan.graph import Graph
from rtrade.plan.names import Scope, check_names
from rtrade.plan.nodes import Node, choices_of
from rtrade.plan.ordering import Ordering
from rtrade.plan.parser import parse
from rtrade.plan.plan import LlmPlan, Plan, SeriesNeed
from rtrade.plan.ranges import Ranges
from rtrade.plan.roots import rule_of, scale_of
from rtrade.plan.signals import in_order
from rtrade.plan.syntax import Expr
from rtrade.plan.warmup import leads, series_needs

RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
LEVELS = ("stop_loss", "take_profit", "trailing_stop")


def build(definition: StrategyDef, registry: Registry, asking: Asking | None = None) -> Plan:
    """Compile a strategy; raise InvalidInput with all findings where it is wrong.

    `asking` is what signals that a language model answers need beside the file.
    """
    return Builder(definition, registry, asking).plan()


@dataclass(frozen=True)
class _Deciding:
    """What decides: rules, and what sizes and levels are computed from."""

    rules: dict[str, Node]
    atr: dict[int, Node]
    volatility: Node | None
    scale: Node | None
    level: Node | None
    factors: tuple[float, ...]
    models: dict[str, LlmPlan]

    @property
    def roots(self) -> list[Node]:
        optional = [node for node in (self.scale, self.volatility, self.level) if node is not None]
        return [*self.rules.values(), *self.atr.values(), *optional]


class Builder:
    """One strategy being compiled; `graph` and `scope` are filled by `plan()`."""

    def __init__(self, definition: StrategyDef, registry: Registry, asking: Asking | None) -> None:
        self.definition = definition
        self.registry = registry
        self.findings = Findings(definition.document)
        self.graph = Graph(definition.data.timeframe)
        self.ordering = Ordering(Ranges(registry))
        self.scope = Scope(
            registry,
            params={param.name: float(param.value) for param in definition.params},
            series=self._series(),
            answers={llm.name: {one.name: one for one in llm.answer} for llm in definition.llm},
            declared=frozenset(
                [*(one.name for one in definition.signals), *(one.name for one in definition.llm)]
            ),
        )
        self.models = Models(definition, asking, self.findings, self._elaborate)

    def plan(self) -> Plan:
        """Return the plan; raise InvalidInput with all findings where an error is among them."""
        plan = self._plan()
        if plan is None:
            self.findings.finish()
            raise EngineFault("a plan failed to build without a finding")
        return plan

    def _plan(self) -> Plan | None:
        check_names(self.definition, self.registry, self.findings)
        self._signals()
        rules = self._rules()
        level, factors = self._risk_level()
        deciding = _Deciding(
            rules, self._atr(), self._volatility(), self._scale(), level, factors, {}
        )
        models = self.models.read({**self.scope.signals, **dict(self._named())})
        consistency.check_risk(self.definition, self.findings)
        consistency.check_rules(self.definition, rules, self.findings)
        if self.findings.failed:
            return None
        deciding = replace(deciding, models=asked(models, deciding.roots))
        consistency.check_asked(self.definition, deciding.models, self.findings)
        return self._assemble(deciding)

    def _named(self) -> Iterator[tuple[str, Node]]:
        """Yield the signals in the order of the file, several results as `name.output`."""
        for signal in self.definition.signals:
            node = self.scope.signals.get(signal.name)
            if node is not None:
                yield signal.name, node
            for output, result in self.scope.results.get(signal.name, {}).items():
                yield f"{signal.name}.{output}", result

    def _assemble(self, deciding: _Deciding) -> Plan:
        definition, signals = self.definition, dict(self._named())
        models = deciding.models
        told = told_nodes(models.values(), signals.values())
        remembered = [*deciding.rules.values(), *filter(None, [deciding.scale]), *told]
        consistency.check_memory(remembered, self.registry, self.findings)
        roots = deciding.roots
        return Plan(
            name=definition.name,
            source=definition.data.source,
            start=definition.data.start,
            end=definition.data.end,
            last=definition.data.last,
            params={param.name: param.value for param in definition.params},
            signals=signals,
            rules=deciding.rules,
            atr=deciding.atr,
            volatility=deciding.volatility,
            scale=deciding.scale,
            needs=self.needs(roots, signals, models),
            warmup=self.warmup(roots),
            sizing=definition.sizing,
            risk=definition.risk,
            costs=definition.costs,
            cash=definition.backtest.cash,
            benchmark=definition.backtest.benchmark,
            warnings=self.findings.finish(),
            llm=models,
            risk_level=deciding.level,
            risk_factors=deciding.factors,
        )

    def needs(
        self, roots: Iterable[Node], signals: Mapping[str, Node], models: Mapping[str, LlmPlan]
    ) -> tuple[SeriesNeed, ...]:
        """Return the series to read for what decides, and for what models are told."""
        tops = [*roots, *told_nodes(models.values(), signals.values())]
        windows = seen_bars(models.values(), self.scope.series)
        return series_needs(self.definition, tops, signals, self.registry, windows)

    def warmup(self, roots: Sequence[Node]) -> int:
        """Return the bars before which something that decides may be unknown."""
        found = leads(roots, self.registry)
        return max((found[id(node)].warmup for node in roots), default=0)

    def _series(self) -> dict[str, Timeframe]:
        """Return the clocks of the series of `also:`; refuse those that the base cannot hold."""
        base = self.definition.data.timeframe
        clocks: dict[str, Timeframe] = {}
        for also in self.definition.data.also:
            clocks[also.name] = also.timeframe
            span = also.span or self.definition.document.key_span(("data", "also", also.name))
            if also.timeframe < base:
                clocks[also.name] = base
                message = f"series `{also.name}` ({also.timeframe}) is finer than the base ({base})"
                advice = f"run the strategy on {also.timeframe}, or read `{also.name}` at {base}"
                self.findings.error("RT130", message, span, advice)
            elif not _holds(also.timeframe, base):
                clocks[also.name] = base
                message = f"series `{also.name}` ({also.timeframe}) is not a whole number of "
                advice = f"choose a timeframe that {base} divides"
                self.findings.error("RT131", f"{message}{base} bars", span, advice)
        return clocks

    def _parse(self, source: SourceText) -> Expr | None:
        try:
            return parse(source.text)
        except Fault as fault:
            self.findings.fault(source, fault)
            return None

    def _context(self, source: SourceText) -> Context:
        return Context(source, self.scope, self.graph, self.findings, self.ordering)

    def _signals(self) -> None:
        """Work out all signals into the scope; those with errors become None."""
        parsed: dict[str, tuple[SourceText, Expr]] = {}
        for signal in self.definition.signals:
            expr = self._parse(signal.expression)
            if expr is not None:
                parsed[signal.name] = (signal.expression, expr)
        for name in in_order(parsed, self.findings):
            source, expr = parsed[name]
            elaborate_signal(self._context(source), name, expr)

    def _elaborate(self, source: SourceText) -> tuple[Context, Expr, Node] | None:
        expr = self._parse(source)
        ctx = self._context(source)
        node = None if expr is None else elaborate(ctx, expr)
        return None if expr is None or node is None else (ctx, expr, node)

    def _rules(self) -> dict[str, Node]:
        rules: dict[str, Node] = {}
        for name in RULES:
            source = getattr(self.definition.rules, name)
            done = None if source is None else self._elaborate(source)
            if done is None:
                continue
            ctx, expr, node = done
            rule = rule_of(ctx, name, expr, node)
            if rule is not None:
                rules[name] = rule
        return rules

    def _scale(self) -> Node | None:
        """Return the factor of `scale_by` in 0..1 on the base clock."""
        source = self.definition.sizing.scale_by
        done = None if source is None else self._elaborate(source)
        return None if done is None else scale_of(*done)

    def _risk_level(self) -> tuple[Node | None, tuple[float, ...]]:
        """Return the choice of `risk_levels` on the base clock, and the factor of each choice."""
        levels = self.definition.sizing.risk_levels
        done = None if levels is None else self._elaborate(levels.signal)
        if levels is None or done is None:
            return None, ()
        ctx, expr, node = done
        choices = choices_of(node)
        if not choices:
            message = f"`signal` must be a choice of a model's answer; {ctx.text(expr)} is "
            advice = "ask for one, such as `risk: [low, medium, high]`"
            ctx.error("RT120", message + describe(node), expr, advice)
            return None, ()
        given = dict(levels.factors)
        consistency.check_levels(given, choices, ctx.text(expr), self.findings)
        factors = tuple(given.get(choice, 0.0) for choice in choices)
        return self.graph.bring(node, self.graph.base), factors

    def _atr(self) -> dict[int, Node]:
        """Return an ATR node for each period that a protective level asks for."""
        found: dict[int, Node] = {}
        for name in LEVELS:
            distance = getattr(self.definition.risk, name)
            if distance is None or distance.kind != "atr":
                continue
            span = self.definition.document.value_span(("risk", name))
            node = self._implied(f"atr({distance.period})", span)
            if node is not None:
                found[distance.period] = node
        return dict(sorted(found.items()))

    def _volatility(self) -> Node | None:
        sizing = self.definition.sizing
        if sizing.kind != "volatility":
            return None
        span = self.definition.document.value_span(("sizing", "volatility"))
        return self._implied(f"log_return_deviation(close, {sizing.lookback})", span)

    def _implied(self, text: str, span: Span | None) -> Node | None:
        """Return the node of an expression that the value at `span` stands for."""
        document = self.definition.document
        anchor = (0, 1, 1) if span is None else (0, span.line, span.column)
        aside = Findings(document)
        source = SourceText(text, document.file, (anchor,))
        ctx = Context(source, self.scope, self.graph, aside, self.ordering)
        node = elaborate(ctx, parse(text))
        for found in aside.sorted():
            self.findings.error(found.code, found.message, span, found.help)
        return node


def _holds(coarse: Timeframe, base: Timeframe) -> bool:
    """Tell whether a bar of `coarse` is a whole number of bars of `base`."""
    return base.fills(coarse) if coarse.months else coarse.ms % base.ms == 0
