"""A traced run is the run, and says of every bar what was in it."""

import math
import random

import numpy as np
import pytest

from rtrade.config.definitions import RiskDef
from rtrade.execution import bt
from rtrade.execution.asking import Asking
from unit.execution_cases import atr, bars_of, facts, flat_bars, percent, program_of
from unit.test_execution_leaping import random_bars, random_program


def test_a_traced_run_is_the_run():
    draw, traded = random.Random(5), 0
    for _ in range(60):
        bars = random_bars(draw)
        program = random_program(draw, bars)
        result, traced = bt.trace(program, bars)
        assert facts(result) == facts(bt.run(program, bars))
        assert len(traced) == len(bars)
        assert [bar.equity for bar in traced] == result.equity.tolist()
        assert [bar.cash for bar in traced] == result.cash.tolist()
        assert [bar.position for bar in traced] == result.position.tolist()
        fills = [(at, reason) for at, bar in enumerate(traced) for reason in bar.fills]
        assert fills == [(fill.bar, fill.reason) for fill in result.fills]
        counts = {name: sum(bar.refused == name for bar in traced) for name in result.refused}
        assert counts == result.refused
        traded += len(fills)
    assert traded > 300


def test_levels_are_those_that_worked_in_the_bar():
    # Bought at 100: stop 95, target 130; the trail of 5 % follows the closes 110 and 120.
    rows = [(100, 100, 100, 100), (100, 110, 99, 110), (110, 120, 108, 120), (120, 121, 113, 115)]
    bars = bars_of([*rows, (115, 115, 115, 115)])
    risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.3), trailing_stop=percent(0.05))
    _, traced = bt.trace(program_of(bars, risk=risk, enter_long=[0]), bars)
    assert [bar.stop for bar in traced] == pytest.approx(
        [math.nan, 95, 104.5, 114, math.nan], nan_ok=True
    )
    assert [bar.target for bar in traced] == pytest.approx(
        [math.nan, 130, 130, 130, math.nan], nan_ok=True
    )
    assert [bar.fills for bar in traced] == [(), ("enter_long",), (), ("trailing_stop",), ()]
    assert [bar.decision for bar in traced] == [("enter_long",), (), (), (), ()]
    assert [bar.rules for bar in traced] == [("enter_long",), (), (), (), ()]


def test_a_position_that_comes_and_goes_in_one_bar_shows_its_levels():
    bars = bars_of([(100, 100, 100, 100), (100, 101, 80, 90), (90, 90, 90, 90)])
    risk = RiskDef(stop_loss=percent(0.1))
    _, traced = bt.trace(program_of(bars, risk=risk, enter_long=[0]), bars)
    assert traced[1].fills == ("enter_long", "stop_loss")
    assert traced[1].stop == 90
    assert traced[1].position == 0


def test_a_reversal_decides_both_and_takes_the_levels_of_the_new_position():
    bars = flat_bars(100, 100, 100, 100)
    rules = {"enter_long": [0], "exit_long": [1], "enter_short": [1]}
    _, traced = bt.trace(program_of(bars, risk=RiskDef(stop_loss=percent(0.5)), **rules), bars)
    assert traced[1].decision == ("rule", "enter_short")
    assert traced[1].rules == ("exit_long", "enter_short")
    assert traced[2].fills == ("rule", "enter_short")
    assert [bar.stop for bar in traced[1:]] == [50, 150, 150]


def test_a_refusal_stands_at_the_close_that_decided():
    bars = flat_bars(100, 100, 100, 100)
    # Found at the close: no ATR yet. Found at the open after it: the cash buys no lot of 1000.
    ready = {14: np.array([math.nan, 1.0, 1.0, 1.0])}
    program = program_of(
        bars, sizing=("quote", 1e-9), risk=RiskDef(stop_loss=atr(2.0)), atr=ready,
        enter_long=[0, 1],
    )  # fmt: skip
    _, traced = bt.trace(program, bars)
    assert [bar.refused for bar in traced] == ["warming_up", "below_minimum", "", ""]
    assert [bar.decision for bar in traced] == [(), ("enter_long",), (), ()]


def test_who_asks_in_mid_run_is_traced_too():
    bars = flat_bars(*range(100, 112))
    first = program_of(bars)
    later = program_of(bars, enter_long=[4], exit_long=[8])
    asking = Asking([3], lambda *_: later)
    result, traced = bt.trace(first, bars, asking=asking)
    assert [bar.rules for bar in traced[3:6]] == [(), ("enter_long",), ()]
    assert facts(result) == facts(bt.run(first, bars, asking=asking))
    assert len(result.fills) == 2


def test_no_bars_have_no_trace():
    bars = flat_bars()
    result, traced = bt.trace(program_of(bars), bars)
    assert (traced, list(result.fills)) == ([], [])
