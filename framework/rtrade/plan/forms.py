"""Forms: nodes with places left open, so that the same work on other nodes is a look-up.

What an expression makes of its parts depends on little of them: kind, unit, clock, and of
constants and texts on all. Where that is the same, so is the form of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rtrade.catalog.registry import Kind
from rtrade.plan.graph import Graph
from rtrade.plan.nodes import Binary, Call, Const, Field, Node, walk

Signature = tuple[int, ...]
Work = Callable[[Graph, Sequence[Node]], Node | None]


def is_open(node: Node) -> bool:
    """Tell whether nothing but kind, unit and clock of a node matters to what is built on it."""
    return not isinstance(node, Const) and node.kind is not Kind.ENUM


def learn(work: Work, args: Sequence[Node], graph: Graph) -> Form | None:
    """Return the form of `work(graph, args)`, or None where it has errors.

    The work is done on stand-ins for the open ones of `args`, in a graph of their own.
    """
    stands = [_stand_in(node, place) if is_open(node) else node for place, node in enumerate(args)]
    top = work(Graph(graph.base), stands)
    return None if top is None else Form(top, stands, graph)


def _stand_in(node: Node, place: int) -> Node:
    return Field(kind=node.kind, unit=node.unit, clock=node.clock, series="?", name=str(place))


class Form:
    """The nodes from `top` down to the stand-ins, ready to be made on others in `graph`."""

    def __init__(self, top: Node, stands: Sequence[Node], graph: Graph) -> None:
        places = {id(node): place for place, node in enumerate(stands) if is_open(node)}
        below = [*walk(top)]
        settled: dict[int, Node] = {}
        for node in below:
            if id(node) not in places and all(id(arg) in settled for arg in node.args):
                args = tuple(settled[id(arg)] for arg in node.args)
                settled[id(node)] = graph.add(_Pattern(node).on(args))
        # The nodes at hand are the arguments, then what rests on none of them, then what is made.
        self._settled = tuple(settled.values())
        places |= {id_: len(stands) + at for at, id_ in enumerate(settled)}
        self._steps: list[_Step] = []
        for node in below:
            if id(node) not in places:
                sources = tuple(places[id(arg)] for arg in node.args)
                places[id(node)] = len(stands) + len(settled) + len(self._steps)
                self._steps.append(_Step(node, sources, graph))
        self._top = places[id(top)]

    def on(self, args: Sequence[Node]) -> Node:
        """Return what the work makes of `args`."""
        nodes = [*args, *self._settled]
        for step in self._steps:
            nodes.append(step.on(nodes))
        return nodes[self._top]


class _Step:
    """One node of a form; `sources` are the places of its arguments among the nodes at hand."""

    def __init__(self, node: Node, sources: tuple[int, ...], graph: Graph) -> None:
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
