"""Every finding code of the plan, as it comes out of a strategy file: code, line and column."""

from __future__ import annotations

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.loading import load_strategy
from rtrade.core.codes import CODES
from rtrade.core.errors import InvalidInput
from rtrade.plan.build import build

FILE = """\
rtrade: 1
name: wrong
data:
  source: sample
  symbol: BTC/USDT
  timeframe: 1h
  also:
    daily: {timeframe: 1d}
params:
  n: {default: 20, min: 5, max: 60}
signals:
  it: sma(close, n)
  c: close > it
rules:
  enter_long: close > it
  exit_long: close < it
sizing: {equity: 95%}
risk: {stop_loss: 3%}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""
IT, C, STOP = "it: sma(close, n)", "c: close > it", "stop_loss: 3%"
ENTER, EXIT = "enter_long: close > it", "exit_long: close < it"
SHORT = f"{EXIT}\n  enter_short: close < it\n  exit_short: close > it"
# code, what is replaced by what, and the line and column of the finding
WRONG = [
    ("RT101", {IT: 'it: "sma(close,"'}, 12, 17),
    ("RT102", {IT: "it: close ** 2"}, 12, 13),
    ("RT103", {IT: f'it: "{"-" * 30}close"'}, 12, 28),
    ("RT104", {IT: "it: close[-1]"}, 12, 13),
    ("RT110", {IT: "it: clsoe"}, 12, 7),
    ("RT111", {IT: "it: daily.clsoe"}, 12, 13),
    ("RT112", {IT: "it: macd(close) > 0"}, 12, 7),
    ("RT113", {IT: "it: sma(close)"}, 12, 7),
    ("RT114", {IT: "it: sma(close, close)"}, 12, 18),
    ("RT115", {IT: "it: sma(close, n - 20)"}, 12, 18),
    ("RT116", {IT: "it: sma(it, n)"}, 12, 11),
    ("RT117", {C: "rsi: close > it"}, 13, 3),
    ("RT120", {IT: "it: close + (close > 1)"}, 12, 16),
    ("RT121", {ENTER: "enter_long: it"}, 15, 15),
    ("RT122", {IT: "it: open + volume"}, 12, 7),
    ("RT123", {C: "c: 1 > 2"}, 13, 6),
    ("RT124", {IT: "it: close / (n - 20)"}, 12, 7),
    ("RT130", {"timeframe: 1d": "timeframe: 5m"}, 8, 5),
    ("RT131", {"timeframe: 1d": "timeframe: 90m"}, 8, 5),
    ("RT140", {"equity: 95%": "risk: 1%", STOP: "time_exit: 3 bars"}, 17, 10),
    ("RT141", {"equity: 95%": "equity: 95%, scale_by: close"}, 17, 33),
    ("RT142", {STOP: "stop_loss: 0.01%"}, 18, 19),
    ("RT143", {EXIT: SHORT, STOP: "cooldown: 6 bars"}, 20, 8),
    ("RT144", {EXIT: f"{EXIT}\n  exit_short: close < it"}, 17, 3),
    ("RT145", {f"  {EXIT}\n": "", STOP: "cooldown: 6 bars"}, 15, 3),
    ("RT146", {EXIT: SHORT, STOP: "take_profit: 150%"}, 20, 21),
    ("RT147", {EXIT: "exit_long: (close > sma(close, 20))"}, 16, 3),
    ("RT150", {C: "c: close > sar()", ENTER: "enter_long: close > it and c"}, 13, 14),
]


def findings(text, folder):
    path = folder / "wrong.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        return build(load_strategy(path), builtin()).warnings
    except InvalidInput as invalid:
        return invalid.diagnostics


def test_the_file_without_a_mistake_has_no_findings(tmp_path):
    assert findings(FILE, tmp_path) == ()


@pytest.mark.parametrize(("code", "changes", "line", "column"), WRONG, ids=lambda value: str(value))
def test_code_is_found_at_its_place_and_alone(code, changes, line, column, tmp_path):
    text = FILE
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    found = findings(text, tmp_path)
    assert [(one.code, one.span.line, one.span.column) for one in found] == [(code, line, column)]
    assert found[0].source == text.splitlines()[line - 1]


def test_every_code_of_the_plan_has_a_file():
    assert {code for code, *_ in WRONG} == {code for code in CODES if "RT101" <= code <= "RT150"}
