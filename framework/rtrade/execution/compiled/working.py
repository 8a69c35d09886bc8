"""One group of a sweep: from rows to words, from words to results."""

from __future__ import annotations

from dataclasses import replace
from queue import Empty, SimpleQueue

import numpy as np

from rtrade.core.bars import BoolArray, FloatArray, IntArray, MarketData
from rtrade.core.errors import EngineFault
from rtrade.execution.compiled import batch
from rtrade.execution.compiled.binding import sweep_kernels
from rtrade.execution.compiled.bits import WORD
from rtrade.execution.compiled.grouping import Group
from rtrade.execution.compiled.loading import measures_of, prices_of, sealed, sealed_whole, terms_of
from rtrade.execution.compiled.lowering import NEVER
from rtrade.execution.compiled.planes import Planes
from rtrade.execution.compiled.rows import Rows
from rtrade.execution.compiled.states import COUNTS
from rtrade.execution.preparing import prepare
from rtrade.plan.nodes import Node
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate_nodes

# Room for fills to begin with: one for each so many bars.
_BARS_A_FILL = 32


class Desk:
    """What all groups of a sweep share; several threads may work at once."""

    def __init__(self, plan: Plan, market: MarketData, *, statistics: bool) -> None:
        self._first = market.first
        self._bars = len(market.bars)
        self._statistics = statistics
        program = prepare(replace(plan, rules={}), market, _Fixed(plan, market))
        self._measures, places = measures_of(program)
        self._terms = terms_of(program, places)
        self._prices = prices_of(market.bars, daily=plan.risk.daily_loss is not None)
        self._rooms: SimpleQueue[Room] = SimpleQueue()

    def work(self, group: Group, planes: Planes, rows: Rows) -> FloatArray:
        """Return the results of a group, one row (`batch`) a member; its leaves are there."""
        try:
            room = self._rooms.get_nowait()
        except Empty:
            room = Room(self._bars if self._statistics else 0)
        rules, places = rules_of(group, planes, room)
        results = np.empty((len(group.members), batch.COLUMNS))
        scales = np.array([-1 if row is None else row for row in group.scales])
        for scale in np.unique(scales).tolist():
            chosen = np.flatnonzero(scales == scale)
            part = np.empty((len(chosen), batch.COLUMNS))
            sweep_kernels().walk_all(
                *self._prices,
                rules,
                places[chosen],
                self._measures if scale < 0 else self._scaled(rows.values(scale)),
                self._terms,
                room.fills,
                room.money,
                np.zeros(COUNTS, dtype=np.int64),
                part,
                self._statistics,
            )
            results[chosen] = part
        self._rooms.put(room)
        return results

    def _scaled(self, scale: FloatArray) -> FloatArray:
        """Return the measures with other values to scale sizes by."""
        measures = self._measures.copy()
        measures[self._terms.scale_row] = np.clip(scale[self._first :], 0.0, 1.0)
        return sealed(measures)


def rules_of(group: Group, planes: Planes, room: Room) -> tuple[IntArray, IntArray]:
    """Return the words of all rules of a group, and which are whose."""
    own = room.planes(group.planes, planes.table.shape[1])
    own[NEVER] = 0
    places = np.array([*map(planes.place, group.leaves)], dtype=np.int64)
    operations = group.operations.copy()
    operands = operations[:, 2:]
    of_leaf = operands < 0
    operands[of_leaf] = -1 - places[-1 - operands[of_leaf]]
    sweep_kernels().work_planes(operations, planes.table, own)
    wanted, at = np.unique(group.rules, return_inverse=True)
    words = np.empty((len(wanted), own.shape[1] - planes.lead // WORD), dtype=np.int64)
    for row, plane in zip(words, wanted.tolist(), strict=True):
        whole = planes.table[places[-1 - plane]] if plane < 0 else own[plane]
        row[:] = whole[planes.lead // WORD :]
    return sealed_whole(words), at.reshape(group.rules.shape).astype(np.int64)


class Room:
    """Memory that one thread works in, taken once."""

    def __init__(self, bars: int) -> None:
        count = bars // _BARS_A_FILL
        self.fills = np.empty((count, 3), dtype=np.int64)
        self.money = np.empty((count, 4))
        self._words = np.empty(0, dtype=np.int64)

    def planes(self, count: int, words: int) -> IntArray:
        """Return so many planes of words, not cleared."""
        if len(self._words) < count * words:
            self._words = np.empty(count * words, dtype=np.int64)
        return self._words[: count * words].reshape(count, words)


class _Fixed:
    """The signals that no param changes, as `prepare` reads them."""

    def __init__(self, plan: Plan, market: MarketData) -> None:
        optional = (plan.volatility, plan.scale)
        nodes = [*plan.atr.values(), *(node for node in optional if node is not None)]
        values = evaluate_nodes(plan, market, nodes)
        self._values: dict[int, FloatArray] = {
            id(node): found.astype(np.float64, copy=False)
            for node, found in zip(nodes, values, strict=True)
        }

    def rule(self, name: str) -> BoolArray:
        raise EngineFault(f"a sweep does not compute `{name}` by itself")

    def number(self, node: Node) -> FloatArray:
        return self._values[id(node)]

    def choice(self, node: Node) -> FloatArray:
        raise EngineFault(f"a sweep does not know {node!r}")
