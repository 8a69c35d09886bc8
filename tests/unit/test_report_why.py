"""The sentences on conditions, and numbers with as many digits as it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rtrade.analysis.why import (
    AccountWhy,
    CandleWhy,
    Condition,
    DecisionWhy,
    LevelWhy,
    PositionWhy,
    RuleWhy,
    Why,
)
from rtrade.core.results import CLOSE_EXITS, REFUSALS
from rtrade.report import why_words as words
from rtrade.report.why import as_html, as_text, summary
from unit.plan_strategies import DAILY
from unit.test_analysis_why import daily, look


@pytest.mark.parametrize(
    ("values", "unit", "shown"),
    [
        ([34.21, 30.0], "percent", ["34.21", "30"]),
        ([29.9996, 30.0], "percent", ["29.9996", "30"]),
        ([30.0000001, 30.0], "percent", ["30.0000001", "30"]),
        ([27_010.314, 27_010.31], "price", ["27,010.314", "27,010.31"]),
        ([27_010.0, 26_000.0], "price", ["27,010.00", "26,000.00"]),
        ([0.00001234, 0.00002], "price", ["0.00001234", "0.00002"]),
        ([0.0612, 0.06], "ratio", ["0.0612", "0.06"]),
        ([-0.0001, 0.0], "none", ["-0.0001", "0"]),
        ([3.0, 24.0], "count", ["3", "24"]),
        ([1e18, 1.0], "volume", ["1e+18", "1"]),
        ([-0.0], "none", ["0"]),
        ([2022.51], "volume", ["2,023"]),
    ],
)
def test_numbers_have_the_digits_that_tell_them_apart(values, unit, shown):
    assert words.figures(values, unit) == shown


def test_a_gap_has_the_digits_of_what_it_is_between():
    assert words.figures([100.5, 98.25], "price", 2.25) == ["100.50", "98.25", "2.25"]


@pytest.mark.parametrize(
    ("closes", "rule", "said"),
    [
        ([1, 90], "close > 95", "close was 90, needed > 95, 5 (5.26 %) away"),
        ([1, 90], "95 < close", "close was 90, needed > 95, 5 (5.26 %) away"),
        ([1, 90], "close > 90", "close was 90, needed > 90: equal is not enough"),
        ([1, 90], "close >= 90", "close was 90, as 90"),
        ([1, 99], "close > 95", "close was 99, > 95 by 4 (4.21 %)"),
        ([1, 99], "95 < close", "close was 99, > 95 by 4 (4.21 %)"),
        ([1, 99], "close > 2 * 45", "close was 99, > 90 by 9 (10.0 %)"),
        ([1, 90], "close == 91", "close was 90, needed == 91, 1 away"),
        ([1, 90], "close != 90", "close was 90, needed != 90"),
        ([1, 90], "close - close > 0", "close - close was 0, needed > 0: equal is not enough"),
        ([1, 90], "close - 90 < -3", "close - 90 was 0, needed < -3, 3 (100.0 %) away"),
        (
            [90, 97],
            "crosses_above(close, 95)",
            "close crossed above 95: 97 > 95, 90 <= 95 a bar before",
        ),
        (
            [99, 97],
            "crosses_below(95, close)",
            "close (97) was above 95 already, by 4 (4.21 %) a bar before",
        ),
        (
            [90, 92],
            "crosses_below(95, close)",
            "close was 92, needed to cross above 95, 3 (3.16 %) away",
        ),
        (
            [96, 95],
            "crosses_above(close, 95)",
            "close was 95, needed to cross above 95: equal is not enough",
        ),
        (
            [96, 95.5],
            "crosses_below(close, 95)",
            "close was 95.5, needed to cross below 95, 0.5 (0.53 %) away",
        ),
        ([1, 2, 3], "rising(close, 2)", "close had risen 2 bars in a row"),
        ([1, 2, 2], "rising(close, 2)", "close had risen 0 bars in a row, needed 2"),
        ([3, 2, 1], "falling(close, 2)", "close had fallen 2 bars in a row"),
        (
            [9, 1, 9],
            "held_for(close > 5, 2)",
            "`close > 5` was true on the last 1 bar, needed 2 bars in a row",
        ),
        ([9, 9, 1], "held_for(close > 5, 2)", "`close > 5` was not true, needed 2 bars in a row"),
        ([9, 9, 1], "occurred_within(close > 5, 2)", "`close > 5` was last true 1 bar ago"),
        (
            [9, 1, 1],
            "occurred_within(close > 5, 2)",
            "`close > 5` was true on none of the last 2 bars",
        ),
        ([1, 30], "between(close, 40, 60)", "close was 30, needed 40 to 60, 10 (25.0 %) away"),
        (
            [1, 50],
            "between(close, 40, 60)",
            "close was 50, within 40 to 60, 10 (25.0 %) from leaving it",
        ),
    ],
)
def test_a_condition_is_a_sentence(closes, rule, said):
    assert words.sentence(look(closes, rule)) == said


def test_names_are_kept_and_explained_or_spelled_out():
    found = look(
        [1, 90], "mean > limit", signals={"mean": "sma(close, n)"}, params={"n": 2, "limit": 50}
    )
    assert words.sentence(found) == "mean was 45.5, needed > limit (50), 4.5 (9.00 %) away"
    assert words.meanings(found) == "mean = sma(close, 2)"
    assert words.sentence(words.spelled(found)).startswith("sma(close, 2) was 45.5")


def test_a_name_for_something_long_stays_a_name():
    long = " + ".join(f"sma(close, {n})" for n in range(2, 9))
    found = look([*range(1, 20)], "sum_ > 5000", signals={"sum_": long})
    assert words.spelled(found).values[0].text == "sum_"


def test_what_a_true_condition_lacked_to_be_false_is_told_the_other_way_round():
    found = look([1, 99], "not (close > 95)").parts[0]
    assert words.sentence(found) == "close was 99, > 95 by 4 (4.21 %)"
    assert words.lacking(found) == "close was 99, needed <= 95, 4 (4.21 %) away"


def test_the_bar_of_a_slower_series_is_told_once():
    given = {"others": daily([1, 2, 3, 4, 5, 20, 7]), "also": DAILY}
    found = look([10.0] * 74, "daily.close > daily.open", **given)
    assert words.sentence(found) == (
        "daily.close (bar of 2024-01-03T00:00:00Z) was 20, needed > daily.open (20): equal is not "
        "enough"
    )
    found = look([10.0] * 74, "close > daily.close", **given)
    assert words.sentence(found) == (
        "close was 10, needed > daily.close (20, bar of 2024-01-03T00:00:00Z), 10 (50.0 %) away"
    )


# The first line, for what a run does


CONDITION = look([1, 90], "close > 95")
TRUE = look([1, 99], "close > 95")
ACCOUNT = AccountWhy(
    equity=9_000.0, cash=9_000.0, peak=10_000.0, drawdown=0.1, day_reference=9_500.0,
    day_return=9_000 / 9_500 - 1, max_drawdown=0.1, daily_loss=0.05, cooldown=6, cooldown_left=4,
)  # fmt: skip
HELD = PositionWhy(
    "long", 2.0, "2024-01-01T00:00:00Z", 100.0, 3, -20.2, (LevelWhy("stop_loss", 85.5, -0.05),), 3
)


def rule(name: str, condition: Condition | None, effect: str = "nothing") -> RuleWhy:
    return RuleWhy(name, "" if condition is None else condition.state, effect, condition)


def told(**changes: object) -> Why:
    plain = Why(
        run_id="test-0123456789",
        strategy="test",
        symbol="BTC/USDT",
        timeframe="1h",
        at="2024-01-01T02:00:00Z",
        closes="2024-01-01T03:00:00Z",
        bar=2,
        bars=9,
        candle=CandleWhy(90.0, 91.0, 89.0, 90.0, 5.0),
        differs=(),
        rules=(
            rule("enter_long", CONDITION), rule("exit_long", CONDITION),
            rule("enter_short", None), rule("exit_short", None),
        ),
        decision=DecisionWhy(),
        fills=(),
        worked=(),
        next=(),
        account=ACCOUNT,
        position=None,
    )  # fmt: skip
    return replace(plain, **changes)


def refused(name: str, **more: object) -> Why:
    rules = (rule("enter_long", TRUE, "refused"), *told().rules[1:])
    return told(rules=rules, decision=DecisionWhy(refused=name, **more))


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_is_named_and_explained(name):
    found = refused(name, waiting=("atr(14)",), minimum=10.0)
    assert summary(found).startswith(
        f"No entry at 2024-01-01T02:00:00Z: `enter_long` was true, but refused as {name}: "
    )
    detail = {
        "cooldown": "(refused at 4 closes from this one on)",
        "daily_loss": "(limit 5.00 %, reference 9,500.00, equity 9,000.00)",
        "max_drawdown": "(limit 10.0 %)",
        "warming_up": "(atr(14))",
        "below_minimum": "(the least is 10.00)",
    }.get(name, "")
    assert detail in summary(found)
    assert f"No entry: `enter_long` was true, but refused as {name}" in as_text(found)
    assert "refused" in as_html(found)


@pytest.mark.parametrize("name", CLOSE_EXITS)
def test_every_exit_at_a_close_is_explained(name):
    rules = (told().rules[0], rule("exit_long", TRUE, "acts"), *told().rules[2:])
    found = summary(told(position=HELD, decision=DecisionWhy(exit=name), rules=rules))
    assert found.startswith("Long exit at 2024-01-01T02:00:00Z: ")
    assert {
        "rule": "`exit_long` was true: close was 99, > 95 by 4",
        "time_exit": "time_exit: it was held for 3 bars",
        "max_drawdown": "max_drawdown of 10.0 % ends trading: equity is 10.0 % below its peak",
        "ruin": "equity fell to 0 or below, which ends trading",
    }[name] in found


def test_a_position_without_an_exit_rule_is_told_of_its_levels():
    rules = (rule("enter_long", CONDITION), *(rule(one.name, None) for one in told().rules[1:]))
    assert summary(told(position=HELD, rules=rules)) == (
        "Long kept at 2024-01-01T02:00:00Z: `exit_long` is not there; stop_loss 85.50, "
        "-5.00 % from the close."
    )


def test_an_entry_that_stays_out_at_the_last_close_says_so():
    rules = (rule("enter_long", TRUE, "ignored"), *told().rules[1:])
    assert summary(told(rules=rules, decision=DecisionWhy(carried=False))) == (
        "No entry at 2024-01-01T02:00:00Z: `enter_long` was true, but it is the run's last close: "
        "decisions at it are not carried out."
    )


def test_markup_in_a_strategy_is_text():
    hostile = replace(CONDITION, text="close > '<b onclick=x>' {{ 7 * 7 }}\u202e")
    found = told(rules=(rule("enter_long", hostile), *told().rules[1:]))
    html = as_html(found)
    assert "<b onclick" not in html
    assert "&lt;b onclick=x&gt;" in html
    assert "{{ 7 * 7 }}\\u202e" in html
