"""What is checked across a strategy file, and how findings are handed on."""

from __future__ import annotations

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.definitions import Distance, RiskDef, SizingDef
from rtrade.core.codes import CODES
from rtrade.core.diagnostics import Severity, Span
from rtrade.core.errors import InvalidInput
from rtrade.plan.build import build
from unit.plan_strategies import compiled, findings, strategy

BY_RISK = SizingDef("risk", 0.01)


def told(*args, **kwargs):
    return [(one.severity.value, one.code, one.message) for one in findings(*args, **kwargs)]


def percent(fraction):
    return Distance("percent", fraction)


def test_plain_strategy_has_no_findings():
    assert told() == []


def test_sizing_by_risk_needs_a_stop():
    assert told(sizing=BY_RISK) == [
        (
            "error",
            "RT140",
            "sizing by `risk` needs a stop: the size follows from the loss at the stop",
        )
    ]


@pytest.mark.parametrize("name", ["stop_loss", "trailing_stop"])
def test_either_stop_does_for_sizing_by_risk(name):
    assert told(sizing=BY_RISK, risk=RiskDef(**{name: percent(0.02)})) == []


def test_target_alone_is_no_stop():
    assert [
        code for _, code, _ in told(sizing=BY_RISK, risk=RiskDef(take_profit=percent(0.1)))
    ] == ["RT140"]


def test_stop_within_the_slippage():
    assert told(risk=RiskDef(stop_loss=percent(0.001)), slippage=0.002) == [
        (
            "warning",
            "RT142",
            (
                "`stop_loss` of 0.1% is not wider than the slippage of 0.2%: every position leaves "
                "at the open that it enters at"
            ),
        )
    ]
    assert told(risk=RiskDef(stop_loss=percent(0.003)), slippage=0.002) == []


BOTH_SIDES = ("close > open", "close < open", "close < open[1]", "close > open[1]")


def test_cooldown_rules_reversals_out():
    message = "`cooldown` rules reversals out: an entry decided where a position leaves is refused"
    assert told(*BOTH_SIDES, risk=RiskDef(cooldown=6)) == [("warning", "RT143", message)]
    assert told(risk=RiskDef(cooldown=6)) == []


def test_exit_of_a_side_that_is_never_entered():
    assert told(exit_short="close > open") == [
        ("warning", "RT144", "`exit_short` never acts: there is no `enter_short`")
    ]


def test_side_without_a_way_out():
    message = "a long position has no way out and is held to the end"
    assert told(exit_long=None) == [("warning", "RT145", message)]
    assert told(exit_long=None, enter_short="close < open", exit_short="close > open") == [
        ("warning", "RT145", f"{message}; `enter_short` does not close it")
    ]


@pytest.mark.parametrize(
    "risk",
    [
        RiskDef(stop_loss=percent(0.1)),
        RiskDef(take_profit=percent(0.1)),
        RiskDef(trailing_stop=percent(0.1)),
        RiskDef(time_exit=48),
    ],
)
def test_stop_target_or_time_exit_is_a_way_out(risk):
    assert told(exit_long=None, risk=risk) == []


def test_levels_at_or_below_zero():
    risk = RiskDef(stop_loss=percent(1.0), take_profit=percent(2.5))
    assert [message for _, _, message in told(risk=risk)] == [
        (
            "`stop_loss` of 100% is never reached by a long position: a price does not fall by all "
            "of itself"
        )
    ]
    assert [message for _, _, message in told(*BOTH_SIDES, risk=risk)] == [
        (
            "`stop_loss` of 100% is never reached by a long position: a price does not fall by all "
            "of itself"
        ),
        (
            "`take_profit` of 250% is never reached by a short position: a price does not fall by "
            "all of itself"
        ),
    ]


def test_rules_that_are_the_same_condition():
    rule = "close > open"
    assert told(rule, rule) == [
        (
            "warning",
            "RT147",
            (
                "`enter_long` and `exit_long` are the same condition: the entry is refused while "
                "its own exit holds"
            ),
        )
    ]
    same = told(rule, "close < open", "(close > open)", "close < open")
    assert [message for _, _, message in same] == [
        (
            "`enter_long` and `enter_short` are the same condition: both entries are refused as a "
            "conflict"
        )
    ]


def test_always_in_is_a_strategy_and_never_in_a_warning():
    assert told("true") == []
    assert [message for _, _, message in told("false")] == ["`enter_long` is never true"]


def test_errors_come_with_the_warnings():
    with pytest.raises(InvalidInput) as raised:
        build(strategy("clsoe > 1", exit_long=None), builtin())
    assert [one.code for one in raised.value.diagnostics] == ["RT110", "RT145"]


def test_warnings_alone_are_in_the_plan():
    plan = compiled(exit_long=None)
    assert [one.severity for one in plan.warnings] == [Severity.WARNING]


def test_findings_point_at_the_value_in_the_file():
    definition = strategy(sizing=BY_RISK, signals={"it": "close"})
    key = Span("strategy.yaml", 9, 10, 9, 14)
    definition.document.keys["sizing", "risk"] = key
    with pytest.raises(InvalidInput) as raised:
        build(definition, builtin())
    assert raised.value.diagnostics[0].span == key


def test_plan_carries_the_definition_s_values():
    plan = compiled(params={"n": 3}, signals={"a": "sma(close, n)"}, risk=RiskDef(time_exit=4))
    assert (plan.name, plan.source, plan.symbol, str(plan.timeframe)) == (
        "test",
        "sample",
        "BTC/USDT",
        "1h",
    )
    assert dict(plan.params) == {"n": 3}
    assert plan.risk.time_exit == 4
    assert (plan.cash, plan.benchmark) == (10_000.0, "buy_and_hold")
    assert set(plan.rules) == {"enter_long", "exit_long"}


def test_every_code_of_the_plan_is_documented():
    used = {code for code in CODES if code.startswith("RT1")}
    assert len(used) >= 25
    for code in used:
        assert CODES[code].doc.endswith(".")
        assert len(CODES[code].title) < 50
