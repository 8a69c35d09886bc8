"""Each rule of the decision core, on its ties first of all."""

import math

import pytest

from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, REFUSALS
from rtrade.execution import core

NAN = math.nan


def refusal(**flags):
    state = dict.fromkeys(
        (
            "enter_long",
            "exit_long",
            "enter_short",
            "exit_short",
            "ruined",
            "halted",
            "day_stopped",
            "cooling",
            "vetoed",
            "exiting",
        ),
        False,
    )
    state |= {"side": 0, "is_ready": True} | flags
    code = core.entry_refusal(**state)
    return None if code == core.NO else REFUSALS[code]


class TestPrices:
    def test_slippage_is_worse_for_either_direction(self):
        assert core.slipped(100.0, 1, 0.01) == 101.0
        assert core.slipped(100.0, -1, 0.01) == 99.0

    def test_ledger_books_notional_then_fee(self):
        assert core.booked(1000.0, 1, 2.0, 100.0, 0.01) == (1000.0 - 200.0) - 200.0 * 0.01
        assert core.booked(1000.0, -1, 2.0, 100.0, 0.01) == (1000.0 + 200.0) - 200.0 * 0.01

    def test_a_short_ties_up_cash_as_if_it_had_been_bought(self):
        assert core.collateral_left(200.0, 2.0, 100.0, 0.0) == 0.0

    def test_equity_of_a_short_falls_as_the_price_rises(self):
        assert core.mark(1100.0, -1, 1.0, 150.0) == 950.0
        assert core.mark(1100.0, 0, 0.0, 150.0) == 1100.0

    def test_profit_is_net_of_fees(self):
        assert core.profit(1, 2.0, 100.0, 110.0, 3.0) == 17.0
        assert core.profit(-1, 2.0, 100.0, 110.0, 3.0) == -23.0


class TestLevels:
    def test_percent_levels_are_one_product(self):
        assert core.level(3.3, -1, core.PERCENT, 0.1) == 3.3 * (1.0 - 0.1)
        assert core.level(3.3, 1, core.PERCENT, 0.1) == 3.3 * (1.0 + 0.1)

    def test_atr_levels_are_a_difference(self):
        assert core.level(100.0, -1, core.ATR, 7.0) == 93.0
        assert core.level(100.0, 1, core.ATR, 7.0) == 107.0

    def test_absent_level_is_nan(self):
        assert math.isnan(core.level(100.0, 1, core.ABSENT, NAN))

    def test_distance_in_atrs_is_unknown_while_the_atr_is(self):
        assert core.distance(core.ATR, 2.0, 3.5) == 7.0
        assert not core.known(core.ATR, core.distance(core.ATR, 2.0, NAN))
        assert core.known(core.ABSENT, core.distance(core.ABSENT, NAN, NAN))
        assert core.known(core.PERCENT, core.distance(core.PERCENT, 0.02, NAN))

    def test_the_tighter_stop_is_the_one_reached_first(self):
        assert core.tighter(1, 95.0, 97.0) == 97.0
        assert core.tighter(-1, 105.0, 103.0) == 103.0
        assert core.tighter(1, NAN, 97.0) == core.tighter(1, 97.0, NAN) == 97.0
        assert math.isnan(core.tighter(-1, NAN, NAN))

    @pytest.mark.parametrize("side", [1, -1])
    def test_a_tie_of_the_stops_is_the_stop_loss(self, side):
        assert BAR_EXITS[core.stop_reason(side, 95.0, 95.0)] == "stop_loss"

    def test_the_stop_that_set_the_level_is_named(self):
        assert BAR_EXITS[core.stop_reason(1, 95.0, 96.0)] == "trailing_stop"
        assert BAR_EXITS[core.stop_reason(-1, 95.0, 96.0)] == "stop_loss"
        assert BAR_EXITS[core.stop_reason(1, NAN, 96.0)] == "trailing_stop"
        assert BAR_EXITS[core.stop_reason(1, 96.0, NAN)] == "stop_loss"

    def test_the_trail_follows_and_never_goes_back(self):
        assert core.trailed(1, 95.0, 110.0, core.PERCENT, 0.1) == 110.0 * (1.0 - 0.1)
        assert core.trailed(1, 95.0, 90.0, core.PERCENT, 0.1) == 95.0
        assert core.trailed(-1, 105.0, 90.0, core.ATR, 5.0) == 95.0
        assert core.trailed(-1, 105.0, 101.0, core.ATR, 5.0) == 105.0
        assert math.isnan(core.trailed(1, NAN, 90.0, core.ABSENT, NAN))

    def test_touching_includes_being_equal(self):
        assert core.reached(1, 95.0, 105.0, 95.0, 104.0)
        assert core.reached(1, 95.0, 105.0, 96.0, 105.0)
        assert core.reached(-1, 105.0, 95.0, 96.0, 105.0)
        assert core.reached(-1, 105.0, 95.0, 95.0, 104.0)
        assert not core.reached(1, 95.0, 105.0, 95.5, 104.5)
        assert not core.reached(-1, 105.0, 95.0, 95.5, 104.5)

    @pytest.mark.parametrize("never", [NAN, 0.0, -5.0])
    def test_levels_at_or_below_zero_are_never_reached(self, never):
        assert not core.placeable(never)
        assert not core.reached(1, never, never, 0.01, 1e9)
        assert not core.reached(-1, never, never, 0.01, 1e9)


class TestAccountRules:
    def test_limits_are_hit_when_met_exactly(self):
        assert core.drawdown_hit(75.0, 100.0, 0.25)
        assert not core.drawdown_hit(75.1, 100.0, 0.25)
        assert core.daily_hit(95.0, 100.0, 0.05)
        assert not core.daily_hit(95.1, 100.0, 0.05)

    def test_no_limit_is_never_hit(self):
        assert not core.drawdown_hit(-1.0, 100.0, NAN)
        assert not core.daily_hit(-1.0, 100.0, NAN)

    def test_nothing_left_is_ruin(self):
        assert core.ruin_hit(0.0)
        assert not core.ruin_hit(1e-300)

    def test_cooldown_covers_n_closes_from_the_exit_bar(self):
        closes = [core.cooling_down(bar, 5, 3, False) for bar in range(5, 10)]
        assert closes == [True, True, True, False, False]

    def test_cooldown_covers_the_close_that_decides_the_exit(self):
        assert core.cooling_down(9, core.NO, 1, True)
        assert not core.cooling_down(9, core.NO, 1, False)
        assert not core.cooling_down(9, 9, 0, True)


class TestDecisions:
    def test_the_first_reason_that_holds_names_the_exit(self):
        def reason(*state):
            code = core.exit_decision(*state)
            return None if code == core.NO else CLOSE_EXITS[code]

        assert reason(True, True, True, 9, 9) == "ruin"
        assert reason(False, True, True, 9, 9) == "max_drawdown"
        assert reason(False, False, True, 9, 9) == "rule"
        assert reason(False, False, False, 9, 9) == "time_exit"
        assert reason(False, False, False, 8, 9) is None
        assert reason(False, False, False, 8, 0) is None

    def test_one_entry_rule_enters_its_side(self):
        assert refusal(enter_long=True) is None
        assert core.entry_side(0, False, True, False) == 1
        assert core.entry_side(0, False, False, True) == -1

    def test_opposite_to_a_position_that_stays(self):
        assert refusal(side=1, enter_short=True) == "in_position"
        assert refusal(side=-1, enter_long=True) == "in_position"
        assert refusal(side=1, enter_short=True, enter_long=True) == "in_position"

    def test_same_direction_as_a_position_that_stays_is_not_counted(self):
        assert refusal(side=1, enter_long=True) is None
        assert core.entry_side(1, False, True, False) == 0

    def test_a_reversal_follows_where_the_position_leaves(self):
        assert refusal(side=1, exiting=True, enter_short=True) is None
        assert core.entry_side(1, True, False, True) == -1

    def test_no_return_into_the_direction_that_leaves(self):
        assert refusal(side=1, exiting=True, enter_long=True) == "exiting"

    def test_an_entry_whose_own_exit_is_true(self):
        assert refusal(enter_long=True, exit_long=True) == "exiting"
        assert refusal(enter_short=True, exit_short=True) == "exiting"
        assert refusal(enter_long=True, exit_short=True) is None

    def test_the_first_refusal_of_the_list_counts(self):
        state = {
            "enter_long": True,
            "enter_short": True,
            "exit_long": True,
            "ruined": True,
            "halted": True,
            "day_stopped": True,
            "cooling": True,
            "is_ready": False,
            "vetoed": True,
        }
        seen = []
        for change in (
            {},
            {"enter_short": False},
            {"exit_long": False},
            {"ruined": False},
            {"halted": False},
            {"day_stopped": False},
            {"cooling": False},
            {"is_ready": True},
            {"vetoed": False},
        ):
            state |= change
            seen.append(refusal(**state))
        assert seen == [*REFUSALS[1:9], None]

    def test_no_entry_rule_is_no_refusal(self):
        assert refusal(ruined=True, halted=True, cooling=True) is None


class TestAmounts:
    def amount(self, kind, value, **more):
        state = {
            "cash": 1000.0,
            "equity": 1000.0,
            "side": 1,
            "fill": 100.0,
            "fee": 0.0,
            "stop": NAN,
            "slip": 0.0,
            "volatility": NAN,
            "scale": 1.0,
            "risk_factor": 1.0,
        }
        return core.amount(core.SIZINGS.index(kind), value, **(state | more))

    def test_equity(self):
        assert self.amount("equity", 0.5) == (5.0, False)
        assert self.amount("equity", 1.0) == (10.0, False)
        assert self.amount("equity", 0.5, equity=3000.0) == (10.0, True)

    def test_quote_pays_the_fee_out_of_the_budget(self):
        assert self.amount("quote", 500.0, fee=0.25) == (4.0, False)
        assert self.amount("quote", 1000.0) == (10.0, False)
        assert self.amount("quote", 1000.5) == (10.0, True)

    def test_base_pays_the_fee_on_top(self):
        assert self.amount("base", 2.0, fee=0.25) == (2.0, False)
        assert self.amount("base", 20.0) == (10.0, True)

    def test_risk_loses_its_share_at_the_stop_costs_included(self):
        units, cut = self.amount("risk", 0.01, stop=95.0, slip=0.01, fee=0.001)
        out = 95.0 * (1.0 - 0.01)
        assert units == 0.01 * 1000.0 / (abs(100.0 - out) + 0.001 * (100.0 + out))
        assert not cut
        lost = units * (100.0 - out) + units * 100.0 * 0.001 + units * out * 0.001
        assert lost == pytest.approx(10.0, rel=1e-12)

    def test_risk_of_a_short(self):
        units, _ = self.amount("risk", 0.01, side=-1, stop=105.0)
        assert units == 2.0

    def test_risk_without_a_loss_takes_all_cash(self):
        assert self.amount("risk", 0.01, stop=100.0) == (10.0, True)
        assert self.amount("risk", 0.01, stop=100.0, scale=0.0) == (0.0, False)

    def test_risk_is_cut_to_the_cash(self):
        assert self.amount("risk", 0.5, stop=99.0) == (10.0, True)

    def test_volatility_aims_at_its_target_and_never_above_all(self):
        assert self.amount("volatility", 0.2, volatility=0.4) == (5.0, False)
        assert self.amount("volatility", 0.2, volatility=0.1) == (10.0, False)

    @pytest.mark.parametrize("kind", ["equity", "quote", "base", "volatility"])
    def test_scale_and_risk_factor_multiply_the_budget(self, kind):
        value = {"quote": 800.0, "base": 8.0}.get(kind, 0.8)
        whole, _ = self.amount(kind, value, volatility=1.0)
        part, _ = self.amount(kind, value, volatility=1.0, scale=0.5, risk_factor=0.5)
        assert part == whole / 4

    def test_volatility_below_1e_12_counts_as_none(self):
        assert core.moving(1e-12)
        assert not core.moving(0.99e-12)
        assert not core.moving(NAN)


class TestLots:
    def test_a_third_of_three_tenths_is_three_lots_of_a_tenth(self):
        assert 0.3 / 0.1 < 3.0
        assert core.lots(0.3, 1, 10, 1e9, 1.0, 0.0) == 0.3

    def test_sizes_are_one_division(self):
        assert core.lots(0.7, 1, 10, 1e9, 1.0, 0.0) == 7 / 10
        assert core.lots(1.0, 25, 100, 1e9, 1.0, 0.0) == 1.0
        assert core.lots(0.99, 25, 100, 1e9, 1.0, 0.0) == 0.75

    def test_less_than_a_lot_is_nothing(self):
        assert core.lots(0.09, 1, 10, 1e9, 1.0, 0.0) == 0.0

    def test_cash_is_never_overdrawn(self):
        cash, price, fee = 10_000.0, 37.03, 0.001
        units = cash / (price * (1.0 + fee))
        size = core.lots(units, 1, 10**8, cash, price, fee)
        assert core.collateral_left(cash, size, price, fee) >= 0.0
        more = round(size * 10**8) + 1
        assert core.collateral_left(cash, more / 10**8, price, fee) < 0.0

    def test_one_lot_less_where_the_cash_falls_short_by_an_ulp(self):
        found = 0
        for step in range(1, 3000):
            cash, price, fee = 1000.0 + step / 7, 0.1 + step / 13, 0.001
            units = cash / (price * (1.0 + fee))
            n = math.floor(core.lots_in(units, 1, 10**12))
            size = core.lots(units, 1, 10**12, cash, price, fee)
            found += n / 10**12 != size
            assert core.collateral_left(cash, size, price, fee) >= 0.0
        assert found > 0

    def test_more_lots_than_a_float_counts_take_the_next_decimal_step(self):
        assert core.lots(2.0**40 + 1.0, 1, 1, 1e300, 1e-3, 0.0) == 2.0**40 + 1.0
        units = 3e17
        size = core.lots(units, 1, 10**8, 1e300, 1e-3, 0.0)
        assert size in {float(count * 100) for count in range(3 * 10**15, 3 * 10**15 + 5)}

    def test_coarser_steps_go_on_above_one(self):
        size = core.lots(1e18, 1, 1, 1e300, 1e-3, 0.0)
        assert size in {float(count * 1000) for count in range(10**15, 10**15 + 5)}

    def test_refusals_found_at_the_open(self):
        assert core.size_refusal(0.0, 1.0, 100.0, 0.0) == core.NO_CASH
        assert core.size_refusal(-1.0, 1.0, 100.0, 0.0) == core.NO_CASH
        assert core.size_refusal(1.0, 0.0, 100.0, 0.0) == core.BELOW_MINIMUM
        assert core.size_refusal(1.0, 0.05, 100.0, 5.01) == core.BELOW_MINIMUM
        assert core.size_refusal(1.0, 0.05, 100.0, 5.0) == core.NO
