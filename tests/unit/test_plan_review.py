"""What is found in a strategy without data: rules that cannot be, tight levels, the unused."""

from __future__ import annotations

import random
from typing import Any

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.definitions import CostsDef, Distance, RiskDef
from rtrade.core.bars import FALSE, TRUE
from rtrade.core.diagnostics import Diagnostic
from rtrade.plan.build import build
from rtrade.plan.contradictions import Contradictions
from rtrade.plan.nodes import Const
from rtrade.plan.ordering import Ordering
from rtrade.plan.ranges import Ranges
from rtrade.plan.review import review
from rtrade.signals.evaluate import evaluate
from unit.plan_strategies import DAILY, compiled, strategy
from unit.test_plan_ordering import market


def reviewed(*args: Any, **kwargs: Any) -> list[Diagnostic]:
    definition = strategy(*args, **kwargs)
    plan = build(definition, builtin())
    return [*plan.warnings, *review(plan, definition, builtin())]


def codes(*args: Any, **kwargs: Any) -> list[str]:
    return [found.code for found in reviewed(*args, **kwargs)]


NEVER = [
    "rsi(close, 14) < 30 and rsi(close, 14) > 70",
    "hour >= 20 and hour < 8",
    "weekday == 5 and weekday == 6",
    "hour > 22 and hour < 23",
    "close > sma(close, 20) and sma(close, 20) > sma(close, 50) and sma(close, 50) > close",
    "close > sma(close, 20) * 1.05 and close < sma(close, 20) * 0.95",
    "crosses_above(close, sma(close, 20)) and crosses_below(close, sma(close, 20))",
    "crosses_above(close, sma(close, 20)) and close < sma(close, 20)",
    "crosses_above(close, open) and close[1] > open[1]",
    "rising(close, 3) and close < close[1]",
    "rising(close, 3) and falling(close, 2)",
    "held_for(close > open, 3) and close < open",
    "not (close > open) and close > open",
    "between(rsi(close, 14), 70, 30)",
    "close - open > 0 and close < open",
    "close > bbands(close, 20, 2).upper and close < bbands(close, 20, 2).middle",
    "(close > high or rsi(close, 14) > 80) and rsi(close, 14) < 50",
    "close == open and close > open",
    "close == open and close != open",
    "held_for(rsi(close, 14) < 30, 5) and rsi(close, 14)[1] > 40",
    "not occurred_within(close > open, 3) and close[1] > open[1]",
    "close > highest(close, 20)[1] and close < lowest(close, 20)[1]",
    "daily.close > sma(daily.close, 9) and daily.close < sma(daily.close, 9)",
    "atr(14) < 100 and 2 * atr(14) > 200",
    "-rsi(close, 14) < -70 and rsi(close, 14) * 2 < 100",
    "not (rsi(close, 14) < 70 or rsi(close, 14) > 30)",
    "close > max(open, high)",
]


@pytest.mark.parametrize("text", NEVER)
def test_finds_what_is_never_true(text: str) -> None:
    found = reviewed(text, also=DAILY if "daily" in text else None)
    assert any(one.code in {"RT156", "RT123"} for one in found), text


ALWAYS = [
    "close < open or close >= open",
    "rsi(close, 14) > 30 or rsi(close, 14) < 70",
]


@pytest.mark.parametrize("text", ALWAYS)
def test_finds_what_is_always_true(text: str) -> None:
    assert "RT157" in codes(f"({text}) and close > open[1]", "close < open[1]")


POSSIBLE = [
    "rsi(close, 14) > 30 and rsi(close, 14) < 70",
    "hour >= 20 or hour < 8",
    "hour >= 20 and hour <= 20",
    "crosses_above(close, open) and close > sma(close, 9)",
    "rising(close, 3) and close > open",
    "rising(close, 2)[2] and falling(close, 2)",
    "held_for(close > open, 3)[3] and close < open",
    "not crosses_above(close, open) and close > open",
    "close > highest(high, 20)[1] and close > lowest(low, 20)",
    "occurred_within(rsi(close, 14) < 30, 5) and rsi(close, 14) > 40",
    "close > sma(close, 20) * 1.05 and close < sma(close, 50) * 0.95",
    "daily.close > sma(daily.close, 9) and close < sma(close, 9)",
    "close - open > 0 and close > sma(close, 9)",
    "close != open",
    "close == open",
    "bbands(close, 20, 2).upper > bbands(close, 20, 2).lower",
    "close >= highest(close, 20)",
    "rsi(close, 14) < 70 and not (rsi(close, 14) < 30)",
]


@pytest.mark.parametrize("text", POSSIBLE)
def test_says_nothing_of_what_can_be(text: str) -> None:
    assert codes(text, "close < low[5]", also=DAILY if "daily" in text else None) == []


def test_says_which_parts_rule_each_other_out() -> None:
    found = reviewed(
        "oversold and rsi(close, 14) > 70 and close > open",
        signals={"oversold": "rsi(close, 14) < 30"},
    )
    part, whole = (one.message for one in found)
    assert part == (
        "`oversold and rsi(close, 14) > 70 and close > open` is never true: "
        "`rsi(close, 14) < 30` and `rsi(close, 14) > 70` rule each other out"
    )
    assert whole == "`enter_long` is never true, because a part of it never is"


def test_a_dead_alternative_is_found_in_a_living_rule() -> None:
    found = reviewed("close > open or (hour >= 20 and hour < 8)")
    assert [one.code for one in found] == ["RT156"]
    assert "`hour >= 20 and hour < 8`" in found[0].message


def test_an_entry_within_its_exit_is_found() -> None:
    assert codes("rsi(close, 14) < 30", "rsi(close, 14) < 50") == ["RT158"]
    assert codes("rsi(close, 14) < 30", "rsi(close, 14) > 50") == []
    both = {"enter_short": "rsi(close, 14) < 40", "exit_short": "rsi(close, 14) > 60"}
    assert codes("rsi(close, 14) < 30", "rsi(close, 14) > 50", **both) == ["RT158"]


def costly(**risk: Distance) -> list[str]:
    return codes(risk=RiskDef(**risk), costs=CostsDef(0.001, 0.0008, 0.0005))


def test_levels_within_the_costs_are_found() -> None:
    assert costly(stop_loss=Distance("percent", 0.003)) == ["RT154"]
    assert costly(trailing_stop=Distance("percent", 0.002)) == ["RT154"]
    assert costly(stop_loss=Distance("percent", 0.0031)) == []
    assert costly(stop_loss=Distance("percent", 0.0005)) == ["RT142"]
    assert costly(take_profit=Distance("percent", 0.0023)) == ["RT155"]
    assert costly(take_profit=Distance("percent", 0.0024)) == []
    assert costly(stop_loss=Distance("atr", 2.0, 14)) == []


def test_what_no_rule_uses_is_found() -> None:
    found = reviewed(
        "close > fast",
        signals={"fast": "sma(close, n)", "slow": "sma(close, m)", "bands": "bbands(close, 9, 2)"},
        params={"n": 10, "m": 20},
        also=DAILY,
    )
    assert sorted((one.code, one.message.split("`")[1]) for one in found) == [
        ("RT159", "bands"), ("RT159", "daily"), ("RT159", "slow"), ("RT160", "m"),
    ]  # fmt: skip


def test_what_is_used_through_others_or_by_the_size_counts() -> None:
    signals = {"a": "sma(close, n)", "b": "a * 1.01", "bands": "bbands(close, 9, 2)",
               "part": "percent_rank(close, k)"}  # fmt: skip
    text = "b > bands.upper and daily.atr(14) > 0.5"
    params = {"n": 10, "k": 50}
    assert codes(text, signals=signals, params=params, also=DAILY, scale_by="part") == []


ATOMS = (
    "{x} > {y}", "{x} <= {y}", "crosses_above({x}, {y})", "crosses_below({x}, {y})",
    "between({x}, {y}, {z})", "rising({x}, 2)", "falling({x}, 2)",
    "{x} - {y} > 0", "{x} * 2 >= {z}",
    "hour > {h}", "hour <= {h}", "count_true({x} > {y}, 3) >= {c}", "weekday == {c}",
)  # fmt: skip
JOINS = ("{a} and {b}", "{a} or {b}", "not ({a})", "held_for({a}, 2)", "occurred_within({a}, 3)",
         "({a})[1]", "{a} and not ({b})")  # fmt: skip


def draw(random_: random.Random, depth: int) -> str:
    values = ("close", "open", "high", "close[1]", "sma(close, 3)", "highest(high, 3)",
              "lowest(low, 3)", "max(open, close)", "sma(close, 3) * 1.01")  # fmt: skip
    if depth == 0:
        x, y, z = (random_.choice(values) for _ in range(3))
        atom = random_.choice(ATOMS)
        return atom.format(x=x, y=y, z=z, h=random_.randint(0, 23), c=random_.randint(1, 3))
    a, b = draw(random_, depth - 1), draw(random_, depth - 1)
    return f"({random_.choice(JOINS).format(a=a, b=b)})"


@pytest.mark.parametrize("seed", range(30))
def test_no_bar_contradicts_a_claim(seed: int) -> None:
    """Of random conditions, what is said never (or always) to be true is not (or is) on any bar."""
    random_ = random.Random(seed)
    texts = [draw(random_, random_.choice((1, 2, 3))) for _ in range(25)]
    plan = compiled(signals={f"s{i}": text for i, text in enumerate(texts)})
    table = evaluate(plan, market())
    contradictions = Contradictions(Ordering(Ranges(builtin())))
    for name, condition in plan.signals.items():
        if isinstance(condition, Const):
            continue
        text, values = texts[int(name[1:])], table.condition(condition)
        if contradictions.never(condition) is not None:
            assert not (values == TRUE).any(), text
        if contradictions.always(condition):
            assert not (values == FALSE).any(), text
