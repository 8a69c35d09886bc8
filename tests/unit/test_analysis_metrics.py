"""Metrics against hand-computed cases, an independent library, and what must hold for any run."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.analysis import metrics
from rtrade.analysis.benchmark import benchmark_equity, benchmark_size
from rtrade.analysis.metrics import Metrics, drawdown, left_sum, measure, years
from rtrade.analysis.pages import metrics_page
from rtrade.catalog.metrics import BY_NAME, METRICS
from rtrade.config.definitions import CostsDef
from rtrade.core.bars import Filters
from rtrade.core.errors import EngineFault
from rtrade.core.timeframes import Timeframe
from unit.analysis_cases import FREE, bars_of, fill_of, result_of, trade_of

ROOT = Path(__file__).parents[2]


def measured(equity, *, cash=1000.0, closes=None, timeframe="1d", costs=FREE, **what) -> Metrics:
    bars = bars_of(closes or [100.0] * len(equity), timeframe=Timeframe.parse(timeframe))
    return measure(result_of(equity, **what), bars, cash=cash, costs=costs, filters=Filters())


def near(value: float):
    return pytest.approx(value, rel=1e-12)


# Three daily bars from 1000: r = +0.1, -0.1, +0.1.
SWING = [1100.0, 990.0, 1089.0]


def test_returns_by_hand() -> None:
    found = measured(SWING)
    assert found.final_equity == 1089.0
    assert found.total_return == near(0.089)
    # mean 1/30; distances 1/15, -2/15, 1/15; squares add up to 6/225; over 2: 3/225.
    assert found.volatility == near(math.sqrt(3 / 225) * math.sqrt(365))
    assert found.sharpe == near(1 / 30 / math.sqrt(3 / 225) * math.sqrt(365))
    assert found.sharpe == pytest.approx(5.515131, abs=1e-6)
    # The one loss, squared, over all three bars: 0.01 / 3.
    assert found.sortino == near(1 / 30 / math.sqrt(0.01 / 3) * math.sqrt(365))
    assert found.sortino == pytest.approx(11.030262, abs=1e-6)
    # Three days from the first open to the last close.
    assert found.cagr == near(1.089 ** (365 / 3) - 1)


def test_drawdown_by_hand() -> None:
    found = measured(SWING)
    assert found.max_drawdown == near(110 / 1100)
    assert found.max_drawdown_bars == 2  # 990 and 1089 are both below 1100
    assert found.calmar == near(found.cagr / 0.1)


def test_the_starting_cash_is_the_first_peak() -> None:
    found = measured([900.0, 950.0, 999.0])
    assert found.max_drawdown == near(0.1)
    assert found.max_drawdown_bars == 3


def test_a_fall_below_0_is_seen_from_the_last_peak() -> None:
    # From the first peak it would be deeper: (1000 + 500) / 1000.
    run = [*[1000.0] * 10, 1100.0, *[-500.0] * 200]
    assert measured(run).max_drawdown == near(1600 / 1100)


def test_a_close_back_at_the_peak_ends_a_drawdown() -> None:
    # Below the peak: one close, then (after 1000 again) two, then none.
    assert measured([990.0, 1000.0, 990.0, 995.0, 1001.0]).max_drawdown_bars == 2


def test_years_of_time_not_of_bars() -> None:
    # Two daily bars 364 days apart: a gap, and exactly a year from first open to last close.
    bars = bars_of([100.0, 100.0], skip={1: 363})
    assert years(bars) == 1.0
    found = measure(result_of([1100.0, 1210.0]), bars, cash=1000.0, costs=FREE, filters=Filters())
    assert found.cagr == near(0.21)


def test_trades_by_hand() -> None:
    trades = [
        trade_of(30.0, 0.03),
        trade_of(-10.0, -0.01),
        trade_of(0.0, 0.0),  # a trade at exactly 0 is a loss
        trade_of(20.0, 0.025),
        trade_of(500.0, 0.5, closed=False),  # open at the end: left out
    ]
    found = measured(SWING, trades=trades)
    assert found.trades == 4
    assert found.win_rate == 0.5
    assert found.profit_factor == 5.0  # (30 + 20) / 10
    assert found.expectancy == near(0.01125)  # (0.03 - 0.01 + 0 + 0.025) / 4
    assert found.avg_win == near(0.0275)
    assert found.avg_loss == near(-0.005)


def test_account_by_hand() -> None:
    fills = [fill_of(2.0, 101.0, 100.0, fee=1.5), fill_of(2.0, 108.0, 109.0, fee=0.5)]
    found = measured([1000.0, 990.0, 1010.0, 1000.0], position=[2, -2, 0, 0], fills=fills)
    assert found.exposure == 0.5  # a short is a position too
    assert found.fees == 2.0
    assert found.slippage_cost == 4.0  # 2 x |101 - 100| + 2 x |108 - 109|
    # Notional 2 x 101 + 2 x 108 = 418, mean equity 1000, four days.
    assert found.turnover == near(0.418 * 365 / 4)


def test_benchmark_by_hand() -> None:
    bars = bars_of([105.0, 110.0], opens=[100.0, 105.0])
    costs = CostsDef(taker=0.001, maker=0.0, slippage=0.01)
    filters = Filters(lot=Decimal("0.1"))
    # Fill 101; a unit costs 101.101 with the fee; 1000 buys 9.891..., in lots 9.8.
    assert benchmark_size(bars, 1000.0, costs, filters) == 9.8
    # Left: 1000 - 989.8 - 0.9898 = 9.2102. Nothing is paid for leaving.
    held = benchmark_equity(bars, 1000.0, costs, filters)
    assert held == pytest.approx([9.2102 + 9.8 * 105, 9.2102 + 9.8 * 110], rel=1e-12)
    found = measure(result_of([1000.0, 1000.0]), bars, cash=1000.0, costs=costs, filters=filters)
    assert found.benchmark_return == near(1087.2102 / 1000 - 1)


@pytest.mark.parametrize(
    "filters", [Filters(lot=Decimal(100)), Filters(min_notional=1001.0)], ids=["lot", "notional"]
)
def test_cash_that_cannot_buy_the_benchmark_gives_no_benchmark(filters: Filters) -> None:
    bars = bars_of([100.0, 110.0])
    assert list(benchmark_equity(bars, 1000.0, FREE, filters)) == [1000.0, 1000.0]
    found = measure(result_of([1000.0, 1000.0]), bars, cash=1000.0, costs=FREE, filters=filters)
    assert found.benchmark_return is None
    assert "least amount" in found.reasons["benchmark_return"]


def nulls(found: Metrics) -> set[str]:
    assert set(found.reasons) == {n for n, value in found.values().items() if value is None}
    return set(found.reasons)


TRADELESS = {"win_rate", "profit_factor", "expectancy", "avg_win", "avg_loss"}
YEARLY = {"cagr", "volatility", "sharpe", "sortino", "calmar"}


def test_no_bars_leave_only_sums_and_counts() -> None:
    found = measured([])
    assert nulls(found) == set(BY_NAME) - {"trades", "fees", "slippage_cost"}
    assert (found.trades, found.fees, found.slippage_cost) == (0, 0.0, 0.0)


def test_one_bar_has_no_yearly_figures() -> None:
    found = measured([1100.0])
    assert nulls(found) == YEARLY | {"turnover"} | TRADELESS
    assert found.total_return == near(0.1)
    assert found.max_drawdown == 0.0
    assert found.reasons["cagr"] == "the run has fewer than two bars"


def test_an_account_that_never_moves_has_no_ratios() -> None:
    found = measured([1000.0] * 5)
    assert nulls(found) == {"sharpe", "sortino", "calmar"} | TRADELESS
    assert (found.cagr, found.volatility, found.turnover) == (0.0, 0.0, 0.0)


def test_rounding_is_not_risk() -> None:
    up = math.nextafter(1000.0, 2000.0)
    found = measured([1000.0, up, 1000.0, up, 1000.0])
    assert found.sharpe is None
    assert found.sortino is None


def test_only_gains_have_no_sortino() -> None:
    found = measured([1010.0, 1030.0])
    assert found.sortino is None
    assert found.reasons["sortino"] == "no bar lost money"
    assert found.sharpe is not None


@pytest.mark.parametrize("equity", [[500.0, 0.0], [500.0, -10.0]])
def test_nothing_left_at_the_end(equity: list[float]) -> None:
    found = measured(equity)
    assert nulls(found) >= YEARLY
    assert found.reasons["cagr"] == "equity fell to 0 or below"
    assert found.max_drawdown == near((1000.0 - equity[1]) / 1000.0)
    assert found.total_return == near(equity[1] / 1000.0 - 1)


def test_equity_below_zero_on_the_way_has_no_returns_but_a_growth() -> None:
    found = measured([500.0, -10.0, 20.0])
    assert {"volatility", "sharpe", "sortino"} <= nulls(found)
    assert found.cagr == near(0.02 ** (365 / 3) - 1)


def test_a_mean_equity_below_zero_has_no_turnover() -> None:
    assert measured([500.0, -800.0]).turnover is None


def test_growth_beyond_numbers_is_null() -> None:
    found = measured([2000.0, 1e8], timeframe="1m")
    assert found.cagr is None
    assert found.reasons["cagr"] == found.reasons["calmar"]
    assert "beyond the range" in found.reasons["cagr"]


def test_values_that_overflow_are_null() -> None:
    found = measured([1e300, 1e300], fills=[fill_of(1e200, 1e200, 1.0, fee=1.0)])
    assert found.slippage_cost is None
    assert "beyond the range" in found.reasons["slippage_cost"]


@pytest.mark.parametrize(
    ("pnls", "reason"),
    [([5.0], "no closed trade lost money"), ([5.0, 0.0], "no closed trade lost money")],
)
def test_no_profit_factor_without_losses(pnls: list[float], reason: str) -> None:
    found = measured(SWING, trades=[trade_of(pnl, pnl / 100) for pnl in pnls])
    assert found.profit_factor is None
    assert found.reasons["profit_factor"] == reason


def test_only_losses() -> None:
    found = measured(SWING, trades=[trade_of(-5.0, -0.05)])
    assert (found.win_rate, found.profit_factor, found.avg_win) == (0.0, 0.0, None)


def test_a_result_that_does_not_fit_its_bars_is_a_fault() -> None:
    with pytest.raises(EngineFault):
        measure(result_of([1.0]), bars_of([1.0, 2.0]), cash=1.0, costs=FREE, filters=Filters())


@pytest.mark.parametrize("timeframe", ["5m", "1h", "1d"])
@pytest.mark.parametrize("seed", range(4))
def test_an_independent_library_agrees(seed: int, timeframe: str) -> None:
    import empyrical
    import pandas as pd

    draws = np.random.default_rng(seed).standard_t(4, size=900) * 0.01
    equity = 5000.0 * np.cumprod(1 + np.clip(draws, -0.5, 0.5))
    found = measured(list(equity), cash=5000.0, timeframe=timeframe)
    returns = pd.Series(equity / np.concatenate(([5000.0], equity[:-1])) - 1)
    per_year = Timeframe.parse(timeframe).per_year
    close = {"rel": 1e-9}
    assert found.sharpe == pytest.approx(
        empyrical.sharpe_ratio(returns, risk_free=0, annualization=per_year), **close
    )
    assert found.sortino == pytest.approx(
        empyrical.sortino_ratio(returns, required_return=0, annualization=per_year), **close
    )
    assert found.volatility == pytest.approx(
        empyrical.annual_volatility(returns, alpha=2.0, annualization=per_year), **close
    )
    assert found.max_drawdown == pytest.approx(-empyrical.max_drawdown(returns), **close)
    assert found.cagr == pytest.approx(empyrical.cagr(returns, annualization=per_year), **close)
    assert found.calmar == pytest.approx(
        empyrical.calmar_ratio(returns, annualization=per_year), **close
    )
    assert found.total_return == pytest.approx(empyrical.cum_returns_final(returns), **close)


EQUITIES = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=60)


@given(EQUITIES)
def test_money_in_other_units_leaves_ratios_as_they_are(equity: list[float]) -> None:
    fills = [fill_of(2.0, 101.0, 100.0, fee=1.0)]
    big_fills = [fill_of(16.0, 101.0, 100.0, fee=8.0)]
    small = measured(equity, fills=fills)
    big = measured([8 * value for value in equity], cash=8000.0, fills=big_fills)
    money = {"final_equity", "fees", "slippage_cost"}
    for name, value in small.values().items():
        times = 8 if name in money and value is not None else 1
        assert big.values()[name] == (value if value is None else times * value), name


@given(EQUITIES)
def test_drawdowns_of_any_run(equity: list[float]) -> None:
    found = measured(equity)
    peak, longest, current, deepest = 1000.0, 0, 0, 0.0
    for value in equity:
        peak = max(peak, value)
        current = current + 1 if value < peak else 0
        longest = max(longest, current)
        deepest = max(deepest, (peak - value) / peak)
    assert (found.max_drawdown, found.max_drawdown_bars) == (deepest, longest)
    assert 0 <= deepest < 1
    assert drawdown(np.array(equity), 1000.0).max() == deepest


@given(st.lists(st.floats(-1e12, 1e12), max_size=200))
def test_sums_run_left_to_right(values: list[float]) -> None:
    expected = 0.0
    for value in values:
        expected += value
    assert left_sum(np.array(values, dtype=np.float64)) == expected


def test_a_pairwise_sum_would_differ() -> None:
    values = np.full(1000, 0.1)
    assert left_sum(values) != float(np.sum(values))


@given(EQUITIES)
def test_every_number_is_finite_and_every_null_has_its_reason(equity: list[float]) -> None:
    found = measured(equity, timeframe="1h")
    nulls(found)
    for name, value in found.values().items():
        if value is not None:
            assert math.isfinite(value)
            assert BY_NAME[name].low is None or value >= BY_NAME[name].low
            assert isinstance(value, int if BY_NAME[name].integer else float)


def test_each_declaration_is_a_field_and_says_what_it_is() -> None:
    fields = [name for name in Metrics.__dataclass_fields__ if name != "reasons"]
    assert [metric.name for metric in METRICS] == fields
    for metric in METRICS:
        assert all((metric.title, metric.formula, metric.source))
        assert metric.doc.endswith(".")


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(), "run `make docs`"
    for metric in METRICS:
        assert f"## {metric.name}\n" in page


@st.composite
def equities(draw):
    """Draw equities with ties, long falls, and now and then a number that is none or too large."""
    steps = st.sampled_from((0.0, 0.0, 0.5, -0.5, 0.25, 3.0, -100.0, 1e-9, 1e300, math.inf))
    moves = draw(st.lists(steps, min_size=2, max_size=60))
    return np.cumsum([draw(st.sampled_from((1000.0, 999.5, 1.0))), *moves])


@pytest.mark.parametrize("sizes", [(1, 1), (7, 3), (8, 4), (16384, 256)])
@given(equity=equities())
def test_block_by_block_all_comes_out_as_close_by_close(sizes, equity):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "_BLOCK", sizes[0])
        patch.setattr(metrics, "_ROW", sizes[1])
        found = measured(equity.tolist())
    closes = [1000.0, *equity.tolist()]
    peak, below, longest, deepest = closes[0], 0, 0, 0.0
    for close in closes[1:]:
        peak = max(peak, close)
        below = 0 if close == peak else below + 1
        longest, deepest = max(longest, below), max(deepest, (peak - close) / peak)
    if all(map(math.isfinite, closes)):
        assert (found.max_drawdown, found.max_drawdown_bars) == (deepest, longest)
    else:
        assert found.max_drawdown is None
    if min(closes) <= 0 or not all(map(math.isfinite, closes)):
        return
    returns = [now / before - 1 for before, now in pairwise(closes)]
    mean = added(returns) / len(returns)
    deviation = math.sqrt(
        added([(one - mean) * (one - mean) for one in returns]) / (len(returns) - 1)
    )
    downside = math.sqrt(added([min(one, 0.0) * min(one, 0.0) for one in returns]) / len(returns))
    year = math.sqrt(365)
    assert found.volatility == finite(deviation * year)
    if deviation >= 1e-12:
        assert found.sharpe == finite(mean / deviation * year)
    if downside >= 1e-12:
        assert found.sortino == finite(mean / downside * year)


@given(st.lists(st.floats(-1e300, 1e300)), st.floats(-1e300, 1e300))
def test_a_sum_from_the_left_is_one_addition_after_the_other(values, start):
    assert left_sum(np.array(values)) == added(values)
    assert left_sum(np.array(values), start) == added([start, *values])
    assert left_sum(np.array(values * 2)[::2], start) == added([start, *(values * 2)[::2]])


def added(values):
    total = 0.0
    for value in values:
        total += value
    return total


def finite(value):
    return value if math.isfinite(value) else None
