"""Groups of candidates that are worked through together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rtrade.execution.compiled.lowering import Lowered, Lowering
from rtrade.plan.plan import Plan
from rtrade.plan.variants import Variant

RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
# More would not share more, and fewer threads would have work at the end.
MOST = 64


@dataclass(frozen=True, eq=False)
class Group:
    """Candidates by number, their operations, and the plane of each of their four rules.

    `scales` says which of the rows holds `scale_by`, where it is not that of the plan.
    """

    members: Sequence[tuple[int, Variant]]
    lowered: Lowered
    rules: Sequence[tuple[int, ...]]
    scales: Sequence[int | None]


def grouped(
    candidates: Sequence[tuple[int, Variant]], plan: Plan, *, rows: int, planes: int
) -> Iterator[Group]:
    """Yield the candidates in groups that need at most so many rows and planes.

    A single candidate may need more.
    """
    for start in range(0, len(candidates), MOST):
        yield from _split(candidates[start : start + MOST], plan, rows, planes)


def _split(
    members: Sequence[tuple[int, Variant]], plan: Plan, rows: int, planes: int
) -> Iterator[Group]:
    group = _group(members, plan)
    fits = len(group.lowered.rows) <= rows and group.lowered.planes <= planes
    if fits or len(members) == 1:
        yield group
        return
    middle = len(members) // 2
    yield from _split(members[:middle], plan, rows, planes)
    yield from _split(members[middle:], plan, rows, planes)


def _group(members: Sequence[tuple[int, Variant]], plan: Plan) -> Group:
    lowering = Lowering(plan.timeframe)
    rules = [
        tuple(lowering.rule(variant.rules.get(name)) for name in RULES) for _, variant in members
    ]
    scales = [
        None
        if variant.scale is None or variant.scale is plan.scale
        else lowering.row(variant.scale)
        for _, variant in members
    ]
    return Group(members, lowering.done, rules, scales)
