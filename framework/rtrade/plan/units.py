"""Units of arithmetic, and which values may be compared.

Units catch slips such as a price above an oscillator. They are never a proof: `none` goes with
everything, and what has no better unit is `none`.
"""

from __future__ import annotations

from rtrade.catalog.registry import Entry, Kind, Unit
from rtrade.plan.nodes import Const, Node

NOUNS = {
    Unit.PRICE: "a price",
    Unit.VOLUME: "a volume",
    Unit.PERCENT: "a percentage",
    Unit.RATIO: "a fraction",
    Unit.COUNT: "a count",
    Unit.NONE: "a number",
    Unit.INPUT: "a number",
}


def clash(left: Node, right: Node) -> bool:
    """Tell whether two numbers measure different things."""
    return Unit.NONE not in (left.unit, right.unit) and left.unit != right.unit


def unit_of(op: str, left: Node, right: Node) -> Unit:
    """Return the unit of `left op right`, op one of `+ - * / %`."""
    if op in {"+", "-"}:
        return _sum(left.unit, right.unit)
    if op == "*":
        return _product(left, right)
    if op == "/":
        return _quotient(left, right)
    return left.unit if right.unit in (left.unit, Unit.NONE) else Unit.NONE


def _sum(left: Unit, right: Unit) -> Unit:
    if left == Unit.NONE:
        return right
    return left if right in (left, Unit.NONE) else Unit.NONE


def _product(left: Node, right: Node) -> Unit:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const):
            is_hundred = one.value in (100.0, -100.0)
            return Unit.PERCENT if other.unit == Unit.RATIO and is_hundred else other.unit
    for one, other in ((left, right), (right, left)):
        if one.unit == Unit.RATIO:
            return other.unit
    return Unit.NONE


def _quotient(left: Node, right: Node) -> Unit:
    if isinstance(right, Const):
        is_hundred = right.value in (100.0, -100.0)
        return Unit.RATIO if left.unit == Unit.PERCENT and is_hundred else left.unit
    if left.unit == right.unit and left.unit != Unit.NONE:
        return Unit.RATIO
    return left.unit if right.unit in (Unit.RATIO, Unit.COUNT) else Unit.NONE


def call_unit(entry: Entry, output: Unit, inputs: tuple[Node, ...]) -> Unit:
    """Return the unit of a call's output: declared, or that of its inputs."""
    if output != Unit.INPUT:
        return output
    numbers = [node for node in inputs[: len(entry.inputs)] if node.kind == Kind.NUMBER]
    return next((node.unit for node in numbers if node.unit != Unit.NONE), Unit.NONE)


def compares_inputs(entry: Entry) -> bool:
    """Tell whether an entry sets its inputs against one another: crossings, `min`, `between`."""
    numbers = [given for given in entry.inputs if given.kind == Kind.NUMBER]
    kinds = {(output.kind, output.unit) for output in entry.outputs}
    same = any(kind == Kind.BOOLEAN or unit == Unit.INPUT for kind, unit in kinds)
    return len(numbers) > 1 and same
