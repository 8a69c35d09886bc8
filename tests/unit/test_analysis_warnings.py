"""Each warning is one sentence, appears when it should, and only then."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from rtrade.analysis.metrics import measure
from rtrade.analysis.warnings import RuleFacts, rule_facts, warnings_of
from rtrade.catalog.registry import Kind
from rtrade.core.bars import FALSE, TRUE, UNKNOWN, Filters
from rtrade.core.diagnostics import Diagnostic, Severity
from rtrade.core.timeframes import Timeframe, parse_time
from rtrade.plan.nodes import Const
from unit.analysis_cases import (
    DAY,
    FREE,
    bars_of,
    market_of,
    plan_of,
    result_of,
    trade_of,
)

# Two years that swing, forty trades that share the profit: nothing to warn of.
CALM_CLOSES = [100.0 + index % 7 for index in range(800)]
CALM = result_of(
    [1000.0 + index % 5 for index in range(800)],
    trades=[trade_of(1.0 if index % 3 else -0.5, 0.01) for index in range(40)],
)


def said(result=CALM, *, closes=CALM_CLOSES, rules=None, plan=None, skip=None, **market):
    where = market_of(bars_of(closes, skip=skip), **market)
    metrics = measure(result, where.bars, cash=1000.0, costs=FREE, filters=Filters())
    return warnings_of(plan or plan_of(), where, result, metrics, rules)


def test_a_sound_run_has_no_warnings() -> None:
    assert said() == ()


def test_synthetic_prices_come_first() -> None:
    first = said(synthetic=True, filters_stated=False)[0]
    assert first.startswith("synthetic data: ")
    assert "nothing about any market" in first


def test_gaps_are_counted() -> None:
    assert said(skip={5: 3, 9: 1}) == ("the data has 2 gaps with 4 missing bars, 3 in the longest",)
    assert said(skip={5: 1}) == ("the data has 1 gap with 1 missing bar, 1 in the longest",)


def test_gaps_before_the_run_do_not_count() -> None:
    lead = [100.0] * 6
    assert said(closes=lead + CALM_CLOSES, skip={3: 9}, first=6) == ()


def test_resampled_bars_and_assumed_filters() -> None:
    assert said(resampled_from=Timeframe.parse("5m"), filters_stated=False) == (
        "the 1d bars are made from 5m bars of the source",
        "`files` states no filters: sizes are whole steps of 1e-08 and no order is too small",
    )
    assert said(filters=Filters(lot=Decimal("0.1"))) == ()


def test_what_the_data_and_the_plan_say_is_passed_on_once() -> None:
    finding = Diagnostic("RT199", "a stop closer than the slippage", severity=Severity.WARNING)
    plan = plan_of(warnings=(finding, finding))
    assert said(plan=plan, warnings=("the range ends early", "the range ends early")) == (
        "the range ends early",
        "RT199: a stop closer than the slippage",
    )


def test_few_trades() -> None:
    few = replace(CALM, trades=CALM.trades[:29])
    assert said(few) == ("only 29 closed trades: fewer than 30 tell little about what comes next",)
    assert said(replace(CALM, trades=CALM.trades[:30])) == ()


def test_one_trade_made_most_of_the_profit() -> None:
    # Net profit: 29 - 10 + 40 = 59; the best made 40 of it.
    trades = [trade_of(p) for p in [1.0] * 29 + [-10.0, 40.0]]
    assert said(replace(CALM, trades=tuple(trades))) == ("one trade made 68% of the profit",)
    half = [trade_of(p) for p in [1.0] * 30 + [-1.0, 29.0]]
    assert said(replace(CALM, trades=tuple(half))) == ()  # exactly half is not over half


def test_one_trade_made_more_than_the_profit() -> None:
    # A share of over 100 % is no share: the other trades lost 39 of the 40 that the best made.
    trades = [trade_of(p) for p in [-1.0] * 39 + [40.0]]
    assert said(replace(CALM, trades=tuple(trades))) == (
        "one trade made more than the whole profit: all others together lost",
    )
    whole = [trade_of(p) for p in [1.0, -1.0] * 20 + [40.0]]
    assert said(replace(CALM, trades=tuple(whole))) == ("one trade made 100% of the profit",)


def test_a_loss_has_no_best_trade() -> None:
    trades = [trade_of(p) for p in [-1.0] * 39 + [20.0]]
    assert said(replace(CALM, trades=tuple(trades))) == ()


def test_account_rules_say_when() -> None:
    at = parse_time("2024-03-01")
    assert said(replace(CALM, halted_at=at, ruined_at=at, capped=7)) == (
        "max_drawdown ended trading at the close of the bar of 2024-03-01T00:00:00Z",
        (
            "ruin: equity fell to 0 or below at the close of the bar of 2024-03-01T00:00:00Z, "
            "which ended trading"
        ),
        "capped by cash: 7",
    )


def untraded(**what) -> str:
    nothing = replace(CALM, trades=(), refused=what.pop("refused", {}))
    return next(line for line in said(nothing, **what) if line.startswith("no trades: "))


def test_no_trades_since_the_rule_was_never_true() -> None:
    assert untraded(rules={"enter_long": RuleFacts(true=0)}) == (
        "no trades: `enter_long` was never true in time to act"
    )


def test_no_trades_since_neither_rule_was_ever_true() -> None:
    never = Const(kind=Kind.BOOLEAN, clock=DAY, value=False)
    plan = plan_of(rules={"enter_long": never, "enter_short": never})
    rules = {"enter_long": RuleFacts(0), "enter_short": RuleFacts(0)}
    assert untraded(plan=plan, rules=rules) == (
        "no trades: `enter_long` and `enter_short` were never true in time to act"
    )


def test_no_trades_since_every_entry_was_refused() -> None:
    assert untraded(
        refused={"below_minimum": 2, "conflict": 1}, rules={"enter_long": RuleFacts(3)}
    ) == ("no trades: every entry was refused (conflict 1, below_minimum 2)")


def test_no_trades_since_the_data_is_shorter_than_the_warm_up() -> None:
    assert untraded(plan=plan_of(warmup=800), rules={"enter_long": RuleFacts(0, 800, 800)}) == (
        "no trades: the rules warm up for 800 bars, and there are 800"
    )


def test_a_trade_still_open_is_no_closed_trade() -> None:
    lines = said(replace(CALM, trades=(trade_of(1.0, closed=False),)))
    assert lines[0] == "no trade was closed: the only one is still open at the end"


def test_rules_that_are_unknown_after_their_warm_up() -> None:
    rules = {"enter_long": RuleFacts(true=5, unknown=12, warming=10)}
    assert said(plan=plan_of(warmup=10), rules=rules) == (
        (
            "`enter_long` is unknown at 2 closes besides its warm-up "
            "(as after a division by zero); it does not act there"
        ),
    )


def test_a_warm_up_is_told_only_where_a_start_was_asked_for() -> None:
    rules = {"enter_long": RuleFacts(true=5, unknown=10, warming=10)}
    assert said(plan=plan_of(warmup=10), rules=rules) == ()
    assert said(plan=plan_of(warmup=10, start=0), rules=rules) == (
        "`enter_long` is unknown at 10 closes at the start of the run: it warms up",
    )


def test_rule_facts_count_three_values() -> None:
    values = np.array([UNKNOWN, UNKNOWN, FALSE, TRUE, UNKNOWN, TRUE], dtype=np.int8)
    assert rule_facts(values) == RuleFacts(true=1, unknown=3)
    assert rule_facts(values, warmup=2) == RuleFacts(true=1, unknown=3, warming=2)
    assert rule_facts(values, warmup=4) == RuleFacts(true=1, unknown=3, warming=2)
    assert rule_facts(np.full(4, UNKNOWN, dtype=np.int8), warmup=9) == RuleFacts(0, 4, 4)
    assert rule_facts(np.full(4, TRUE, dtype=np.int8)) == RuleFacts(3)
    assert rule_facts(np.zeros(0, dtype=np.int8)) == RuleFacts(0)


def test_less_than_a_year_is_scaled_up() -> None:
    short = replace(CALM, equity=CALM.equity[:100], position=CALM.position[:100])
    assert said(short, closes=CALM_CLOSES[:100]) == (
        (
            "the run covers 100.0 days, less than a year, and yearly figures are scaled up from it "
            "(cagr, volatility, sharpe, sortino, calmar, turnover)"
        ),
    )


def test_null_metrics_give_their_reasons_together() -> None:
    flat = result_of([1000.0] * 800)
    lines = said(flat)
    assert (
        "win_rate, profit_factor, expectancy, avg_win, avg_loss are null: no trade was closed"
        in lines
    )
    assert "sharpe is null: the returns per bar do not vary" in lines


@pytest.mark.parametrize("count", [0, 1])
def test_runs_of_no_or_one_bar_are_told_too(count: int) -> None:
    lines = said(result_of([1000.0] * count), closes=[100.0] * count)
    assert any("null" in line for line in lines)
