"""Forms: nodes with places left open, so that the same work on other nodes is a look-up.

What an expression makes of its parts depends on little of them: kind, unit and clock of series, and
of most constants that they are constants. Where that is the same, so is the form of the result. It
is learnt by doing the work on stand-ins, and looking where in the result they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from rtrade.catalog.registry import Kind
from rtrade.plan.graph import Graph
from rtrade.plan.nodes import Binary, Call, Const, Field, Node, walk

Signature = tuple[int, ...]
Work = Callable[[Graph, Sequence[Node]], Node | None]

# Dividing by 0 is an error, and 100 turns fractions into percentages.
_SPECIAL = (0.0, 100.0, -100.0)


def signature(nodes: Sequence[Node], varying: Sequence[int], loose: Collection[int]) -> Signature:
    """Return what of the nodes at the places `varying` decides on the form of what they make.

    `loose` are the places of numbers whose value decides on nothing, but for special ones.
    """
    found: list[int] = []
    for place in varying:
        node = nodes[place]
        if node.__class__ is Const:
            if place in loose and is_plain(node):
                found += (id(node.clock), 0)
            else:
                found.append(id(node))
        elif node.kind is Kind.ENUM:
            found.append(id(node))
        else:
            found += (id(node.kind), id(node.unit), id(node.clock))
    return tuple(found)


def is_plain(node: Node) -> bool:
    """Tell whether a constant is a number like any other."""
    return isinstance(node, Const) and node.kind is Kind.NUMBER and node.value not in _SPECIAL


def learn(
    work: Work, nodes: Sequence[Node], varying: Sequence[int], loose: Collection[int], graph: Graph
) -> Form | None:
    """Return the form of `work` on such nodes, or None where it has errors.

    The work is done on stand-ins in a graph of their own; the form makes nodes in `graph`.
    """
    stands = [*nodes]
    for place in varying:
        stand = _stand_in(nodes[place], place, loose)
        stands[place] = nodes[place] if stand is None else stand
    top = work(Graph(graph.base), stands)
    return None if top is None else Form(top, nodes, stands, graph)


def _stand_in(node: Node, place: int, loose: Collection[int]) -> Node | None:
    if isinstance(node, Const):
        if place in loose and is_plain(node):
            # A value that nobody writes, so that it is known on every clock.
            return replace(node, value=math.pi * math.e ** (place + 1))
        return None
    if node.kind is Kind.ENUM:
        return None
    return Field(kind=node.kind, unit=node.unit, clock=node.clock, series="?", name=str(place))


class Form:
    """The nodes from `top` down to the stand-ins, ready to be made on others in `graph`."""

    def __init__(
        self, top: Node, nodes: Sequence[Node], stands: Sequence[Node], graph: Graph
    ) -> None:
        # The nodes at hand are the arguments, then what rests on none of them, then what is made.
        places: dict[int, int] = {}
        marks: dict[object, int] = {}
        for place, stand in enumerate(stands):
            if stand is not nodes[place]:
                places[id(stand)] = place
                if isinstance(stand, Const):
                    marks[stand.value] = place
        settled: dict[int, Node] = {}
        made: list[Node] = []
        for node in walk(top):
            if id(node) in places:
                continue
            moved = isinstance(node, Const) and node.value in marks
            if moved or any(id(arg) not in settled for arg in node.args):
                made.append(node)
            else:
                args = tuple(settled[id(arg)] for arg in node.args)
                settled[id(node)] = graph.add(_Pattern(node).on(args))
        self._settled = tuple(settled.values())
        later = enumerate([*settled, *map(id, made)], start=len(stands))
        places |= {id_: place for place, id_ in later}
        self._steps = [
            _Move(marks[node.value], node, graph)
            if isinstance(node, Const)
            else _Step(tuple(places[id(arg)] for arg in node.args), node, graph)
            for node in made
        ]
        self._top = places[id(top)]

    def on(self, args: Sequence[Node]) -> Node:
        """Return what the work makes of `args`."""
        nodes = [*args, *self._settled]
        for step in self._steps:
            nodes.append(step.on(nodes))
        return nodes[self._top]


class _Move:
    """A constant among the arguments that is brought onto another clock."""

    def __init__(self, source: int, node: Node, graph: Graph) -> None:
        self._source, self._clock, self._graph = source, node.clock, graph

    def on(self, nodes: Sequence[Node]) -> Node:
        return self._graph.bring(nodes[self._source], self._clock)


class _Step:
    """One node of a form; `sources` are the places of its arguments among the nodes at hand."""

    def __init__(self, sources: tuple[int, ...], node: Node, graph: Graph) -> None:
        self._sources = sources
        self._users = graph.users(node)
        self._pattern = _Pattern(node)

    def on(self, nodes: Sequence[Node]) -> Node:
        args = tuple([nodes[place] for place in self._sources])
        key = tuple(map(id, args))
        node = self._users.get(key)
        if node is None:
            node = self._users[key] = self._pattern.on(args)
        return node


class _Pattern:
    """Makes nodes that are like one but for their arguments.

    `dataclasses.replace` would do, and takes several times as long.
    """

    def __init__(self, node: Node) -> None:
        self._type = type(node)
        self._names = _argument_names(node)
        values = vars(node)
        self._fields = tuple((name, values[name]) for name in values if name not in self._names)

    def on(self, args: tuple[Node, ...]) -> Node:
        node = object.__new__(self._type)
        put = object.__setattr__
        for name, value in self._fields:
            put(node, name, value)
        if self._type is Call:
            put(node, "inputs", args)
        else:
            for name, arg in zip(self._names, args, strict=True):
                put(node, name, arg)
        return node


def _argument_names(node: Node) -> tuple[str, ...]:
    if isinstance(node, Call):
        return ("inputs",)
    if isinstance(node, Binary):
        return ("left", "right")
    return ("arg",) if node.args else ()
