"""Asking in the middle of a run: at which closes, with which state, and what follows."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from conformance.programs import numbered
from rtrade.config.definitions import RiskDef
from rtrade.core.results import Cut
from rtrade.execution import bt
from rtrade.execution.asking import Asking, State
from rtrade.execution.program import Program
from unit.execution_cases import facts, flat_bars, percent, program_of

RULES = ("enter_long", "exit_long", "enter_short", "exit_short")


def known_until(program: Program, stop: int) -> Program:
    """The program as far as it is known before bar `stop`: nothing is decided from there on."""
    changed = {}
    for name in RULES:
        values = getattr(program, name).copy()
        values[stop:] = False
        changed[name] = values
    for name in ("scale", "risk_factor"):
        values = getattr(program, name)
        if values is not None:
            values = values.copy()
            values[stop:] = np.nan
            changed[name] = values
    return replace(program, **changed)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("seed", range(300))
def test_what_is_told_point_by_point_makes_the_run_of_what_is_known_before(seed, dense) -> None:
    program, bars = numbered(seed)
    draw = random.Random(seed)
    points = [bar for bar in range(len(bars)) if draw.random() < 0.2]
    asked: list[int] = []
    states: list[State] = []

    def ask(bar: int, state: State) -> Program:
        asked.append(bar)
        states.append(state)
        later = [point for point in points if point > bar]
        return known_until(program, later[0] if later else len(bars))

    whole = bt.run(program, bars)
    first = points[0] if points else len(bars)
    told = bt.run(known_until(program, first), bars, dense=dense, asking=Asking(points, ask))
    assert asked == points
    assert facts(told) == facts(whole)
    peaks = np.maximum.accumulate(np.concatenate(([program.cash], whole.equity)))[1:]
    for bar, state in zip(points, states, strict=True):
        held = whole.position[bar]
        assert state.side == np.sign(held)
        assert state.equity == whole.equity[bar]
        assert state.cash == whole.cash[bar]
        assert state.peak == peaks[bar]
        assert state.trades == sum(trade.exit_bar is not None and trade.exit_bar <= bar
                                   for trade in whole.trades)  # fmt: skip
        if held:
            trade = next(one for one in reversed(whole.trades) if one.entry_bar <= bar)
            assert (state.entry_price, state.bars) == (trade.entry_price, bar - trade.entry_bar + 1)
        else:
            assert math.isnan(state.entry_price)
            assert state.bars == 0


def test_an_answer_acts_from_its_own_close() -> None:
    bars = flat_bars(*range(100, 110))
    program = program_of(bars)

    def ask(bar: int, state: State) -> Program:
        rule = "enter_long" if not state.side else "exit_long"
        return program_of(bars, **{rule: (bar, bar - 1)})

    result = bt.run(program, bars, asking=Asking([2, 6], ask))
    assert [(fill.bar, fill.price) for fill in result.fills] == [(3, 103.0), (7, 107.0)]


def test_what_makes_an_entry_smaller_is_told_step_by_step() -> None:
    bars = flat_bars(*[100] * 8)
    program = program_of(
        bars, sizing=("quote", 1000.0), enter_long=(0, 2, 4), exit_long=(1, 3, 5), cash=1000.0,
        scale=np.array([0.5, 1, 1, 1, 1, 1, 1, 1]),
        risk_factor=np.array([0.5, 1, 0, 1, 1, 1, 1, 1]),
    )  # fmt: skip
    result = bt.run(program, bars)
    assert result.cuts == (
        Cut(0, "scale_by", 10.0, 5.0),
        Cut(0, "risk_levels", 5.0, 2.5),
        Cut(2, "risk_levels", 10.0, 0.0),
    )
    assert [fill.size for fill in result.fills] == [2.5, 2.5, 10.0, 10.0]
    assert result.refused == {"risk_veto": 1}


def test_a_cut_to_the_cash_at_hand_and_an_unready_level() -> None:
    bars = flat_bars(*[100] * 6)
    program = program_of(
        bars, sizing=("quote", 3000.0), enter_long=(0, 3), exit_long=(2,), cash=1000.0,
        risk_factor=np.array([1, 1, 1, math.nan, 1, 1]), risk=RiskDef(stop_loss=percent(0.5)),
    )  # fmt: skip
    result = bt.run(program, bars)
    assert result.cuts == (Cut(0, "cash", 30.0, 10.0),)
    assert result.refused == {"warming_up": 1}
    assert result.capped == 1
