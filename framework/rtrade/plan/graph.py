"""Make nodes: equal ones are one object, and arguments of one node are on one clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar, cast

from rtrade.catalog.registry import Kind
from rtrade.core.diagnostics import Span
from rtrade.core.timeframes import Timeframe
from rtrade.plan.nodes import Align, Answer, Binary, Call, Const, Field, Node, Shift, Unary

N = TypeVar("N", bound=Node)
Key = tuple[object, ...]
Value = float | bool | str


class Graph:
    """The nodes of one plan. A node's key holds the identities of its arguments, not their
    content, so that adding one costs the same however much lies below it.
    """

    def __init__(self, base: Timeframe) -> None:
        self.base = base
        self._leaves: dict[Key, Node] = {}
        # By what they do, then by what they do it to.
        self._users: dict[Key, dict[tuple[int, ...], Node]] = {}

    def add(self, node: N) -> N:
        """Return the node equal to `node` that is in the graph; put it there if none is."""
        args = node.args
        if not args:
            return cast("N", self._leaves.setdefault(_itself(node), node))
        return cast("N", self.users(node).setdefault(tuple(map(id, args)), node))

    def users(self, node: Node) -> dict[tuple[int, ...], Node]:
        """Return the nodes that do what `node` does, by the identities of their arguments."""
        return self._users.setdefault(_itself(node), {})

    def constant(self, value: Value, span: Span | None = None) -> Const:
        """Return a constant; numbers become floats. It goes with every clock."""
        if isinstance(value, bool):
            return self.add(Const(kind=Kind.BOOLEAN, clock=self.base, value=value, span=span))
        if isinstance(value, str):
            return self.add(Const(kind=Kind.ENUM, clock=self.base, value=value, span=span))
        return self.add(Const(kind=Kind.NUMBER, clock=self.base, value=float(value), span=span))

    def meet(self, nodes: Sequence[Node]) -> tuple[Timeframe, tuple[Node, ...]]:
        """Return the clock that `nodes` have in common and the nodes brought onto it.

        It is their own where they agree, else the base one. Constants have none of their own.
        """
        clocks = {node.clock for node in nodes if not isinstance(node, Const)}
        clock = clocks.pop() if len(clocks) == 1 else self.base
        return clock, tuple(self.bring(node, clock) for node in nodes)

    def bring(self, node: Node, clock: Timeframe) -> Node:
        """Return `node` as seen on `clock`."""
        if node.clock == clock:
            return node
        if isinstance(node, Const):
            return self.add(replace(node, clock=clock))
        return self.add(
            Align(kind=node.kind, unit=node.unit, clock=clock, arg=node, span=node.span)
        )


def key(node: Node) -> Key:
    """Return what tells `node` from others, given that its arguments are interned."""
    return (*_itself(node), *(id(arg) for arg in node.args))


def _itself(node: Node) -> Key:
    """Return what a node does, whatever its arguments."""
    return (type(node).__name__, node.kind, node.unit, node.clock, *_scalars(node))


def _scalars(node: Node) -> Key:
    match node:
        case Const(value=value):
            # repr tells 1.0 from true, and -0.0 from 0.0.
            return (repr(value),)
        case Field(series=series, name=name):
            return (series, name)
        case Answer(signal=signal, field=name):
            return (signal, name)
        case Call(entry=entry, params=params, output=output):
            return (entry, output, tuple((name, repr(value)) for name, value in params))
        case Unary(op=op) | Binary(op=op):
            return (op,)
        case Shift(bars=bars):
            return (bars,)
    return ()
