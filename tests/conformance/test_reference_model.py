"""What must hold of every result, and that a comparison of results notices each broken rule."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from conformance import candle_table
from conformance.programs import numbered
from reference import model
from reference.compare import differences
from reference.mutants import MUTANTS

NUMBERED = 1000


@functools.cache
def fixed_cases():
    return [numbered(number) for number in range(NUMBERED)]


@functools.cache
def fixed_results():
    return [model.run(*case) for case in fixed_cases()]


def noticed(mutant):
    """Tell whether any fixed program shows the broken rule."""
    pairs = zip(fixed_cases(), fixed_results(), strict=True)
    return any(differences(result, mutant(*case).run()) for case, result in pairs)


def test_there_are_enough_broken_rules():
    assert len({mutant.__name__ for mutant in MUTANTS}) >= 40


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
