"""The page of the fill rules names everything that a result can say, and its examples are true."""

from pathlib import Path

import pytest

from rtrade.config.definitions import RiskDef
from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, REFUSALS
from rtrade.execution import bt
from rtrade.execution.core import FILL_RULES_VERSION
from unit.execution_cases import bars_of, flat_bars, percent, program_of

PAGE = (Path(__file__).parents[2] / "docs" / "fill-rules.md").read_text(encoding="utf-8")


def test_the_page_is_of_this_version():
    assert f"version **{FILL_RULES_VERSION}**" in PAGE


@pytest.mark.parametrize("reason", [*REFUSALS, *CLOSE_EXITS])
def test_the_page_has_a_row_for_each_reason(reason):
    assert f"\n| `{reason}` | " in PAGE


def test_the_refusals_stand_in_the_order_in_which_they_count():
    table = PAGE[PAGE.index("| `refused` |") :]
    places = [table.index(f"\n| `{reason}` | ") for reason in REFUSALS]
    assert places == sorted(places)


@pytest.mark.parametrize("reason", ["stop_loss", "take_profit"])
def test_exits_inside_a_bar_are_named(reason):
    assert reason in BAR_EXITS
    assert f"`{reason}`" in PAGE


def test_example_of_stop_and_target():
    risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.05))

    def last(row):
        bars = bars_of([(100,) * 4, (100,) * 4, row])
        program = program_of(bars, risk=risk, enter_long=[0], costs=(0.0, 0.0, 0.001))
        fill = bt.run(program, bars).fills[-1]
        return fill.reason, fill.price

    reason, price = last((101, 106, 95, 100))
    assert (reason, price) == ("stop_loss", pytest.approx(94.999905, abs=1e-9))
    assert last((105.5, 106, 90, 100)) == ("take_profit", 105.5)


def test_example_of_the_trail():
    rows = [(100,) * 4, (100, 120, 91, 120), (121, 150, 109, 115), (115, 115, 108, 110)]
    bars = bars_of(rows)
    program = program_of(bars, risk=RiskDef(trailing_stop=percent(0.1)), enter_long=[0])
    (trade,) = bt.run(program, bars).trades
    assert (trade.exit_bar, trade.exit_price) == (3, 108.0)


def test_example_of_the_cooldown():
    prices = [100] * 10 + [90] + [100] * 4
    bars = flat_bars(*prices)
    risk = RiskDef(stop_loss=percent(0.05), cooldown=2)
    program = program_of(bars, risk=risk, enter_long=[5, 10, 11, 12])
    result = bt.run(program, bars)
    assert [fill.bar for fill in result.fills] == [6, 10, 13]
    assert result.refused == {"cooldown": 2}


def test_example_of_sizing_by_risk():
    bars = flat_bars(100, 100, 100)
    risk = RiskDef(stop_loss=percent(0.1), trailing_stop=percent(0.05))
    program = program_of(bars, sizing=("risk", 0.01), risk=risk, enter_long=[0])
    assert bt.run(program, bars).fills[0].size == 20.0
