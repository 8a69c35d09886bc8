"""From the node of an expression to what decides: a rule, or a factor of the size."""

from __future__ import annotations

from rtrade.catalog.registry import Kind, Unit
from rtrade.plan.context import KINDS, Context
from rtrade.plan.nodes import Answer, Binary, Const, Node, choices_of
from rtrade.plan.syntax import Expr
from rtrade.plan.units import NOUNS


def rule_of(ctx: Context, name: str, expr: Expr, node: Node) -> Node | None:
    """Return the condition of the rule `name` on the base clock, or None where it is none."""
    if node.kind == Kind.BOOLEAN:
        return ctx.graph.bring(node, ctx.graph.base)
    message = f"`{name}` must be a condition; {ctx.text(expr)} is {KINDS[node.kind]}"
    text = ctx.text(expr)[1:-1]
    advice = f"compare it, such as `{text} > 0`" if node.kind == Kind.NUMBER else None
    if choices := choices_of(node):
        advice = f"compare it, such as `{text} == '{choices[0]}'`"
    ctx.error("RT121", message, expr, advice)
    return None


def scale_of(ctx: Context, expr: Expr, node: Node) -> Node | None:
    """Return the factor of `scale_by` in 0..1 on the base clock, or None where 1 is not known."""
    graph = ctx.graph
    if node.kind == Kind.NUMBER and node.unit == Unit.PERCENT:
        clock, (left, right) = graph.meet([node, graph.constant(100.0)])
        ratio = Binary(
            kind=Kind.NUMBER, unit=Unit.RATIO, clock=clock, op="/", left=left, right=right
        )
        return graph.bring(graph.add(ratio), graph.base)
    if node.kind == Kind.NUMBER and node.unit == Unit.RATIO and not isinstance(node, Const):
        return graph.bring(node, graph.base)
    what = NOUNS[node.unit] if node.kind == Kind.NUMBER else KINDS[node.kind]
    advice = "use a percentage in 0..100, such as `percent_rank(close, 100)`, or a fraction in "
    advice += "0..1, such as `close / highest(close, 100)`"
    if isinstance(node, Answer):
        advice = "ask for a number in `0..100`"
    message = f"`scale_by` is {what} ({ctx.text(expr)}): it is not known how much 1 is"
    ctx.error("RT141", message, expr, advice)
    return None
