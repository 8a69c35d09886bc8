"""From the rules of many candidates to operations of the vector machine.

Equal parts of different candidates are one operation. What the machine has no operation for is a
row: `signals` computes it, once for all candidates that share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from rtrade.catalog.registry import Kind
from rtrade.core.bars import FloatArray, IntArray
from rtrade.core.timeframes import Timeframe
from rtrade.execution.compiled import machine
from rtrade.plan.nodes import Binary, Call, Const, Node, Shift, Unary

_ARITHMETIC = {
    "+": machine.ADD,
    "-": machine.SUBTRACT,
    "*": machine.MULTIPLY,
    "/": machine.DIVIDE,
}
# Which planes of a comparison hold where it is true; less, equal, greater.
_ORDERS = {"<": (0,), "<=": (0, 1), ">": (2,), ">=": (1, 2), "==": (1,), "!=": (0, 2)}
NEVER = 0
_NO_ROW = (machine.CONSTANT, 0, 0)


class Operand(NamedTuple):
    """Numbers that an operation reads: kind, place, and how many bars ago."""

    kind: int
    place: int
    ago: int


@dataclass
class Lowered:
    """Operations of a group of candidates; plane 0 is never true.

    `rows` are the number nodes to compute before; `given` the planes of conditions to compute
    before: node, and whether the plane says where it is true. `reach` is how many bars before the
    first one have to be worked through, too.
    """

    rows: list[Node] = field(default_factory=list)
    given: dict[int, tuple[Node, bool]] = field(default_factory=dict)
    constants: list[float] = field(default_factory=lambda: [0.0])
    blocks: int = 0
    planes: int = 1
    numbers: list[tuple[int, ...]] = field(default_factory=list)
    logic: list[tuple[int, int, int, int]] = field(default_factory=list)
    reach: int = 0

    def number_operations(self, places: Sequence[int]) -> IntArray:
        """Return the operations on numbers, as the machine reads them; `places` are the rows'."""
        operations = np.array(self.numbers, dtype=np.int64).reshape(-1, 8)
        held = np.array([*places, 0], dtype=np.int64)
        for kind, place in ((2, 3), (5, 6)):
            on_row = operations[:, kind] == machine.ROW
            operations[on_row, place] = held[operations[on_row, place]]
        return operations

    def plane_operations(self) -> IntArray:
        """Return the operations on planes, as the machine reads them."""
        return np.array(self.logic, dtype=np.int64).reshape(-1, 4)

    def constant_values(self) -> FloatArray:
        """Return the constants."""
        return np.array(self.constants)


class Lowering:
    """Lowers the conditions of one group, on the base clock."""

    def __init__(self, base: Timeframe) -> None:
        self.done = Lowered()
        self._base = base
        self._rows: dict[int, int] = {}
        self._operands: dict[tuple[int, int], Operand] = {}
        self._constants: dict[float, int] = {}
        self._planes: dict[tuple[object, ...], int] = {}
        self._reach: dict[int, int] = {NEVER: 0}

    def rule(self, node: Node | None) -> int:
        """Return the plane of where a rule is true."""
        plane = NEVER if node is None else self._plane(node, truth=True)
        self.done.reach = max(self.done.reach, self._reach[plane])
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
                return self._logic(_join((node.op == "and") == truth), *joined)
            case Binary() if compares(node, self._base):
                return self._compared(node.op, node.left, node.right, truth=truth)
            case Shift() if node.clock == self._base:
                return self._earlier(self._plane(node.arg, truth=truth), node.bars)
            case Call(entry="crosses_above" | "crosses_below") if node.clock == self._base:
                above = node.entry == "crosses_above"
                before, now = ("<=", ">") if above else (">=", "<")
                first, second = node.inputs
                was = self._earlier(self._compared(before, first, second, truth=truth), 1)
                return self._logic(
                    _join(truth), was, self._compared(now, first, second, truth=truth)
                )
            case Call(entry="between") if node.clock == self._base:
                value, low, high = node.inputs
                ends = ((low, value), (value, high))
                inside = [self._compared("<=", a, b, truth=truth) for a, b in ends]
                return self._logic(_join(truth), *inside)
            case Call(entry="held_for" | "occurred_within") if node.clock == self._base:
                held = node.entry == "held_for"
                return self._window(node, _join(held == truth), truth=truth)
        return self._given(node, truth=truth)

    def _window(self, node: Call, code: int, *, truth: bool) -> int:
        """Join a condition with itself of the bars before: windows double, as in `signals`."""
        bars, width = int(dict(node.params)["n"]), 1
        plane = self._plane(node.inputs[0], truth=truth)
        while 2 * width <= bars:
            plane = self._logic(code, plane, self._earlier(plane, width))
            width *= 2
        rest = bars - width
        return self._logic(code, plane, self._earlier(plane, rest)) if rest else plane

    def _compared(self, op: str, left: Node, right: Node, *, truth: bool) -> int:
        wanted = _ORDERS[op] if truth else tuple(set(range(3)) - set(_ORDERS[op]))
        a, b = self._number(left, 0), self._number(right, 0)
        key = ("compared", a, b)
        if key not in self._planes:
            self._planes[key] = self._new_planes(3)
            self.done.numbers.append((machine.COMPARE, self._planes[key], *a, *b))
        planes = [self._planes[key] + one for one in sorted(wanted)]
        return planes[0] if len(planes) == 1 else self._logic(machine.OR, *planes)

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
                a = self._number(node.arg, ago)
                return self._arithmetic(machine.NEGATE, a, Operand(*_NO_ROW))
        return Operand(machine.ROW, self.row(node), ago)

    def _arithmetic(self, code: int, a: Operand, b: Operand) -> Operand:
        out = self.done.blocks
        self.done.blocks += 1
        self.done.numbers.append((code, out, *a, *b))
        return Operand(machine.BLOCK_AT_HAND, out, 0)

    def _constant(self, value: float) -> Operand:
        if value not in self._constants:
            self._constants[value] = len(self.done.constants)
            self.done.constants.append(value)
        return Operand(machine.CONSTANT, self._constants[value], 0)

    def _given(self, node: Node, *, truth: bool) -> int:
        plane = self._new_planes(1)
        self.done.given[plane] = (node, truth)
        return plane

    def _new_planes(self, count: int) -> int:
        first = self.done.planes
        self.done.planes += count
        self._reach.update((first + one, 0) for one in range(count))
        return first

    def _logic(self, code: int, *planes: int) -> int:
        a, b = sorted(planes)
        return self._worked(code, a, b, max(self._reach[a], self._reach[b]))

    def _earlier(self, plane: int, bars: int) -> int:
        return self._worked(machine.PREVIOUS, plane, bars, self._reach[plane] + bars)

    def _worked(self, code: int, a: int, b: int, reach: int) -> int:
        key = ("worked", code, a, b)
        if key not in self._planes:
            out = self._planes[key] = self._new_planes(1)
            self._reach[out] = reach
            self.done.logic.append((code, out, a, b))
        return self._planes[key]


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
