"""The comparisons that the rules of a sweep are put together from: where each holds, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future

import numpy as np

from rtrade.core.bars import FALSE, TRUE, BoolArray, IntArray, MarketData
from rtrade.execution.compiled import machine
from rtrade.execution.compiled.binding import sweep_kernels
from rtrade.execution.compiled.bits import WORD, words_of
from rtrade.execution.compiled.lowering import Comparison, Given, Lowered, Operand
from rtrade.execution.compiled.ordering import by_strips
from rtrade.execution.compiled.rows import TOGETHER, Rows
from rtrade.execution.compiled.shelf import Shelf
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate_nodes


class Planes:
    """Planes of leaves by number, over the bars of the run and some `lead` before them."""

    def __init__(
        self, plan: Plan, market: MarketData, lowered: Lowered, rank: Sequence[int], *,
        rows: Rows, row_room: int, room: int,
    ) -> None:  # fmt: skip
        self._plan, self._market, self._lowered = plan, market, lowered
        self._rank, self._rows, self._row_room = rank, rows, row_room
        # In whole words.
        self.lead = -(-lowered.reach // WORD) * WORD
        self._first = market.first - self.lead
        self._span = self.lead + len(market.bars)
        self._shelf = Shelf(room, -(-self._span // WORD), np.int64)

    @property
    def table(self) -> IntArray:
        """All planes that are here, by place."""
        table: IntArray = self._shelf.table
        return table

    def place(self, leaf: int) -> int:
        """Return where in the table the plane of a leaf is."""
        return self._shelf.place(leaf)

    def provide(self, leaves: Sequence[int], pool: Executor, threads: int) -> None:
        """Work out those of the leaves that are not here."""
        missing = self._shelf.take(leaves)
        given = [leaf for leaf in missing if isinstance(self._lowered.leaves[leaf], Given)]
        _finish(
            pool.submit(self._ask, given[at : at + TOGETHER])
            for at in range(0, len(given), TOGETHER)
        )
        compared = [leaf for leaf in missing if isinstance(self._lowered.leaves[leaf], Comparison)]
        batches = [*by_strips(self._lowered, self._rank, compared, self._row_room)]
        needed = [self._needed(batch) for batch in batches]
        for batch, rows, later in zip(batches, needed, _next(needed), strict=True):
            self._rows.provide(rows, pool, later)
            size = -(-len(batch) // threads)
            _finish(
                pool.submit(self._compare, batch[at : at + size])
                for at in range(0, len(batch), size)
            )

    def _needed(self, leaves: Sequence[int]) -> list[int]:
        """Return the rows of leaves, alike ones side by side."""
        rows = {row for leaf in leaves for row in self._lowered.rows_of[leaf]}
        return sorted(rows, key=self._rank.__getitem__)

    def _ask(self, leaves: Sequence[int]) -> None:
        """Have `signals` compute conditions, and write where they are true, or false."""
        given = [leaf for one in leaves if isinstance(leaf := self._lowered.leaves[one], Given)]
        values = evaluate_nodes(self._plan, self._market, [leaf.node for leaf in given])
        for number, leaf, found in zip(leaves, given, values, strict=True):
            holds = found == (TRUE if leaf.truth else FALSE)
            self._shelf.table[self.place(number)] = words_of(_since(holds, self._first))

    def _compare(self, leaves: Sequence[int]) -> None:
        operations = _Operations(self._lowered, self._rows)
        for number in leaves:
            leaf = self._lowered.leaves[number]
            assert isinstance(leaf, Comparison)
            operations.add(leaf, self.place(number))
        sweep_kernels().work_numbers(
            self._rows.table,
            self._first,
            self._span,
            np.array(operations.found, dtype=np.int64),
            np.array(self._lowered.constants),
            np.empty((operations.blocks + 2, machine.BLOCK)),
            self._shelf.table,
        )


class _Operations:
    """Operations of the machine for leaves, arithmetic that several of them read but once."""

    def __init__(self, lowered: Lowered, rows: Rows) -> None:
        self.found: list[tuple[int, ...]] = []
        self.blocks = 0
        self._lowered, self._rows = lowered, rows
        self._blocks: dict[int, int] = {}

    def add(self, leaf: Comparison, place: int) -> None:
        self.found.append((leaf.code, place, *self._operand(leaf.left), *self._operand(leaf.right)))

    def _operand(self, operand: Operand) -> Operand:
        if operand.kind == machine.ROW:
            return operand._replace(place=self._rows.place(operand.place))
        if operand.kind == machine.BLOCK_AT_HAND:
            return operand._replace(place=self._block(operand.place))
        return operand

    def _block(self, expression: int) -> int:
        if expression not in self._blocks:
            code, left, right = self._lowered.expressions[expression]
            operands = (*self._operand(left), *self._operand(right))
            self._blocks[expression] = self.blocks
            self.found.append((code, self.blocks, *operands))
            self.blocks += 1
        return self._blocks[expression]


def _next(needed: Sequence[Sequence[int]]) -> Iterator[dict[int, int]]:
    """Yield, for each batch, when rows are needed next after it: the number of the batch."""
    ahead: dict[int, list[int]] = {}
    for at in reversed(range(len(needed))):
        for row in needed[at]:
            ahead.setdefault(row, []).append(at)
    later = {row: batches[-1] for row, batches in ahead.items()}
    for rows in needed:
        for row in rows:
            ahead[row].pop()
            if ahead[row]:
                later[row] = ahead[row][-1]
            else:
                del later[row]
        yield later


def _finish(jobs: Iterator[Future[None]]) -> None:
    for job in [*jobs]:
        job.result()


def _since(values: BoolArray, first: int) -> BoolArray:
    """Return the values from a bar on; before the first one, nothing is true."""
    if first >= 0:
        return values[first:]
    return np.concatenate((np.zeros(-first, dtype=bool), values))
