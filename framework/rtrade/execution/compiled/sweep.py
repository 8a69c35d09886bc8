"""Many candidates of one strategy over the same bars: a table of params in, a table of results out.

1. The candidates are put in an order in which neighbours share indicators, and cut into groups.
2. The rules of a group become operations of the vector machine; equal parts are done once.
3. Indicators are computed once, and kept while later groups may need them and there is room.
4. Each group is worked through on a thread: conditions to words, then one walk a candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from rtrade.catalog.registry import Number
from rtrade.core.bars import FloatArray, IntArray, MarketData
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import EngineFault, InvalidInput
from rtrade.execution.compiled import batch
from rtrade.execution.compiled.grouping import Group, grouped
from rtrade.execution.compiled.rows import Rows
from rtrade.execution.compiled.working import Desk
from rtrade.execution.core import STILL
from rtrade.plan.plan import Plan
from rtrade.plan.variants import Variant, Variants

# Memory for indicators, and for the words of one group; both in bytes.
ROW_MEMORY = 384 * 2**20
PLANE_MEMORY = 24 * 2**20
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
    with ThreadPoolExecutor(threads) as pool:
        order = _order(columns)
        for start in range(0, len(order), TOGETHER):
            numbers = order[start : start + TOGETHER]
            # Nodes live as long as their variants: a block of them makes its own.
            fresh = variants.again() if start else variants
            candidates = _candidates(fresh, columns, numbers, problems)
            _work(candidates, fresh.plan, market, desk, pool, results)
    return _table(variants, columns, results, problems, statistics=statistics)


def _work(
    candidates: Sequence[tuple[int, Variant]],
    plan: Plan,
    market: MarketData,
    desk: Desk,
    pool: Executor,
    results: FloatArray,
) -> None:
    """Work candidates through in groups on the threads of a pool, and write their results."""
    room = max(ROW_MEMORY // max(8 * len(market.base), 1), 1)
    planes = max(PLANE_MEMORY // max(len(market.bars) // 8, 1), 64)
    rows = Rows(plan, market, room)
    for groups in _batches(grouped(candidates, plan, rows=room, planes=planes), room):
        lowered = [group.lowered for group in groups]
        rows.provide([node for one in lowered for node in one.rows], pool)
        rows.conditions([node for one in lowered for node, _ in one.given.values()])
        jobs = [pool.submit(desk.work, group, rows) for group in groups]
        for group, job in zip(groups, jobs, strict=True):
            results[[number for number, _ in group.members]] = job.result()


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


def _order(columns: Mapping[str, tuple[Number, ...]]) -> list[int]:
    """Return the candidates such that neighbours are near in every param (a Z-order curve)."""
    count = _length(columns)
    if len(columns) < 2:
        return list(range(count))
    ranks = [np.unique(values, return_inverse=True)[1] for values in columns.values()]
    keys = np.zeros(count, dtype=object)
    for bit in range(count.bit_length()):
        for at, rank in enumerate(ranks):
            keys |= ((rank >> bit) & 1).astype(object) << (bit * len(ranks) + at)
    return sorted(range(count), key=keys.tolist().__getitem__)


def _batches(groups: Iterator[Group], room: int) -> Iterator[list[Group]]:
    """Yield groups that follow one another while the rows of all have room together."""
    held: list[Group] = []
    needed: set[int] = set()
    for group in groups:
        rows = {id(node) for node in group.lowered.rows}
        if held and len(needed | rows) > room:
            yield held
            held, needed = [], set()
        held.append(group)
        needed |= rows
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
