"""Leaping over quiet bars changes nothing: random programs give the same run with every bar shown.

Prices lie on a coarse grid and levels are round, so that levels are met exactly, bars open on
them, and cash is spent to the last bit.
"""

import math
import random
from decimal import Decimal

import numpy as np
import pytest

from rtrade.config.definitions import RiskDef
from rtrade.core.bars import Filters
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, ENTRY_REASONS, REFUSALS
from rtrade.core.timeframes import DAY
from rtrade.execution import bt
from unit.execution_cases import atr, bars_of, facts, percent, program_of

SEEDS = range(250)


def random_bars(draw):
    """Make bars whose closes wander on a grid; bodies may be flat, opens may gap."""
    tick = draw.choice((1.0, 2.5, 5.0))
    close, rows = 100.0, []
    for _ in range(draw.choice((3, 25, 60))):
        start = close if draw.random() < 0.7 else max(tick, close + tick * draw.randint(-4, 4))
        if draw.random() < 0.03:
            start = start * draw.choice((2, 3))
        close = max(tick, start + tick * draw.randint(-3, 3))
        high = max(start, close) + tick * draw.choice((0, 0, 1, 2))
        low = max(tick / 2, min(start, close) - tick * draw.choice((0, 0, 1, 2)))
        rows.append((start, high, low, close))
    return bars_of(rows, frame=DAY // draw.choice((1, 4, 24)), skip=draw.choice(((), (2, 3, 7))))


def random_distance(draw):
    if draw.random() < 0.4:
        return None
    if draw.random() < 0.5:
        return percent(draw.choice((0.0, 0.01, 0.05, 0.1, 1.0)))
    return atr(draw.choice((0.5, 1.0, 2.0, 40.0)))


def random_risk(draw, *, stop):
    def maybe(*values):
        return draw.choice((None, *values))

    return RiskDef(
        stop_loss=percent(0.05) if stop else random_distance(draw),
        take_profit=random_distance(draw),
        trailing_stop=random_distance(draw),
        time_exit=maybe(1, 3, 8),
        cooldown=maybe(1, 4),
        max_drawdown=maybe(0.02, 0.1, 0.5),
        daily_loss=maybe(0.01, 0.05),
    )


def random_array(draw, bars, *values):
    return np.array([draw.choice(values) for _ in range(bars)], dtype=np.float64)


def random_bars_true(draw, bars):
    often = draw.choice((0.02, 0.1, 0.4))
    return [bar for bar in range(bars) if draw.random() < often]


def random_program(draw, bars):
    count, kind = len(bars), draw.choice(("equity", "quote", "base", "risk", "volatility"))
    value = {"quote": 500.0, "base": 3.0, "risk": 0.02}.get(kind, draw.choice((0.5, 1.0)))
    rules = {
        name: random_bars_true(draw, count)
        for name in ("enter_long", "exit_long", "enter_short", "exit_short")
        if draw.random() < 0.8
    }
    fee = draw.choice((0.0, 0.001, 0.01))
    scaled = draw.random() < 0.3
    plain = kind != "risk" and draw.random() < 0.3
    return program_of(
        bars,
        sizing=(kind, value, 10),
        risk=RiskDef() if plain else random_risk(draw, stop=kind == "risk"),
        costs=(fee, fee / 2, draw.choice((0.0, 0.0005, 0.02))),
        cash=draw.choice((1000.0, 10_000.0)),
        filters=draw.choice((Filters(), Filters(Decimal("0.25"), None, 50.0))),
        atr={14: random_array(draw, count, math.nan, 0.0, *(1.0, 2.5, 5.0) * 3)},
        volatility=random_array(draw, count, math.nan, 0.0, *(0.01, 0.02) * 4),
        scale=random_array(draw, count, 0.0, 0.5, 1.0, 1.0, math.nan) if scaled else None,
        risk_factor=random_array(draw, count, 0.0, 0.5, 1.0, 1.0, math.nan) if scaled else None,
        **rules,
    )


@pytest.mark.parametrize("block", range(5))
def test_leaping_gives_the_run_of_looking_at_every_bar(block):
    for seed in SEEDS[block::5]:
        draw = random.Random(seed)
        bars = random_bars(draw)
        program = random_program(draw, bars)
        leaping, dense = bt.run(program, bars), bt.run(program, bars, dense=True)
        assert facts(leaping) == facts(dense), f"seed {seed}"


def test_the_random_programs_meet_every_outcome():
    reasons, refused, capped, halted = set(), set(), 0, 0
    for seed in SEEDS:
        draw = random.Random(seed)
        bars = random_bars(draw)
        result = bt.run(random_program(draw, bars), bars)
        reasons |= {fill.reason for fill in result.fills}
        refused |= result.refused.keys()
        capped += result.capped
        halted += result.halted_at is not None
    assert reasons == {*ENTRY_REASONS, *BAR_EXITS, *CLOSE_EXITS}
    # A reversal at an open that takes all cash is made by hand, in test_execution_bt.
    assert refused >= {*REFUSALS} - {"no_cash"}
    assert capped
    assert halted


def test_a_run_is_the_same_every_time():
    draw = random.Random(11)
    bars = random_bars(draw)
    program = random_program(draw, bars)
    assert len({facts(bt.run(program, bars)) for _ in range(3)}) == 1
