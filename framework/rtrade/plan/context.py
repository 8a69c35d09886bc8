"""What working out one expression needs: its text, the names, the graph, where findings go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtrade.catalog.registry import Kind
from rtrade.core.diagnostics import SourceText, Span
from rtrade.plan.findings import Findings
from rtrade.plan.graph import Graph, Value
from rtrade.plan.names import Scope
from rtrade.plan.nodes import Const, Node
from rtrade.plan.ordering import Ordering
from rtrade.plan.syntax import Expr

_SHOWN = 40

KINDS = {Kind.NUMBER: "a number", Kind.BOOLEAN: "a condition", Kind.ENUM: "a text"}


@dataclass(frozen=True)
class Context:
    """The surroundings of one expression. `known` are parts of it, by identity, whose nodes need
    not be worked out any more (None: it has errors).
    """

    source: SourceText
    scope: Scope
    graph: Graph
    findings: Findings
    ordering: Ordering
    known: Mapping[int, Node | None] = field(default_factory=dict)

    def text(self, expr: Expr) -> str:
        """Return a part of the expression in backticks, on one line, cut where it is long."""
        text = " ".join(self.source.text[expr.start : expr.end].split())
        return f"`{text}`" if len(text) <= _SHOWN else f"`{text[: _SHOWN - 3]}...`"

    def span(self, expr: Expr) -> Span:
        """Return the place of a part of the expression in its file."""
        return self.source.span(expr.start, expr.end)

    def error(self, code: str, message: str, expr: Expr, help: str | None = None) -> None:
        """Note an error at a part of the expression."""
        self.findings.error(code, message, self.span(expr), help)

    def warning(self, code: str, message: str, expr: Expr, help: str | None = None) -> None:
        """Note a warning at a part of the expression."""
        self.findings.warning(code, message, self.span(expr), help)

    def constant(self, value: Value, expr: Expr) -> Const:
        """Return a constant that stands where `expr` does."""
        return self.graph.constant(value, self.span(expr))
