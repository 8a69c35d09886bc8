"""An engine and the reference model, written apart from one page, agree to the bit."""

from __future__ import annotations

import functools
import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from conformance import candle_table
from conformance.programs import cases, numbered
from reference import model
from reference.compare import differences
from reference.mutants import MUTANTS
from reference.watched import BRANCHES, Watched
from rtrade.execution import bt

# The same programs in every run; where more are asked for, hypothesis adds fresh ones.
NUMBERED = 2000
MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
drawing = settings(
    max_examples=max(150, MORE // 10),
    derandomize=MORE == 0,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@functools.cache
def fixed_cases():
    return [numbered(number) for number in range(NUMBERED)]


@functools.cache
def fixed_results():
    return [model.run(*case) for case in fixed_cases()]


def test_the_engine_does_what_the_model_does():
    wrong = {}
    for number in range(max(NUMBERED, MORE)):
        program, bars = numbered(number)
        found = differences(model.run(program, bars), bt.run(program, bars))
        if found:
            wrong[number] = found
    assert wrong == {}


@drawing
@given(cases())
def test_the_engine_does_what_the_model_does_on_drawn_programs(case):
    assert differences(model.run(*case), bt.run(*case)) == []


def test_the_programs_meet_every_branch():
    seen = Counter()
    for case in fixed_cases():
        watched = Watched(*case)
        watched.run()
        seen.update(watched.seen)
    assert {name: seen[name] for name in BRANCHES if seen[name] < 5} == {}


def noticed(mutant):
    """Tell whether any fixed program shows the broken rule."""
    pairs = zip(fixed_cases(), fixed_results(), strict=True)
    return any(differences(result, mutant(*case).run()) for case, result in pairs)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_rule_is_noticed(mutant):
    assert noticed(mutant)


def test_the_tables_notice_broken_rules_as_well():
    """Only the order of sums and products, an ulp, is left to the random programs."""
    tables = candle_table.read_all()
    missed = {
        mutant.__name__
        for mutant in MUTANTS
        if all(
            candle_table.disagreements(table, mutant(table.program, table.bars).run()) == []
            for table in tables
        )
    }
    assert missed <= {"LedgerInOneSum", "ScaleAfterTheDivision", "CappedCountsRefusals"}


def test_equity_is_cash_and_the_position_at_the_close():
    for (_, bars), result in zip(fixed_cases(), fixed_results(), strict=True):
        assert np.array_equal(result.equity, result.cash + result.position * bars.close)


def test_the_ledger_is_the_sum_of_its_fills():
    for (program, _), result in zip(fixed_cases(), fixed_results(), strict=True):
        cash = program.cash
        for fill in result.fills:
            notional = fill.size * fill.price
            cash = (cash - notional if fill.direction > 0 else cash + notional) - fill.fee
        assert cash == (result.cash[-1] if len(result.cash) else program.cash)


def test_trades_earn_what_equity_gains():
    """Up to rounding; the last trade is marked where it is still open."""
    for (program, _), result in zip(fixed_cases(), fixed_results(), strict=True):
        gained = result.equity[-1] - program.cash if len(result.equity) else 0.0
        earned = sum(trade.pnl for trade in result.trades)
        scale = program.cash + sum(fill.size * fill.price for fill in result.fills)
        assert abs(gained - earned) <= 1e-12 * scale


def test_no_entry_overdraws_and_no_short_exceeds_its_cash():
    for (program, _), result in zip(fixed_cases(), fixed_results(), strict=True):
        cash = program.cash
        for fill in result.fills:
            notional = fill.size * fill.price
            if fill.reason.startswith("enter"):
                assert cash - notional - notional * program.costs.taker >= 0
            cash = (cash - notional if fill.direction > 0 else cash + notional) - fill.fee


def test_what_comes_later_changes_nothing_before():
    """Cut off after bar k, a run has the same fills and equity up to there."""
    for case, result in list(zip(fixed_cases(), fixed_results(), strict=True))[:300]:
        program, bars = case
        keep = len(bars) // 2
        cut = model.run(program, bars.slice(0, keep))
        assert np.array_equal(cut.equity, result.equity[:keep])
        assert cut.fills == tuple(fill for fill in result.fills if fill.bar < keep)
