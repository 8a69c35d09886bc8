"""One group of a sweep: from rows to words, from words to results."""

from __future__ import annotations

from dataclasses import replace
from queue import Empty, SimpleQueue

import numpy as np

from rtrade.core.bars import FALSE, TRUE, BoolArray, FloatArray, IntArray, MarketData
from rtrade.core.errors import EngineFault
from rtrade.execution.compiled import batch, machine
from rtrade.execution.compiled.binding import sweep_kernels
from rtrade.execution.compiled.bits import WORD, words_of
from rtrade.execution.compiled.grouping import Group
from rtrade.execution.compiled.loading import measures_of, prices_of, sealed, sealed_whole, terms_of
from rtrade.execution.compiled.lowering import NEVER
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
        self._rooms: SimpleQueue[_Room] = SimpleQueue()

    def work(self, group: Group, rows: Rows) -> FloatArray:
        """Return the results of a group, one row (`batch`) a member."""
        try:
            room = self._rooms.get_nowait()
        except Empty:
            room = _Room(self._bars if self._statistics else 0)
        rules, places = self._rules(group, rows, room)
        results = np.empty((len(group.members), batch.COLUMNS))
        scales = np.array([-1 if row is None else row for row in group.scales])
        for scale in np.unique(scales).tolist():
            chosen = np.flatnonzero(scales == scale)
            part = np.empty((len(chosen), batch.COLUMNS))
            sweep_kernels().walk_all(
                *self._prices,
                rules,
                places[chosen],
                self._scaled(group, rows, scale),
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

    def _scaled(self, group: Group, rows: Rows, scale: int) -> FloatArray:
        """Return the measures with the scale of one of the group's rows, -1: that of the plan."""
        if scale < 0:
            return self._measures
        measures = self._measures.copy()
        values = rows.values(group.lowered.rows[scale])[self._first :]
        measures[self._terms.scale_row] = np.clip(values, 0.0, 1.0)
        return sealed(measures)

    def _rules(self, group: Group, rows: Rows, room: _Room) -> tuple[IntArray, IntArray]:
        """Return the words of all rules of a group, and which are whose."""
        kernels, lowered = sweep_kernels(), group.lowered
        lead = -(-lowered.reach // WORD) * WORD
        span = lead + self._bars
        planes = room.planes(lowered.planes, -(-span // WORD))
        first = self._first - lead
        planes[NEVER] = 0
        for plane, (node, truth) in lowered.given.items():
            known = rows.condition(node) == (TRUE if truth else FALSE)
            planes[plane] = words_of(_since(known, first))
        kernels.work_numbers(
            rows.table,
            first,
            span,
            lowered.number_operations(rows.places(lowered.rows)),
            lowered.constant_values(),
            np.empty((lowered.blocks + 2, machine.BLOCK)),
            planes,
        )
        kernels.work_planes(lowered.plane_operations(), planes)
        wanted = sorted({NEVER, *(plane for rule in group.rules for plane in rule)})
        at = np.searchsorted(wanted, np.array(group.rules, dtype=np.int64))
        return sealed_whole(planes[wanted, lead // WORD :]), at.astype(np.int64)


class _Room:
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


def _since(values: BoolArray, first: int) -> BoolArray:
    """Return the values from a bar on; before the first one, nothing is true."""
    if first >= 0:
        return values[first:]
    return np.concatenate((np.zeros(-first, dtype=bool), values))
