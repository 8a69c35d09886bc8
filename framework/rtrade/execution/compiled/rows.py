"""The indicators of a sweep: computed once, kept while there is room and they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from itertools import groupby

import numpy as np

from rtrade.core.bars import FloatArray, MarketData
from rtrade.execution.compiled.shelf import Shelf
from rtrade.plan.nodes import Call, Node
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate_nodes

# Nodes computed together, so that they share what is below them, and no more memory than needed.
TOGETHER = 8


class Rows:
    """Values of number nodes over all bars read, by number."""

    def __init__(self, plan: Plan, market: MarketData, nodes: Sequence[Node], room: int) -> None:
        self._plan = plan
        self._market = market
        self._nodes = nodes
        self._shelf = Shelf(room, len(market.base), np.float64)

    @property
    def table(self) -> FloatArray:
        """The values of all rows that are here, by place."""
        table: FloatArray = self._shelf.table
        return table

    def provide(
        self, rows: Sequence[int], pool: Executor, later: Mapping[int, int] | None = None
    ) -> None:
        """Compute those of the rows that are not here, alike ones best side by side.

        `later` says when rows are needed next, if they are.
        """
        missing = self._shelf.take(rows, later)
        jobs = [
            pool.submit(
                self._compute, [self._nodes[row] for row in part], [missing[row] for row in part]
            )
            for part in _parts([*missing], self._nodes)
        ]
        for job in jobs:
            job.result()

    def place(self, row: int) -> int:
        """Return where in the table a row is."""
        return self._shelf.place(row)

    def values(self, row: int) -> FloatArray:
        """Return the values of a row."""
        values: FloatArray = self._shelf.table[self._shelf.place(row)]
        return values

    def _compute(self, nodes: Sequence[Node], places: Sequence[int]) -> None:
        values = evaluate_nodes(self._plan, self._market, nodes)
        for place, row in zip(places, values, strict=True):
            self._shelf.table[place] = row


def _parts(rows: Sequence[int], nodes: Sequence[Node]) -> Iterator[Sequence[int]]:
    """Cut rows where the next is of another kind, and where enough are together."""
    for _, alike in groupby(rows, lambda row: _entry(nodes[row])):
        part = [*alike]
        for start in range(0, len(part), TOGETHER):
            yield part[start : start + TOGETHER]


def _entry(node: Node) -> str:
    return node.entry if isinstance(node, Call) else ""
