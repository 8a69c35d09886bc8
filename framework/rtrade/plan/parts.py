"""Expressions whose params are open: each part is worked out once for the values it depends on.

1. An expression becomes a tree of parts. A name of a signal is that signal's part, a name of a
   param one that yields a constant; what depends on no param is a node at once.
2. A part is asked for its node with the values of all params; it remembers its nodes by the
   values of those that it depends on, directly or through signals.
3. What is not remembered is made of the nodes of its parts: by a form where one is known, else by
   the same work that compiles a strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import EngineFault
from rtrade.plan.context import Context
from rtrade.plan.elaborate import elaborate
from rtrade.plan.findings import Findings
from rtrade.plan.forms import Form, Signature, learn, signature
from rtrade.plan.graph import Graph
from rtrade.plan.nodes import Const, Node
from rtrade.plan.operators import ARITHMETIC, COMPARISONS
from rtrade.plan.ordering import Ordering
from rtrade.plan.syntax import Apply, Expr, Index, Member, Name, Operation

Finish = Callable[[Context], Node | None]


@dataclass(frozen=True)
class Refused:
    """What stands for the node of a part that the language refuses, with its errors."""

    errors: tuple[Diagnostic, ...]


class Part:
    """A part of an expression; `params` are the places of the params that it depends on."""

    params: tuple[int, ...] = ()

    def at(self, values: Sequence[Any], /) -> Node | Refused:
        """Return the node where the params have these values, which can be keys of a dict."""
        raise NotImplementedError

    def remember(self) -> None:
        """Keep nodes by the values of params that they were made with."""


class Fixed(Part):
    """A part that depends on no param."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def at(self, _: Sequence[Any], /) -> Node | Refused:
        """Return the node."""
        return self.node


class Param(Part):
    """The name of a param: a constant."""

    def __init__(self, place: int, graph: Graph, span: Span | None) -> None:
        self.params = (place,)
        self._graph = graph
        self._span = span
        self._made: dict[Any, Node] = {}

    def at(self, values: Sequence[Any], /) -> Node | Refused:
        """Return the constant of the param's value."""
        value = values[self.params[0]]
        node = self._made.get(value)
        if node is None:
            node = self._made[value] = self._graph.constant(float(value), self._span)
        return node


class Open(Part):
    """A part that depends on params; `work` makes its node, given the nodes of `below`."""

    def __init__(self, ctx: Context, expr: Expr, below: Mapping[int, Part], work: Finish) -> None:
        self.params = tuple(sorted({place for part in below.values() for place in part.params}))
        self._ctx = ctx
        self._work = work
        self._exprs = tuple(below)
        self._below = tuple(below.values())
        self._varying = [place for place, part in enumerate(self._below) if part.params]
        loose = _loose(ctx, expr)
        self._loose = [place for place, id_ in enumerate(below) if id_ in loose]
        # An operation on what is wrong says no more; a call looks at its other arguments.
        self._says_more = not isinstance(expr, Operation)
        self._key = itemgetter(*self.params)
        self._made: dict[Any, Node | Refused] | None = None
        # By what it is made of: None where it has errors, or is not yet worth a form.
        self._forms: dict[Signature, Form | None] = {}
        self._seen: set[Signature] = set()
        for part in self._below:
            # What depends on the same params is asked no oftener than this one.
            if part.params != self.params:
                part.remember()

    def remember(self) -> None:
        """Keep nodes by the values of `params`."""
        if self._made is None:
            self._made = {}

    def at(self, values: Sequence[Any], /) -> Node | Refused:
        """Return the node of these values, remembered or made."""
        if self._made is None:
            return self._make(values)
        key = self._key(values)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._make(values)
        return found

    def _make(self, values: Sequence[Any]) -> Node | Refused:
        nodes: list[Any] = [part.at(values) for part in self._below]
        for place in self._varying:
            if nodes[place].__class__ is Refused:
                return self._refused(nodes)
        form = self._form(nodes)
        return self._made_of(nodes) if form is None else form.on(nodes)

    def _form(self, nodes: list[Node]) -> Form | None:
        """Return the form for such nodes; it is learnt where they come a second time."""
        if all(node.__class__ is Const for node in nodes):
            # Worked out at once, and remembered.
            return None
        known = signature(nodes, self._varying, self._loose)
        if known in self._forms:
            return self._forms[known]
        if len(known) == len(self._varying):
            # Nothing but constants that decide: the same ones come again from memory.
            return None
        if known not in self._seen:
            self._seen.add(known)
            return None
        form = learn(self._on, nodes, self._varying, self._loose, self._ctx.graph)
        self._forms[known] = form
        return form

    def _on(self, graph: Graph, nodes: Sequence[Node]) -> Node | None:
        known = dict(zip(self._exprs, nodes, strict=True))
        return self._work(replace(self._ctx, graph=graph, known=known))

    def _made_of(self, nodes: Sequence[Node]) -> Node | Refused:
        findings = Errors(self._ctx.findings.document)
        known = dict(zip(self._exprs, nodes, strict=True))
        ctx = self._ctx
        node = self._work(Context(ctx.source, ctx.scope, ctx.graph, findings, ctx.ordering, known))
        if node is None or findings.failed:
            return Refused(findings.sorted())
        return node

    def _refused(self, nodes: Sequence[Node | Refused]) -> Refused:
        """Return the errors below, and those that this part has besides."""
        known = {
            expr: None if isinstance(node, Refused) else node
            for expr, node in zip(self._exprs, nodes, strict=True)
        }
        findings = Errors(self._ctx.findings.document)
        if self._says_more:
            self._work(replace(self._ctx, findings=findings, known=known))
        for node in nodes:
            if isinstance(node, Refused):
                findings.include(node.errors)
        return Refused(findings.sorted())


class Errors(Findings):
    """Findings without warnings."""

    def warning(self, code: str, message: str, span: Span | None, help: str | None = None) -> None:
        """Leave a warning out."""


class Unordered(Ordering):
    """An ordering that proves nothing: only warnings follow from what it proves."""

    def settled(self, op: str, left: Node, right: Node) -> bool | None:  # noqa: ARG002 - Ordering's
        """Leave it open what a comparison always is."""
        return None


class Parts:
    """Makes parts of the expressions of one strategy; `signals` and `results` are known by name."""

    def __init__(self, params: Iterable[tuple[str, Span | None]], graph: Graph) -> None:
        self.signals: dict[str, Part] = {}
        self.results: dict[str, dict[str, Part]] = {}
        self._params = {
            name: Param(place, graph, span) for place, (name, span) in enumerate(params)
        }

    def root(self, ctx: Context, expr: Expr, work: Finish) -> Part:
        """Return what `work` makes of an expression of its own, whose parts are then known."""
        part = self._work(ctx, expr, _below(expr), work)
        part.remember()
        return part

    def part(self, ctx: Context, expr: Expr) -> Part:
        """Return the part of an expression that stands in another."""
        named = self._named(expr)
        if named is not None:
            return named
        return self._work(ctx, expr, _below(expr), lambda known: elaborate(known, expr))

    def _named(self, expr: Expr) -> Part | None:
        """Return the part that an expression is a name of, or None."""
        if isinstance(expr, Name):
            return self._params.get(expr.name) or self.signals.get(expr.name)
        if isinstance(expr, Member) and isinstance(expr.base, Name):
            return self.results.get(expr.base.name, {}).get(expr.name)
        return None

    def _work(self, ctx: Context, expr: Expr, exprs: Sequence[Expr], work: Finish) -> Part:
        below = {id(part): self.part(ctx, part) for part in exprs}
        named = self._named(expr)
        if named is not None:
            below = {id(expr): named}
        if any(part.params for part in below.values()):
            return Open(ctx, expr, below, work)
        known = {id_: part.node for id_, part in below.items() if isinstance(part, Fixed)}
        node = work(replace(ctx, known=known))
        if node is None:
            raise EngineFault("an expression that was compiled before has errors")
        return Fixed(node)


def _below(expr: Expr) -> Sequence[Expr]:
    """Return the expressions that must be worked out before an expression is."""
    match expr:
        case Apply():
            return [given.value for given in expr.arguments]
        case Member(base=Apply() as called):
            return [given.value for given in called.arguments]
        case Index():
            return [expr.base, expr.bars]
        case Operation():
            return expr.args
    return []


def _loose(ctx: Context, expr: Expr) -> set[int]:
    """Return the expressions below one, by identity, that may be any number to it."""
    if isinstance(expr, Operation):
        return set(map(id, expr.args)) if expr.op in ARITHMETIC or expr.op in COMPARISONS else set()
    called = expr.base if isinstance(expr, Member) else expr
    if not isinstance(called, Apply) or not isinstance(called.function, Name | Member):
        return set()
    entry = ctx.scope.registry.get(called.function.name)
    inputs = [] if entry is None else [given.name for given in entry.inputs]
    by_place = [given for given in called.arguments if given.name is None][: len(inputs)]
    by_name = [given for given in called.arguments if given.name in inputs]
    return {id(given.value) for given in (*by_place, *by_name)}
