"""One strategy with many values of its params: rules and sizes of each, nodes shared by all.

The strategy is compiled once, with the values that it has. For others only what depends on them is
worked out again, and that once for each combination of values that it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rtrade.catalog.registry import Number, Registry
from rtrade.config.definitions import StrategyDef
from rtrade.config.params import Refusal, taken
from rtrade.core.diagnostics import SourceText
from rtrade.core.errors import InvalidInput
from rtrade.plan.asking import Asking
from rtrade.plan.build import RULES, Builder
from rtrade.plan.context import Context
from rtrade.plan.elaborate import elaborate, elaborate_output, outputs_of
from rtrade.plan.findings import Findings
from rtrade.plan.names import did_you_mean, similar
from rtrade.plan.nodes import Node
from rtrade.plan.parser import parse
from rtrade.plan.parts import Errors, Part, Parts, Refused, Unordered
from rtrade.plan.plan import LlmPlan, Plan, SeriesNeed
from rtrade.plan.ranges import Ranges
from rtrade.plan.roots import rule_of, scale_of
from rtrade.plan.signals import in_order
from rtrade.plan.syntax import Expr

Finish = Callable[[Context, Expr, Node], Node | None]


@dataclass(frozen=True, eq=False)
class Variant:
    """What depends on the params of a strategy, for one value of each.

    Equal nodes of the variants of one strategy, and of its plan, are one object.
    """

    params: Mapping[str, Number]
    rules: Mapping[str, Node]
    scale: Node | None
    risk_level: Node | None = None


class Variants:
    """The variants of one strategy.

    `plan` is the plan with the values that the definition has; `params` are the names of what can
    vary, in the order of the file. ATRs and volatility depend on no param: they are the plan's.
    All nodes live as long as this object does.
    """

    def __init__(
        self, definition: StrategyDef, registry: Registry, asking: Asking | None = None
    ) -> None:
        """Compile the strategy; raise InvalidInput where it is wrong as it stands."""
        self._made_of = (definition, registry, asking)
        self._builder = Builder(definition, registry, asking)
        self.plan: Plan = self._builder.plan()
        self.params = tuple(param.name for param in definition.params)
        self._definition = definition
        self._places = {name: place for place, name in enumerate(self.params)}
        # By place and value as given: the value as a key of a dict, and as it is meant.
        self._taken: list[dict[Number, tuple[Any, Number]]] = [{} for _ in self.params]
        self._defaults = [_key(param.value) for param in definition.params]
        self._values = {param.name: param.value for param in definition.params}
        spans = [(param.name, param.span) for param in definition.params]
        self._parts = Parts(spans, self._builder.graph)
        self._signals = self._read_signals()
        rules = definition.rules
        self._rules = {
            name: self._root(source, partial(_rule, name))
            for name in RULES
            if (source := getattr(rules, name)) is not None
        }
        scale, levels = definition.sizing.scale_by, definition.sizing.risk_levels
        self._scale = None if scale is None else self._root(scale, scale_of)
        self._level = None if levels is None else self._root(levels.signal, _on_base)
        self._times = {
            llm.name: None if llm.cadence.at is None else self._root(llm.cadence.at, _on_base)
            for llm in definition.llm
        }
        # In order, so that none asks for another that asks for another, and so on.
        self._first = [part for part in self._signals.values() if part.params]
        self._first += [part for part in self._times.values() if part is not None and part.params]

    def again(self) -> Variants:
        """Return the same variants, with no node of theirs made yet."""
        return Variants(*self._made_of)

    def of(self, params: Mapping[str, Number]) -> Variant:
        """Return the variant with these values; the others keep those of the definition.

        Raises InvalidInput where the language refuses them: with the errors, without warnings.
        """
        values, given = self._read(params)
        for part in self._first:
            if part.at(values).__class__ is Refused:
                raise self._refusal(values)
        return Variant(
            params=given,
            rules={name: self._node(part, values) for name, part in self._rules.items()},
            scale=None if self._scale is None else self._node(self._scale, values),
            risk_level=None if self._level is None else self._node(self._level, values),
        )

    def plan_of(self, variant: Variant) -> Plan:
        """Return the whole plan of a variant, without warnings."""
        values, _ = self._read(variant.params)
        signals = {name: self._node(part, values) for name, part in self._signals.items()}
        models = {name: self._model(name, values) for name in self.plan.llm}
        roots = self._roots(variant)
        return replace(
            self.plan,
            params=variant.params,
            signals=signals,
            rules=variant.rules,
            scale=variant.scale,
            risk_level=variant.risk_level,
            needs=self._builder.needs(roots, signals, models),
            warmup=self._builder.warmup(roots),
            warnings=(),
            llm=models,
        )

    def needs(self, variants: Iterable[Variant]) -> tuple[SeriesNeed, ...]:
        """Return the series to read for all `variants`, each as far back as one of them needs."""
        found = list(variants)
        if self.plan.llm and found:
            plans = [self.plan_of(variant) for variant in found]
            return tuple(map(_widest, zip(*(plan.needs for plan in plans), strict=True)))
        roots = {id(node): node for variant in found for node in self._roots(variant)}
        return self._builder.needs([*roots.values()], self.plan.signals, {})

    def lookback(self, variants: Iterable[Variant]) -> int:
        """Return how many bars before the start are read so that all `variants` are known."""
        return self.needs(variants)[0].lookback

    # The parts

    def _read_signals(self) -> dict[str, Part]:
        """Return the parts of the signals, each after those it uses, several as `name.output`."""
        parsed = {
            signal.name: (signal.expression, parse(signal.expression.text))
            for signal in self._definition.signals
        }
        found: dict[str, Part] = {}
        for name in in_order(parsed, self._builder.findings):
            source, expr = parsed[name]
            ctx = self._context(source)
            outputs = outputs_of(ctx, expr)
            if not outputs:
                part = self._parts.root(ctx, expr, partial(_elaborated, expr))
                self._parts.signals[name] = found[name] = part
                continue
            results = {
                output: self._parts.root(ctx, expr, partial(_result, expr, output))
                for output in outputs
            }
            self._parts.results[name] = results
            found |= {f"{name}.{output}": part for output, part in results.items()}
        return found

    def _root(self, source: SourceText, finish: Finish) -> Part:
        expr = parse(source.text)
        return self._parts.root(self._context(source), expr, partial(_finished, expr, finish))

    def _context(self, source: SourceText) -> Context:
        builder = self._builder
        ordering = Unordered(Ranges(builder.registry))
        errors = Errors(self._definition.document)
        return Context(source, builder.scope, builder.graph, errors, ordering)

    # Their nodes

    def _node(self, part: Part, values: list[Any]) -> Node:
        node = part.at(values)
        if isinstance(node, Refused):
            raise self._refusal(values)
        return node

    def _roots(self, variant: Variant) -> list[Node]:
        """Return what decides in a variant, in the order of its plan."""
        plan = self.plan
        optional = (variant.scale, plan.volatility, variant.risk_level)
        found = [*variant.rules.values(), *plan.atr.values()]
        return found + [node for node in optional if node is not None]

    def _model(self, name: str, values: list[Any]) -> LlmPlan:
        time = self._times[name]
        model = self.plan.llm[name]
        return model if time is None else replace(model, at=self._node(time, values))

    def _read(self, params: Mapping[str, Number]) -> tuple[list[Any], dict[str, Number]]:
        """Return all values as keys, in the order of `params`, and by name as they are meant."""
        values, given = self._defaults.copy(), self._values.copy()
        findings: Findings | None = None
        for name, value in params.items():
            place = self._places.get(name, -1)
            known = self._taken[place].get(value) if place >= 0 else None
            if known is None or value.__class__ is bool:
                findings = findings or Findings(self._definition.document)
                known = self._take(name, value, findings)
            if known is not None:
                values[place], given[name] = known
        if findings is not None:
            findings.finish()
        return values, given

    def _take(self, name: str, value: Number, findings: Findings) -> tuple[Any, Number] | None:
        """Judge a value that is new; remember what is taken, note why another is not."""
        document = findings.document
        place = self._places.get(name)
        if place is None:
            advice = did_you_mean(similar(name, self.params))
            span = document.key_span(("params",))
            findings.error("RT030", f"unknown param `{name}` in `params`", span, advice)
            return None
        param = self._definition.params[place]
        number = taken(param, _plain(value))
        if isinstance(number, Refusal):
            span = param.span or document.key_span(("params", name))
            findings.error(number.code, number.message, span, number.help)
            return None
        known = _key(number), number
        if number:
            # 0.0 and -0.0 are one key: they are judged each time.
            self._taken[place][value] = known
        return known

    def _refusal(self, values: list[Any]) -> InvalidInput:
        """Return everything that the language has against these values."""
        findings = Findings(self._definition.document)
        for part in (*self._first, *self._rules.values(), self._scale, self._level):
            if part is None:
                continue
            found = part.at(values)
            if isinstance(found, Refused):
                findings.include(found.errors)
        return InvalidInput(findings.sorted())


def _key(value: Number) -> Any:
    """Return a value as a float that is a key of a dict; -0.0, equal to 0.0, as its text."""
    number = float(value)
    return "-0.0" if str(number) == "-0.0" else number


def _plain(value: Any) -> Any:
    """Return a scalar of an array as a number of Python's own."""
    item = getattr(value, "item", None)
    return value if item is None or isinstance(value, int | float) else item()


def _widest(needs: tuple[SeriesNeed, ...]) -> SeriesNeed:
    """Return one need for several of the same series."""
    return replace(
        needs[0],
        lookback=max(need.lookback for need in needs),
        warmup=max(need.warmup for need in needs),
    )


def _elaborated(expr: Expr, ctx: Context) -> Node | None:
    return elaborate(ctx, expr)


def _result(expr: Expr, output: str, ctx: Context) -> Node | None:
    return elaborate_output(ctx, expr, output)


def _finished(expr: Expr, finish: Finish, ctx: Context) -> Node | None:
    node = elaborate(ctx, expr)
    return None if node is None else finish(ctx, expr, node)


def _rule(name: str, ctx: Context, expr: Expr, node: Node) -> Node | None:
    return rule_of(ctx, name, expr, node)


def _on_base(ctx: Context, _: Expr, node: Node) -> Node | None:
    return ctx.graph.bring(node, ctx.graph.base)
