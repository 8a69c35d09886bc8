"""The canonical form: the same for strategies that cannot differ, another for those that can."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtrade.config.definitions import (
    BacktestDef,
    CostsDef,
    DataDef,
    Distance,
    RiskDef,
    SizingDef,
)
from rtrade.core.timeframes import Timeframe
from rtrade.plan.canonical import canonical, canonical_json, plan_document
from unit.plan_strategies import compiled

RULES = ("crosses_above(fast_ma, slow_ma) and up", "crosses_below(fast_ma, slow_ma)")
SIGNALS = {
    "fast_ma": "sma(close, fast)",
    "slow_ma": "sma(close, 50)",
    "up": "daily.close > sma(daily.close, 200)",
}
ALSO = {"daily": ("BTC/USDT", "1d"), "ethd": ("ETH/USDT", "1d")}
PARAMS = {"fast": 20}


def reference(**changes):
    given = {"signals": SIGNALS, "params": PARAMS, "also": ALSO} | changes
    rules = given.pop("rules", RULES)
    return compiled(*rules, **given)


def test_it_is_plain_json():
    plan = reference()
    assert json.loads(canonical_json(plan)) == canonical(plan)
    assert canonical_json(plan).isascii()


SAME = {
    "renamed": {"name": "other", "description": "words"},
    "order of signals": {"signals": dict(reversed(SIGNALS.items()))},
    "order of series": {"also": dict(reversed(ALSO.items()))},
    "signals renamed": {
        "signals": {"a": SIGNALS["fast_ma"], "b": SIGNALS["slow_ma"], "c": SIGNALS["up"]},
        "rules": ("crosses_above(a, b) and c", "crosses_below(a, b)"),
    },
    "series renamed": {
        "also": {"d": ("BTC/USDT", "1d")},
        "signals": SIGNALS | {"up": "d.close > sma(d.close, 200)"},
    },
    "series declared twice": {
        "also": ALSO | {"again": ("BTC/USDT", "1d")},
        "signals": SIGNALS | {"up": "daily.close > sma(again.close, 200)"},
    },
    "params written out": {"params": {}, "signals": SIGNALS | {"fast_ma": "sma(close, 20)"}},
    "params renamed": {
        "params": {"n": 20, "unused": 3},
        "signals": SIGNALS | {"fast_ma": "sma(close, n=n)"},
    },
    "signals written out": {
        "signals": {},
        "rules": (
            "crosses_above(sma(close, 20), sma(close, 50)) and daily.close > sma(daily.close, 200)",
            "crosses_below(sma(close, fast), sma(close, 50))",
        ),
    },
    "unused signals": {"signals": {"x": "ethd.close * 2"} | SIGNALS | {"y": "rsi(close, 14)"}},
    "white space": {"rules": (f"({RULES[0]})", RULES[1].replace(",", " ,\n "))},
    "numbers of another kind": {"params": {"fast": 20.0}},
    "params of another range": {"params": {"fast": (20, 1, 99)}},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_what_cannot_change_a_result_does_not_change_it(changes):
    assert canonical_json(reference(**changes)) == canonical_json(reference())


def stop(value, kind="percent", period=0):
    return {"risk": RiskDef(stop_loss=Distance(kind, value, period))}


HOUR = Timeframe.parse("1h")
OTHER = {
    "param": {"params": {"fast": 21}},
    "rule": {"rules": (RULES[0], RULES[1] + " or close < 3")},
    "side": {"rules": (None, None, *RULES)},
    "symbol": {"data": DataDef("sample", "ETH/USDT", HOUR)},
    "timeframe": {"timeframe": "4h"},
    "start": {"data": DataDef("sample", "BTC/USDT", HOUR, start=1)},
    "end": {"data": DataDef("sample", "BTC/USDT", HOUR, end=1)},
    "last": {"data": DataDef("sample", "BTC/USDT", HOUR, last=1)},
    "series": {"also": {"daily": ("ETH/USDT", "1d")}},
    "clock": {"also": {"daily": ("BTC/USDT", "2d")}},
    "sizing": {"sizing": SizingDef("equity", 0.9)},
    "kind of sizing": {"sizing": SizingDef("quote", 0.95)},
    "scale": {"scale_by": "rsi(close, 14)"},
    "volatility": {"sizing": SizingDef("volatility", 0.95, 30)},
    "stop": stop(0.02),
    "wider stop": stop(0.03),
    "stop of ATRs": stop(2.0, "atr", 14),
    "stop of longer ATRs": stop(2.0, "atr", 15),
    "time exit": {"risk": RiskDef(time_exit=3)},
    "cooldown": {"risk": RiskDef(cooldown=3)},
    "drawdown": {"risk": RiskDef(max_drawdown=0.2)},
    "daily loss": {"risk": RiskDef(daily_loss=0.2)},
    "costs": {"costs": CostsDef(0.002, 0.001, 0.0005)},
    "slippage": {"slippage": 0.0006},
    "cash": {"backtest": BacktestDef(20_000.0)},
}


def test_what_can_change_a_result_changes_it():
    seen = {}
    for name, changes in OTHER.items():
        if "data" in changes:
            changes = changes | {"also": {}, "signals": {}, "rules": ("close > open", None)}
        seen[canonical_json(reference(**changes))] = name
    seen[canonical_json(reference())] = "reference"
    assert len(seen) == len(OTHER) + 1


def test_nodes_are_listed_once_with_arguments_before_users():
    nodes = canonical(reference())["nodes"]
    assert len({json.dumps(one, sort_keys=True) for one in nodes}) == len(nodes)
    for place, one in enumerate(nodes):
        assert all(arg < place for arg in one.get("args", ()))


def test_numbers_are_floats_whatever_the_file_wrote():
    plan = compiled(sizing=SizingDef("quote", 1000), backtest=BacktestDef(10_000))
    assert canonical_json(plan) == canonical_json(
        compiled(sizing=SizingDef("quote", 1000.0), backtest=BacktestDef(10_000.0))
    )


def test_document_adds_names_and_needs():
    document = plan_document(reference())
    assert document["canonical"] == canonical(reference())
    assert document["params"] == {"fast": 20}
    assert document["signals"]["up"] == {
        "expression": "daily.close > sma(daily.close, 200)",
        "kind": "condition",
        "unit": "none",
        "timeframe": "1d",
    }
    assert document["rules"]["enter_long"] == "crosses_above(fast_ma, slow_ma) and up"
    assert document["warmup"] == 50
    assert [need["lookback"] for need in document["needs"]] == [50, 199]
    json.dumps(document, allow_nan=False)


PRINT = """
from unit.test_plan_canonical import reference
from rtrade.plan.canonical import canonical_json, plan_document
import json
print(canonical_json(reference()).decode(), json.dumps(plan_document(reference())))
"""


def test_it_is_the_same_in_every_process():
    root = Path(__file__).parents[2]
    printed = set()
    for seed in ("0", "1", "4711"):
        path = os.pathsep.join([str(root / "framework"), str(root / "tests")])
        environ = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", PRINT], env=environ, capture_output=True, text=True, check=True
        )
        printed.add(done.stdout)
    assert len(printed) == 1
    assert canonical_json(reference()).decode() in printed.pop()
