"""Signals that name a call with several results."""

from __future__ import annotations

import pytest

from unit.plan_strategies import compiled, findings

MACD = {"lines": "macd(close, 12, 26, 9)"}


def told(rule, signals):
    return [(one.code, one.message, one.help) for one in findings(rule, signals=signals)]


def test_results_are_the_fields_of_the_signal():
    named = compiled("lines.histogram > 0", signals=MACD)
    written = compiled("macd(close, 12, 26, 9).histogram > 0")
    assert named.rules == written.rules
    assert list(named.signals) == ["lines.macd", "lines.signal", "lines.histogram"]


def test_results_serve_other_signals_whatever_the_order():
    signals = {"gap": "lines.macd - lines.signal", **MACD}
    plan = compiled("gap > 0", signals=signals)
    assert list(plan.signals) == ["gap", "lines.macd", "lines.signal", "lines.histogram"]


def test_results_have_a_past():
    assert compiled("lines.macd[1] < lines.macd", signals=MACD).rules


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "lines > 0",
            ("RT112", "`lines` has 3 results", "say which: `.macd`, `.signal` or `.histogram`"),
        ),
        (
            "lines.histogrm > 0",
            ("RT111", "`lines` has no result `histogrm`", "did you mean `histogram`?"),
        ),
        (
            "lines.upper > 0",
            (
                "RT111",
                "`lines` has no result `upper`",
                "say which: `.macd`, `.signal` or `.histogram`",
            ),
        ),
    ],
)
def test_a_result_must_be_said_and_be_there(rule, expected):
    assert told(rule, MACD) == [expected]


def test_what_is_built_on_a_wrong_signal_stays_silent():
    codes = [code for code, *_ in told("lines.macd > 0", {"lines": "macd(clos, 12, 26, 9)"})]
    assert codes == ["RT110"]
