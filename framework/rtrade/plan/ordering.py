"""Proofs that one value is never above another on the same bar, whatever the data.

`close` is never above `highest(high, 20)`, the lower band never above the upper one, `x - 1` never
above `x`. A value is a node seen some bars ago. The proof goes down both sides by rules that each
need no data; where none fits, nothing is proved. Averages are taken without their rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rtrade.catalog.extents import ASCENDING, MONOTONE, WITHIN_WINDOW
from rtrade.catalog.registry import Kind
from rtrade.plan.nodes import Align, Binary, Call, Const, Field, Node, Shift, Unary
from rtrade.plan.ranges import Ranges

# Steps down both sides; what traders write needs four.
_DEPTH = 8
_BETWEEN = ("close", "open", "hl2", "hlc3", "ohlc4")


@dataclass(frozen=True, eq=False)
class Value:
    """A number node as it was `ago` bars of its clock before. Nodes are told by identity."""

    node: Node
    ago: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value):
            return NotImplemented
        return self.node is other.node and self.ago == other.ago

    def __hash__(self) -> int:
        return hash((id(self.node), self.ago))


@dataclass(frozen=True)
class Line:
    """`factor` x `base` + `offset`."""

    base: Value
    factor: float
    offset: float


class Ordering:
    """Orders the values of one plan, with the ranges of its nodes."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self._proved: dict[tuple[int, int, int, int], bool] = {}

    def at_most(self, left: Value, right: Value) -> bool:
        """Tell whether `left` is proved never to be above `right`."""
        a, b = bare(left), bare(right)
        key = (id(a.node), a.ago, id(b.node), b.ago)
        if key not in self._proved:
            self._proved[key] = self._prove(a, b, _DEPTH)
        return self._proved[key]

    def settled(self, op: str, left: Node, right: Node) -> bool | None:
        """Return what `left op right` always is where it is known, or None where it depends."""
        a, b = Value(left), Value(right)
        ranges = self.ranges.of(left), self.ranges.of(right)
        if op in {"<", "<="}:
            return self.settled({"<": ">", "<=": ">="}[op], right, left)
        below, above = ranges[0].high < ranges[1].low, ranges[0].low > ranges[1].high
        if op in {"==", "!="}:
            return (op == "!=") if below or above else None
        if op == ">":
            return True if above else False if self.at_most(a, b) else None
        return False if below else True if self.at_most(b, a) else None

    def _prove(self, a: Value, b: Value, depth: int) -> bool:
        a, b = bare(a), bare(b)
        if a == b:
            return True
        if self.ranges.of(a.node).high <= self.ranges.of(b.node).low:
            return True
        if depth == 0:
            return False
        return any(
            rule(a, b, depth - 1)
            for rule in (self._fields, self._clocks, self._calls, self._lines, self._under,
                         self._over)
        )  # fmt: skip

    def _fields(self, a: Value, b: Value, _: int) -> bool:
        if not (isinstance(a.node, Field) and isinstance(b.node, Field)):
            return False
        if a.node.series != b.node.series or a.ago != b.ago:
            return False
        low, high = a.node.name, b.node.name
        if low == "low":
            return high == "high" or high in _BETWEEN
        return low in _BETWEEN and high == "high"

    def _clocks(self, a: Value, b: Value, depth: int) -> bool:
        left, right = a.node, b.node
        if not (isinstance(left, Align) and isinstance(right, Align)) or a.ago != b.ago:
            return False
        return left.arg.clock == right.arg.clock and self._prove(
            Value(left.arg), Value(right.arg), depth
        )

    def _calls(self, a: Value, b: Value, depth: int) -> bool:
        """Compare two calls: outputs in order, equal calls on ordered inputs, nested windows."""
        left, right = a.node, b.node
        if not (isinstance(left, Call) and isinstance(right, Call)):
            return False
        same = left.entry == right.entry and left.params == right.params and a.ago == b.ago
        order = ASCENDING.get(left.entry, ())
        if same and left.output in order and right.output in order and left.inputs == right.inputs:
            nonnegative = all(value >= 0 for _, value in left.params)
            return nonnegative and order.index(left.output) < order.index(right.output)
        if same and left.entry in MONOTONE:
            pairs = zip(left.inputs, right.inputs, strict=True)
            if all(self._prove(Value(x, a.ago), Value(y, b.ago), depth) for x, y in pairs):
                return True
        outer, inner = (b, a) if right.entry == "highest" else (a, b)
        if (right.entry != "highest" and left.entry != "lowest") or not _windows(left, right):
            return False
        first, last = _span(inner)
        least, most = _span(outer)
        within = least <= first and last <= most
        # The lowest of one window is below the highest of another that shares a bar with it.
        if left.entry == "lowest" and right.entry == "highest":
            within = max(first, least) <= min(last, most)
        x, y = bare(Value(left.inputs[0])), bare(Value(right.inputs[0]))
        return within and self._prove(Value(x.node), Value(y.node), depth)

    def _lines(self, a: Value, b: Value, depth: int) -> bool:
        """Compare values that are multiples of, or a constant away from, ordered ones."""
        left, right = straight(a), straight(b)
        plain = left.base == a and right.base == b
        if plain or left.factor <= 0 or right.factor <= 0:
            return False
        if left.factor == right.factor and left.offset <= right.offset:
            return self._prove(left.base, right.base, depth)
        if left.offset > right.offset:
            return False
        # a x <= b y follows from x <= y and (b - a) y >= 0.
        reach = self.ranges.of(right.base.node)
        grows = right.factor >= left.factor
        sign = reach.low >= 0 if grows else reach.high <= 0
        return sign and self._prove(left.base, right.base, depth)

    def _under(self, a: Value, b: Value, depth: int) -> bool:
        """Take the left side apart: it is at most something that is at most the right side."""
        node, ranges = a.node, self.ranges
        if isinstance(node, Binary) and node.op in {"+", "-"}:
            rest = ranges.of(node.right)
            if rest.high <= 0 if node.op == "+" else rest.low >= 0:
                return self._prove(Value(node.left, a.ago), b, depth)
            if node.op == "+" and ranges.of(node.left).high <= 0:
                return self._prove(Value(node.right, a.ago), b, depth)
        if isinstance(node, Call) and node.entry == "max":
            return all(self._prove(Value(x, a.ago), b, depth) for x in node.inputs)
        if isinstance(node, Call) and node.entry == "min":
            return any(self._prove(Value(x, a.ago), b, depth) for x in node.inputs)
        if isinstance(node, Call) and node.entry == "lowest":
            return any(self._prove(x, b, depth) for x in _seen(a, b))
        return False

    def _over(self, a: Value, b: Value, depth: int) -> bool:
        """Take the right side apart: it is at least something that is at least the left side."""
        node, ranges = b.node, self.ranges
        if isinstance(node, Binary) and node.op in {"+", "-"}:
            rest = ranges.of(node.right)
            if rest.low >= 0 if node.op == "+" else rest.high <= 0:
                return self._prove(a, Value(node.left, b.ago), depth)
            if node.op == "+" and ranges.of(node.left).low >= 0:
                return self._prove(a, Value(node.right, b.ago), depth)
        if isinstance(node, Call) and node.entry == "min":
            return all(self._prove(a, Value(y, b.ago), depth) for y in node.inputs)
        if isinstance(node, Call) and node.entry == "max":
            return any(self._prove(a, Value(y, b.ago), depth) for y in node.inputs)
        if isinstance(node, Call) and node.entry == "highest":
            return any(self._prove(a, y, depth) for y in _seen(b, a))
        return (
            isinstance(node, Call)
            and node.entry == "abs"
            and self._prove(a, Value(node.inputs[0], b.ago), depth)
        )


def bare(value: Value) -> Value:
    """Return the same value without shifts around its node."""
    node: Node = value.node
    ago = value.ago
    while isinstance(node, Shift) and node.kind is Kind.NUMBER:
        ago += node.bars
        node = node.arg
    return Value(node, ago)


def _windows(*calls: Call) -> bool:
    return all(one.entry in WITHIN_WINDOW for one in calls)


def _length(node: Call) -> int:
    return int(dict(node.params)["n"])


def _span(value: Value) -> tuple[int, int]:
    """Return which bars of the bare input a windowed call looks at, as bars ago."""
    assert isinstance(value.node, Call)
    start = value.ago + bare(Value(value.node.inputs[0])).ago
    return start, start + _length(value.node) - 1


def _seen(window: Value, other: Value) -> Iterator[Value]:
    """Yield the bars of a windowed call's input that may be compared with `other`."""
    assert isinstance(window.node, Call)
    inner = bare(Value(window.node.inputs[0]))
    first, last = _span(window)
    for ago in dict.fromkeys((other.ago, first, last)):
        if first <= ago <= last:
            yield Value(inner.node, ago)


def straight(value: Value) -> Line:
    """Take constants off a value: what is left, times a factor, plus an offset."""
    base, factor, offset = value, 1.0, 0.0
    while True:
        base = bare(base)
        node = base.node
        match node:
            case Unary(op="neg", arg=arg):
                base, factor = Value(arg, base.ago), -factor
            case Binary(op="+" | "-" | "*" | "/" as op, left=left, right=Const(value=number)):
                by = float(number)
                base = Value(left, base.ago)
                if op in {"+", "-"}:
                    offset += factor * (by if op == "+" else -by)
                else:
                    factor = factor * by if op == "*" else factor / by
            case Binary(op="+" | "*" as op, left=Const(value=number), right=right):
                by = float(number)
                base = Value(right, base.ago)
                if op == "+":
                    offset += factor * by
                else:
                    factor *= by
            case _:
                return Line(base, factor, offset)
