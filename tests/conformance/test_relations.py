"""What must not change a result, on numbered programs: scale, time, the future; on every engine."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from conformance.engines import ENGINES
from conformance.programs import numbered
from reference.compare import bits, parts
from rtrade.core.timeframes import WEEK
from rtrade.execution.bt import run as stepped

MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
PART = 100
PARTS = max(1, MORE // 1500)
PRICES = ("open", "high", "low", "close")


def eight_times(program, bars):
    """Return the program with all prices and all money times eight: the same to the bit."""
    sizing, filters = program.sizing, program.filters
    if sizing.kind == "quote":
        sizing = replace(sizing, value=sizing.value * 8)
    minimum = filters.min_notional
    return replace(
        program,
        sizing=sizing,
        filters=replace(filters, min_notional=None if minimum is None else minimum * 8),
        cash=program.cash * 8,
        atr={period: values * 8 for period, values in program.atr.items()},
    ), replace(bars, **{name: getattr(bars, name) * 8 for name in PRICES})


def scrambled(program, bars, cut, seed):
    """Return the case with the bars and rules from `cut` on in another order."""
    order = np.random.RandomState(seed).permutation(len(bars) - cut) + cut
    order = np.concatenate((np.arange(cut), order))
    rules = ("enter_long", "exit_long", "enter_short", "exit_short")
    columns = ("volatility", "scale", "risk_factor")
    arrays = {name: getattr(program, name)[order] for name in rules}
    for name in columns:
        values = getattr(program, name)
        arrays[name] = None if values is None else values[order]
    atr = {period: values[order] for period, values in program.atr.items()}
    prices = {name: getattr(bars, name)[order] for name in PRICES}
    return replace(program, atr=atr, **arrays), replace(bars, **prices)


def before(result, cut):
    """Return what had happened by the close of the bar before `cut`."""
    fills = [fill for fill in result.fills if fill.bar < cut]
    return parts(fills), bits(result.equity[:cut]), bits(result.cash[:cut])


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("part", range(PARTS))
def test_scale_time_and_the_future(name, part):
    run, fills = ENGINES[name], 0
    for number in range(part * PART, (part + 1) * PART):
        program, bars = numbered(number)
        once = run(program, bars)
        fills += len(once.fills)

        eight = run(*eight_times(program, bars))
        assert bits(eight.equity) == bits(once.equity * 8), number
        assert bits(eight.position) == bits(once.position), number
        assert (eight.refused, eight.capped) == (once.refused, once.capped), number
        assert [t.return_ for t in eight.trades] == [t.return_ for t in once.trades], number

        later = run(program, replace(bars, time=bars.time + 104 * WEEK))
        assert bits(later.equity) == bits(once.equity), number
        moved = [fill._replace(time=fill.time - 104 * WEEK) for fill in later.fills]
        assert parts(moved) == parts(list(once.fills)), number

        cut = len(bars) // 2
        assert before(run(*scrambled(program, bars, cut, number)), cut) == before(once, cut), number
    assert fills > PART


def test_the_relations_notice_an_engine_that_looks_ahead():
    """An entry that is sized by the close of its own bar is not the same before the cut."""

    def peeking(program, bars):
        return stepped(program, replace(bars, open=np.roll(bars.open, -1)))

    differ = 0
    for number in range(60):
        program, bars = numbered(number)
        cut = len(bars) // 2
        other = peeking(*scrambled(program, bars, cut, number))
        differ += before(other, cut) != before(peeking(program, bars), cut)
    assert differ > 5
