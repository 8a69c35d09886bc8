"""Groups of candidates that are worked through together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import IntArray
from rtrade.execution.compiled import machine
from rtrade.execution.compiled.lowering import Lowered, Lowering
from rtrade.execution.compiled.ordering import arranged, leaves_below, ranks
from rtrade.plan.plan import Plan
from rtrade.plan.variants import Variant

RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
# More would not share more, and fewer threads would have work at the end.
MOST = 64


@dataclass(frozen=True, eq=False)
class Group:
    """Candidates by number, and the operations on planes that make their four rules.

    Plane 0 is never true, plane k the result of operation k - 1, plane -k the leaf k - 1 of
    `leaves`. `scales` says which row holds `scale_by`, where it is not that of the plan.
    """

    members: Sequence[int]
    operations: IntArray
    leaves: Sequence[int]
    rules: IntArray
    scales: Sequence[int | None]

    @property
    def planes(self) -> int:
        """How many planes its operations need."""
        return len(self.operations) + 1


@dataclass(frozen=True, eq=False)
class Work:
    """What candidates are made of, and the order in which their parts are alike.

    `rules` are planes of `lowered`, `ranks` the place of each row among those that are like it.
    """

    candidates: Sequence[tuple[int, Variant]]
    lowered: Lowered
    rules: Sequence[tuple[int, ...]]
    scales: Sequence[int | None]
    ranks: Sequence[int]

    def groups(self, rows: int, leaves: int, planes: int) -> Iterator[Group]:
        """Yield the candidates in groups with at most so many leaves, and planes of operations.

        A single candidate may need more. Where there is no room for all rows at once, the
        candidates are put in another order.
        """
        order: Sequence[int] = range(len(self.candidates))
        if len(self.lowered.rows) > rows:
            order = arranged(self.lowered, self.ranks, self.rules)
        for start in range(0, len(order), MOST):
            yield from self._split(order[start : start + MOST], leaves, planes)

    def _split(self, chosen: Sequence[int], leaves: int, planes: int) -> Iterator[Group]:
        group = self._group(chosen)
        if (group.planes <= planes and len(group.leaves) <= leaves) or len(chosen) == 1:
            yield group
            return
        middle = len(chosen) // 2
        yield from self._split(chosen[:middle], leaves, planes)
        yield from self._split(chosen[middle:], leaves, planes)

    def _group(self, chosen: Sequence[int]) -> Group:
        rules = np.array([self.rules[at] for at in chosen], dtype=np.int64)
        logic, leaves = leaves_below(self.lowered, np.unique(rules).tolist())
        here, known = sorted(logic), sorted(leaves)

        def renumbered(planes: IntArray) -> IntArray:
            of_leaf = -1 - np.searchsorted(known, -1 - planes)
            of_logic = 1 + np.searchsorted(here, planes - 1)
            return np.where(planes < 0, of_leaf, np.where(planes == 0, 0, of_logic))

        operations = np.empty((len(here), 4), dtype=np.int64)
        found = np.array([self.lowered.logic[at] for at in here], dtype=np.int64).reshape(-1, 3)
        operations[:, 0], operations[:, 1] = found[:, 0], np.arange(len(here)) + 1
        operations[:, 2] = renumbered(found[:, 1])
        of_bars = found[:, 0] == machine.PREVIOUS
        operations[:, 3] = np.where(of_bars, found[:, 2], renumbered(found[:, 2]))
        return Group(
            members=[self.candidates[at][0] for at in chosen],
            operations=operations,
            leaves=known,
            rules=renumbered(rules),
            scales=[self.scales[at] for at in chosen],
        )


def work_of(candidates: Sequence[tuple[int, Variant]], plan: Plan) -> Work:
    """Lower the rules of candidates."""
    lowering = Lowering(plan.timeframe)
    rules = [
        tuple(lowering.rule(variant.rules.get(name)) for name in RULES) for _, variant in candidates
    ]
    scales = [
        None
        if variant.scale is None or variant.scale is plan.scale
        else lowering.row(variant.scale)
        for _, variant in candidates
    ]
    return Work(candidates, lowering.done, rules, scales, ranks(lowering.done.rows))
