"""Two engines on one program: equal to the bit, or the first bar in which they are not, and why."""

import dataclasses
import math
import random

import numpy as np
import pytest

from rtrade.analysis.verification import (
    Difference,
    Verification,
    fills_digest,
    first_counted,
    first_difference,
    sentence_of,
)
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import HOUR, iso
from rtrade.execution import bt, compiled
from rtrade.execution.engines import engine
from rtrade.workflow.verifying import verify
from unit.execution_cases import flat_bars, program_of
from unit.test_execution_leaping import random_bars, random_program

BARS = flat_bars(100, 101, 102, 103, 104, 105, 106, 107, 108, 109)
RULES = {"enter_long": [0, 4], "exit_long": [2, 7]}
PROGRAM = program_of(BARS, costs=(0.001, 0.001, 0.0005), **RULES)


def broken(change):
    """Make an engine that runs a changed program, or changes the result."""

    def run(program, bars):
        return dataclasses.replace(change(program, bars), engine="compiled")

    return run


@pytest.fixture
def injected(monkeypatch):
    """Put a broken engine where the compiled one is."""
    return lambda change: monkeypatch.setattr(compiled, "run", broken(change))


def test_the_engines_agree():
    draw, fills = random.Random(3), 0
    for _ in range(40):
        bars = random_bars(draw)
        program = random_program(draw, bars)
        for name in ("backtrader", "compiled"):
            verification = verify(program, bars, engine(name)(program, bars))
            assert verification.difference is None
            assert verification.engines[0] == name != verification.engines[1]
            assert verification.bars == len(bars)
        fills += verification.fills
    assert fills > 100


def test_what_differs_of_the_first_fill_that_does_is_named(injected):
    costs = CostsDef(0.001, 0.001, 0.0005 + 1e-12)
    injected(lambda program, bars: bt.run(dataclasses.replace(program, costs=costs), bars))
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    # The commission differs too, since the price does.
    assert (found.what, found.bar, found.time) == ("the price of fill 1 (enter_long)", 1, HOUR)
    assert found.values == (repr(101 * (1 + 0.0005)), repr(101 * (1 + (0.0005 + 1e-12))))
    assert found.values[0] != found.values[1]
    said = f"first differ in the bar {iso(HOUR)}: the price of fill 1 (enter_long) is 101.0505"
    assert said in found.sentence(("a", "b"))


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("reason", "reason", "stop_loss"),
        ("direction", "direction", 1),
        ("reference", "price before slippage", 0.5),
        ("size", "size", 0.5),
        ("fee", "commission", 0.5),
        ("time", "time", 7),
    ],
)
def test_everything_of_a_fill_counts(name, words, value, injected):
    def changed(program, bars):
        result = bt.run(program, bars)
        first, second, *others = result.fills
        fills = (first, second._replace(**{name: value}), *others)
        return dataclasses.replace(result, fills=fills)

    injected(changed)
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    assert (found.what, found.bar) == (f"the {words} of fill 2 (rule)", 3)
    assert found.values[1] == repr(value)


def test_a_fill_that_only_one_engine_makes_is_named(injected):
    def later(program, bars):
        moved = program.enter_long.copy()
        moved[4:6] = False, True
        return bt.run(dataclasses.replace(program, enter_long=moved), bars)

    injected(later)
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    assert (found.what, found.bar) == ("fill 3", 5)
    assert found.values[0].startswith("buy 1.0 at 105.05")
    assert found.values[1] == "nothing"


@pytest.mark.parametrize("name", ["cash", "position", "equity"])
def test_a_curve_that_differs_in_its_last_bit_is_named(name, injected):
    def nudged(program, bars):
        result = bt.run(program, bars)
        values = getattr(result, name).copy()
        values[6:] = np.nextafter(values[6:], np.inf)
        return dataclasses.replace(result, **{name: values})

    injected(nudged)
    result = bt.run(PROGRAM, BARS)
    found = verify(PROGRAM, BARS, result).difference
    mine = float(getattr(result, name)[6])
    assert (found.what, found.bar) == (name, 6)
    assert found.values == (repr(mine), repr(math.nextafter(mine, math.inf)))


def test_a_negative_zero_is_not_zero(injected):
    def signed(program, bars):
        result = bt.run(program, bars)
        return dataclasses.replace(result, position=np.where(result.position == 0, -0.0, 1.0))

    injected(signed)
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    assert (found.what, found.bar, found.values) == ("position", 0, ("0.0", "-0.0"))


def test_a_curve_of_another_length_differs(injected):
    def short(program, bars):
        result = bt.run(program, bars)
        return dataclasses.replace(result, equity=result.equity[:-1])

    injected(short)
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    assert (found.what, found.values) == ("equity", ("10 values", "9 values"))


def test_a_refusal_that_differs_is_found_in_its_bar(injected):
    # Counts have no bar of their own; this engine counts the close of bar 4 wrongly.
    rules = {"enter_long": [0, 3, 4, 7], "exit_long": [2, 3, 4, 7]}
    program = program_of(BARS, **rules)

    def counting(given, bars):
        result = bt.run(given, bars)
        wrong = {"conflict": 1, "exiting": result.refused.get("exiting", 0) - 1}
        return result if len(bars) < 6 else dataclasses.replace(result, refused=wrong)

    injected(counting)
    found = verify(program, BARS, bt.run(program, BARS)).difference
    assert (found.what, found.bar, found.time) == ("refused", 4, 4 * HOUR)
    assert found.values == ("{'exiting': 3}", "{'conflict': 1, 'exiting': 2}")


def test_the_end_of_trading_is_compared(injected):
    def endless(program, bars):
        return dataclasses.replace(bt.run(program, bars), halted_at=None)

    bars = flat_bars(100, 100, 80, 80, 80)
    program = program_of(
        bars, sizing=("equity", 1.0), risk=RiskDef(max_drawdown=0.1), enter_long=[0]
    )
    injected(endless)
    found = verify(program, bars, bt.run(program, bars)).difference
    assert (found.what, found.bar, found.values) == ("halted_at", 2, (iso(2 * HOUR), "nothing"))


def test_what_made_entries_smaller_is_compared(injected):
    def uncut(program, bars):
        return dataclasses.replace(bt.run(program, bars), cuts=())

    program = dataclasses.replace(PROGRAM, sizing=SizingDef("quote", 1e6))
    injected(uncut)
    found = verify(program, BARS, bt.run(program, BARS)).difference
    assert (found.what, found.bar, found.values[1]) == ("what made an entry smaller", 0, "nothing")
    assert found.values[0].startswith("cash from ")


def test_how_many_entries_were_cut_is_compared(injected):
    def uncounted(program, bars):
        return dataclasses.replace(bt.run(program, bars), capped=0)

    program = dataclasses.replace(PROGRAM, sizing=SizingDef("quote", 1e6))
    injected(uncounted)
    found = verify(program, BARS, bt.run(program, BARS)).difference
    assert (found.what, found.bar, found.values) == ("capped", 0, ("2", "0"))


def test_trades_are_compared(injected):
    def other(program, bars):
        result = bt.run(program, bars)
        trades = [trade._replace(pnl=trade.pnl + 1) for trade in result.trades]
        return dataclasses.replace(result, trades=(result.trades[0], *trades[1:]))

    injected(other)
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    assert (found.what, found.bar) == ("trade 2", 5)


def test_an_engine_that_fails_differs(injected):
    def failing(program, bars):
        raise EngineFault("no room left")

    injected(failing)
    found = verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference
    assert found == Difference("the run", ("a result", "a fault (no room left)"))


def test_the_earliest_bar_wins_and_fills_come_before_their_effects(injected):
    def wrong(program, bars):
        result = bt.run(program, bars)
        equity = result.equity.copy()
        equity[[3, 8]] += 1
        fills = (*result.fills[:2], result.fills[2]._replace(fee=1.0), result.fills[3])
        return dataclasses.replace(result, equity=equity, fills=fills)

    injected(wrong)
    assert verify(PROGRAM, BARS, bt.run(PROGRAM, BARS)).difference.what == "equity"
    result = wrong(PROGRAM, BARS)
    late = dataclasses.replace(result, equity=bt.run(PROGRAM, BARS).equity)
    what = first_difference(bt.run(PROGRAM, BARS), late, BARS).what
    assert what == "the commission of fill 3 (enter_long)"


@pytest.mark.parametrize("count", [1, 2, 3, 17])
@pytest.mark.parametrize("first", range(1, 18))
def test_the_bar_of_a_count_is_found_by_halving(count, first):
    if first <= count:
        assert first_counted(count, lambda bars: bars >= first) == max(first - 2, 0)


def test_the_digest_is_of_every_bit():
    fills = list(bt.run(PROGRAM, BARS).fills)
    digests = {fills_digest(fills), fills_digest(fills[:-1]), fills_digest([])}
    for name in ("price", "size", "reference", "fee"):
        value = math.nextafter(getattr(fills[1], name), math.inf)
        digests.add(fills_digest([fills[0], fills[1]._replace(**{name: value}), *fills[2:]]))
    digests.add(fills_digest([fills[0]._replace(reason="rule"), *fills[1:]]))
    digests.add(fills_digest([fills[0]._replace(bar=2), *fills[1:]]))
    assert len(digests) == 9
    # As `sha256sum` prints it of that line.
    (fill,) = bt.run(program_of(BARS, enter_long=[0]), BARS).fills
    assert fill[:4] == (1, HOUR, 1, 1.0)
    assert fills_digest([fill]) == (
        "abaa0a4e7ac687306036d050da2e34e6a9ea85f28d979141c85f8ff2be9caaa4"
    )


def test_what_is_written_down_is_what_is_said():
    equal = Verification(("backtrader", "compiled"), 1234, 5, "f" * 64)
    assert equal.warnings() == ()
    assert sentence_of(equal.document()) == (
        "backtrader and compiled, 1,234 bars, 5 fills, equal to the bit"
    )
    found = Difference("cash", ("1.0", "2.0"), 1, HOUR)
    different = dataclasses.replace(equal, difference=found)
    said = sentence_of(different.document())
    assert said == (
        "backtrader and compiled first differ in the bar 1970-01-01T01:00:00Z: cash is 1.0 by "
        "backtrader and 2.0 by compiled"
    )
    assert different.warnings() == (f"INVALID: {said}",)
    nowhere = dataclasses.replace(equal, difference=Difference("the run", ("a", "b")))
    assert sentence_of(nowhere.document()) == (
        "backtrader and compiled differ: the run is a by backtrader and b by compiled"
    )
