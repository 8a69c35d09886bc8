"""What is watched of single bars is what a trace of all bars, and the run itself, have of them."""

import math
import random

import numpy as np
import pytest

from rtrade.config.definitions import RiskDef
from rtrade.core.results import REFUSALS
from rtrade.execution import bt
from rtrade.workflow.verifying import first_bars
from unit.execution_cases import bars_of, flat_bars, percent, program_of
from unit.test_execution_leaping import random_bars, random_program


def test_watched_bars_are_those_of_the_run():
    draw, refused, held = random.Random(7), set(), 0
    for _ in range(60):
        bars = random_bars(draw)
        program = random_program(draw, bars)
        result, traced = bt.trace(program, bars)
        for at in sorted(draw.sample(range(len(bars)), min(6, len(bars)))):
            count = min(at + 2, len(bars))
            seen = bt.watch(first_bars(program, count), bars.slice(0, count), range(at, count))
            one = seen[at]
            assert one.equity == result.equity[at]
            assert one.cash == result.cash[at]
            assert one.peak == max(program.cash, *result.equity[: at + 1].tolist())
            assert one.fills == tuple(fill for fill in result.fills if fill.bar == at)
            size = 0.0 if one.position is None else one.position.side * one.position.size
            assert size == result.position[at]
            assert tuple(filter(None, (one.leaving, one.entering))) == traced[at].decision
            assert one.refused == traced[at].refused
            levels = (math.nan, math.nan)
            if one.worked is not None:
                levels = (one.worked.stop, one.worked.target)
            np.testing.assert_equal(levels, (traced[at].stop, traced[at].target))
            refused.add(one.refused)
            held += one.position is not None
    assert len(refused & set(REFUSALS)) > 4
    assert held > 20


def test_all_watched_bars_at_once_are_each_alone():
    draw = random.Random(3)
    bars = random_bars(draw)
    program = random_program(draw, bars)
    together = bt.watch(program, bars, range(len(bars)))
    assert sorted(together) == list(range(len(bars)))
    for at in range(len(bars) - 1):
        alone = bt.watch(program, bars, [at])
        assert alone[at].equity == together[at].equity
        assert alone[at].position == together[at].position


def test_the_peak_and_the_days_reference_are_known_though_no_rule_needs_them():
    # Two days of 4h bars; a long without a level or a limit is leaped over by the engine.
    closes = [100, 150, 120, 110, 110, 110, 105, 105, 100, 100, 100, 100]
    bars = bars_of([(close,) * 4 for close in closes], frame=4 * 3_600_000)
    program = program_of(bars, enter_long=[0], cash=10_000.0)
    seen = bt.watch(program, bars, [10])[10]
    assert seen.peak == 10_000 + 0 * 50
    assert seen.day_reference == 10_000 + (110 - 150)


def test_levels_are_those_that_worked_and_those_that_work_next():
    rows = [(100, 100, 100, 100), (100, 110, 99, 110), (110, 120, 108, 120), (120, 121, 118, 119)]
    bars = bars_of(rows)
    risk = RiskDef(trailing_stop=percent(0.05))
    seen = bt.watch(program_of(bars, risk=risk, enter_long=[0]), bars, [1, 2])
    assert seen[1].worked.stop == pytest.approx(95)
    assert seen[1].position.stop == pytest.approx(104.5)
    assert seen[2].worked.stop == pytest.approx(104.5)
    assert seen[2].position.stop == pytest.approx(114)


def test_a_refusal_found_at_the_open_stands_at_the_close_that_decided():
    bars = flat_bars(100, 100, 100)
    program = program_of(bars, sizing=("quote", 1e-9), enter_long=[0])
    seen = bt.watch(program, bars, [0, 1])
    assert seen[0].entering == "enter_long"
    assert seen[0].refused == "below_minimum"
    assert seen[1].fills == ()


def test_a_reversal_is_an_exit_and_an_entry():
    bars = flat_bars(100, 100, 100, 100)
    rules = {"enter_long": [0], "exit_long": [1], "enter_short": [1]}
    seen = bt.watch(program_of(bars, **rules), bars, [1, 2])
    assert (seen[1].leaving, seen[1].entering) == ("rule", "enter_short")
    assert [fill.reason for fill in seen[2].fills] == ["rule", "enter_short"]
    assert seen[2].exit_bar == 2
