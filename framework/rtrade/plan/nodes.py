"""The typed, immutable nodes of a plan.

Equal nodes are one object within a plan (the builder interns them). A node's `clock` is the
timeframe whose bars it has values on; `Align` brings a coarser node onto a finer clock, showing
its last bar that has closed. Every series of `also:` shows the values of its last closed bar on
the bars of its clock's leading series. Spans do not take part in equality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rtrade.catalog.registry import Kind, Number, Unit
from rtrade.core.diagnostics import Span
from rtrade.core.timeframes import Timeframe


@dataclass(frozen=True, kw_only=True)
class Node:
    """Base of all nodes: what it yields, in which unit, on which clock, where it was written."""

    kind: Kind
    unit: Unit = Unit.NONE
    clock: Timeframe
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def args(self) -> tuple[Node, ...]:
        """The nodes that this one is computed from."""
        return ()


@dataclass(frozen=True, kw_only=True)
class Const(Node):
    """A constant: a number, a truth value or a string."""

    value: float | int | bool | str


@dataclass(frozen=True, kw_only=True)
class Field(Node):
    """A field of a series: open high low close volume hl2 hlc3 ohlc4. `series` "" is the base."""

    series: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Answer(Node):
    """A field of what a language model answered: the answer that applies at each close.

    A choice (kind ENUM) is one of `choices`; a whole number (kind NUMBER) lies in `low..high`. It
    is unknown where no answer applies, or the model abstained.
    """

    signal: str
    field: str
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0


@dataclass(frozen=True, kw_only=True)
class Call(Node):
    """One output of a catalog entry. `inputs` hold implicit prices too, in declared order.

    The last `prices` of them are those that the entry reads by itself. `params` are in declared
    order, defaults filled in. Calls that differ only in `output` share one evaluation.
    """

    entry: str
    inputs: tuple[Node, ...]
    params: tuple[tuple[str, Number], ...]
    output: str = "value"
    prices: int = field(default=0, compare=False)

    @property
    def args(self) -> tuple[Node, ...]:
        return self.inputs


@dataclass(frozen=True, kw_only=True)
class Unary(Node):
    """`-x` on numbers, `not x` on conditions; `op` is `neg` or `not`."""

    op: str
    arg: Node

    @property
    def args(self) -> tuple[Node, ...]:
        return (self.arg,)


@dataclass(frozen=True, kw_only=True)
class Binary(Node):
    """`+ - * / %` on numbers, `< <= > >= == !=` on numbers or texts, `and or` on conditions."""

    op: str
    left: Node
    right: Node

    @property
    def args(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, kw_only=True)
class Shift(Node):
    """`x[bars]`: the value that many bars of its clock ago; `bars` >= 0."""

    arg: Node
    bars: int

    @property
    def args(self) -> tuple[Node, ...]:
        return (self.arg,)


@dataclass(frozen=True, kw_only=True)
class Align(Node):
    """A node of a coarser clock as seen from the bars of `clock`."""

    arg: Node

    @property
    def args(self) -> tuple[Node, ...]:
        return (self.arg,)


def walk(*roots: Node) -> Iterator[Node]:
    """Yield every distinct node below `roots` once, arguments before what uses them."""
    seen: set[int] = set()
    for root in roots:
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                below = [(arg, False) for arg in reversed(node.args) if id(arg) not in seen]
                if below:
                    stack.append((node, True))
                    stack += below
                else:
                    yield node


def rests_on_answers(*roots: Node) -> bool:
    """Tell whether anything below `roots` is what a language model answered."""
    return any(isinstance(node, Answer) for node in walk(*roots))


def resting(*roots: Node) -> frozenset[int]:
    """Return the ids of the nodes below `roots` that rest on what a language model answered."""
    found: set[int] = set()
    for node in walk(*roots):
        if isinstance(node, Answer) or any(id(arg) in found for arg in node.args):
            found.add(id(node))
    return frozenset(found)


def choices_of(node: Node) -> tuple[str, ...]:
    """Return the choices of a node that is one of several texts; none for a constant."""
    while isinstance(node, Shift | Align):
        node = node.arg
    return node.choices if isinstance(node, Answer) else ()
