"""Type, unit and value checks of operators; operations on constants are worked out at once."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from rtrade.catalog.registry import Kind, Unit
from rtrade.plan import units
from rtrade.plan.answers import comparable, mismatch
from rtrade.plan.context import KINDS, Context
from rtrade.plan.nodes import Binary, Call, Const, Node, Unary
from rtrade.plan.ordering import Value
from rtrade.plan.syntax import Expr, Operation

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def operate(ctx: Context, expr: Operation, args: Sequence[Node | None]) -> Node | None:
    """Return the node of an operation, or None where an argument or the operation is wrong."""
    if expr.op in {"and", "or"}:
        return _logic(ctx, expr, args)
    if expr.op in {"not", "neg"}:
        return _unary(ctx, expr, args[0])
    left, right = args
    if left is None or right is None:
        return None
    if expr.op in ARITHMETIC:
        return _arithmetic(ctx, expr, left, right)
    return _comparison(ctx, expr, left, right)


def _binary(ctx: Context, expr: Expr, op: str, kind: Kind, args: tuple[Node, Node]) -> Node:
    unit = units.unit_of(op, *args) if kind == Kind.NUMBER else Unit.NONE
    clock, (left, right) = ctx.graph.meet(args)
    span = ctx.span(expr)
    node = Binary(kind=kind, unit=unit, clock=clock, op=op, left=left, right=right, span=span)
    return ctx.graph.add(node)


def _logic(ctx: Context, expr: Operation, args: Sequence[Node | None]) -> Node | None:
    wrong = False
    for part, node in zip(expr.args, args, strict=True):
        if node is not None and node.kind != Kind.BOOLEAN:
            _not_a_condition(ctx, expr.op, part, node)
            wrong = True
    nodes = [node for node in args if node is not None]
    if wrong or len(nodes) < len(args):
        return None
    result = nodes[0]
    for node in nodes[1:]:
        if isinstance(result, Const) and isinstance(node, Const):
            both = result.value and node.value
            either = result.value or node.value
            result = ctx.constant(bool(both if expr.op == "and" else either), expr)
        else:
            result = _binary(ctx, expr, expr.op, Kind.BOOLEAN, (result, node))
    return result


def _not_a_condition(ctx: Context, op: str, part: Expr, node: Node) -> None:
    text = ctx.text(part)
    ctx.error(
        "RT120",
        f"`{op}` needs conditions; {text} is {KINDS[node.kind]}",
        part,
        f"compare it, such as `{text[1:-1]} > 0`" if node.kind == Kind.NUMBER else None,
    )


def _unary(ctx: Context, expr: Operation, node: Node | None) -> Node | None:
    if node is None:
        return None
    part = expr.args[0]
    if expr.op == "not":
        if node.kind != Kind.BOOLEAN:
            _not_a_condition(ctx, "not", part, node)
            return None
        if isinstance(node, Const):
            return ctx.constant(not node.value, expr)
    elif node.kind != Kind.NUMBER:
        advice = "write `not`" if node.kind == Kind.BOOLEAN else None
        message = f"`-` needs a number; {ctx.text(part)} is {KINDS[node.kind]}"
        ctx.error("RT120", message, part, advice)
        return None
    elif isinstance(node, Const):
        assert isinstance(node.value, float)
        return ctx.constant(-node.value, expr)
    span = ctx.span(expr)
    unary = Unary(kind=node.kind, unit=node.unit, clock=node.clock, op=expr.op, arg=node, span=span)
    return ctx.graph.add(unary)


def _arithmetic(ctx: Context, expr: Operation, left: Node, right: Node) -> Node | None:
    wrong = False
    for part, node in zip(expr.args, (left, right), strict=True):
        if node.kind != Kind.NUMBER:
            message = f"`{expr.op}` needs numbers; {ctx.text(part)} is {KINDS[node.kind]}"
            advice = "`count_true(c, n)` counts conditions" if node.kind == Kind.BOOLEAN else None
            ctx.error("RT120", message, part, advice)
            wrong = True
    if wrong:
        return None
    if expr.op in {"/", "%"} and isinstance(right, Const) and right.value == 0:
        ctx.error("RT124", f"{ctx.text(expr)} divides by zero", expr)
        return None
    if isinstance(left, Const) and isinstance(right, Const):
        return _worked_out(ctx, expr, left, right)
    if expr.op in {"+", "-"} and units.clash(left, right):
        _mixed_units(ctx, expr, left, right)
    return _binary(ctx, expr, expr.op, Kind.NUMBER, (left, right))


def _worked_out(ctx: Context, expr: Operation, left: Const, right: Const) -> Node | None:
    assert isinstance(left.value, float)
    assert isinstance(right.value, float)
    value = ARITHMETIC[expr.op](left.value, right.value)
    if not math.isfinite(value):
        ctx.error("RT124", f"{ctx.text(expr)} is too large", expr)
        return None
    return ctx.constant(value, expr)


def _mixed_units(ctx: Context, expr: Operation, left: Node, right: Node) -> None:
    first, second = (ctx.text(part) for part in expr.args)
    advice = "compare and add like with like"
    if {left.unit, right.unit} == {Unit.PERCENT, Unit.RATIO}:
        advice = (
            "`x * 100` turns a fraction into a percentage, `x / 100` a percentage into a fraction"
        )
    ctx.warning(
        "RT122",
        f"{first} is {units.NOUNS[left.unit]} and {second} is {units.NOUNS[right.unit]}",
        expr,
        advice,
    )


def _comparison(ctx: Context, expr: Operation, left: Node, right: Node) -> Node | None:
    if not _comparable(ctx, expr, left, right):
        return None
    if isinstance(left, Const) and isinstance(right, Const):
        value = COMPARISONS[expr.op](left.value, right.value)
        _constant(ctx, expr, outcome=value)
        return ctx.constant(value, expr)
    if left is right:
        _constant(ctx, expr, outcome=expr.op in {"<=", ">=", "=="})
    elif units.clash(left, right):
        _mixed_units(ctx, expr, left, right)
    else:
        _check_order(ctx, expr, left, right)
    return _binary(ctx, expr, expr.op, Kind.BOOLEAN, (left, right))


def _comparable(ctx: Context, expr: Operation, left: Node, right: Node) -> bool:
    first, second = (ctx.text(part) for part in expr.args)
    if left.kind != right.kind:
        message = f"{first} is {KINDS[left.kind]} and {second} is {KINDS[right.kind]}"
        boolean = next((n for n in (left, right) if n.kind == Kind.BOOLEAN), None)
        advice = "conditions are joined by `and`, `or` and `not`" if boolean is not None else None
        advice = advice or mismatch(ctx, expr, left, right)
        ctx.error("RT120", f"{message}: they cannot be compared", expr, advice)
        return False
    if left.kind == Kind.BOOLEAN:
        plain = second if isinstance(left, Const) else first
        advice = f"write {plain} or `not {plain[1:]}; two conditions are joined by `and` and `or`"
        ctx.error("RT120", f"conditions cannot be compared with `{expr.op}`", expr, advice)
        return False
    if left.kind == Kind.ENUM and expr.op not in {"==", "!="}:
        message = f"texts have no order, so `{expr.op}` does not compare them"
        ctx.error("RT120", message, expr, "write `==` or `!=`")
        return False
    return left.kind != Kind.ENUM or comparable(ctx, expr, left, right)


def _constant(ctx: Context, expr: Expr, *, outcome: bool) -> None:
    always = "always" if outcome else "never"
    ctx.warning("RT123", f"{ctx.text(expr)} is {always} true", expr)


def _check_order(ctx: Context, expr: Operation, left: Node, right: Node) -> None:
    """Warn where the ranges or the order of two values decide on their comparison."""
    outcome = ctx.ordering.settled(expr.op, left, right)
    if outcome is not None:
        always = "always" if outcome else "never"
        reason = _reason(ctx, expr, left, right)
        remedy = _remedy(ctx, expr, left, right)
        ctx.warning("RT123", f"{ctx.text(expr)} is {always} true: {reason}", expr, remedy)


def _remedy(ctx: Context, expr: Operation, left: Node, right: Node) -> str | None:
    """Say what was probably meant where a bar is compared with a window that has it in it."""
    for node, part in zip((left, right), expr.args, strict=True):
        if isinstance(node, Call) and node.entry in ("highest", "lowest"):
            text = ctx.text(part).strip("`")
            return f"to leave this bar out of the window, write `{text}[1]`"
    return None


def _reason(ctx: Context, expr: Operation, left: Node, right: Node) -> str:
    """Say which range or order decides."""
    for node, other, part in zip((left, right), (right, left), expr.args, strict=True):
        reach = ctx.ordering.ranges.of(node)
        if isinstance(other, Const) and not isinstance(node, Const):
            ends = (("at least", reach.low), ("at most", reach.high))
            known = [
                "above 0" if end == math.ulp(0.0) else f"{word} {end:g}"
                for word, end in ends
                if math.isfinite(end)
            ]
            if known:
                return f"{ctx.text(part)} is {' and '.join(known)}"
    first, second = expr.args
    if ctx.ordering.at_most(Value(right), Value(left)):
        first, second = second, first
    return f"{ctx.text(first)} is never above {ctx.text(second)}"
