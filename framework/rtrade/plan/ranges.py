"""Between which numbers every node's values lie, whatever the data: interval arithmetic.

A range is a proof about all bars at which a value is known. Prices are above 0, volumes at least
0, which loading makes sure of. Where nothing is known a range is everything.
"""

from __future__ import annotations

import math

from rtrade.catalog.extents import EVERYTHING, EXTENTS, INFINITE, Interval
from rtrade.catalog.registry import Kind, Registry
from rtrade.plan.names import PRICES
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Field, Node, Shift, Unary, walk

_ABOVE_ZERO = Interval(math.ulp(0.0), INFINITE)
_NOT_NEGATIVE = Interval(0.0, INFINITE)


class Ranges:
    """The ranges of the nodes of one plan, each worked out once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # Nodes are kept, so that no other one can get the identity of one that is gone.
        self._known: dict[int, tuple[Node, Interval]] = {}

    def of(self, node: Node) -> Interval:
        """Return the range of a number node; everything for other kinds."""
        known = self._known.get(id(node))
        if known is None:
            for below in walk(node):
                if id(below) not in self._known:
                    self._known[id(below)] = (below, self._work_out(below))
            known = self._known[id(node)]
        return known[1]

    def _at(self, node: Node) -> Interval:
        return self._known[id(node)][1]

    def _work_out(self, node: Node) -> Interval:
        if node.kind is not Kind.NUMBER:
            return EVERYTHING
        match node:
            case Const(value=value):
                return Interval(float(value), float(value))
            case Field(name=name):
                if name == "volume":
                    return _NOT_NEGATIVE
                return _ABOVE_ZERO if name in PRICES else _NOT_NEGATIVE
            case Answer(low=low, high=high):
                return Interval(float(low), float(high))
            case Shift(arg=arg) | Align(arg=arg):
                return self._at(arg)
            case Unary(arg=arg):
                below = self._at(arg)
                return Interval(-below.high, -below.low)
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)
        return EVERYTHING

    def _binary(self, node: Binary) -> Interval:
        left, right = self._at(node.left), self._at(node.right)
        same = node.left is node.right
        match node.op:
            case "+":
                return _ends([left.low + right.low], [left.high + right.high])
            case "-":
                if same:
                    return Interval(0.0, 0.0)
                return _ends([left.low - right.high], [left.high - right.low])
            case "*":
                found = _ends(*([_products(left, right)] * 2))
                return found.meet(_NOT_NEGATIVE) if same else found
            case "/":
                return Interval(1.0, 1.0) if same else _quotient(left, right)
        # `%` has the sign of what it divides by.
        return Interval(min(right.low, 0.0), max(right.high, 0.0))

    def _call(self, node: Call) -> Interval:
        entry = self._registry.get(node.entry)
        output = None if entry is None else entry.output(node.output)
        if output is None:
            return EVERYTHING
        declared = Interval(
            -INFINITE if output.low is None else output.low,
            INFINITE if output.high is None else output.high,
        )
        extent = EXTENTS.get(node.entry) or EXTENTS.get(f"{node.entry}.{node.output}")
        if extent is None:
            return declared
        inputs = tuple(self._at(given) for given in node.inputs)
        return declared.meet(extent(dict(node.params), inputs))


def _ends(lows: list[float], highs: list[float]) -> Interval:
    """Return the interval between the least and the greatest end; NaN is no end."""
    unknown = any(math.isnan(end) for end in (*lows, *highs))
    return EVERYTHING if unknown else Interval(min(lows), max(highs))


def _products(left: Interval, right: Interval) -> list[float]:
    pairs = [(a, b) for a in (left.low, left.high) for b in (right.low, right.high)]
    # An end at infinity is not reached, so that 0 times it is 0.
    return [0.0 if a == 0 or b == 0 else a * b for a, b in pairs]


def _quotient(left: Interval, right: Interval) -> Interval:
    if right.low <= 0 <= right.high:
        # Dividing by 0 is unknown; what is left is the sign.
        if right.low < 0 < right.high:
            return EVERYTHING
        if left.low >= 0:
            return _NOT_NEGATIVE if right.low == 0 else Interval(-INFINITE, 0.0)
        return EVERYTHING
    ends = [
        0.0 if math.isinf(b) else a / b
        for a in (left.low, left.high)
        for b in (right.low, right.high)
        if not (math.isinf(a) and math.isinf(b))
    ]
    ends += [math.copysign(INFINITE, a * b) for a in (left.low, left.high) if math.isinf(a)
             for b in (right.low, right.high)]  # fmt: skip
    return Interval(min(ends), max(ends)) if ends else EVERYTHING
