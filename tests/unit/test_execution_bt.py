"""Small runs on backtrader's broker, worked out by hand."""

import math
import sys
from decimal import Decimal

import numpy as np
import pytest

from rtrade.config.definitions import RiskDef
from rtrade.core.bars import Filters
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import DAY, HOUR
from rtrade.execution import bt
from unit.execution_cases import atr, bars_of, facts, flat_bars, percent, program_of

BARS = flat_bars(100, 100, 110, 120, 120)


def only_fill(result, reason):
    (found,) = [fill for fill in result.fills if fill.reason == reason]
    return found


class TestOneTrade:
    def test_in_at_the_open_after_the_close_that_decided_and_out_alike(self):
        result = bt.run(program_of(BARS, enter_long=[0], exit_long=[2]), BARS)
        (trade,) = result.trades
        assert (trade.entry_bar, trade.entry_price, trade.entry_reason) == (1, 100, "enter_long")
        assert (trade.exit_bar, trade.exit_price, trade.exit_reason) == (3, 120, "rule")
        assert (trade.pnl, trade.return_, trade.bars) == (20.0, 0.2, 2)
        assert trade.entry_time == HOUR
        assert list(result.cash) == [10_000, 9_900, 9_900, 10_020, 10_020]
        assert list(result.position) == [0, 1, 1, 0, 0]
        assert list(result.equity) == [10_000, 10_000, 10_010, 10_020, 10_020]

    def test_a_short_earns_what_a_long_loses(self):
        result = bt.run(program_of(BARS, enter_short=[0], exit_short=[2]), BARS)
        (trade,) = result.trades
        assert (trade.side, trade.size, trade.pnl) == ("short", 1.0, -20.0)
        assert list(result.cash) == [10_000, 10_100, 10_100, 9_980, 9_980]
        assert list(result.position) == [0, -1, -1, 0, 0]

    def test_slippage_and_commission(self):
        program = program_of(BARS, enter_long=[0], exit_long=[2], costs=(0.01, 0.005, 0.02))
        entry, out = bt.run(program, BARS).fills
        assert (entry.price, entry.reference) == (100 * 1.02, 100)
        assert (out.price, out.reference) == (120 * (1 - 0.02), 120)
        assert (entry.fee, out.fee) == (entry.price * 0.01, out.price * 0.01)

    def test_an_open_position_is_marked_with_its_entry_fee_only(self):
        program = program_of(BARS, enter_long=[0], costs=(0.01, 0.01, 0.0))
        (trade,) = bt.run(program, BARS).trades
        assert (trade.exit_bar, trade.exit_time, trade.exit_price, trade.exit_reason) == (None,) * 4
        assert (trade.pnl, trade.fees, trade.bars) == (19.0, 1.0, 3)

    def test_decisions_of_the_last_close_are_neither_carried_out_nor_counted(self):
        program = program_of(BARS, enter_long=[4], enter_short=[4])
        result = bt.run(program, BARS)
        assert (result.fills, result.refused) == ((), {})

    def test_a_reversal_goes_out_and_in_at_one_open(self):
        program = program_of(BARS, enter_long=[0], exit_long=[2], enter_short=[2])
        first, second = bt.run(program, BARS).trades
        assert (first.exit_bar, second.entry_bar, second.side) == (3, 3, "short")

    def test_gaps_are_stepped_over(self):
        bars = flat_bars(100, 100, 110, skip=(1, 2))
        (trade,) = bt.run(program_of(bars, enter_long=[0]), bars).trades
        assert (trade.entry_bar, trade.entry_time) == (1, 3 * HOUR)


class TestLevels:
    def run(self, rows, risk, **more):
        bars = bars_of(rows)
        return bt.run(program_of(bars, risk=risk, enter_long=[0], **more), bars)

    def test_a_stop_works_in_the_entry_bar(self):
        risk = RiskDef(stop_loss=percent(0.05))
        (trade,) = self.run([(100, 100, 100, 100), (100, 101, 95, 100)], risk).trades
        assert (trade.exit_bar, trade.exit_price, trade.exit_reason) == (1, 95.0, "stop_loss")
        assert trade.bars == 0

    def test_the_stop_wins_inside_one_bar(self):
        risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.05))
        result = self.run([(100, 100, 100, 100), (100, 110, 90, 100)], risk)
        assert only_fill(result, "stop_loss").price == 95.0

    def test_a_bar_that_opens_beyond_the_target_fills_it_at_the_open(self):
        risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.05))
        rows = [(100,) * 4, (100,) * 4, (107, 107, 90, 91)]
        result = self.run(rows, risk, costs=(0.002, 0.001, 0.01))
        fill = only_fill(result, "take_profit")
        assert (fill.price, fill.reference, fill.fee) == (107.0, 107.0, fill.size * 107.0 * 0.001)
        assert len(result.fills) == 2

    def test_a_bar_that_opens_beyond_the_stop_fills_it_at_the_open(self):
        risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.05))
        rows = [(100,) * 4, (100,) * 4, (90, 120, 90, 91)]
        fill = only_fill(self.run(rows, risk, costs=(0.0, 0.0, 0.01)), "stop_loss")
        assert (fill.price, fill.reference) == (90 * (1 - 0.01), 90.0)

    def test_the_trail_follows_closes_and_is_tested_before_it_moves(self):
        risk = RiskDef(trailing_stop=percent(0.1))
        rows = [(100,) * 4, (100, 150, 100, 120), (120, 120, 108, 110)]
        (trade,) = self.run(rows, risk).trades
        assert (trade.exit_bar, trade.exit_price) == (2, 120 * (1 - 0.1))
        assert trade.exit_reason == "trailing_stop"

    def test_atr_levels_use_the_atr_of_the_close_that_decided(self):
        risk = RiskDef(stop_loss=atr(2.0), take_profit=atr(3.0))
        rows = [(100,) * 4, (100,) * 4, (100, 100, 94, 100)]
        result = self.run(rows, risk, atr={14: np.array([3.0, 50.0, 50.0])})
        assert only_fill(result, "stop_loss").price == 94.0

    def test_an_entry_waits_for_its_atr(self):
        risk = RiskDef(stop_loss=atr(2.0))
        result = self.run([(100,) * 4, (100,) * 4], risk, atr={14: np.array([math.nan, 3.0])})
        assert (result.fills, result.refused) == ((), {"warming_up": 1})

    def test_a_trail_brings_an_impossible_stop_to_life_before_the_target(self):
        risk = RiskDef(trailing_stop=atr(50.0), take_profit=percent(2.0))
        rows = [(100,) * 4, (100, 120, 100, 120), (120, 310, 10, 50)]
        result = self.run(rows, risk, atr={14: np.array([2.0, 1.0, 1.0])})
        fill = only_fill(result, "trailing_stop")
        assert (fill.bar, fill.price) == (2, 20.0)

    def test_a_rule_cancels_the_levels_before_it_leaves(self):
        risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.05))
        rows = [(100,) * 4, (100,) * 4, (90, 120, 80, 91), (100,) * 4]
        result = self.run(rows, risk, exit_long=[1])
        assert [fill.reason for fill in result.fills] == ["enter_long", "rule"]

    def test_a_short_mirrors_it_all(self):
        risk = RiskDef(stop_loss=percent(0.05), take_profit=percent(0.05))
        bars = bars_of([(100,) * 4, (100,) * 4, (94, 110, 94, 100)])
        result = bt.run(program_of(bars, risk=risk, enter_short=[0]), bars)
        assert only_fill(result, "take_profit").price == 94.0


class TestSizes:
    def size(self, sizing, **more):
        bars = flat_bars(100, 100, 100)
        result = bt.run(program_of(bars, sizing=sizing, enter_long=[0], **more), bars)
        return result.fills[0].size if result.fills else None, result

    def test_equity(self):
        assert self.size(("equity", 0.5))[0] == 50.0

    def test_quote(self):
        assert self.size(("quote", 250.0))[0] == 2.5

    def test_base(self):
        assert self.size(("base", 3.0))[0] == 3.0

    def test_risk(self):
        risk = RiskDef(stop_loss=percent(0.1), trailing_stop=percent(0.05))
        assert self.size(("risk", 0.01), risk=risk)[0] == 20.0

    def test_volatility(self):
        deviation = np.full(3, 0.4 / math.sqrt(8760.0))
        assert self.size(("volatility", 0.2, 30), volatility=deviation)[0] == 50.0

    def test_volatility_of_zero_is_not_ready(self):
        size, result = self.size(("volatility", 0.2, 30), volatility=np.zeros(3))
        assert (size, result.refused) == (None, {"warming_up": 1})

    def test_scale_and_risk_factor(self):
        half = np.full(3, 0.5)
        assert self.size(("equity", 1.0), scale=half, risk_factor=half)[0] == 25.0
        size, result = self.size(("equity", 1.0), risk_factor=np.zeros(3))
        assert (size, result.refused) == (None, {"risk_veto": 1})

    def test_all_cash_with_costs_never_overdraws(self):
        size, result = self.size(("equity", 1.0), costs=(0.001, 0.001, 0.0005))
        assert 99 < size < 100
        assert 0.0 <= result.cash[1] < 1e-5
        assert result.capped == 0

    def test_what_cash_cuts_down_is_counted(self):
        size, result = self.size(("base", 500.0))
        assert (size, result.capped) == (100.0, 1)

    def test_lots_and_minimum_of_the_venue(self):
        coarse = Filters(lot=Decimal("0.3"))
        assert self.size(("base", 1.0), filters=coarse)[0] == 0.9
        size, result = self.size(("base", 1.0), filters=Filters(min_notional=100.01))
        assert (size, result.refused) == (None, {"below_minimum": 1})

    def test_no_cash_is_left_after_an_exit_that_lost_it_all(self):
        bars = flat_bars(100, 100, 150, 250, 250)
        rules = {"enter_short": [0], "exit_short": [2], "enter_long": [2]}
        result = bt.run(program_of(bars, sizing=("equity", 1.0), **rules), bars)
        assert result.refused == {"no_cash": 1}
        assert [fill.reason for fill in result.fills] == ["enter_short", "rule"]
        assert result.ruined_at == 3 * HOUR


class TestAccountRules:
    def test_max_drawdown_leaves_and_ends_trading(self):
        bars = flat_bars(100, 100, 75, 75, 75, 75)
        program = program_of(
            bars,
            sizing=("equity", 1.0),
            enter_long=[0, 4],
            risk=RiskDef(max_drawdown=0.25),
        )
        result = bt.run(program, bars)
        assert result.trades[0].exit_reason == "max_drawdown"
        assert (result.trades[0].exit_bar, result.halted_at) == (3, 2 * HOUR)
        assert result.refused == {"max_drawdown": 1}

    def test_daily_loss_lasts_until_the_day_ends_and_keeps_the_position(self):
        bars = flat_bars(100, 100, 90, 100, 100, 100, frame=DAY // 4)
        program = program_of(
            bars,
            sizing=("equity", 1.0),
            enter_long=[0, 3, 4],
            exit_long=[2],
            risk=RiskDef(daily_loss=0.1),
        )
        result = bt.run(program, bars)
        assert result.refused == {"daily_loss": 1}
        assert [fill.bar for fill in result.fills] == [1, 3, 5]

    def test_ruin_of_a_short(self):
        bars = flat_bars(100, 100, 200, 210, 210)
        result = bt.run(program_of(bars, sizing=("equity", 1.0), enter_short=[0, 3]), bars)
        assert result.trades[0].exit_reason == "ruin"
        assert result.ruined_at == 2 * HOUR
        assert result.refused == {"ruin": 1}

    def test_time_exit_counts_the_entry_bar(self):
        bars = flat_bars(*[100] * 6)
        program = program_of(bars, enter_long=[0], risk=RiskDef(time_exit=2))
        (trade,) = bt.run(program, bars).trades
        assert (trade.exit_bar, trade.exit_reason, trade.bars) == (3, "time_exit", 2)

    def test_cooldown_counts_from_the_bar_of_the_exit(self):
        bars = flat_bars(*[100] * 8)
        program = program_of(bars, enter_long=[0, 3, 4, 5], exit_long=[2], risk=RiskDef(cooldown=2))
        result = bt.run(program, bars)
        assert result.refused == {"cooldown": 2}
        assert [fill.bar for fill in result.fills] == [1, 3, 6]


class TestPromises:
    @pytest.mark.parametrize("count", [0, 1, 2])
    def test_the_shortest_series(self, count):
        bars = flat_bars(*[100] * count)
        result = bt.run(program_of(bars, enter_long=range(count)), bars)
        assert len(result.fills) == (count == 2)
        assert len(result.equity) == len(result.cash) == len(result.position) == count

    @pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
    def test_bad_prices_are_refused(self, bad):
        bars = flat_bars(100, bad, 100)
        with pytest.raises(EngineFault, match="bad `open`"):
            bt.run(program_of(bars), bars)

    def test_arrays_of_another_length_are_refused(self):
        with pytest.raises(EngineFault, match="3 values for 5 bars"):
            bt.run(program_of(flat_bars(1, 2, 3)), BARS)

    def test_what_a_program_lacks_is_refused(self):
        with pytest.raises(EngineFault, match="needs a stop"):
            bt.run(program_of(BARS, sizing=("risk", 0.01)), BARS)
        with pytest.raises(EngineFault, match="no volatility"):
            bt.run(program_of(BARS, sizing=("volatility", 0.2, 30)), BARS)
        with pytest.raises(EngineFault, match="no ATR of period 14"):
            bt.run(program_of(BARS, risk=RiskDef(stop_loss=atr(1.0))), BARS)

    def test_an_order_that_the_broker_refuses_is_loud(self, monkeypatch):
        from rtrade.execution import core

        monkeypatch.setattr(core, "lots", lambda *_: 1_000_000.0)
        with pytest.raises(EngineFault, match="Margin"):
            bt.run(program_of(BARS, enter_long=[0]), BARS)

    def test_runs_leave_nothing_behind(self):
        program = program_of(
            BARS,
            sizing=("equity", 1.0),
            enter_long=[0],
            risk=RiskDef(stop_loss=percent(0.05)),
            costs=(0.01, 0.005, 0.001),
        )
        first = bt.run(program, BARS)
        other = program_of(BARS, enter_short=[0], costs=(0.2, 0.1, 0.1), cash=77_777.0)
        bt.run(other, BARS)
        assert facts(bt.run(program, BARS)) == facts(first)

    def test_backtrader_stays_whole_for_others(self):
        bt.run(program_of(BARS), BARS)
        import backtrader.talib

        assert sys.modules["backtrader.talib"] is backtrader.talib
        assert hasattr(backtrader.talib, "SMA")
