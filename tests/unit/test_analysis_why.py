"""Rules as trees at a bar: states, values, distances, what decided, what is not known and why."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from conformance.expressions import Grammar, Names
from rtrade.analysis.why import FALSE, TRUE, UNKNOWN, Condition, Distance
from rtrade.analysis.why_conditions import LEAVES, because, conditions, decides, missing
from rtrade.analysis.why_values import Values
from rtrade.catalog.builtin import builtin
from rtrade.catalog.registry import Kind
from rtrade.core.bars import Bars, MarketData
from rtrade.core.timeframes import DAY, HOUR, Timeframe
from rtrade.plan.build import build
from rtrade.plan.written import Reader
from rtrade.signals.evaluate import evaluate
from unit.plan_strategies import DAILY, findings, is_error, strategy

MONDAY = 1_704_067_200_000  # 2024-01-01T00:00:00Z
STATES = {0: FALSE, 1: UNKNOWN, 2: TRUE}


def bars(closes, frame=HOUR, start=MONDAY, volume=10.0):
    close = np.array(closes, dtype=float)
    time = start + frame * np.arange(len(close), dtype=np.int64)
    volumes = np.broadcast_to(np.asarray(volume, dtype=float), close.shape).copy()
    return Bars("BTC/USDT", Timeframe(frame), time, close, close + 1, close - 1, close, volumes)


@dataclass
class Case:
    """A strategy over bars, to look at its rules at any close."""

    closes: list[float]
    rule: str
    others: dict[str, Bars]
    given: dict
    volume: object = 10.0

    def at(self, bar: int) -> Condition:
        definition = strategy(self.rule, None, **self.given)
        plan = build(definition, builtin())
        market = MarketData(
            "own", "csv", bars(self.closes, volume=self.volume), 0, others=self.others
        )
        reader, values = Reader(plan, definition, builtin()), Values(plan, market, {})
        found = conditions(reader, values, builtin(), bar)["enter_long"]
        assert found is not None
        state = evaluate(plan, market).condition(plan.rules["enter_long"])[bar]
        assert found.state == STATES[int(state)]
        return found


def look(closes, rule, bar=-1, *, others=None, volume=10.0, **given) -> Condition:
    case = Case(list(closes), rule, others or {}, given, volume)
    return case.at(bar % len(closes))


# Comparisons


def test_a_comparison_has_both_sides_as_written_and_how_far_it_was():
    found = look([100, 90], "close > limit", params={"limit": 95})
    assert (found.form, found.state, found.op, found.text) == (
        "comparison", FALSE, ">", "close > limit",
    )  # fmt: skip
    close, limit = found.values
    assert (close.text, close.value, close.unit, close.constant) == ("close", 90.0, "price", False)
    assert (limit.text, limit.value, limit.constant) == ("limit", 95.0, True)
    assert found.threshold == 1
    assert found.distance == Distance(5.0, 5 / 95)


def test_the_constant_is_the_threshold_on_either_side():
    found = look([100, 90], "95 < close")
    assert found.threshold == 0
    assert found.distance == Distance(5.0, 5 / 95)


def test_of_two_that_vary_the_right_one_is_the_threshold():
    found = look([100, 90, 80], "close > sma(close, 3)")
    assert found.threshold == 1
    assert found.values[1].value == 90
    assert found.distance == Distance(10.0, 10 / 90)


@pytest.mark.parametrize(("op", "state"), [("<", FALSE), ("<=", TRUE), (">", FALSE), (">=", TRUE)])
def test_a_tie_is_no_distance(op, state):
    found = look([100, 90], f"close {op} 90")
    assert found.state == state
    assert found.distance == Distance(0.0, 0.0)


def test_a_threshold_of_0_has_no_relative_distance():
    found = look([100, 90], "close - close[1] > 0")
    assert found.distance == Distance(10.0, None)


def test_a_threshold_next_to_0_has_no_relative_distance():
    found = look([100, 90], "close > 1e-320")
    assert found.distance == Distance(90.0, None)


def test_names_say_what_they_stand_for_with_params_filled_in():
    found = look(
        [100, 90, 80], "mean > 95 and sma(close, n) < close",
        signals={"mean": "sma(close, n)"}, params={"n": 3},
    )  # fmt: skip
    first, second = found.parts
    assert (first.values[0].text, first.values[0].formula) == ("mean", "sma(close, 3)")
    assert (second.values[0].text, second.values[0].formula) == ("sma(close, n)", "sma(close, 3)")
    assert second.values[1].formula == ""


def test_a_text_keeps_the_authors_words_on_one_line():
    found = look([100, 90], "close   >\n  limit and not (close>limit)", params={"limit": 95})
    assert [part.text for part in found.parts] == ["close > limit", "not (close>limit)"]
    assert found.parts[1].parts[0].text == "close>limit"


def test_a_chain_is_the_and_of_its_links():
    found = look([100, 90], "80 < close < 85")
    assert found.form == "and"
    assert [(part.text, part.state) for part in found.parts] == [
        ("80 < close", TRUE),
        ("close < 85", FALSE),
    ]


# Crossings


def test_a_crossing_has_the_values_of_the_bar_before():
    found = look([90, 94, 97], "crosses_above(close, 95)")
    assert (found.state, found.note) == (TRUE, "")
    assert (found.values[0].before, found.values[0].value) == (94, 97)
    assert (found.values[1].before, found.values[1].value) == (95, 95)
    assert found.distance == Distance(2.0, 2 / 95)


@pytest.mark.parametrize(
    ("closes", "state", "note", "distance"),
    [
        ([95, 96], TRUE, "", 1.0),  # from equal to above
        ([94, 95], FALSE, "short", 0.0),  # equal is not above
        ([90, 92], FALSE, "short", 3.0),
        ([97, 99], FALSE, "already", 2.0),  # that it was above by, a bar before
        ([99, 94], FALSE, "short", 1.0),
    ],
)
def test_a_crossing_that_is_not_says_on_which_side_it_failed(closes, state, note, distance):
    found = look(closes, "crosses_above(close, 95)")
    assert (found.state, found.note) == (state, note)
    assert found.distance.absolute == distance


def test_a_crossing_below_looks_the_other_way():
    assert look([97, 99], "crosses_below(close, 95)").note == "short"
    assert look([93, 92], "crosses_below(close, 95)").note == "already"
    assert look([96, 94], "crosses_below(close, 95)").state == TRUE


def test_a_crossing_is_unknown_at_the_first_bar():
    found = look([97, 99], "crosses_above(close, 95)", 0)
    assert found.state == UNKNOWN
    assert found.values[0].before is None
    assert "`crosses_above(close, 95)` is warming up" in found.reason
    assert found.reason.endswith("of 2024-01-01T01:00:00Z")


# Joined conditions


@pytest.mark.parametrize(
    ("rule", "state", "deciding"),
    [
        ("close > 80 and close > 85", TRUE, [True, True]),
        ("close > 80 and close > 95", FALSE, [False, True]),
        ("close > 95 and close > 99", FALSE, [True, True]),
        ("close > 95 and close[5] > 1", FALSE, [True, False]),  # false, whatever is unknown
        ("close > 80 and close[5] > 1", UNKNOWN, [False, True]),
        ("close > 80 or close > 95", TRUE, [True, False]),
        ("close > 95 or close > 99", FALSE, [True, True]),
        ("close > 80 or close[5] > 1", TRUE, [True, False]),  # true, whatever is unknown
        ("close > 95 or close[5] > 1", UNKNOWN, [False, True]),
    ],
)
def test_what_decides_follows_kleene(rule, state, deciding):
    found = look([100, 90], rule)
    assert found.state == state
    assert [part.decides for part in found.parts] == deciding


def test_deciding_is_what_a_change_of_the_others_cannot_undo():
    value = {FALSE: 0, UNKNOWN: 1, TRUE: 2}
    name = {number: state for state, number in value.items()}
    for op, of in (("and", min), ("or", max)):
        for first in value:
            for second in value:
                whole = name[of(value[first], value[second])]
                # Of the parts that decide alone, the same follows.
                kept = [one for one in (first, second) if decides(op, whole, one)]
                assert kept, (op, first, second)
                assert name[of(value[one] for one in kept)] == whole


def test_not_turns_a_state_and_keeps_what_is_unknown():
    assert look([100, 90], "not (close > 95)").state == TRUE
    found = look([100, 90], "not (close[5] > 95)")
    assert found.state == UNKNOWN
    assert found.parts[0].state == UNKNOWN
    assert "warming up" in found.parts[0].reason


def test_a_named_condition_is_written_out_once():
    found = look(
        [100, 90], "high_up and (close > 95 or high_up)", signals={"high_up": "close > 92"}
    )
    first, other = found.parts
    assert (first.form, first.text, first.formula) == ("signal", "high_up", "close > 92")
    assert first.parts[0].values[1].value == 92
    again = other.parts[1]
    assert (again.form, again.parts, again.note) == ("signal", (), "as above")


def test_a_condition_some_bars_ago_is_looked_at_where_it_was():
    found = look([100, 90, 80], "(close > 95)[2] and (close > 95)[1]")
    first, second = found.parts
    assert (first.form, first.state, first.parts[0].values[0].value) == ("past", TRUE, 100)
    assert (second.form, second.state, second.parts[0].values[0].value) == ("past", FALSE, 90)


def test_a_chain_of_signals_that_no_tree_holds_is_cut():
    chain = {f"s{at}": f"not s{at - 1}" for at in range(1, 3000)}
    found, depth = look([100, 90], "s2999", signals={"s0": "close > 95", **chain}), 0
    while found.parts:
        found, depth = found.parts[0], depth + 1
    assert depth == 40
    assert found.note == "too deep to be shown"
    assert found.state in (TRUE, FALSE)


# Windows


@pytest.mark.parametrize(
    ("closes", "count", "state"),
    [
        ([1, 2, 3, 4], 3, TRUE),
        ([5, 2, 3, 4], 2, FALSE),
        ([1, 2, 3, 3], 0, FALSE),
        ([1, 2], 1, UNKNOWN),
    ],
)
def test_rising_counts_the_rises_in_a_row(closes, count, state):
    found = look(closes, "rising(close, 3)")
    assert (found.state, found.count, found.wanted) == (state, count, 3)
    assert look([-x + 9 for x in closes], "falling(close, 3)").count == count


@pytest.mark.parametrize(
    ("closes", "count", "state"),
    [([9, 9, 9], 3, TRUE), ([9, 1, 9], 1, FALSE), ([9, 9, 1], 0, FALSE), ([9, 9], 2, UNKNOWN)],
)
def test_held_for_counts_back_from_this_bar(closes, count, state):
    found = look(closes, "held_for(close > 5, 3)")
    assert (found.state, found.count, found.wanted) == (state, count, 3)
    assert found.parts[0].text == "close > 5"


@pytest.mark.parametrize(
    ("closes", "count", "state"),
    [([1, 1, 9], 0, TRUE), ([1, 9, 1], 1, TRUE), ([1, 1, 1], None, FALSE), ([1, 1], None, UNKNOWN)],
)
def test_occurred_within_tells_how_long_ago(closes, count, state):
    found = look(closes, "occurred_within(close > 5, 3)")
    assert (found.state, found.count, found.wanted) == (state, count, 3)


@pytest.mark.parametrize(
    ("close", "state", "threshold", "far"),
    [(50, TRUE, 1, 10), (55, TRUE, 2, 5), (30, FALSE, 1, 10), (75, FALSE, 2, 15), (40, TRUE, 1, 0)],
)
def test_between_is_measured_from_the_end_at_which_it_turns(close, state, threshold, far):
    found = look([1, close], "between(close, 40, 60)")
    assert (found.state, found.threshold, found.distance.absolute) == (state, threshold, far)


# Slower series


def daily(closes, start=MONDAY - 3 * DAY):
    return {"daily": bars(closes, DAY, start)}


def test_a_slower_series_shows_the_bar_that_it_is_of():
    # 01:00 on Thursday the 4th: the day that has closed is Wednesday the 3rd.
    found = look(
        [10.0] * 74, "close < daily.close", others=daily([1, 2, 3, 4, 5, 20, 7]), also=DAILY
    )
    close, slow = found.values
    assert close.time is None
    assert (slow.value, slow.time) == (20.0, "2024-01-03T00:00:00Z")


def test_a_crossing_of_a_slower_series_looks_at_its_own_bar_before():
    found = look(
        [10.0] * 74, "crosses_above(daily.close, 6)",
        others=daily([1, 2, 3, 4, 5, 20, 7]), also=DAILY,
    )  # fmt: skip
    assert found.state == TRUE
    assert (found.values[0].before, found.values[0].value) == (5, 20)


def test_a_crossing_of_two_clocks_looks_at_the_bar_before_of_the_faster():
    closes = [10.0] * 47 + [30.0]
    found = look(
        closes, "crosses_above(close, daily.close)", others=daily([1, 2, 3, 4, 20]), also=DAILY
    )
    # At 23:00 on the 2nd that day has just closed too; an hour before it was the 1st.
    assert found.values[1].before == 4
    assert found.values[1].value == 20


def test_a_slower_series_that_has_not_begun_says_so():
    found = look([10.0] * 5, "close > daily.close", others=daily([1, 2], start=MONDAY), also=DAILY)
    assert found.state == UNKNOWN
    assert found.reason == "no bar of 1d has closed yet"


# What is not known, and why


def test_a_window_that_warms_up_says_from_when_on_it_is_known():
    found = look([1, 2, 3, 4, 5], "close > sma(close, 4)", 1)
    assert found.reason == (
        "`sma(close, 4)` is warming up: first known at the close of the 1h bar of "
        "2024-01-01T03:00:00Z"
    )


def test_of_several_that_warm_up_the_last_to_be_known_is_named():
    found = look([1, 2, 3, 4, 5, 6], "crosses_above(sma(close, 2), sma(close, 4))", 0)
    assert found.reason.startswith("`sma(close, 4)` is warming up")
    found = look([1, 2, 3, 4, 5, 6], "sma(close, 4) > sma(close, 2)", 0)
    assert found.reason.startswith("`sma(close, 4)` is warming up")


def test_what_warms_up_for_longer_than_the_data_says_so():
    found = look([1, 2, 3], "close > sma(close, 4)", 1)
    assert found.reason.endswith("it has no value in all of the data")


def test_what_looks_back_past_the_first_bar_is_warming_up_as_a_whole():
    found = look([1, 2, 3, 4, 5, 6], "close > highest(high, 3)[2]", 3)
    assert found.reason.startswith("`highest(high, 3)[2]` is warming up")
    assert found.reason.endswith("2024-01-01T04:00:00Z")


def test_a_division_by_zero_names_what_was_0():
    found = look([5, 5, 5], "1 / (close - close[1]) > 2")
    assert found.state == UNKNOWN
    assert found.reason == "division by zero: `close - close[1]` is 0"


def test_a_division_by_zero_within_a_window_says_when():
    found = look([5, 6, 6, 7, 9], "sma(1 / (close - close[1]), 3) > 2")
    assert found.reason == (
        "division by zero: `close - close[1]` is 0 at 2024-01-01T02:00:00Z, within the window of "
        "`sma(1 / (close - close[1]), 3)`"
    )


def test_a_call_without_a_value_for_its_bars_says_what_it_is():
    found = look([5, 6, 7], "close > vwap(2)", volume=0.0)
    assert found.reason.startswith("`vwap(2)` has no value for such bars: ")
    assert "unknown where nothing was traded" in found.reason


def test_a_long_chain_of_what_is_unknown_is_followed_to_its_end():
    chain = {f"s{at}": f"not s{at - 1}" for at in range(1, 3000)}
    signals = {"s0": "close > sma(close, 9)", **chain}
    found = look([1, 2], "occurred_within(s2999, 2)", signals=signals)
    assert found.reason.startswith("`sma(close, 9)` is warming up")


def test_an_unknown_condition_within_a_window_says_why():
    found = look([5, 6, 6, 7, 9], "held_for(1 / (close - close[1]) > 0, 3)")
    assert found.state == UNKNOWN
    assert found.reason.startswith("division by zero: `close - close[1]` is 0 at ")


# What is missing


def test_nothing_is_missing_where_a_rule_is_true():
    assert missing(look([100, 90], "close > 80 and not (close > 95)")) == ()


@pytest.mark.parametrize(
    ("rule", "lacking"),
    [
        ("close > 80 and close > 95", ["close > 95"]),
        ("close > 91 and close > 95", ["close > 91", "close > 95"]),
        ("close > 95 or close > 91", ["close > 91"]),  # the nearer
        ("(close > 91 and close > 92) or close > 99", ["close > 99"]),  # the fewer
        ("not (close > 80)", ["close > 80"]),
        ("not (close > 80 and close > 85)", ["close > 85"]),
        ("not (close > 80 or close > 85)", ["close > 80", "close > 85"]),
        ("close[5] > 80 and close > 80", ["close[5] > 80"]),
    ],
)
def test_the_fewest_and_nearest_leaves_are_what_is_missing(rule, lacking):
    assert [leaf.text for leaf in missing(look([100, 90], rule))] == lacking


def test_a_true_rule_is_so_for_the_leaves_that_decide():
    found = look([100, 90], "(close > 80 or close > 95) and not (close > 99)")
    assert [leaf.text for leaf in because(found)] == ["close > 80", "close > 99"]


# At random


def kleene(found: Condition) -> str:
    """Work a tree out from its leaves."""
    below = [kleene(part) for part in found.parts]
    value = {FALSE: 0, UNKNOWN: 1, TRUE: 2}
    if found.form == "not":
        return {FALSE: TRUE, TRUE: FALSE, UNKNOWN: UNKNOWN}[below[0]]
    if found.form in ("and", "or"):
        order = sorted(below, key=value.__getitem__)
        return order[0] if found.form == "and" else order[-1]
    if found.form in ("signal", "past") and found.parts:
        return below[0]
    return found.state


def walk(found: Condition):
    yield found
    for part in found.parts:
        yield from walk(part)


def test_trees_of_random_rules_say_what_the_run_was_decided_with():
    draw, forms, reasons, tried = random.Random(11), set(), 0, 0
    closes = [100 + draw.choice((-10, 0, 10, 12.5)) for _ in range(40)]
    for _ in range(150):
        grammar = Grammar(draw.choice, builtin(), Names(numbers=["mean"], conditions=["up"]))
        rule = grammar.expression(Kind.BOOLEAN, 3)
        given = {"signals": {"mean": "sma(close, 3)", "up": "close > open[1]"}}
        if any(map(is_error, findings(rule, None, **given))):
            continue
        tried += 1
        for bar in (0, 2, 17, 39):
            found = look(closes, rule, bar, **given)
            assert kleene(found) == found.state, rule
            for one in walk(found):
                forms.add(one.form)
                if one.form in LEAVES:
                    assert bool(one.reason) is (one.state == UNKNOWN), (rule, one)
                    reasons += bool(one.reason)
                if one.form == "comparison" and one.state != UNKNOWN and one.distance:
                    assert (one.distance.absolute == 0) is (
                        one.values[0].value == one.values[1].value
                    )
            lacking = missing(found)
            assert bool(lacking) is (found.state != TRUE)
    assert {"comparison", "crossing", "call", "signal", "past", "and", "or", "not"} <= forms
    assert reasons > 50
    assert tried > 100
