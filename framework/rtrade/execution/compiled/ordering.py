"""In which order rows and candidates are worked through, so that little is computed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from rtrade.core.bars import IntArray
from rtrade.execution.compiled import machine
from rtrade.execution.compiled.lowering import Lowered
from rtrade.plan.nodes import Call, Const, Field, Node, Shift

# Rows of a candidate that its place in the order is decided by.
_DECIDING = 4
# Rows that a strip meets at a time; the more, the smaller is the strip.
_AT_A_TIME = 16


def ranks(nodes: Sequence[Node]) -> list[int]:
    """Return the place of each node in an order in which neighbours are alike."""
    order = sorted(range(len(nodes)), key=lambda at: _traits(nodes[at]))
    found = [0] * len(nodes)
    for rank, at in enumerate(order):
        found[at] = rank
    return found


def _traits(node: Node) -> tuple[Any, ...]:
    """Return what a node is and reads, then its params: all of one shape, to be compared."""
    name = params = output = ""
    numbers: tuple[float, ...] = ()
    match node:
        case Call():
            name, output = node.entry, node.output
            numbers = tuple(float(value) for _, value in node.params)
        case Const():
            params = str(node.value)
        case Field():
            name = f"{node.series}.{node.name}"
        case Shift():
            numbers = (float(node.bars),)
        case _:
            name = str(getattr(node, "op", ""))
    kind = type(node).__name__
    below = tuple(_traits(arg) for arg in node.args)
    return kind, name, str(node.clock), below, numbers, params, output


def leaves_below(lowered: Lowered, planes: Iterable[int]) -> tuple[set[int], set[int]]:
    """Return the operations and the leaves, by number, that planes are made of."""
    logic, leaves, stack = set[int](), set[int](), [*planes]
    while stack:
        plane = stack.pop()
        if plane < 0:
            leaves.add(-1 - plane)
        elif plane > 0 and plane - 1 not in logic:
            logic.add(plane - 1)
            code, first, second = lowered.logic[plane - 1]
            stack.append(first)
            if code != machine.PREVIOUS:
                stack.append(second)
    return logic, leaves


def arranged(lowered: Lowered, rank: Sequence[int], rules: Sequence[Sequence[int]]) -> list[int]:
    """Return the candidates, whose `rules` are planes, such that neighbours share rows.

    What counts is comparisons of one row with another that not all candidates share: there are
    more of these than of rows. Where there are none, it is the rows.
    """
    below = [sorted(leaves_below(lowered, planes)[1]) for planes in rules]
    rows = {leaf: lowered.rows_of[leaf] for leaf in set().union(*below)}
    uses = Counter(
        row for leaves in below for row in {row for leaf in leaves for row in rows[leaf]}
    )
    shared = {row for row, count in uses.items() if 2 * count > len(rules)}
    own = {leaf: [rank[row] for row in found if row not in shared] for leaf, found in rows.items()}
    least = max((min(len(found), 2) for found in own.values()), default=0)
    keys = np.zeros((len(rules), _DECIDING), dtype=np.int64)
    for at, leaves in enumerate(below):
        found = dict.fromkeys(
            row for leaf in leaves if len(own[leaf]) >= least for row in own[leaf]
        )
        deciding = [*found][:_DECIDING]
        keys[at, : len(deciding)] = deciding
    return along_a_curve(list(keys.T))


def along_a_curve(columns: Sequence[Any]) -> list[int]:
    """Return an order in which neighbours are near in every column (a Z-order curve)."""
    count = len(columns[0])
    places: list[IntArray] = [np.unique(values, return_inverse=True)[1] for values in columns]
    keys = np.zeros(count, dtype=object)
    for bit in range(count.bit_length()):
        for at, place in enumerate(places):
            keys |= ((place >> bit) & 1).astype(object) << (bit * len(places) + at)
    return sorted(range(count), key=keys.tolist().__getitem__)


def by_strips(
    lowered: Lowered, rank: Sequence[int], leaves: Sequence[int], room: int
) -> Iterator[list[int]]:
    """Yield comparisons in batches, with room for the rows of each: a strip of rows meets others.

    Comparisons of a row of one strip with others follow one another, so that the strip is kept
    until the last of them, and each of the others is computed once for a strip.
    """
    rows = {leaf: lowered.rows_of[leaf] for leaf in leaves}
    if len(set(chain.from_iterable(rows.values()))) <= room:
        if leaves:
            yield list(leaves)
        return
    uses = Counter(row for found in rows.values() for row in found)
    strip = max(room - _AT_A_TIME, 1)

    def key(leaf: int) -> tuple[Any, ...]:
        found = sorted(rank[row] for row in rows[leaf] if 2 * uses[row] <= len(leaves))
        return (found[0] // strip, found[1:], found[0]) if found else (-1, [], 0)

    held: list[int] = []
    needed, others = set[int](), set[int]()
    for leaf in sorted(leaves, key=key):
        own = sorted(rows[leaf], key=rank.__getitem__)
        needed.update(own)
        others.update(own[1:])
        if held and (len(needed) > room or len(others) > _AT_A_TIME):
            yield held
            held, needed, others = [], {*own}, {*own[1:]}
        held.append(leaf)
    if held:
        yield held
