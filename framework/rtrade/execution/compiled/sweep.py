"""Many candidates of one strategy over the same bars: a table of params in, a table of results out.

1. The rules of the candidates become operations of the vector machine; equal parts are done once.
2. The candidates are put in an order in which neighbours share indicators, and cut into groups.
3. The comparisons of as many groups as there is room for are worked out, indicator by indicator: to
   a bit for each bar, for which there is more room than for numbers.
4. Each group is worked through on a thread: comparisons to rules, then one walk a candidate.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from rtrade.catalog.registry import Number
from rtrade.core.bars import FloatArray, IntArray, MarketData
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import EngineFault, InvalidInput
from rtrade.execution.compiled import batch
from rtrade.execution.compiled.grouping import Group, Work, work_of
from rtrade.execution.compiled.ordering import along_a_curve
from rtrade.execution.compiled.planes import Planes
from rtrade.execution.compiled.rows import Rows
from rtrade.execution.compiled.working import Desk
from rtrade.execution.core import STILL
from rtrade.plan.plan import Plan
from rtrade.plan.variants import Variant, Variants

# Memory for indicators, for comparisons, and for what a group makes of these; in bytes.
ROW_MEMORY = 256 * 2**20
PLANE_MEMORY = 256 * 2**20
GROUP_MEMORY = 24 * 2**20
# Candidates whose rules are kept at a time.
TOGETHER = 8192


@dataclass(frozen=True, eq=False)
class SweepTable:
    """The results of a sweep; arrays have one value per candidate.

    `table` holds the columns that were asked for. Money is in quote units, the rest fractions;
    `trades` counts closed ones, `refused` closes at which an entry was refused. The last four are
    None unless asked for; the mean and the deviation of returns are per bar, NaN where they are
    not defined. `problems` says why the language refuses a candidate: its numbers are NaN.
    """

    table: Mapping[str, tuple[Number, ...]]
    final_equity: FloatArray
    total_return: FloatArray
    trades: IntArray
    fills: IntArray
    refused: IntArray
    max_drawdown: FloatArray | None = None
    mean_return: FloatArray | None = None
    deviation: FloatArray | None = None
    sharpe: FloatArray | None = None
    problems: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.final_equity)


def sweep(
    variants: Variants,
    table: Mapping[str, Sequence[Number]],
    market: MarketData,
    *,
    statistics: bool = False,
    threads: int = 1,
) -> SweepTable:
    """Run every row of `table`, params by name in columns of one length, over the same bars.

    A candidate's numbers are those of its run over `market`: final equity, trades, fills and
    refusals to the bit, statistics to nine digits. Raises InvalidInput for what no sweep can do,
    EngineFault where columns differ in length.
    """
    plan = variants.plan
    if plan.llm:
        names = ", ".join(f"`{name}`" for name in plan.llm)
        message = f"`{plan.name}` asks a model ({names}): its params cannot be swept yet"
        raise InvalidInput([Diagnostic("RT201", message, help="sweep a strategy without a model")])
    columns = {name: tuple(values) for name, values in table.items()}
    if len({len(values) for values in columns.values()}) > 1:
        raise EngineFault("the columns of a table of params differ in length")
    results = np.full((_length(columns), batch.COLUMNS), np.nan)
    problems: dict[int, str] = {}
    desk = Desk(plan, market, statistics=statistics)
    with _without_collecting(), ThreadPoolExecutor(threads) as pool:
        order = along_a_curve([*columns.values()]) if columns else [0]
        for start in range(0, len(order), TOGETHER):
            numbers = order[start : start + TOGETHER]
            # Nodes live as long as their variants: a block of them makes its own.
            fresh = variants.again() if start else variants
            work = work_of(_candidates(fresh, columns, numbers, problems), fresh.plan)
            if work.candidates:
                _work(work, fresh.plan, market, desk, pool, threads, results)
    return _table(variants, columns, results, problems, statistics=statistics)


def _work(
    work: Work,
    plan: Plan,
    market: MarketData,
    desk: Desk,
    pool: Executor,
    threads: int,
    results: FloatArray,
) -> None:
    """Work candidates through in groups on the threads of a pool, and write their results."""
    bits = max((work.lowered.reach + len(market.bars)) // 8, 1)
    room = _room(ROW_MEMORY // max(8 * len(market.base), 1), len(work.lowered.rows))
    most = _room(PLANE_MEMORY // bits, len(work.lowered.leaves))
    rows = Rows(plan, market, work.lowered.rows, room)
    planes = Planes(plan, market, work.lowered, work.ranks, rows=rows, row_room=room, room=most)
    for groups in _blocks(work.groups(room, most, max(GROUP_MEMORY // bits, 64)), most):
        planes.provide([leaf for group in groups for leaf in group.leaves], pool, threads)
        for some in _scaled_together(groups, room):
            scales = {row for group in some for row in group.scales if row is not None}
            rows.provide(sorted(scales, key=work.ranks.__getitem__), pool)
            jobs = [pool.submit(desk.work, group, planes, rows) for group in some]
            for group, job in zip(some, jobs, strict=True):
                results[group.members] = job.result()


def _room(memory: int, needed: int) -> int:
    """Return for how many there is room: for what memory holds, but not for more than needed."""
    return max(min(memory, needed), 1)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Have Python look for no garbage: much is made that all lives on, and no circles."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _length(columns: Mapping[str, tuple[Number, ...]]) -> int:
    return len(next(iter(columns.values()))) if columns else 1


def _candidates(
    variants: Variants,
    columns: Mapping[str, tuple[Number, ...]],
    numbers: Sequence[int],
    problems: dict[int, str],
) -> list[tuple[int, Variant]]:
    """Return the candidates that the language takes, and note what it says of the others."""
    found = []
    for number in numbers:
        try:
            values = {name: column[number] for name, column in columns.items()}
            found.append((number, variants.of(values)))
        except InvalidInput as invalid:
            problems[number] = "; ".join(one.message for one in invalid.diagnostics)
    return found


def _blocks(groups: Iterable[Group], room: int) -> Iterator[list[Group]]:
    """Yield groups that follow one another while there is room for the leaves of all."""
    return _while_room(groups, lambda group: group.leaves, room)


def _scaled_together(groups: Iterable[Group], room: int) -> Iterator[list[Group]]:
    """Yield groups that follow one another while there is room for the scales of all."""
    return _while_room(groups, lambda group: {*group.scales} - {None}, room)


def _while_room(
    groups: Iterable[Group], needs: Callable[[Group], Iterable[int | None]], room: int
) -> Iterator[list[Group]]:
    held: list[Group] = []
    needed: set[int | None] = set()
    for group in groups:
        own = set(needs(group))
        if held and len(needed | own) > room:
            yield held
            held, needed = [], set()
        held.append(group)
        needed |= own
    if held:
        yield held


def _table(
    variants: Variants,
    columns: Mapping[str, tuple[Number, ...]],
    results: FloatArray,
    problems: Mapping[int, str],
    *,
    statistics: bool,
) -> SweepTable:
    def counted(column: int) -> IntArray:
        return np.nan_to_num(results[:, column]).astype(np.int64)

    equity, cash = results[:, batch.EQUITY].copy(), variants.plan.cash
    found = SweepTable(
        table=columns,
        final_equity=equity,
        total_return=equity / cash - 1,
        trades=counted(batch.TRADES),
        fills=counted(batch.FILLS),
        refused=counted(batch.REFUSED),
        problems=dict(sorted(problems.items())),
    )
    if not statistics:
        return found
    mean, deviation = results[:, batch.MEAN].copy(), results[:, batch.DEVIATION].copy()
    with np.errstate(all="ignore"):
        sharpe = mean / deviation * np.sqrt(variants.plan.timeframe.per_year)
    return replace(
        found,
        max_drawdown=results[:, batch.DRAWDOWN].copy(),
        mean_return=mean,
        deviation=deviation,
        sharpe=np.where(deviation >= STILL, sharpe, np.nan),
    )
