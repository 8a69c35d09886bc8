"""From a plan and bars to signals.

1. List the nodes below rules, signals, sizing and risk, arguments before what uses them.
2. Compute each once, over all bars of its clock; outputs of one call are computed together.
3. Let go of a value when everything that uses it is computed.
4. Bring what was asked for onto the base clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.core.bars import FALSE, TRUE, UNKNOWN, FloatArray, MarketData
from rtrade.core.errors import EngineFault
from rtrade.core.memory import keep_freed
from rtrade.plan.nodes import (
    Align,
    Answer,
    Binary,
    Call,
    Const,
    Field,
    Node,
    Shift,
    Unary,
    choices_of,
    walk,
)
from rtrade.plan.plan import Plan
from rtrade.signals.answers import AnswerSeries
from rtrade.signals.clocks import Clocks
from rtrade.signals.kernels import Array, compute_together, finite, sharing
from rtrade.signals.logic import COMPARISONS, ago, both, compare, either, opposite
from rtrade.signals.table import SignalTable
from rtrade.signals.together import Asked

# Calls with the same inputs that are computed at a time.
_TOGETHER = 8

_ARITHMETIC: Mapping[str, Callable[[FloatArray, FloatArray], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.mod,
}


def evaluate(
    plan: Plan, market: MarketData, answers: Mapping[str, AnswerSeries] | None = None
) -> SignalTable:
    """Compute the plan's signals over all bars read, those before the run included.

    `answers` are what the models of `plan.llm` answered, by signal. Raises EngineFault where they
    are needed and not given.
    """
    given = answers or {}
    missing = plan.llm.keys() - given.keys()
    if missing:
        raise EngineFault(f"there are no answers of {', '.join(sorted(missing))}")
    return _table(plan, market, list(_roots(plan)), plan.rules, given)


def evaluate_without_answers(plan: Plan, market: MarketData) -> SignalTable:
    """Compute what can be known before a model is asked: the signals and the conditions of `at:`
    that rest on no answer. The table has no rules.
    """
    asked = [llm.at for llm in plan.llm.values() if llm.at is not None]
    return _table(plan, market, [*plan.known_before_asking().values(), *asked], {}, {})


def evaluate_nodes(
    plan: Plan,
    market: MarketData,
    nodes: Sequence[Node],
    answers: Mapping[str, AnswerSeries] | None = None,
) -> list[Array]:
    """Compute any nodes that read the series of `plan`, over all bars read, on the base clock.

    Numbers and choices are float64, NaN where unknown; conditions int8: 0 false, 1 unknown, 2
    true. What several nodes rest on is computed once, and let go when the last of them is. Arrays
    may be the market's own: they are not to be written to. Raises EngineFault where a node rests
    on an answer that is not given.
    """
    given = answers or {}
    asked = {node.signal for node in walk(*nodes) if isinstance(node, Answer)}
    if missing := asked - given.keys():
        raise EngineFault(f"there are no answers of {', '.join(sorted(missing))}")
    values = _on_base(plan, Clocks(plan, market), nodes, given)
    return [values[id(node)] for node in nodes]


def evaluate_on_own_clocks(
    clocks: Clocks, nodes: Sequence[Node], answers: Mapping[str, AnswerSeries] | None = None
) -> dict[int, Array]:
    """Compute any nodes as `evaluate_nodes` does, but each on the bars of its own clock.

    Returns them by identity; `clocks` has the bars. What a signal was not asked is unknown.
    """
    with np.errstate(all="ignore"):
        return _Evaluation(clocks, list(nodes), answers or {}).run()


def _on_base(
    plan: Plan, clocks: Clocks, nodes: Sequence[Node], answers: Mapping[str, AnswerSeries]
) -> dict[int, Array]:
    """Return the values of nodes by identity, as seen from the bars of the base clock."""
    roots = list({id(node): node for node in nodes}.values())
    with np.errstate(all="ignore"):
        values = _Evaluation(clocks, roots, answers).run()
    return {
        id(root): clocks.align(values.pop(id(root)), root.clock, plan.timeframe) for root in roots
    }


def _table(
    plan: Plan,
    market: MarketData,
    roots: list[Node],
    rules: Mapping[str, Node],
    answers: Mapping[str, AnswerSeries],
) -> SignalTable:
    clocks = Clocks(plan, market)
    values = _on_base(plan, clocks, roots, answers)
    found: dict[Kind, dict[int, Any]] = {kind: {} for kind in Kind}
    for root in roots:
        found[root.kind][id(root)] = values[id(root)]
    conditions = found[Kind.BOOLEAN]
    return SignalTable(
        numbers=found[Kind.NUMBER],
        conditions=conditions,
        rules=rules,
        bars=len(market.base),
        first=market.first,
        unknown={
            name: int(np.count_nonzero(conditions[id(rule)][market.first :] == UNKNOWN))
            for name, rule in rules.items()
        },
        stale={
            need.name: clocks.stale(need.name, market.first)
            for need in plan.needs[1:]
            if need.symbol != plan.symbol
        },
        choices=found[Kind.ENUM],
    )


def _roots(plan: Plan) -> list[Node]:
    """Return every node whose values are asked for."""
    roots = [*plan.rules.values(), *plan.signals.values(), *plan.atr.values()]
    optional = (plan.volatility, plan.scale, plan.risk_level)
    return roots + [node for node in optional if node is not None]


class _Evaluation:
    """One pass over the nodes; values are kept by node identity while they are needed.

    Constants are arrays without a dimension; all else has one value per bar of its clock.
    """

    def __init__(
        self, clocks: Clocks, roots: list[Node], answers: Mapping[str, AnswerSeries]
    ) -> None:
        keep_freed()
        self._clocks = clocks
        self._answers = answers
        self._roots = roots
        self._order = list(walk(*roots))
        self._uses = Counter(id(arg) for node in self._order for arg in node.args)
        self._uses.update(id(root) for root in roots)
        self._siblings: dict[object, list[Call]] = {}
        for node in self._order:
            if isinstance(node, Call):
                self._siblings.setdefault(_call_key(node), []).append(node)
        # Calls still to be computed that are cheaper together, by what they have in common.
        self._alike: dict[object, list[Call]] = {}
        for calls in self._siblings.values():
            self._alike.setdefault(_shared(calls[0]), []).append(calls[0])
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
            case Answer():
                return self._answer(node)
            case Unary():
                return opposite(args[0]) if node.op == "not" else np.asarray(-args[0])
            case Binary() if node.left.kind is Kind.ENUM:
                return compare(node.op, *_codes(node, args))
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
        # Not more of them than memory is needed for anyway.
        waiting = self._alike[_shared(call)]
        calls = [waiting.pop(0) for _ in waiting[: _TOGETHER if sharing(entry) else 1]]
        alike = [self._siblings[_call_key(one)] for one in calls]
        asked = [
            Asked(dict(one.params), frozenset(sibling.output for sibling in siblings))
            for one, siblings in zip(calls, alike, strict=True)
        ]
        for siblings, found in zip(alike, compute_together(entry, inputs, asked), strict=True):
            for sibling in siblings:
                self._values[id(sibling)] = found[sibling.output]

    def _answer(self, node: Answer) -> FloatArray:
        bars = len(self._clocks.bars(node.clock))
        series = self._answers.get(node.signal)
        if series is None:
            # Of a signal that decides nothing, so that nobody was asked.
            return np.full(bars, np.nan)
        values = series.fields[node.field]
        if len(values) != bars:
            what = f"`{node.signal}.{node.field}`"
            raise EngineFault(f"{what} has {len(values)} answers for {bars} bars")
        return values

    def _full(self, node: Node, on: Node) -> Any:
        """Return a node's values, one per bar of the clock of `on`, constants spread out."""
        values = self._values[id(node)]
        if values.ndim:
            return values
        return np.full(len(self._clocks.bars(on.clock)), values)


def _shared(call: Call) -> tuple[object, ...]:
    return call.entry, tuple(id(arg) for arg in call.inputs), call.clock


def _call_key(call: Call) -> tuple[object, ...]:
    return call.entry, tuple(id(arg) for arg in call.inputs), call.params, call.clock


def _constant(node: Const) -> Array:
    if isinstance(node.value, bool):
        return np.asarray(TRUE if node.value else FALSE, dtype=np.int8)
    if isinstance(node.value, str):
        # Which number a text is depends on the choices that it is compared with.
        return np.asarray(np.nan, dtype=np.float64)
    return np.asarray(node.value, dtype=np.float64)


def _codes(node: Binary, args: list[Any]) -> list[Any]:
    """Return both sides of a comparison of texts as indices into the choices of either."""
    choices = choices_of(node.left) or choices_of(node.right)
    return [
        np.asarray(float(choices.index(side.value)))
        if isinstance(side, Const) and isinstance(side.value, str)
        else values
        for side, values in zip((node.left, node.right), args, strict=True)
    ]


def _binary(op: str, left: Any, right: Any) -> Array:
    if op == "and":
        return both(left, right)
    if op == "or":
        return either(left, right)
    if op in COMPARISONS:
        return compare(op, left, right)
    return finite(np.asarray(_ARITHMETIC[op](left, right)))
