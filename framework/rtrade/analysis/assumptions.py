"""A run again under other assumptions: other costs, decisions that act late, a later start.

The signals stay as they are; only numbers of the program or its arrays change. Of the costs a grid
is run, slippage by commission, and for each of the two the amount is sought at which the run makes
nothing any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rtrade.analysis.benchmark import bought
from rtrade.analysis.metrics import deepest_drawdown
from rtrade.config.definitions import CostsDef
from rtrade.core.bars import Bars, BoolArray, FloatArray
from rtrade.core.results import RunResult, Trades
from rtrade.core.timeframes import DAY, iso
from rtrade.execution.program import Program

Run = Callable[[Program, Bars], RunResult]

# What is tried of a cost: multiples of what the strategy states, and slippage by itself as well.
SLIPPAGE_TIMES = (0, 1, 2, 5)
SLIPPAGE_STEPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005)
FEE_TIMES = (0, 1, 2)
# In place of multiples where the strategy states no commission.
FEE_STEPS = (0.0, 0.0005, 0.001)
DELAYS = (1, 2, 3)
# Days by which the start is put off, as far as they leave half of the run; else parts of its bars.
LATER_DAYS = (1, 7, 30, 91, 182, 365, 730)
LATER_PARTS = (0.05, 0.1, 0.25, 0.5)
# A cost is sought up to here, a fraction of the price; of all costs, a multiple.
HIGHEST, MOST_TIMES = 0.05, 20.0
# How exactly, in parts of the highest.
EXACT = 2e-6
# Bars up to which a run is made again without being asked to.
MOST_BARS = 1_000_000

NO_TRADES = "no trade was made, so there is nothing that costs, delay or start could change"
IN_RUN = (
    "its models are asked about the position in mid-run, so other assumptions would need other "
    "answers"
)


@dataclass(frozen=True)
class Case:
    """One run under given assumptions, and what came of it.

    `slippage`, `taker` and `maker` are fractions, `delay` counts bars, `start` is the open of its
    first bar (ms). Returns and `max_drawdown` are fractions, None where they are beyond the range
    of numbers or, of buying and holding, where the cash buys nothing. `trades` are closed ones.
    """

    slippage: float
    taker: float
    maker: float
    delay: int
    start: int
    total_return: float | None
    benchmark_return: float | None
    max_drawdown: float | None
    trades: int

    def document(self) -> dict[str, Any]:
        """Return the case as result.json has it."""
        return {**vars(self), "start": iso(self.start)}


@dataclass(frozen=True)
class BreakEven:
    """The cost at which a run makes nothing: `value`, sought from 0 to `highest`.

    Fractions of the price; for all costs together, multiples of those assumed.
    `outcome` is `found`; `never`: it loses without this cost too; or `beyond`: it makes money at
    the highest. The value is None for the last two.
    """

    outcome: str
    assumed: float
    highest: float
    value: float | None = None


@dataclass(frozen=True)
class Ledger:
    """All runs under other assumptions, or why there are none.

    `costs` are a grid, by slippage and then by commission, that of the run among them.
    """

    costs: tuple[Case, ...] = ()
    delays: tuple[Case, ...] = ()
    starts: tuple[Case, ...] = ()
    break_even: Mapping[str, BreakEven] | None = None
    left_out: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the ledger as result.json has it."""
        return {
            "left_out": self.left_out,
            "costs": [case.document() for case in self.costs],
            "delays": [case.document() for case in self.delays],
            "starts": [case.document() for case in self.starts],
            "break_even": {name: dict(vars(one)) for name, one in (self.break_even or {}).items()},
        }


def ledger(program: Program, bars: Bars, run: Run) -> Ledger:
    """Run `program` over `bars` again and again with `run`, each time under other assumptions.

    Raises what `run` raises. Without bars or trades there is nothing to change.
    """
    if not len(bars) or not len(run(program, bars).trades):
        return Ledger(left_out=NO_TRADES)
    slippages, fees = slippages_of(program.costs), fees_of(program.costs)
    return Ledger(
        costs=tuple(
            _case(_costing(program, slippage, *fee), bars, run)
            for slippage in slippages
            for fee in fees
        ),
        delays=tuple(
            _case(delayed(program, late), bars, run, late) for late in DELAYS if late < len(bars)
        ),
        starts=tuple(
            _case(later(program, at), bars.slice(at), run) for at in later_starts(bars)
        ),
        break_even={
            "slippage": _slippage_limit(program, bars, run),
            "commission": _fee_limit(program, bars, run),
            **_cost_limit(program, bars, run),
        },
    )  # fmt: skip


def slippages_of(costs: CostsDef) -> tuple[float, ...]:
    """Return the slippages that are tried, ascending, the stated one among them."""
    times = [costs.slippage * factor for factor in SLIPPAGE_TIMES]
    return _distinct([costs.slippage, *times, *SLIPPAGE_STEPS])


def fees_of(costs: CostsDef) -> tuple[tuple[float, float], ...]:
    """Return the commissions that are tried, taker and maker, the stated ones among them."""
    if costs.taker == 0 == costs.maker:
        return tuple((fee, fee) for fee in FEE_STEPS)
    return tuple((costs.taker * times, costs.maker * times) for times in FEE_TIMES)


def _distinct(values: Sequence[float]) -> tuple[float, ...]:
    """Return values in ascending order, the first of those that differ by rounding alone."""
    kept: dict[float, float] = {}
    for value in values:
        if value < 1:
            kept.setdefault(round(value, 9), value)
    return tuple(sorted(kept.values()))


def delayed(program: Program, late: int) -> Program:
    """Return the program with everything that decisions read known `late` bars later.

    Levels, limits and exits by time keep to the bars as they are.
    """

    def put_off(values: FloatArray) -> FloatArray:
        return np.concatenate((np.full(late, np.nan), values[:-late]))

    def rule(values: BoolArray) -> BoolArray:
        return np.concatenate((np.zeros(late, dtype=np.bool_), values[:-late]))

    return _each(program, rule, put_off)


def later(program: Program, first: int) -> Program:
    """Return the program from its bar `first` on."""
    return _each(program, lambda values: values[first:], lambda values: values[first:])


def _each(
    program: Program,
    rule: Callable[[BoolArray], BoolArray],
    number: Callable[[FloatArray], FloatArray],
) -> Program:
    def known(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else number(values)

    return replace(
        program,
        enter_long=rule(program.enter_long),
        exit_long=rule(program.exit_long),
        enter_short=rule(program.enter_short),
        exit_short=rule(program.exit_short),
        atr={period: number(values) for period, values in program.atr.items()},
        volatility=known(program.volatility),
        scale=known(program.scale),
        risk_factor=known(program.risk_factor),
    )


def later_starts(bars: Bars) -> tuple[int, ...]:
    """Return the bars that the run is begun at instead of its first, at most half of it later."""
    count, time = len(bars), bars.time
    days = [int(np.searchsorted(time, int(time[0]) + days * DAY)) for days in LATER_DAYS]
    found = sorted({at for at in days if 0 < at <= count // 2})
    if len(found) < len(LATER_PARTS):
        found = sorted({int(count * part) for part in LATER_PARTS if int(count * part) > 0})
    return tuple(found)


def _costing(program: Program, slippage: float, taker: float, maker: float) -> Program:
    return replace(program, costs=CostsDef(taker=taker, maker=maker, slippage=slippage))


def _case(program: Program, bars: Bars, run: Run, delay: int = 0) -> Case:
    result, costs, cash = run(program, bars), program.costs, program.cash
    left, size = bought(bars, cash, costs, program.filters)
    held = (left + size * float(bars.close[-1])) / cash - 1 if size else None
    return Case(
        slippage=costs.slippage,
        taker=costs.taker,
        maker=costs.maker,
        delay=delay,
        start=int(bars.time[0]),
        total_return=_finite(float(result.equity[-1]) / cash - 1),
        benchmark_return=_finite(held),
        max_drawdown=_finite(deepest_drawdown(result.equity, cash)),
        trades=_closed(result),
    )


def _closed(result: RunResult) -> int:
    if isinstance(result.trades, Trades):
        return result.trades.columns.closed
    return sum(1 for trade in result.trades if trade.exit_time is not None)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _made(program: Program, bars: Bars, run: Run) -> Callable[[float, float, float], float]:
    """Return what gives the total return at a slippage and commissions."""

    def made(slippage: float, taker: float, maker: float) -> float:
        result = run(_costing(program, slippage, taker, maker), bars)
        return float(result.equity[-1]) / program.cash - 1

    return made


def _slippage_limit(program: Program, bars: Bars, run: Run) -> BreakEven:
    costs, made = program.costs, _made(program, bars, run)
    return break_even(lambda cost: made(cost, costs.taker, costs.maker), costs.slippage)


def _fee_limit(program: Program, bars: Bars, run: Run) -> BreakEven:
    """Seek the taker's commission; the maker's keeps its share of it."""
    costs, made = program.costs, _made(program, bars, run)
    share = costs.maker / costs.taker if costs.taker else 1.0
    return break_even(lambda fee: made(costs.slippage, fee, fee * share), costs.taker)


def _cost_limit(program: Program, bars: Bars, run: Run) -> Mapping[str, BreakEven]:
    """Seek the multiple of all costs together; nothing where there are none."""
    costs, made = program.costs, _made(program, bars, run)
    largest = max(costs.slippage, costs.taker, costs.maker)
    if not largest:
        return {}

    def times(factor: float) -> float:
        return made(costs.slippage * factor, costs.taker * factor, costs.maker * factor)

    return {"costs": break_even(times, 1.0, min(MOST_TIMES, 0.99 / largest))}


def break_even(made: Callable[[float], float], assumed: float, most: float = HIGHEST) -> BreakEven:
    """Seek the cost up to `most` at which `made(cost)`, a return, is no longer above 0.

    It is bracketed by doubling from `assumed` and found by bisection. Where a return crosses 0
    more than once, it is one of those places.
    """
    highest = max(most, assumed)
    exact = EXACT * highest
    if not made(0.0) > 0:
        return BreakEven("never", assumed, highest)
    low, high = 0.0, assumed
    while not high or made(high) > 0:
        if high >= highest:
            return BreakEven("beyond", assumed, highest)
        low, high = high, min(max(2 * high, highest / 512), highest)
    while high - low > exact:
        middle = (low + high) / 2
        low, high = (middle, high) if made(middle) > 0 else (low, middle)
    return BreakEven("found", assumed, highest, round((low + high) / 2, 9))
