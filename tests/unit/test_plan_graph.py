"""The graph: one object for equal nodes, one clock per node, and the bars each node needs."""

from __future__ import annotations

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.config.definitions import Distance, RiskDef, SizingDef
from rtrade.core.timeframes import Timeframe
from rtrade.plan.nodes import Align, Call, Const, Field, Node, Shift, walk
from rtrade.plan.plan import SeriesNeed
from rtrade.plan.printing import formula
from rtrade.plan.warmup import leads
from unit.plan_strategies import DAILY, compiled, findings, node

HOUR, DAY, FOUR = Timeframe.parse("1h"), Timeframe.parse("1d"), Timeframe.parse("4h")
SERIES = {
    **DAILY,
    "four": ("BTC/USDT", "4h"),
    "eth": ("ETH/USDT", "1h"),
    "ethd": ("ETH/USDT", "1d"),
}


def test_equal_expressions_are_one_node():
    plan = compiled(
        "sma(close, 20) > sma(close, n)",
        "not (a > sma(close, 20))",
        signals={"a": "sma(x=close, n=10 + 10)", "b": "sma(close, 20)[0]"},
        params={"n": 20},
    )
    averages = [n for n in walk(*plan.rules.values()) if isinstance(n, Call)]
    assert len(averages) == 1
    assert plan.signals["a"] is plan.signals["b"] is averages[0]


def test_outputs_of_one_call_are_nodes_of_their_own():
    text = "macd(close).macd > macd(close).signal"
    calls = [n for n in walk(node(text)) if isinstance(n, Call)]
    assert [call.output for call in calls] == ["macd", "signal"]
    assert calls[0].inputs[0] is calls[1].inputs[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("close > 1", "close >= 1"),
        ("close[1]", "close[2]"),
        ("close - open", "open - close"),
        ("sma(close, 2)", "sma(close, 3)"),
        ("sma(close, 2)", "ema(close, 2)"),
        ("close", "daily.close"),
        ("daily.close", "ethd.close"),
        ("bbands(close, 20, 2).upper", "bbands(close, 20, 2).lower"),
        ("bbands(close, 20, 2).upper", "bbands(close, 20, 2.5).upper"),
    ],
)
def test_different_expressions_are_different_nodes(one, other):
    plan = compiled(signals={"one": one, "other": other}, also=SERIES)
    assert plan.signals["one"] is not plan.signals["other"]


CLOCKS = [
    ("close", HOUR),
    ("daily.close", DAY),
    ("daily.close[1]", DAY),
    ("sma(daily.close, 200)", DAY),
    ("daily.atr(14) * 2", DAY),
    ("2 - daily.atr(14)", DAY),
    ("daily.close > sma(daily.close, 200)", DAY),
    ("daily.close / ethd.close", DAY),
    ("daily.weekday == 0 and daily.close > 5", DAY),
    ("close > daily.close", HOUR),
    ("four.close > daily.close", HOUR),
    ("max(daily.close, close)", HOUR),
    ("eth.close", HOUR),
    ("held_for(daily.close > daily.open, 3)", DAY),
    ("hour", HOUR),
]


@pytest.mark.parametrize(("text", "clock"), CLOCKS)
def test_clock_is_that_of_the_operands_or_the_base(text, clock):
    assert node(text, also=SERIES).clock == clock


def test_arguments_are_on_the_clock_of_their_node():
    text = "sma(daily.close, 5) + 1 > close and four.close[2] > daily.close or ethd.atr(3) > 7"
    for one in walk(node(text, also=SERIES)):
        assert all(arg.clock == one.clock for arg in one.args) or isinstance(one, Align)
        if isinstance(one, Align):
            assert one.arg.clock > one.clock == HOUR
            assert not isinstance(one.arg, Align | Const)


def test_only_the_coarser_operand_is_aligned_and_as_a_whole():
    compared = node("close > sma(daily.close, 9) * 2", also=SERIES)
    _, right = compared.args
    assert isinstance(right, Align)
    assert formula(right.arg) == "sma(daily.close, 9) * 2"


def test_rules_are_on_the_base_clock_and_signals_keep_theirs():
    plan = compiled("up", signals={"up": "daily.close > daily.open"}, also=SERIES)
    assert plan.signals["up"].clock == DAY
    rule = plan.rules["enter_long"]
    assert isinstance(rule, Align)
    assert rule.clock == HOUR
    assert rule.arg is plan.signals["up"]


def test_series_finer_than_the_base_is_refused_by_name():
    found = findings(also={"quick": ("BTC/USDT", "5m")}, signals={"it": "quick.close"})
    assert [(one.code, one.message, one.help) for one in found] == [
        (
            "RT130",
            "series `quick` (5m) is finer than the base (1h)",
            "run the strategy on 5m, or read `quick` at 1h",
        )
    ]


def test_series_that_the_base_does_not_divide_is_refused():
    found = findings(also={"odd": ("BTC/USDT", "90m")})
    assert [(one.code, one.message) for one in found] == [
        ("RT131", "series `odd` (90m) is not a whole number of 1h bars")
    ]


def test_constants_are_floats_and_params_of_calls_whole():
    call = node("sma(close, n)", params={"n": 20.0})
    assert isinstance(call, Call)
    assert call.params == (("n", 20),)
    assert isinstance(call.params[0][1], int)
    const = node("3")
    assert isinstance(const, Const)
    assert isinstance(const.value, float)


def test_implicit_prices_follow_the_arguments():
    call = node("daily.atr(14)", also=SERIES)
    assert isinstance(call, Call)
    assert call.prices == 3
    assert [(price.series, price.name) for price in call.inputs if isinstance(price, Field)] == [
        ("daily", "high"),
        ("daily", "low"),
        ("daily", "close"),
    ]


# By hand from each entry's definition: bars before the first value, on the node's own clock.
WARMUPS = [
    ("close", 0),
    ("7", 0),
    ("close[5]", 5),
    ("sma(close, 20)", 19),
    ("sma(close, 20)[3]", 22),
    ("sma(close[3], 20)", 22),
    ("sma(sma(close, 20), 10)", 28),
    ("sma(close, 20) - sma(close, 50)", 49),
    ("crosses_above(sma(close, 20), sma(close, 50))", 50),
    ("close > 3", 0),
    ("not (close[2] > 3)", 2),
    ("ema(close, 20)", 19),
    ("rsi(close, 14)", 14),
    ("atr(14)", 14),
    ("macd(close, 12, 26, 9).signal", 33),
    ("highest(high, 20)[1]", 20),
    ("rising(close, 3)", 3),
    ("held_for(close > open, 3)", 2),
    ("count_true(rising(close, 3), 5)", 7),
    ("change(close)", 1),
    ("pct_change(close, 24)", 24),
    ("percent_rank(sma(close, 10), 100)", 109),
    ("zscore(rsi(close, 14), 50)", 63),
    ("min(sma(close, 7), close[9])", 9),
    ("hour", 0),
    ("close > sma(daily.close, 200)", 0),
    ("sma(close, 5) > daily.atr(14)", 4),
    ("sma(daily.close, 200)", 199),
    ("daily.close > sma(daily.close, 200)[1]", 200),
]


@pytest.mark.parametrize(("text", "warmup"), WARMUPS)
def test_warmup_adds_up_through_the_graph(text, warmup):
    found = node(text, also=SERIES)
    assert leads([found], builtin())[id(found)].warmup == warmup


@pytest.mark.parametrize(
    ("text", "inner", "own"),
    [
        ("ema(close, 20)", 0, 19),
        ("rsi(ema(close, 20), 14)", 19, 14),
        ("ema(close, 20)[5]", 0, 24),
    ],
)
def test_settling_is_counted_on_top_of_the_warmup(text, inner, own):
    found = node(text)
    lead = leads([found], builtin())[id(found)]
    settles = sum(
        entry.settle(dict(call.params))
        for call in walk(found)
        if isinstance(call, Call) and (entry := builtin().get(call.entry)) is not None
    )
    assert settles > 100
    assert lead.warmup == inner + own
    assert lead.need == inner + own + settles


def needs(*rules, **kwargs):
    return compiled(*rules, also=SERIES, **kwargs).needs


def base(lookback):
    return SeriesNeed("", "BTC/USDT", HOUR, lookback)


def test_windows_of_the_base_are_read_before_the_first_bar():
    plan = compiled("close > sma(close, 20)", "close < sma(close, 50)[2]")
    assert plan.needs == (base(51),)
    assert (plan.warmup, plan.lookback) == (51, 51)


def test_coarser_series_is_read_by_its_own_bars():
    assert needs("close > sma(daily.close, 200)") == (
        base(0),
        SeriesNeed("daily", "BTC/USDT", DAY, 199),
    )


def test_window_of_the_base_over_a_coarser_series_asks_the_base():
    # 20 hours of a daily value: the days are counted back from the first of those hours.
    assert needs("close > sma(daily.close[2] + close, 20)") == (
        base(19),
        SeriesNeed("daily", "BTC/USDT", DAY, 2),
    )


def test_series_of_the_base_timeframe_follow_the_base():
    assert needs("eth.close > sma(eth.close, 20)") == (
        base(19),
        SeriesNeed("eth", "ETH/USDT", HOUR, 0),
    )


def test_series_of_one_timeframe_are_read_equally_far_and_the_traded_symbol_leads():
    assert needs("ethd.close > sma(ethd.close, 9) and daily.close > 1") == (
        base(0),
        SeriesNeed("daily", "BTC/USDT", DAY, 8),
        SeriesNeed("ethd", "ETH/USDT", DAY, 8),
    )


def test_series_that_nothing_uses_is_not_read():
    assert needs() == (base(0),)


def test_unused_signals_add_series_but_no_bars():
    unused = {"a": "sma(close, 500)", "b": "sma(four.close, 9)", "c": "sma(daily.close, 300)"}
    plan = compiled("close > sma(daily.close, 20)", signals=unused, also=SERIES)
    assert plan.needs == (
        base(0),
        SeriesNeed("daily", "BTC/USDT", DAY, 19),
        SeriesNeed("four", "BTC/USDT", FOUR, 8),
    )
    assert plan.warmup == 0


def test_atr_of_levels_and_volatility_of_sizing_count():
    risk = RiskDef(
        stop_loss=Distance("atr", 2.0, 14),
        trailing_stop=Distance("atr", 3.0, 20),
        take_profit=Distance("percent", 0.1),
    )
    plan = compiled(risk=risk)
    assert [*plan.atr] == [14, 20]
    assert [formula(one) for one in plan.atr.values()] == ["atr(14)", "atr(20)"]
    assert plan.warmup == 20
    assert plan.lookback > 500
    sized = compiled(sizing=SizingDef("volatility", 0.2, 30))
    assert isinstance(sized.volatility, Node)
    assert formula(sized.volatility) == "log_return_deviation(close, 30)"
    assert (sized.warmup, sized.lookback) == (30, 30)


def test_atr_of_a_level_is_the_atr_of_a_signal():
    plan = compiled(signals={"a": "atr(14)"}, risk=RiskDef(stop_loss=Distance("atr", 2.0, 14)))
    assert plan.signals["a"] is plan.atr[14]


def test_period_of_a_level_keeps_to_the_range_of_the_indicator():
    found = findings(risk=RiskDef(stop_loss=Distance("atr", 2.0, 0)))
    assert [(one.code, one.message) for one in found] == [
        ("RT115", "`n` of `atr` is 0; it goes from 1 to 100000")
    ]


def test_scale_in_percent_is_divided_and_a_fraction_kept():
    def scale(text):
        plan = compiled(scale_by=text, also=SERIES)
        assert plan.scale is not None
        assert plan.scale.clock == HOUR
        return formula(plan.scale)

    assert scale("rsi(close, 14)") == "rsi(close, 14) / 100"
    assert scale("close / highest(close, 9)") == "close / highest(close, 9)"
    assert scale("percent_rank(daily.close, 30)") == "percent_rank(daily.close, 30) / 100"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("close", "a price (`close`)"),
        ("0.5", "a number (`0.5`)"),
        ("close > open", "a condition (`close > open`)"),
        ("close * volume", "a number (`close * volume`)"),
    ],
)
def test_scale_without_a_scale_shows_both_ways_to_say_it(text, what):
    found = findings(scale_by=text)
    assert [(one.code, one.message, one.help) for one in found] == [
        (
            "RT141",
            f"`scale_by` is {what}: it is not known how much 1 is",
            (
                "use a percentage in 0..100, such as `percent_rank(close, 100)`, or a fraction in "
                "0..1, such as `close / highest(close, 100)`"
            ),
        )
    ]


def test_shift_counts_bars_of_its_own_clock():
    shifted = node("daily.close[1]", also=SERIES)
    assert isinstance(shifted, Shift)
    assert (shifted.clock, shifted.bars) == (DAY, 1)
