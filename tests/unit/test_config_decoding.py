"""From a file of the right shape to a definition: values, units, relations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import (
    AlsoDef,
    BacktestDef,
    CostsDef,
    Distance,
    ParamDef,
    RiskDef,
    SizingDef,
)
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import DAY, HOUR, Timeframe, parse_time
from unit.config_strategies import FULL, MINIMAL, decode, findings, marked, minimal

DATA = "{source: sample, symbol: BTC/USDT, timeframe: 1h"


def test_a_full_file_is_decoded():
    definition = decode(FULL)
    data = definition.data
    assert (definition.name, data.source, data.symbol) == ("example", "sample", "BTC/USDT")
    assert definition.description == "Long while the fast average is above the slow one."
    assert data.timeframe == Timeframe(HOUR)
    assert data.start == parse_time("2023-01-01")
    assert data.end == parse_time("2024-01-01T12:00Z")
    assert data.last is None
    assert data.also == (
        AlsoDef("daily", "BTC/USDT", Timeframe(DAY)),
        AlsoDef("eth", "ETH/USDT", Timeframe(HOUR)),
    )
    assert definition.params == (
        ParamDef("fast", 20, 20, 5, 60, 5),
        ParamDef("band", 2.0, 2.0, 0.5, 3.0),
    )
    assert {type(definition.params[0].value), type(definition.params[1].value)} == {int, float}
    assert definition.sizing == SizingDef("equity", 0.95)
    assert definition.risk == RiskDef(
        stop_loss=Distance("atr", 2.0, 10),
        take_profit=Distance("percent", 0.09),
        trailing_stop=Distance("atr", 3.0, 14),
        time_exit=48,
        cooldown=6,
        max_drawdown=0.25,
        daily_loss=0.05,
    )
    assert definition.costs == CostsDef(taker=0.001, maker=0.0005, slippage=0.0005)
    assert definition.backtest == BacktestDef(10000.0, "buy_and_hold")


def test_expressions_know_where_they_stand():
    definition = decode(FULL)
    [fast, uptrend] = definition.signals
    assert (fast.name, fast.expression.text) == ("fast_ma", "sma(close, fast)")
    assert fast.expression.position(4) == (21, 16)
    assert uptrend.expression.text == "daily.close > sma(daily.close, 200)"
    assert uptrend.expression.position(uptrend.expression.text.index("sma")) == (24, 5)
    assert definition.rules.exit_long.text == "crosses_below(fast_ma, close)"
    assert definition.rules.exit_long.position(0) == (28, 15)
    assert definition.rules.enter_short is None


def test_a_small_file_has_defaults():
    definition = decode(MINIMAL)
    assert definition.description is None
    assert (definition.data.start, definition.data.end, definition.data.also) == (None, None, ())
    assert definition.risk == RiskDef()
    assert definition.costs == CostsDef(0.0, 0.0, 0.0)
    assert definition.params == ()


@pytest.mark.parametrize(
    ("sizing", "expected"),
    [
        ("{equity: 100%}", SizingDef("equity", 1.0)),
        ("{quote: 1000}", SizingDef("quote", 1000.0)),
        ("{quote: 1e3 USDT}", SizingDef("quote", 1000.0)),
        ("{base: 0.5}", SizingDef("base", 0.5)),
        ("{risk: 100 bps}", SizingDef("risk", 0.01)),
        ("{volatility: {target: 20%, lookback: 30}}", SizingDef("volatility", 0.2, 30)),
        ("{volatility: {target: 20%, lookback: 30 bars}}", SizingDef("volatility", 0.2, 30)),
        ("{volatility: {target: 20%, lookback: 2d}}", SizingDef("volatility", 0.2, 48)),
    ],
)
def test_sizes(sizing, expected):
    assert decode(minimal(sizing=sizing)).sizing == expected


def test_a_size_is_scaled_by_an_expression():
    sizing = decode(minimal(sizing="{equity: 50%, scale_by: 'rsi(close, 14)'}")).sizing
    assert sizing.scale_by.text == "rsi(close, 14)"


@pytest.mark.parametrize(
    ("written", "fraction"),
    [("0.1%", 0.001), ("5 bps", 0.0005), (".5bps", 0.00005), ("1e-1%", 0.001)],
)
def test_a_fraction_is_the_float_nearest_to_what_is_written(written, fraction):
    costs = decode(minimal(costs=f"{{commission: {written}, slippage: {written}}}")).costs
    assert costs == CostsDef(fraction, fraction, fraction)


CASES = [
    ({"data": DATA + ", start: 2024-01-01, end: 2023-01-01}"}, "2023-01-01", "RT029",
     "`end` (2023-01-01T00:00:00Z) is not after `start` (2024-01-01T00:00:00Z)",
     "`end` is the first moment left out"),
    ({"data": DATA + ", start: 2024-01-01, end: 2024-01-01}"}, "2024-01-01", "RT029",
     "`end` (2024-01-01T00:00:00Z) is not after `start` (2024-01-01T00:00:00Z)",
     "`end` is the first moment left out"),
    ({"data": DATA + ", start: 2024-02-30}"}, "2024-02-30", "RT025",
     "`start`: `2024-02-30` is not a date or time: day is out of range for month",
     "write `2023-01-01` or `2023-01-01T12:00Z` (UTC)"),
    ({"data": "{source: a, symbol: BTC/USDT, timeframe: 53w}"}, "53w", "RT025",
     "`timeframe`: `53w` is not a timeframe", "write `5m`, `1h` or `1d`"),
    ({"risk": "{stop_loss: 0%}"}, "0%", "RT026",
     "`stop_loss` must be above 0% and below 100%, not `0%`", "write for example `3%`"),
    ({"risk": "{stop_loss: 100%}"}, "100%", "RT026",
     "`stop_loss` must be above 0% and below 100%, not `100%`", "write for example `3%`"),
    ({"risk": "{stop_loss: -3%}"}, "-3%", "RT026",
     "`stop_loss` must be above 0% and below 100%, not `-3%`", "write for example `3%`"),
    ({"risk": "{max_drawdown: 101%}"}, "101%", "RT026",
     "`max_drawdown` must be above 0% and at most 100%, not `101%`", "write for example `25%`"),
    ({"risk": "{time_exit: 0 bars}"}, "0 bars", "RT026",
     "`time_exit` must be at least 1 bar and at most 10000000 bars, not `0 bars`",
     "write for example `48 bars`"),
    ({"risk": "{cooldown: 90m}"}, "90m", "RT029",
     "`cooldown`: 90m is not a whole number of 1h bars",
     "write a multiple of 1h, or a number of bars"),
    ({"sizing": "{equity: 101%}"}, "101%", "RT026",
     "`equity` must be above 0% and at most 100%, not `101%`", "write for example `95%`"),
    ({"sizing": "{equity: 50%, risk: 1%}"}, "risk", "RT029",
     "`sizing` names 2 ways: `equity`, `risk`", "keep one of them"),
    ({"sizing": "{scale_by: close}"}, "sizing", "RT022", "`sizing` does not say how much",
     "give it one of `equity`, `quote`, `base`, `risk`, `volatility`"),
    ({"sizing": "{quote: 1000 EUR}"}, "1000 EUR", "RT029",
     "`quote` is in EUR, and the symbol is quoted in USDT", "write the amount in USDT"),
    ({"sizing": "{volatility: {target: 20%, lookback: 1 bar}}"}, "1 bar", "RT026",
     "`lookback` must be at least 2 bars and at most 100000 bars, not `1 bar`",
     "write for example `30`"),
    ({"costs": "{commission: 100%, slippage: 0%}"}, "100%", "RT026",
     "`commission` must be at least 0% and below 100%, not `100%`", "write for example `0.1%`"),
    ({"costs": "{commission: 0%, slippage: -1 bps}"}, "-1 bps", "RT026",
     "`slippage` must be at least 0% and below 100%, not `-1 bps`", "write for example `5 bps`"),
    ({"backtest": "{cash: 0 USDT}"}, "0 USDT", "RT026", "`cash` must be above 0, not `0 USDT`",
     "write for example `10000`"),
    ({"backtest": "{cash: 9e999 USDT}"}, "9e999 USDT", "RT026",
     "`cash` must be above 0 and at most 1E+24, not `9e999 USDT`", "write for example `10000`"),
    ({"params": "{a: {default: 70, min: 5, max: 60}}"}, "70", "RT026",
     "`default` of `a` is 70, above its `max` of 60", "change it, or the range"),
    ({"params": "{a: {default: 0.1, min: 0.5}}"}, "0.1", "RT026",
     "`default` of `a` is 0.1, below its `min` of 0.5", "change it, or the range"),
    ({"params": "{a: {default: 7, min: 9, max: 6}}"}, "9", "RT029",
     "`min` (9) is above `max` (6)", "exchange the two"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "mark", "code", "message", "remedy"), CASES, ids=[str(case[0]) for case in CASES]
)
def test_a_value_that_makes_no_sense_is_named_marked_and_mended(lines, mark, code, message, remedy):
    [found] = findings(minimal(**lines))
    assert (found.code, found.message, found.help) == (code, message, remedy)
    assert marked(found) == mark


def test_all_findings_of_the_stage_come_together():
    text = minimal(
        data=DATA + ", start: 2024-02-30}",
        sizing="{equity: 101%}",
        costs="{commission: {taker: 100%, maker: 200%}, slippage: 0%}",
        risk="{stop_loss: 0%, time_exit: 90m}",
    )
    assert [(one.code, one.span.line) for one in findings(text)] == [
        ("RT025", 3), ("RT026", 5), ("RT026", 6), ("RT026", 6), ("RT026", 8), ("RT029", 8),
    ]  # fmt: skip


def test_the_origin_of_each_value_is_known():
    origins = decode(FULL).origins
    assert origins["data.symbol"] == "file"
    assert origins["data.also.daily.timeframe"] == "file"
    assert origins["risk.trailing_stop.atr"] == "file"
    assert origins["risk.trailing_stop.period"] == "default"
    assert decode(MINIMAL).origins["data.start"] == "default"
    assert decode(MINIMAL).origins["backtest.benchmark"] == "default"


# Whatever stands in a file, nothing but findings comes out.

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["1h", "2%", "5 bps", "48 bars", "0 bars", "1000 USDT", "BTC/USDT",
                     "2023-01-01",
                     "9e999%", "999999w", "0001-01-01T00:00+23:59", "close > 1", "${env:X}"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["atr", "period", "taker", "maker", "default", "min", "max", "step",
                             "target", "lookback", "symbol", "timeframe", "llm", "x", "1"]),
            inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip
PLACES = [
    "rtrade", "name", "description", "data", "data.source", "data.symbol", "data.timeframe",
    "data.start", "data.end", "data.also", "data.also.d", "params", "params.p", "params.p.default",
    "signals", "signals.s", "rules", "rules.enter_long", "sizing", "sizing.equity", "sizing.quote",
    "sizing.base", "sizing.risk", "sizing.volatility", "sizing.scale_by", "risk", "risk.stop_loss",
    "risk.take_profit", "risk.trailing_stop", "risk.time_exit", "risk.cooldown",
    "risk.max_drawdown", "costs", "costs.commission", "costs.slippage", "backtest",
    "backtest.cash", "backtest.benchmark", "optimize", "other",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(PLACES), VALUES, min_size=1, max_size=4))
def test_only_findings_come_out_of_any_values(changes):
    import yaml

    data = yaml.load(MINIMAL, yaml.BaseLoader)
    data["rtrade"], data["backtest"] = 1, {"cash": 1000}
    for place, value in changes.items():
        *folders, last = place.split(".")
        held = data
        for folder in folders:
            if not isinstance(held.get(folder), dict):
                held[folder] = {}
            held = held[folder]
        held[last] = value
    try:
        definition = decode(yaml.safe_dump(data))
    except InvalidInput as invalid:
        assert all(found.span is not None for found in invalid.diagnostics)  # noqa: PT017  # either is right
    else:
        assert math.isfinite(definition.sizing.value)
        assert math.isfinite(definition.backtest.cash)
