"""What `explain` tells a trader."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.definitions import CostsDef, DataDef, Distance, RiskDef, SizingDef
from rtrade.core.timeframes import Timeframe
from rtrade.plan.build import build
from rtrade.plan.explain import explain
from unit.plan_strategies import DAILY, strategy


def told(*args, **kwargs):
    origins = kwargs.pop("origins", {})
    definition = replace(strategy(*args, **kwargs), origins=MappingProxyType(origins))
    return explain(build(definition, builtin()), definition, builtin())


def words(rule, **kwargs):
    return told(rule, **kwargs).rules[0].words


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            "crosses_above(sma(close, 20), sma(close, 50))",
            (
                "Enter long when the 20-bar average of close crosses above the 50-bar average "
                "of close."
            ),
        ),
        (
            "close > open and volume >= 5 or hour < 3",
            (
                "Enter long when (close is above open, and volume is at or above 5) or the hour "
                "(UTC) is below 3."
            ),
        ),
        (
            "close > open and (volume >= 5 or hour == 3)",
            (
                "Enter long when close is above open, and (volume is at or above 5 or the hour "
                "(UTC) equals 3)."
            ),
        ),
        (
            "not (close > open) and close != 3",
            "Enter long when not (close is above open), and close differs from 3.",
        ),
        (
            "close > highest(high, 20)[1]",
            "Enter long when close is above the highest high of 20 bars (1 bar ago).",
        ),
        (
            "crosses_below(pct_change(close, 9), -0.06)",
            "Enter long when the relative change of close over 9 bars crosses below -0.06.",
        ),
        (
            "macd(close).histogram > 0",
            "Enter long when the histogram line of the MACD (12, 26, 9) of close is above 0.",
        ),
        (
            "close > daily.close - 2 * daily.atr(14)",
            "Enter long when close is above daily close - 2 * the 14-bar ATR of daily.",
        ),
        (
            "held_for(close > open, 3)",
            "Enter long when (close is above open), for 3 bars.",
        ),
        (
            "sma(close - open, 5) > 0",
            "Enter long when the 5-bar average of (close - open) is above 0.",
        ),
    ],
)
def test_rule_in_plain_words(rule, said):
    assert words(rule, also=DAILY) == said


def test_short_signals_are_written_out_and_long_ones_named():
    signals = {
        "fast": "sma(close, n)",
        "calm": "atr(14) / close < 0.05 and stddev(close, 50) < 3 * stddev(close, 500)",
    }
    found = told("fast > open and calm", "calm", signals=signals, params={"n": 9})
    assert found.rules[0].words == (
        "Enter long when the 9-bar average of close is above open, and calm."
    )
    assert found.rules[0].expression == "fast > open and calm"
    # A rule that is a signal says what the signal is.
    assert found.rules[1].words.startswith("Exit long when the 14-bar ATR / close is below 0.05")


def test_signals_tell_type_unit_clock_and_warmup():
    found = told(
        "up", signals={"up": "daily.close > 1", "r": "rsi(close, 14)", "a": "r + 1"}, also=DAILY
    )
    notes = {note.name: note for note in found.signals}
    assert (notes["up"].kind, notes["up"].unit, notes["up"].timeframe) == ("condition", "", "1d")
    assert (notes["r"].kind, notes["r"].unit, notes["r"].warmup) == ("number", "percent", 14)
    assert notes["r"].settle > 100
    assert notes["a"].expression == "r + 1"


@pytest.mark.parametrize(
    ("sizing", "said"),
    [
        (SizingDef("equity", 0.95), "Each entry uses 95% of equity."),
        (SizingDef("quote", 1000.0), "Each entry is worth 1000 USDT."),
        (SizingDef("base", 0.5), "Each entry is 0.5 BTC."),
        (
            SizingDef("risk", 0.01),
            (
                "Each entry is sized to lose 1% of equity, costs included, if it is closed at its "
                "first stop."
            ),
        ),
        (
            SizingDef("volatility", 0.2, 30),
            (
                "Each entry uses equity x 20% / the yearly volatility of the last 30 bars, at most "
                "all of equity."
            ),
        ),
    ],
)
def test_sizes_in_words(sizing, said):
    risk = RiskDef(stop_loss=Distance("percent", 0.03))
    assert told(sizing=sizing, risk=risk).sizing[0] == said


def test_scale_in_words():
    assert told(scale_by="rsi(close, 14)").sizing[1] == (
        "That is scaled by the 14-bar RSI of close / 100."
    )


def test_risk_says_what_a_trader_must_know():
    risk = RiskDef(
        stop_loss=Distance("atr", 2.0, 14),
        take_profit=Distance("percent", 0.09),
        trailing_stop=Distance("percent", 0.02),
        time_exit=48,
        cooldown=6,
        max_drawdown=0.25,
        daily_loss=0.05,
    )
    said = told(risk=risk).risk
    assert said[0] == "Stop loss 2 x the 14-bar ATR from the entry's fill."
    for part in (
        "follows closes, not highs",
        "the tighter one counts",
        "both the stop and the target counts as stopped",
        "of the close that decides the entry",
        "bar 48, the entry bar being the first",
        "no entry is decided at the 6 closes",
        "25% or more below its highest close",
        "5% or more below the last close of the day before",
    ):
        assert sum(part in line for line in said) == 1, part


def test_costs_in_words():
    assert told(costs=CostsDef(0.001, 0.0008, 0.0005)).costs == (
        "Commission: 0.1% of every fill, 0.08% of targets.",
        "Slippage: market orders and stops fill 0.05% worse; targets never slip.",
    )


def test_no_limit_is_said():
    assert told().risk == ("No stop, target or limit is set.",)


def test_opposite_entries_are_said_not_to_close():
    both = ("close > open", "close < open", "close < open[1]", "close > open[1]")
    assert any("does not close the opposite position" in line for line in told(*both).timing)
    assert not any("opposite" in line for line in told().timing)


def test_values_tell_where_they_came_from():
    found = told(
        params={"n": 9},
        signals={"a": "sma(close, n)"},
        risk=RiskDef(stop_loss=Distance("atr", 2.0, 14)),
        origins={
            "data.source": "--source",
            "params.n": "--set",
            "risk.stop_loss.atr": "file",
            "risk.stop_loss.period": "default",
            "backtest": "file",
        },
    )
    rows = {value.key: (value.value, value.origin) for value in found.values}
    assert rows["data.source"] == ("sample", "--source")
    assert rows["params.n"] == ("9", "--set")
    assert rows["risk.stop_loss"] == ("2 x ATR(14)", "file")
    assert rows["backtest.cash"] == ("10000", "file")
    assert rows["data.start"] == ("the first bar there is", "default")


HOUR = Timeframe.parse("1h")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "from the first bar there is to the last closed bar"),
        ({"start": 0}, "from 1970-01-01T00:00:00Z to the last closed bar"),
        ({"end": 3_600_000}, "from the first bar there is to 1970-01-01T01:00:00Z (exclusive)"),
        ({"last": 30 * 86_400_000}, "over the 30 days before the last closed bar"),
    ],
)
def test_range_in_words(data, said):
    assert told(data=DataDef("sample", "BTC/USDT", HOUR, **data)).period == said


def test_text_has_all_sections_and_the_document_is_json():
    found = told(
        "close > sma(daily.close, 200)",
        None,
        signals={"r": "rsi(close, 14)"},
        also=DAILY,
        description="Buys strength.",
    )
    text = found.as_text()
    for line in (
        "test: Buys strength.",
        "Rules",
        "  Enter long when close is above the 200-bar average of daily close.",
        "  Of daily only bars that have closed are seen.",
        "Size",
        "Risk",
        "Costs",
        "Signals",
        "Data",
        "  BTC/USDT 1h",
        "  daily: BTC/USDT 1d; up to 199 bars before the first of those are read too",
        "Values and where they come from",
        "Warnings",
        "  a long position has no way out and is held to the end",
    ):
        assert line in text.splitlines(), line
    signal = "  r = rsi(close, 14)  [number (percent), 1h, known after 14 bars, settled"
    assert signal in text
    assert json.loads(json.dumps(found.as_dict()))["rules"][0]["name"] == "enter_long"


def test_text_does_not_grow_with_sharing():
    signals = {"s0": "close / open"} | {f"s{i}": f"s{i - 1} * s{i - 1}" for i in range(1, 200)}
    found = told("s199 > 1", signals=signals, scale_by="s199")
    assert len(found.as_text()) < 40_000
