"""From the rules of many candidates to operations of the vector machine.

Equal parts of different candidates are one operation. What rules are put together from are leaves:
comparisons of numbers, and conditions that the machine has no operation for. What numbers it has
no operation for are rows: `signals` computes them, once for all candidates that share them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from rtrade.catalog.registry import Kind
from rtrade.core.timeframes import Timeframe
from rtrade.execution.compiled import machine
from rtrade.plan.nodes import Binary, Call, Const, Node, Shift, Unary

_ARITHMETIC = {
    "+": machine.ADD,
    "-": machine.SUBTRACT,
    "*": machine.MULTIPLY,
    "/": machine.DIVIDE,
}
# In which of these orders of two numbers a comparison holds; it is false in the others.
_LESS, _EQUAL, _GREATER = range(3)
_ORDERS = {
    "<": {_LESS},
    "<=": {_LESS, _EQUAL},
    ">": {_GREATER},
    ">=": {_GREATER, _EQUAL},
    "==": {_EQUAL},
    "!=": {_LESS, _GREATER},
}
NEVER = 0


class Operand(NamedTuple):
    """Numbers that an operation reads: kind, place, and how many bars ago."""

    kind: int
    place: int
    ago: int


_NOTHING = Operand(machine.CONSTANT, 0, 0)


class Comparison(NamedTuple):
    """A leaf: where one number is less than another, or equal."""

    code: int
    left: Operand
    right: Operand


class Given(NamedTuple):
    """A leaf: where a condition that `signals` computes is true, or where it is false."""

    node: Node
    truth: bool


class Expression(NamedTuple):
    """Arithmetic on numbers, which comparisons read."""

    code: int
    left: Operand
    right: Operand


class Logic(NamedTuple):
    """An operation on planes: two of them, or one and a number of bars."""

    code: int
    first: int
    second: int


@dataclass
class Lowered:
    """What the rules of candidates are made of; later parts are made of earlier ones.

    Plane 0 is never true, plane k the result of operation k - 1 of `logic`, plane -k of leaf
    k - 1. `rows` are the number nodes to compute before, `rows_of` the numbers of those that each
    leaf reads. `reach` is how many bars before the first one have to be worked through, too.
    """

    rows: list[Node] = field(default_factory=list)
    constants: list[float] = field(default_factory=lambda: [0.0])
    expressions: list[Expression] = field(default_factory=list)
    leaves: list[Comparison | Given] = field(default_factory=list)
    rows_of: list[tuple[int, ...]] = field(default_factory=list)
    logic: list[Logic] = field(default_factory=list)
    reach: int = 0


class Lowering:
    """Lowers the conditions of many candidates, on the base clock."""

    def __init__(self, base: Timeframe) -> None:
        self.done = Lowered()
        self._base = base
        self._rows: dict[int, int] = {}
        self._operands: dict[tuple[int, int], Operand] = {}
        self._constants: dict[float, int] = {}
        self._leaves: dict[Comparison | tuple[int, bool], int] = {}
        self._planes: dict[tuple[int, bool], int] = {}
        self._logic_planes: dict[Logic, int] = {}
        self._reach = [0]
        self._expression_rows: list[tuple[int, ...]] = []

    def rule(self, node: Node | None) -> int:
        """Return the plane of where a rule is true."""
        plane = NEVER if node is None else self._plane(node, truth=True)
        self.done.reach = max(self.done.reach, self._reach_of(plane))
        return plane

    def row(self, node: Node) -> int:
        """Return which of the rows holds a number node."""
        if id(node) not in self._rows:
            self._rows[id(node)] = len(self.done.rows)
            self.done.rows.append(node)
        return self._rows[id(node)]

    def _plane(self, node: Node, *, truth: bool) -> int:
        key = (id(node), truth)
        if key not in self._planes:
            self._planes[key] = self._lower(node, truth=truth)
        return self._planes[key]

    def _lower(self, node: Node, *, truth: bool) -> int:
        match node:
            case Unary(op="not"):
                return self._plane(node.arg, truth=not truth)
            case Binary(op="and" | "or") if node.clock == self._base:
                joined = [self._plane(arg, truth=truth) for arg in node.args]
                return self._joined(_join((node.op == "and") == truth), *joined)
            case Binary() if compares(node, self._base):
                return self._compared(node.op, node.left, node.right, truth=truth)
            case Shift() if node.clock == self._base:
                return self._earlier(self._plane(node.arg, truth=truth), node.bars)
            case Call(entry="crosses_above" | "crosses_below") if node.clock == self._base:
                above = node.entry == "crosses_above"
                before, now = ("<=", ">") if above else (">=", "<")
                first, second = node.inputs
                was = self._earlier(self._compared(before, first, second, truth=truth), 1)
                return self._joined(
                    _join(truth), was, self._compared(now, first, second, truth=truth)
                )
            case Call(entry="between") if node.clock == self._base:
                value, low, high = node.inputs
                ends = ((low, value), (value, high))
                inside = [self._compared("<=", a, b, truth=truth) for a, b in ends]
                return self._joined(_join(truth), *inside)
            case Call(entry="held_for" | "occurred_within") if node.clock == self._base:
                held = node.entry == "held_for"
                return self._window(node, _join(held == truth), truth=truth)
        return self._leaf((id(node), truth), Given(node, truth))

    def _window(self, node: Call, code: int, *, truth: bool) -> int:
        """Join a condition with itself of the bars before: windows double, as in `signals`."""
        bars, width = int(dict(node.params)["n"]), 1
        plane = self._plane(node.inputs[0], truth=truth)
        while 2 * width <= bars:
            plane = self._joined(code, plane, self._earlier(plane, width))
            width *= 2
        rest = bars - width
        return self._joined(code, plane, self._earlier(plane, rest)) if rest else plane

    def _compared(self, op: str, left: Node, right: Node, *, truth: bool) -> int:
        """Return where a comparison is true, or false: not where a side of it is unknown."""
        wanted = _ORDERS[op] if truth else {_LESS, _EQUAL, _GREATER} - _ORDERS[op]
        a, b = self._number(left, 0), self._number(right, 0)
        if len(wanted) == 1:
            (order,) = wanted
            return self._ordered(order, a, b)
        (other,) = {_LESS, _EQUAL, _GREATER} - wanted
        return self._worked(machine.AND_NOT, self._both_known(a, b), self._ordered(other, a, b))

    def _ordered(self, order: int, a: Operand, b: Operand) -> int:
        if order == _EQUAL:
            return self._comparison(machine.EQUAL, *sorted((a, b)))
        return self._comparison(machine.LESS, *((a, b) if order == _LESS else (b, a)))

    def _both_known(self, a: Operand, b: Operand) -> int:
        """Return where neither is unknown: what is known is equal to itself."""
        asked = {one for one in (a, b) if not self._always_known(one)} or {a}
        known = [self._comparison(machine.EQUAL, one, one) for one in asked]
        return known[0] if len(known) == 1 else self._joined(machine.AND, *known)

    def _always_known(self, operand: Operand) -> bool:
        return operand.kind == machine.CONSTANT and isfinite(self.done.constants[operand.place])

    def _comparison(self, code: int, a: Operand, b: Operand) -> int:
        leaf = Comparison(code, a, b)
        return self._leaf(leaf, leaf)

    def _leaf(self, key: Comparison | tuple[int, bool], leaf: Comparison | Given) -> int:
        if key not in self._leaves:
            self.done.leaves.append(leaf)
            self.done.rows_of.append(self._rows_below(leaf))
            self._leaves[key] = -len(self.done.leaves)
        return self._leaves[key]

    def _rows_below(self, reader: Comparison | Given | Expression) -> tuple[int, ...]:
        """Return which rows a leaf or an expression is computed from, each once."""
        if isinstance(reader, Given):
            return ()
        found: dict[int, None] = {}
        for operand in (reader.left, reader.right):
            if operand.kind == machine.ROW:
                found[operand.place] = None
            elif operand.kind == machine.BLOCK_AT_HAND:
                found |= dict.fromkeys(self._expression_rows[operand.place])
        return tuple(found)

    def _number(self, node: Node, ago: int) -> Operand:
        key = (id(node), ago)
        if key not in self._operands:
            self._operands[key] = self._operand(node, ago)
        return self._operands[key]

    def _operand(self, node: Node, ago: int) -> Operand:
        match node:
            case Const():
                return self._constant(float(node.value))
            case Shift() if computes(node, self._base):
                return self._number(node.arg, ago + node.bars)
            case Binary() if computes(node, self._base):
                a, b = self._number(node.left, ago), self._number(node.right, ago)
                return self._arithmetic(_ARITHMETIC[node.op], a, b)
            case Unary() if computes(node, self._base):
                return self._arithmetic(machine.NEGATE, self._number(node.arg, ago), _NOTHING)
        return Operand(machine.ROW, self.row(node), ago)

    def _arithmetic(self, code: int, a: Operand, b: Operand) -> Operand:
        self.done.expressions.append(made := Expression(code, a, b))
        self._expression_rows.append(self._rows_below(made))
        return Operand(machine.BLOCK_AT_HAND, len(self.done.expressions) - 1, 0)

    def _constant(self, value: float) -> Operand:
        if value not in self._constants:
            self._constants[value] = len(self.done.constants)
            self.done.constants.append(value)
        return Operand(machine.CONSTANT, self._constants[value], 0)

    def _joined(self, code: int, *planes: int) -> int:
        return self._worked(code, *sorted(planes))

    def _earlier(self, plane: int, bars: int) -> int:
        return self._worked(machine.PREVIOUS, plane, bars)

    def _worked(self, code: int, first: int, second: int) -> int:
        key = Logic(code, first, second)
        if key not in self._logic_planes:
            self.done.logic.append(key)
            self._logic_planes[key] = len(self.done.logic)
            before = self._reach_of(first)
            other = second if code == machine.PREVIOUS else self._reach_of(second) - before
            self._reach.append(before + max(other, 0))
        return self._logic_planes[key]

    def _reach_of(self, plane: int) -> int:
        return self._reach[plane] if plane > 0 else 0


def _join(both: bool) -> int:  # noqa: FBT001 - reads as a word at its only argument
    return machine.AND if both else machine.OR


def compares(node: Node, base: Timeframe) -> bool:
    """Tell whether a condition is a comparison of numbers on the base clock."""
    return (
        isinstance(node, Binary)
        and node.op in _ORDERS
        and node.left.kind is Kind.NUMBER
        and node.clock == base
    )


def computes(node: Node, base: Timeframe) -> bool:
    """Tell whether the machine computes a number node itself."""
    if node.kind is not Kind.NUMBER or node.clock != base:
        return False
    if isinstance(node, Binary):
        return node.op in _ARITHMETIC
    return isinstance(node, Unary | Shift)
