"""The indicators of a sweep: computed once, kept while there is room, the latest used longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np

from rtrade.core.bars import FloatArray, MarketData, TriArray
from rtrade.plan.nodes import Node
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate_nodes

# Nodes computed together, so that they share what is below them, and no more memory than needed.
_TOGETHER = 8


class Rows:
    """Values of nodes over all bars read: numbers as rows of one table, conditions apart."""

    def __init__(self, plan: Plan, market: MarketData, room: int) -> None:
        self._plan = plan
        self._market = market
        self._room = room
        self.table: FloatArray = np.empty((0, len(market.base)))
        self._places: OrderedDict[int, int] = OrderedDict()
        self._conditions: dict[int, TriArray] = {}

    def provide(self, nodes: Sequence[Node], pool: Executor) -> None:
        """Compute those of the nodes that are not here; others make room."""
        wanted = {id(node): node for node in nodes}
        for known in wanted.keys() & self._places.keys():
            self._places.move_to_end(known)
        missing = [node for key, node in wanted.items() if key not in self._places]
        self._make_room(len(missing), len(wanted))
        held = set(self._places.values())
        free = iter(place for place in range(len(self.table)) if place not in held)
        parts = [missing[at : at + _TOGETHER] for at in range(0, len(missing), _TOGETHER)]
        jobs = [(part, [next(free) for _ in part]) for part in parts]
        for done in [pool.submit(self._compute, part, places) for part, places in jobs]:
            done.result()
        for part, places in jobs:
            self._places.update(zip(map(id, part), places, strict=True))

    def conditions(self, nodes: Sequence[Node]) -> None:
        """Compute conditions, and forget those before."""
        wanted = {id(node): node for node in nodes}
        self._conditions = {
            key: values for key, values in self._conditions.items() if key in wanted
        }
        missing = [node for key, node in wanted.items() if key not in self._conditions]
        values = evaluate_nodes(self._plan, self._market, missing)
        for node, found in zip(missing, values, strict=True):
            self._conditions[id(node)] = found.astype(np.int8, copy=False)

    def places(self, nodes: Sequence[Node]) -> list[int]:
        """Return the rows that hold the values of number nodes."""
        return [self._places[id(node)] for node in nodes]

    def values(self, node: Node) -> FloatArray:
        """Return the values of a number node."""
        row: FloatArray = self.table[self._places[id(node)]]
        return row

    def condition(self, node: Node) -> TriArray:
        """Return the values of a condition."""
        return self._conditions[id(node)]

    def _compute(self, nodes: Sequence[Node], places: Sequence[int]) -> None:
        values = evaluate_nodes(self._plan, self._market, nodes)
        for place, row in zip(places, values, strict=True):
            self.table[place] = row

    def _make_room(self, missing: int, wanted: int) -> None:
        """Let go of the rows that were used longest ago; take more memory while there is room."""
        rows = max(min(len(self._places) + missing, self._room), wanted)
        while len(self._places) + missing > rows:
            self._places.popitem(last=False)
        if rows > len(self.table):
            grown = np.empty((rows, self.table.shape[1]))
            for place in self._places.values():
                grown[place] = self.table[place]
            self.table = grown
