"""A run under other assumptions is what a run with those assumptions is."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from rtrade.analysis.assumptions import (
    DELAYS,
    NO_TRADES,
    break_even,
    delayed,
    fees_of,
    later,
    later_starts,
    ledger,
    slippages_of,
)
from rtrade.analysis.schema_judgements import assumptions_schema
from rtrade.config.definitions import CostsDef, Distance, RiskDef, SizingDef
from rtrade.core.timeframes import DAY
from rtrade.execution import bt, compiled
from rtrade.execution.program import Program
from unit.analysis_cases import bars_of

COSTS = CostsDef(taker=0.001, maker=0.0005, slippage=0.0005)
COUNT = 400
STEPS = np.random.default_rng(3).normal(0.002, 0.02, COUNT)
BARS = bars_of(100 * np.exp(np.cumsum(STEPS)))


def program_of(costs: CostsDef = COSTS, **changes) -> Program:
    """Long while the last five closes rose, with a stop measured in ATRs."""
    rising = np.concatenate((np.zeros(5, dtype=bool), BARS.close[5:] > BARS.close[:-5]))
    program = Program(
        enter_long=rising,
        exit_long=~rising,
        enter_short=np.zeros(COUNT, dtype=bool),
        exit_short=np.zeros(COUNT, dtype=bool),
        sizing=SizingDef("equity", 0.9),
        risk=RiskDef(stop_loss=Distance("atr", 3.0, 14)),
        costs=costs,
        cash=1000.0,
        bars_per_year=365.0,
        atr={14: np.linspace(1.0, 3.0, COUNT)},
        scale=np.linspace(0.5, 1.0, COUNT),
    )
    return replace(program, **changes)


def total(program: Program, bars=BARS) -> float:
    return float(bt.run(program, bars).equity[-1]) / program.cash - 1


def test_each_case_is_a_run_of_its_own():
    program = program_of()
    found = ledger(program, BARS, compiled.run)
    assert found.left_out is None
    for one in found.costs:
        costs = CostsDef(taker=one.taker, maker=one.maker, slippage=one.slippage)
        result = bt.run(replace(program, costs=costs), BARS)
        assert one.total_return == float(result.equity[-1]) / 1000 - 1
        assert one.trades == sum(trade.exit_time is not None for trade in result.trades)
    assert [one.delay for one in found.delays] == list(DELAYS)
    for one in found.delays:
        assert one.total_return == total(delayed(program, one.delay))
    for one, at in zip(found.starts, later_starts(BARS), strict=True):
        assert one.start == BARS.time[at]
        assert one.total_return == total(later(program, at), BARS.slice(at))


def test_both_engines_and_every_time_give_the_same():
    program = program_of()
    first = ledger(program, BARS, compiled.run)
    assert ledger(program, BARS, bt.run) == first == ledger(program, BARS, compiled.run)
    jsonschema.validate(json.loads(json.dumps(first.document())), assumptions_schema())


def test_the_run_itself_is_in_the_grid():
    found = ledger(program_of(), BARS, compiled.run)
    own = [one for one in found.costs if one.slippage == 0.0005 and one.taker == 0.001]
    assert [one.maker for one in own] == [0.0005]
    assert own[0].total_return == total(program_of())


def test_what_is_tried_of_costs():
    assert slippages_of(COSTS) == (0, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.0025, 0.005)
    assert slippages_of(replace(COSTS, slippage=0.0)) == (0, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005)
    assert max(slippages_of(replace(COSTS, slippage=0.3))) == 0.6
    assert fees_of(COSTS) == ((0, 0), (0.001, 0.0005), (0.002, 0.001))
    assert fees_of(replace(COSTS, taker=0.0, maker=0.0))[1:] == ((5e-4, 5e-4), (0.001, 0.001))


def test_a_delay_puts_off_all_that_decisions_read():
    program = program_of(volatility=np.arange(COUNT, dtype=float), risk_factor=np.ones(COUNT))
    late = delayed(program, 2)
    assert not late.enter_long[:2].any()
    assert late.enter_long[2:].tolist() == program.enter_long[:-2].tolist()
    assert late.exit_long[2:].tolist() == program.exit_long[:-2].tolist()
    for before, after in (
        (program.atr[14], late.atr[14]),
        (program.volatility, late.volatility),
        (program.scale, late.scale),
        (program.risk_factor, late.risk_factor),
    ):
        assert np.isnan(after[:2]).all()
        assert after[2:].tolist() == before[:-2].tolist()
    first, second = bt.run(program, BARS).fills[0], bt.run(late, BARS).fills[0]
    assert second.bar == first.bar + 2


def test_starts_are_days_later_or_parts_of_a_short_run():
    assert later_starts(BARS) == (1, 7, 30, 91, 182)
    assert later_starts(BARS.slice(0, 20)) == (1, 2, 5, 10)
    assert later_starts(BARS.slice(0, 1)) == ()
    gap = bars_of(BARS.close, skip={50: 100})
    assert [int(gap.time[at] - gap.time[0]) // DAY for at in later_starts(gap)] == [
        1, 7, 30, 150, 182,
    ]  # fmt: skip


def test_the_break_even_point_lies_where_the_sign_changes():
    found = ledger(program_of(), BARS, compiled.run).break_even
    assert found is not None
    for name, one in found.items():
        assert one.outcome == "found", name
        below, above = (one.value + side * 1e-5 * one.highest for side in (-1, 1))
        assert at_cost(name, below) > 0 >= at_cost(name, above)
    assert found["slippage"].assumed == COSTS.slippage
    assert found["commission"].assumed == COSTS.taker
    assert found["costs"].assumed == 1


def at_cost(name: str, value: float) -> float:
    changed = {
        "slippage": {"slippage": value},
        "commission": {"taker": value, "maker": value / 2},
        "costs": {
            "slippage": value * COSTS.slippage,
            "taker": value * COSTS.taker,
            "maker": value * COSTS.maker,
        },
    }
    return total(program_of(replace(COSTS, **changed[name])))


@pytest.mark.parametrize("zero", [0.0072, 0.0003, 0.049, 1e-6])
@pytest.mark.parametrize("assumed", [0.0, 0.0005, 0.02])
def test_bisection_finds_a_crossing_from_either_side(zero, assumed):
    found = break_even(lambda cost: zero - cost, assumed)
    assert found.outcome == "found"
    assert found.value == pytest.approx(zero, abs=1e-7)


def test_what_loses_anyway_and_what_never_loses_say_so():
    assert break_even(lambda _: 0.0, 0.001).outcome == "never"
    found = break_even(lambda _: 1.0, 0.001)
    assert (found.outcome, found.value, found.highest) == ("beyond", None, 0.05)
    assert break_even(lambda _: 1.0, 0.3).highest == 0.3


def test_free_strategies_have_no_costs_to_multiply():
    free = program_of(CostsDef(taker=0.0, maker=0.0, slippage=0.0))
    found = ledger(free, BARS, compiled.run)
    assert set(found.break_even or ()) == {"slippage", "commission"}
    assert {(one.taker, one.slippage) for one in found.costs} >= {(0.0, 0.0), (0.001, 0.0)}


def test_without_trades_there_is_nothing_to_change():
    nothing = np.zeros(COUNT, dtype=bool)
    quiet = program_of(enter_long=nothing)
    assert ledger(quiet, BARS, compiled.run).left_out == NO_TRADES
    document = ledger(quiet, BARS, compiled.run).document()
    assert document["costs"] == []
    jsonschema.validate(document, assumptions_schema())
    assert ledger(later(quiet, COUNT), BARS.slice(COUNT), compiled.run).left_out == NO_TRADES
