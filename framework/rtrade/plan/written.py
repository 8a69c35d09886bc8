"""A strategy's expressions as they are written, each part beside its node in the plan.

A plan has forgotten how it was written: equal nodes are one, params are numbers, a chain of
comparisons is an `and`. Who explains a rule to its author reads its text once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rtrade.catalog.registry import Registry
from rtrade.config.definitions import StrategyDef
from rtrade.core.diagnostics import SourceText
from rtrade.core.errors import EngineFault
from rtrade.plan.context import Context
from rtrade.plan.elaborate import elaborate
from rtrade.plan.findings import Findings
from rtrade.plan.graph import Graph
from rtrade.plan.names import Scope
from rtrade.plan.nodes import Node, walk
from rtrade.plan.parser import parse
from rtrade.plan.parts import Unordered
from rtrade.plan.plan import Plan
from rtrade.plan.ranges import Ranges
from rtrade.plan.syntax import Apply, Expr, Index, Member, Name, Operation


@dataclass(frozen=True, eq=False)
class Written:
    """A part of an expression: its text on one line, what it says, and its node.

    The node is on its own clock, not on that of what it is a part of. `parts` are the arguments of
    an operator, the inputs of a call in their declared order, what an index looks back on.
    `signal` is the name of the signal that the text is, "" where it is none.
    """

    text: str
    expr: Expr
    node: Node
    parts: tuple[Written, ...] = ()
    signal: str = ""


@dataclass
class Reader:
    """Reads the expressions of `definition`, of which `plan` was built, into nodes of that plan."""

    plan: Plan
    definition: StrategyDef
    registry: Registry
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        self.graph = Graph(self.plan.timeframe)
        for node in walk(*self.plan.rules.values(), *self.plan.signals.values()):
            self.graph.add(node)
        self._scope = self._names()
        self._signals = {one.name: one.expression for one in self.definition.signals}
        self._rules: dict[str, Written] = {}
        self._read: dict[str, Written] = {}

    def rule(self, name: str) -> Written | None:
        """Return a rule as it is written; None where the strategy has none of that name."""
        source: SourceText | None = getattr(self.definition.rules, name)
        if source is not None and name not in self._rules:
            self._rules[name] = self.read(source)
        return self._rules.get(name)

    def signal(self, name: str) -> Written:
        """Return the expression of a signal that is one value."""
        if name not in self._read:
            self._read[name] = self.read(self._signals[name])
        return self._read[name]

    def read(self, source: SourceText) -> Written:
        """Return an expression that the strategy has; raise EngineFault where it has errors."""
        expr = parse(source.text)
        known: dict[int, Node | None] = {}
        context = Context(
            source,
            self._scope,
            self.graph,
            # It was checked when the plan was built, and all warnings were given then.
            Findings(self.definition.document),
            Unordered(Ranges(self.registry)),
            known,
        )
        return self._part(context, expr, known)

    def _part(self, ctx: Context, expr: Expr, known: dict[int, Node | None]) -> Written:
        parts = tuple(self._part(ctx, part, known) for part in self._below(expr))
        node = elaborate(ctx, expr)
        if node is None:
            raise EngineFault(f"{ctx.text(expr)} is not what it was when the plan was built")
        known[id(expr)] = node
        text = " ".join(ctx.source.text[expr.start : expr.end].split())
        return Written(text, expr, node, parts, self._named(expr))

    def _below(self, expr: Expr) -> tuple[Expr, ...]:
        match expr:
            case Operation():
                return expr.args
            case Index():
                return (expr.base,)
            case Apply(function=Name(name=name) | Member(name=name)):
                return self._inputs(name, expr)
            case Member(base=Apply(function=Name(name=name) | Member(name=name)) as called):
                return self._inputs(name, called)
        return ()

    def _inputs(self, name: str, call: Apply) -> tuple[Expr, ...]:
        """Return what stands for the inputs of a call, in their declared order."""
        entry = self.registry.get(name)
        assert entry is not None, name
        slots = [one.name for one in entry.inputs]
        by_place = [one.value for one in call.arguments if one.name is None]
        bound = dict(zip(slots, by_place, strict=False))
        bound |= {one.name: one.value for one in call.arguments if one.name is not None}
        return tuple(bound[slot] for slot in slots)

    def _named(self, expr: Expr) -> str:
        if isinstance(expr, Name) and expr.name in self._scope.signals:
            return expr.name
        if isinstance(expr, Member) and isinstance(expr.base, Name):
            name = f"{expr.base.name}.{expr.name}"
            return name if name in self.plan.signals else ""
        return ""

    def _names(self) -> Scope:
        definition, plan = self.definition, self.plan
        single: dict[str, Node | None] = {}
        results: dict[str, dict[str, Node]] = {}
        for name, node in plan.signals.items():
            signal, _, output = name.partition(".")
            if output:
                results.setdefault(signal, {})[output] = node
            else:
                single[signal] = node
        return Scope(
            self.registry,
            params={name: float(value) for name, value in plan.params.items()},
            series={also.name: also.timeframe for also in definition.data.also},
            signals=single,
            results=results,
            answers={llm.name: {one.name: one for one in llm.answer} for llm in definition.llm},
            declared=frozenset(
                [*(one.name for one in definition.signals), *(one.name for one in definition.llm)]
            ),
        )
