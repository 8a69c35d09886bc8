"""From a plan and bars to signals.

1. List the nodes below rules, signals, sizing and risk, arguments before what uses them.
2. Compute each once, over all bars of its clock; outputs of one call are computed together.
3. Let go of a value when everything that uses it is computed.
4. Bring what was asked for onto the base clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.core.bars import FALSE, TRUE, UNKNOWN, FloatArray, MarketData, TriArray
from rtrade.core.errors import EngineFault
from rtrade.plan.nodes import Align, Binary, Call, Const, Field, Node, Shift, Unary, walk
from rtrade.plan.plan import Plan
from rtrade.signals.clocks import Clocks
from rtrade.signals.kernels import Array, compute, finite
from rtrade.signals.logic import COMPARISONS, ago, both, compare, either, opposite
from rtrade.signals.table import SignalTable

_ARITHMETIC: Mapping[str, Callable[[FloatArray, FloatArray], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.mod,
}


def evaluate(plan: Plan, market: MarketData) -> SignalTable:
    """Compute the plan's signals over all bars read, those before the run included."""
    clocks = Clocks(plan, market)
    roots = list(_roots(plan))
    with np.errstate(all="ignore"):
        values = _Evaluation(clocks, roots).run()
    numbers: dict[int, FloatArray] = {}
    conditions: dict[int, TriArray] = {}
    for root in roots:
        onto: dict[int, Any] = numbers if root.kind is Kind.NUMBER else conditions
        onto[id(root)] = clocks.align(values[id(root)], root.clock, plan.timeframe)
    return SignalTable(
        numbers=numbers,
        conditions=conditions,
        rules=plan.rules,
        bars=len(market.base),
        first=market.first,
        unknown={
            name: int(np.count_nonzero(conditions[id(rule)][market.first :] == UNKNOWN))
            for name, rule in plan.rules.items()
        },
        stale={
            need.name: clocks.stale(need.name, market.first)
            for need in plan.needs[1:]
            if need.symbol != plan.symbol
        },
    )


def _roots(plan: Plan) -> list[Node]:
    """Return every node whose values are asked for."""
    roots = [*plan.rules.values(), *plan.signals.values(), *plan.atr.values()]
    return roots + [node for node in (plan.volatility, plan.scale) if node is not None]


class _Evaluation:
    """One pass over the nodes; values are kept by node identity while they are needed.

    Constants are arrays without a dimension; all else has one value per bar of its clock.
    """

    def __init__(self, clocks: Clocks, roots: list[Node]) -> None:
        self._clocks = clocks
        self._roots = roots
        self._order = list(walk(*roots))
        self._uses = Counter(id(arg) for node in self._order for arg in node.args)
        self._uses.update(id(root) for root in roots)
        self._siblings: dict[object, list[Call]] = {}
        for node in self._order:
            if isinstance(node, Call):
                self._siblings.setdefault(_call_key(node), []).append(node)
        self._values: dict[int, Any] = {}

    def run(self) -> dict[int, Any]:
        """Return the values of the roots, on their own clocks."""
        for node in self._order:
            if id(node) not in self._values:
                self._compute(node)
            for arg in node.args:
                self._uses[id(arg)] -= 1
                if not self._uses[id(arg)]:
                    self._values.pop(id(arg), None)
        return {id(root): self._full(root, root) for root in self._roots}

    def _compute(self, node: Node) -> None:
        if isinstance(node, Call):
            self._call(node)
            return
        args = [self._values[id(arg)] for arg in node.args]
        self._values[id(node)] = self._value(node, args)

    def _value(self, node: Node, args: list[Any]) -> Array:
        match node:
            case Const():
                return _constant(node)
            case Field():
                return finite(self._clocks.field(node.series, node.name))
            case Unary():
                return opposite(args[0]) if node.op == "not" else np.asarray(-args[0])
            case Binary():
                return _binary(node.op, args[0], args[1])
            case Shift():
                earlier: Array = ago(self._full(node.arg, node), node.bars)
                return earlier
            case Align():
                seen: Array = self._clocks.align(
                    self._full(node.arg, node.arg), node.arg.clock, node.clock
                )
                return seen
        raise EngineFault(f"there is no way to compute {node!r}")

    def _call(self, call: Call) -> None:
        entry = registry().get(call.entry)
        if entry is None:
            raise EngineFault(f"`{call.entry}` is not in the catalog")
        inputs = [self._full(arg, call) for arg in call.inputs]
        found = compute(entry, inputs, dict(call.params))
        for sibling in self._siblings[_call_key(call)]:
            self._values[id(sibling)] = found[sibling.output]

    def _full(self, node: Node, on: Node) -> Any:
        """Return a node's values, one per bar of the clock of `on`, constants spread out."""
        values = self._values[id(node)]
        if values.ndim:
            return values
        return np.full(len(self._clocks.bars(on.clock)), values)


def _call_key(call: Call) -> tuple[object, ...]:
    return call.entry, tuple(id(arg) for arg in call.inputs), call.params, call.clock


def _constant(node: Const) -> Array:
    if isinstance(node.value, bool):
        return np.asarray(TRUE if node.value else FALSE, dtype=np.int8)
    if isinstance(node.value, str):
        raise EngineFault(f"the text {node.value!r} stands where a series of texts is needed")
    return np.asarray(node.value, dtype=np.float64)


def _binary(op: str, left: Any, right: Any) -> Array:
    if op == "and":
        return both(left, right)
    if op == "or":
        return either(left, right)
    if op in COMPARISONS:
        return compare(op, left, right)
    return finite(np.asarray(_ARITHMETIC[op](left, right)))
