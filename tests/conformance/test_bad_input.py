"""What no run takes is refused by every engine in the same words; at the limits all run alike."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from conformance import kept
from conformance.engines import RUNS, disagreements
from conformance.programs import any_case
from conformance.staged import bars_on, stage
from rtrade.config.definitions import SizingDef
from rtrade.core.bars import Filters
from rtrade.core.errors import EngineFault
from rtrade.core.limits import LEAST_PRICE, MOST_MONEY, MOST_PRICE, wrong_lot

MORE = int(os.environ.get("RTRADE_PROGRAMS", "0"))
PRICES = ("open", "high", "low", "close")
NO_PRICES = (
    *(math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 5e-324, -5e-324),
    *(math.nextafter(LEAST_PRICE, 0), math.nextafter(MOST_PRICE, math.inf), 1.7e308),
)
NO_AMOUNTS = (math.nan, math.inf, 0.0, -1.0, math.nextafter(MOST_MONEY, math.inf))
NO_LOTS = ("1E-16", "1.0001E-15", "1E+16", "9007199254740993", "0.1234567890123456")

PATH = [(100, 110, 90, 105), (105, 108, 101, 104), (104, 120, 80, 100), (100, 100, 100, 100)]
DECIDED = ["enter_long", "", "exit_long enter_short", ""]


def plain(**settings):
    return stage(bars_on(PATH, 1.0), DECIDED, **{"cash": 1000.0, **settings})


def refusals(case):
    """Return what each engine says of a case that it must refuse."""
    said = []
    for run in RUNS.values():
        with pytest.raises(EngineFault) as refused:
            run(*case)
        said.append(str(refused.value))
    return said


def test_the_plain_case_trades():
    assert disagreements(*plain()) == {}
    assert len(RUNS["compiled"](*plain()).fills) == 3


@pytest.mark.parametrize("value", NO_PRICES)
@pytest.mark.parametrize("name", PRICES)
def test_bars_with_a_price_that_is_none_are_refused(name, value):
    program, bars = plain()
    prices = getattr(bars, name).copy()
    prices[2] = value
    first, *others = refusals((program, replace(bars, **{name: prices})))
    assert others == [first] * len(others)
    # The bar is named by its time, as everywhere.
    assert f"`{name}` at 2024-01-01T20:00:00Z" in first


@pytest.mark.parametrize("value", NO_AMOUNTS)
def test_amounts_that_are_none_are_refused(value):
    for case, name in (
        (plain(cash=value), "`cash`"),
        (plain(sizing=SizingDef("quote", value)), "`sizing.quote`"),
        (plain(sizing=SizingDef("base", value)), "`sizing.base`"),
    ):
        first, *others = refusals(case)
        assert others == [first] * len(others)
        assert name in first


@pytest.mark.parametrize("lot", NO_LOTS)
def test_lots_that_cannot_be_counted_are_refused(lot):
    first, *others = refusals(plain(filters=Filters(Decimal(lot))))
    assert others == [first] * len(others)
    assert wrong_lot(Decimal(lot)) in first


@pytest.mark.parametrize("name", ["enter_long", "exit_short", "scale", "risk_factor", "atr"])
def test_arrays_of_another_length_are_refused(name):
    program, bars = plain()
    short = {"atr": {14: np.ones(3)}}.get(name, np.ones(3, dtype=bool))
    if name in ("scale", "risk_factor"):
        short = np.ones(5)
    first, *others = refusals((replace(program, **{name: short}), bars))
    assert others == [first] * len(others)
    assert name in first


UNITS = (4e-14, 3e-14, 1e-13, 1e-3, 1.0, 1e6, 2.5e12, 4e12)
CASHES = (None, None, 5e-324, 1e-310, 1e-300, 1e17, 9.9e23, MOST_MONEY)
LOTS = (
    *("1E-15", "9.99E-13", "1E+15", "999E+12", "1E-8", "0.1", "0.625", "125"),
    *("0.0000999", "0.12345", "123.456789012345", "0.000000123456789", "7E-15"),
    *("500.5", "99999999999999.9"),
)
MINIMA = (None, None, 1e308, math.inf, 5e-324)
AMOUNTS = (None, None, 5e-324, 1e-300, 1e-20, 1e20, MOST_MONEY)


def at_the_limits(number):
    """Return any program with prices, cash, sizes and lots at the ends of what a run takes."""
    pick = Random(number).choice
    program, bars = any_case(pick)
    unit = pick(UNITS)
    prices = {name: np.clip(getattr(bars, name) * unit, LEAST_PRICE, MOST_PRICE) for name in PRICES}
    bars = replace(bars, **prices)
    atr = {period: values * unit for period, values in program.atr.items()}
    program = replace(program, atr=atr, cash=pick(CASHES) or min(program.cash, MOST_MONEY))
    if pick((True, False)):
        program = replace(program, filters=Filters(Decimal(pick(LOTS)), min_notional=pick(MINIMA)))
    value = pick(AMOUNTS) or min(program.sizing.value, MOST_MONEY)
    return replace(program, sizing=replace(program.sizing, value=value)), bars


@pytest.mark.parametrize("part", range(max(2, MORE // 2000)))
def test_programs_at_the_limits_run_alike(part):
    fills = 0
    for number in range(part * 150, (part + 1) * 150):
        case = at_the_limits(number)
        assert disagreements(*case) == {}, kept.text_of(case)
        fills += len(RUNS["compiled"](*case).fills)
    # There are some 240 on average, and no part is empty.
    assert fills > 40
