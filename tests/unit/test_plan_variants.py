"""Variants of a strategy are what compiling it with their values gives, with nodes shared."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.catalog.builtin import builtin
from rtrade.config.loading import load_strategy
from rtrade.config.overrides import NO_OVERRIDES, Overrides
from rtrade.core.diagnostics import errors_of
from rtrade.core.errors import InvalidInput
from rtrade.plan.asking import Asking
from rtrade.plan.build import build
from rtrade.plan.canonical import canonical_json
from rtrade.plan.graph import key
from rtrade.plan.nodes import Const, walk
from rtrade.plan.variants import Variants
from rtrade.workflow.compiling import compile_strategy
from unit.config_strategies import ROOT, decode
from unit.llm_strategies import workspace
from unit.plan_strategies import strategy

HEAD = """\
rtrade: 1
name: drawn
data:
  source: sample
  symbol: BTC/USDT
  timeframe: 1h
  also: {daily: {timeframe: 1d}, four: {timeframe: 4h}, eth: {symbol: ETH/USDT}}
costs: {commission: 0%, slippage: 0%}
backtest: {cash: 1000}
"""
PARAMS = "{n: {default: 5}, m: {default: 12, min: 2, max: 400}, x: {default: 1.5}}"


def text_of(rules, signals=None, scale_by=None, params=PARAMS):
    """Return a strategy file; JSON is YAML."""
    sizing = {"equity": "50%"} | ({"scale_by": scale_by} if scale_by else {})
    parts = {"signals": signals or {}, "rules": rules, "sizing": sizing}
    lines = [f"{name}: {json.dumps(part)}\n" for name, part in parts.items() if part]
    return f"{HEAD}params: {params}\n{''.join(lines)}"


def fully(text, values):
    """Compile a file with values given on the command line."""
    sets = tuple(f"params.{name}={value!r}" for name, value in values.items())
    return build(decode(text, sets=sets), builtin())


def variants_of(text):
    return Variants(decode(text), builtin())


def sma(**values):
    definition = load_strategy(ROOT / "strategies" / "sma_btc.yaml", Overrides())
    return Variants(definition, builtin())


# What is drawn: params as windows, shifts and numbers, in arithmetic that may fail or change units.

CONSTANTS = st.sampled_from(
    [
        *("n", "m", "x", "x", "-x", "n + 1", "m - n", "n * x", "100 * x", "n / x", "x % 3"),
        "2",
        "100",
    ]
)
WINDOWS = st.sampled_from(["n", "m", "n + m", "m - n", "20", "n * 2", "x * 2"])
FIELDS = st.sampled_from(
    ["close", "high", "volume", "daily.close", "four.low", "eth.close", "one", "several.upper"]
)


def numbers(below, conditions):
    return st.one_of(
        st.builds("({} {} {})".format, below, st.sampled_from("+-*/%"), below),
        st.builds("({} {} {})".format, below, st.sampled_from("+-*/%"), CONSTANTS),
        st.builds("{} {} ({})".format, CONSTANTS, st.sampled_from("+*/"), below),
        st.builds("-({})".format, below),
        st.builds("({})[{}]".format, below, WINDOWS),
        st.builds(
            "{}({}, {})".format, st.sampled_from(["sma", "ema", "pct_change"]), below, WINDOWS
        ),
        st.builds("{}(n={}, x={})".format, st.sampled_from(["rsi", "highest"]), WINDOWS, below),
        st.builds("macd({}, {}, {}, {}).signal".format, below, WINDOWS, WINDOWS, WINDOWS),
        st.builds("bbands({}, {}, {}).lower".format, below, WINDOWS, CONSTANTS),
        st.builds("max({}, {})".format, below, st.one_of(below, CONSTANTS)),
        st.builds("four.atr({})".format, WINDOWS),
        st.builds("count_true({}, {})".format, conditions, WINDOWS),
    )


def compared(below, conditions):
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        st.builds("{} {} {}".format, below, signs, st.one_of(below, CONSTANTS)),
        st.builds("{} < {} <= {}".format, CONSTANTS, below, CONSTANTS),
        st.builds("({}) {} ({})".format, conditions, st.sampled_from(["and", "or"]), conditions),
        st.builds("({}) and ({}) and n > m".format, conditions, conditions),
        st.builds("not ({})".format, conditions),
        st.builds("({})[n]".format, conditions),
        st.builds("crosses_above({}, {})".format, below, st.one_of(below, CONSTANTS)),
        st.builds("held_for({}, {})".format, conditions, WINDOWS),
    )


def drawn(depth):
    values = FIELDS
    conditions = st.builds("{} > {}".format, FIELDS, CONSTANTS)
    for _ in range(depth):
        values, conditions = (
            st.one_of(values, numbers(values, conditions)),
            st.one_of(conditions, compared(values, conditions)),
        )
    return values, conditions


VALUES, CONDITIONS = drawn(3)
SCALES = st.one_of(
    st.none(),
    st.sampled_from(
        ["rsi(close, n)", "pct_change(close, n) * (x * 2)", "close / highest(close, m)"]
    ),
)
SIGNALS = st.fixed_dictionaries(
    {
        "two": VALUES.filter(lambda text: "several" not in text),
        "one": st.sampled_from(["close", "sma(close, n)", "ema(daily.close, m) * x", "n", "x - 1"]),
        "several": st.sampled_from(["bbands(close, m, x)", "bbands(one, n, 2)"]),
        "holds": st.sampled_from(["one > two", "two > x", "several.upper > close[n]"]),
    }
)
GIVEN = st.fixed_dictionaries(
    {},
    optional={
        "n": st.sampled_from([0, 1, 2, 3, 7, 40, -2, 10_001, 5.0, 2.5]),
        "m": st.sampled_from([2, 3, 12, 30, 400, 1, 401]),
        "x": st.sampled_from([0.5, 1.0, 2, 3.0, 50, 100.0, -1.0, 0.0, -0.0, 1e300, 1e-300]),
    },
)


def assert_same(variant, whole):
    """Compare plans to the last node, with units and clocks, and what is read for them."""
    assert canonical_json(variant) == canonical_json(whole)
    assert variant.rules == whole.rules
    assert variant.scale == whole.scale
    assert variant.signals == whole.signals
    assert variant.params == whole.params
    assert (variant.needs, variant.warmup) == (whole.needs, whole.warmup)
    assert [need.warmup for need in variant.needs] == [need.warmup for need in whole.needs]


def outcome(work):
    """Return a plan, or what is wrong: code, message and help, with the place in the file.

    Options and tables have other places, and so another order.
    """
    try:
        return work()
    except InvalidInput as invalid:
        found = [(one.code, one.message, one.help) for one in errors_of(invalid.diagnostics)]
        if not all(code.startswith("RT1") for code, *_ in found):
            return sorted(found)
        spans = [one.span for one in errors_of(invalid.diagnostics)]
        return list(zip(found, spans, strict=True))


@given(
    st.fixed_dictionaries({"enter_long": CONDITIONS, "exit_long": CONDITIONS}),
    SIGNALS,
    SCALES,
    st.lists(GIVEN, min_size=1, max_size=8),
)
def test_a_variant_is_what_compiling_with_its_values_gives(rules, signals, scale_by, table):
    text = text_of({**rules, "enter_short": "holds"}, signals, scale_by)
    variants = outcome(lambda: variants_of(text))
    if isinstance(variants, list):
        assert variants == outcome(lambda: fully(text, {}))
        return
    for values in table:
        whole = outcome(lambda: fully(text, values))  # noqa: B023 - called at once
        variant = outcome(lambda: variants.plan_of(variants.of(values)))  # noqa: B023
        if isinstance(whole, list):
            assert variant == whole
            continue
        assert_same(variant, whole)


@given(CONDITIONS, CONDITIONS, SIGNALS, st.lists(GIVEN, min_size=2, max_size=6))
def test_equal_nodes_of_all_variants_are_one_object(enter, leave, signals, table):
    text = text_of({"enter_long": enter, "exit_long": leave}, signals, "rsi(close, n)")
    found = []
    try:
        variants = variants_of(text)
    except InvalidInput:
        return
    for values in table:
        try:
            found.append(variants.of(values))
        except InvalidInput:
            continue
    roots = [node for one in found for node in (*one.rules.values(), one.scale)]
    nodes = [*walk(*roots, *variants.plan.rules.values())]
    assert len({key(node) for node in nodes}) == len(nodes)
    for values, one in zip((one.params for one in found), found, strict=True):
        again = variants.of(values)
        assert all(again.rules[name] is node for name, node in one.rules.items())
        assert again.scale is one.scale


def test_variants_share_what_they_have_in_common():
    variants = sma()
    first, second = variants.of({"fast": 10, "slow": 100}), variants.of({"fast": 20, "slow": 100})
    third = variants.of({"fast": 20, "slow": 110})
    (fast, slow), (faster, same) = (one.rules["enter_long"].inputs for one in (first, second))
    assert slow is same
    assert faster is not fast
    assert third.rules["enter_long"].inputs[0] is faster
    assert first.rules["exit_long"].inputs == (fast, slow)
    assert first.rules["exit_long"].inputs[0] is fast
    assert variants.of({}).rules == variants.plan.rules
    assert variants.of({}).rules["enter_long"] is variants.plan.rules["enter_long"]


def test_values_that_are_not_given_are_those_of_the_definition():
    path = ROOT / "strategies" / "sma_btc.yaml"
    variants = Variants(load_strategy(path, Overrides(sets=("params.fast=7",))), builtin())
    assert variants.params == ("fast", "slow")
    assert variants.of({}).params == {"fast": 7, "slow": 50}
    variant = variants.of({"slow": 60.0})
    assert variant.params == {"fast": 7, "slow": 60}
    assert isinstance(variant.params["slow"], int)
    periods = [dict(node.params)["n"] for node in variant.rules["enter_long"].inputs]
    assert periods == [7, 60]


def test_numbers_of_arrays_are_numbers():
    variants = sma()
    variant = variants.of({"fast": np.int64(9), "slow": np.float64(90)})
    assert variant.params == {"fast": 9, "slow": 90}
    assert [type(value) for value in variant.params.values()] == [int, int]
    assert variant.rules["enter_long"] is variants.of({"fast": 9, "slow": 90}).rules["enter_long"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"fast": 61}, [("RT026", "`fast` cannot be 61: it is above its `max` of 60")]),
        ({"fast": 12.5}, [("RT020", "`fast` takes whole numbers, not 12.5")]),
        ({"fast": True}, [("RT020", "`fast` must be a number")]),
        ({"fast": math.nan}, [("RT020", "`fast` must be a number")]),
        ({"slow": 10**400}, [("RT020", "`slow` must be a number")]),
        ({"fsat": 12}, [("RT030", "unknown param `fsat` in `params`")]),
        (
            {"slow": 10, "fast": 4},
            [
                ("RT026", "`fast` cannot be 4: it is below its `min` of 5"),
                ("RT026", "`slow` cannot be 10: it is below its `min` of 20"),
            ],
        ),
    ],
)
def test_a_param_takes_what_the_command_line_takes(values, told):
    variants = sma()
    # 1 is no truth value, though it equals one.
    variants.of({"fast": 20, "slow": 30})
    for _ in range(2):
        with pytest.raises(InvalidInput) as caught:
            variants.of(values)
        assert [(one.code, one.message) for one in caught.value.diagnostics] == told
        assert all(one.span.file.endswith("sma_btc.yaml") for one in caught.value.diagnostics)


def test_an_unknown_param_is_told_what_was_meant():
    with pytest.raises(InvalidInput) as caught:
        sma().of({"fsat": 12})
    assert caught.value.hint == "did you mean `fast`?"
    with pytest.raises(InvalidInput, match="unknown param `n`"):
        Variants(strategy(), builtin()).of({"n": 1})


def test_a_truth_value_is_no_number_after_its_equal():
    variants = Variants(strategy("sma(close, n) > open", params={"n": 5}), builtin())
    variants.of({"n": 1})
    with pytest.raises(InvalidInput, match="must be a number"):
        variants.of({"n": True})


def test_all_refused_values_are_told():
    text = text_of({"enter_long": "sma(close, n) > open"})
    assert each(text, {"n": 2.5, "m": 1}, {"m": 401, "n": 0.5}) == 2


def test_zeros_of_both_signs_are_told_apart():
    variants = Variants(strategy("close - open > x", params={"x": 1.5}), builtin())

    def sign(value):
        right = variants.of({"x": value}).rules["enter_long"].right
        assert isinstance(right, Const)
        return math.copysign(1, right.value)

    assert [sign(value) for value in (0.0, -0.0, 0.0, -0.0, 0)] == [1, -1, 1, -1, 1]


def test_what_the_language_refuses_of_several_expressions_is_told_together():
    variants = Variants(
        strategy(
            "macd(close, fast, slow, 9).signal > 0",
            "close[slow - fast] > close",
            signals={"aside": "sma(close, fast - 4)"},
            params={"fast": 12, "slow": 26},
        ),
        builtin(),
    )
    for _ in range(2):
        with pytest.raises(InvalidInput) as caught:
            variants.of({"fast": 4, "slow": 3})
        messages = [one.message for one in caught.value.diagnostics]
        assert [one.code for one in caught.value.diagnostics] == ["RT115", "RT115", "RT104"]
        assert messages[0] == "`n` of `sma` is 0; it goes from 1 to 100000"
        assert messages[2] == "`close[slow - fast]` would look into the future"
    # One refusal says nothing of the next values.
    assert variants.of({"fast": 5, "slow": 6}).params == {"fast": 5, "slow": 6}


def test_a_call_tells_what_is_wrong_with_it_besides_its_arguments():
    text = text_of(
        {"enter_long": "sma(sma(close, n), m - 12) > open"}, params=PARAMS.replace("12", "15")
    )
    assert each(text, {"n": 0, "m": 12}, {"n": 0}, {"m": 12}) == 3
    with pytest.raises(InvalidInput) as caught:
        variants_of(text).of({"n": 0, "m": 12})
    assert len(caught.value.diagnostics) == 2


def test_a_refused_signal_is_told_once_wherever_it_is_used():
    variants = Variants(
        strategy(
            "both and one > 0",
            "not both",
            signals={"both": "one > open", "one": "sma(close, n)"},
            params={"n": 5},
        ),
        builtin(),
    )
    with pytest.raises(InvalidInput) as caught:
        variants.of({"n": 0})
    assert [one.message for one in caught.value.diagnostics] == [
        "`n` of `sma` is 0; it goes from 1 to 100000"
    ]


def test_a_strategy_that_is_wrong_as_it_stands_has_no_variants():
    with pytest.raises(InvalidInput, match="RT115"):
        Variants(strategy("sma(close, n) > open", params={"n": 0}), builtin())


def test_signals_are_chained_as_deep_as_one_likes():
    signals = {"s0": "sma(close, n)"}
    signals |= {f"s{i}": f"max(s{i - 1}, {i})" for i in range(1, 1500)}
    variants = Variants(strategy("s1499 > close", signals=signals, params={"n": 5}), builtin())
    bottom = next(node for node in walk(variants.of({"n": 6}).rules["enter_long"]))
    assert bottom.name == "close"
    assert dict(variants.of({"n": 6}).rules["enter_long"].left.params) == {}


def test_atrs_of_the_plan_are_those_of_rules():
    text = text_of({"enter_long": "close - open > atr(n)"})
    variants = variants_of(text + "risk: {stop_loss: {atr: 2, period: 14}}\n")
    assert variants.of({"n": 14}).rules["enter_long"].right is variants.plan.atr[14]


def test_bars_before_the_start_cover_all_variants():
    text = text_of({"enter_long": "sma(close, n) > ema(daily.close, m)"})
    variants = variants_of(text)
    several = [variants.of({"n": n, "m": m}) for n, m in ((5, 40), (300, 3), (20, 20))]
    plans = [variants.plan_of(one) for one in several]
    needs = variants.needs(several)
    assert [need.name for need in needs] == ["", "daily"]
    for place, need in enumerate(needs):
        assert need.lookback == max(plan.needs[place].lookback for plan in plans)
        assert need.warmup == max(plan.needs[place].warmup for plan in plans)
    assert variants.lookback(several) == 299
    assert variants.lookback(several[:1]) == 4
    assert variants.lookback([]) == 0


def each(text, *table):
    """Compare variants with values in turn, so that what is learnt of some meets others."""
    variants, refused = variants_of(text), 0
    for values in table:
        whole = outcome(lambda: fully(text, values))  # noqa: B023 - called at once
        variant = outcome(lambda: variants.plan_of(variants.of(values)))  # noqa: B023
        if isinstance(whole, list):
            assert variant == whole
            refused += 1
        else:
            assert_same(variant, whole)
    return refused


@pytest.mark.parametrize("scale", ["moved", "-moved", "max(moved, moved[1])", "moved + x / 200"])
def test_units_may_depend_on_a_value(scale):
    # A fraction times 100 is a percentage, times anything else a fraction.
    signals = {"moved": "pct_change(close, n) * x"}
    text = text_of({"enter_long": "close > open"}, signals, scale)
    table = [{"n": n, "x": x} for x in (1.5, 100.0, 2.5, -100.0) for n in (1, 2, 3)]
    assert each(text, *table, *table[::-1]) == 0


@pytest.mark.parametrize("rule", ["close / x > 1", "sma(close, n) % x > 1"])
def test_a_value_that_is_divided_by_may_be_zero(rule):
    table = [{"n": n, "x": x} for x in (1.5, 2.5, 0.0, 3.5, -0.0) for n in (1, 2, 3)]
    assert each(text_of({"enter_long": rule}), *table) == 6


@pytest.mark.parametrize(
    "rule",
    [
        "daily.close > x",
        "x < four.close * x",
        "between(daily.rsi, x, x + n) and close > n",
        "crosses_above(sma(close, n), x) or crosses_above(x, close)",
        "close - n > x - open",
        "max(n, max(close, x)) > 1 and x > n",
        "rsi(n=n, x=max(x, close)) > x",
        "bbands(max(close, n), n, x).upper > close[n]",
        "close > x > open",
        "bbands(sma(close, n), 20, x).upper > close",
        "bbands(k=x, x=sma(close, n), n=20).upper > close",
    ],
)
def test_constants_may_stand_anywhere(rule):
    signals = {"rsi_of_day": "rsi(daily.close, n)"}
    text = text_of({"enter_long": rule.replace("daily.rsi", "rsi_of_day")}, signals)
    table = [{"n": n, "x": x} for x in (1.5, 2.5, 100.0, 3.5, 0.0, 7.25) for n in (2, 3, 5)]
    assert each(text, *table, *table[::-1]) < len(table)


SHIPPED = sorted(
    path.stem
    for path in (ROOT / "strategies").glob("*.yaml")
    if "params:" in path.read_text() and "llm:" not in path.read_text()
)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_strategies_vary_as_they_are_set(name):
    path = ROOT / "strategies" / f"{name}.yaml"
    definition = load_strategy(path)
    variants = Variants(definition, builtin())
    ranges = [(one.name, (one.min, one.default, one.max)) for one in definition.params]
    compared = 0
    for at in range(9):
        # Neighbours in the list take different ends, so that pairs meet in all combinations.
        table = {param: ends[(at // 3 if odd % 2 else at) % 3]
                 for odd, (param, ends) in enumerate(ranges)}  # fmt: skip
        sets = tuple(f"params.{param}={value!r}" for param, value in table.items())
        whole = outcome(lambda: build(load_strategy(path, Overrides(sets=sets)), builtin()))  # noqa: B023
        variant = outcome(lambda: variants.plan_of(variants.of(table)))  # noqa: B023
        if isinstance(whole, list):
            assert variant == whole
            continue
        compared += 1
        assert_same(variant, whole)
    assert compared > 3


LEVELS = "{signal: 'analyst.risk[n]', low: 1, high: 0}"
MODEL = (
    ("signals:\n", "params: {n: {default: 30}}\nsignals:\n"),
    ("close > sma(close, 30)", "close > sma(close, n)"),
    ("every: 24 bars", "at: close > highest(close, n)[1]"),
    (">= 60", ">= n"),
    ("{equity: 50%}", f"{{equity: 50%, scale_by: 'analyst.confidence[n]', risk_levels: {LEVELS}}}"),
)
PROMPT = "{{ signals.trend }} at {{ close | num }}\n"


def test_of_a_model_its_condition_and_its_level_vary(tmp_path):
    path = workspace(tmp_path, *MODEL, prompt=PROMPT)
    (model,) = compile_strategy(path, NO_OVERRIDES).plan.llm.values()
    asking = Asking({"analyst": model.provider}, lambda *_: model.templates[0])
    variants = Variants(load_strategy(path), builtin(), asking)
    for n in (7, 50, 200, 90):
        whole = compile_strategy(path, Overrides(sets=(f"params.n={n}",))).plan
        variant = variants.of({"n": n})
        assert variant.risk_level is not None
        assert variant.scale is not None
        plan = variants.plan_of(variant)
        assert_same(plan, whole)
        assert plan.llm["analyst"].at == whole.llm["analyst"].at
    several = [variants.of({"n": n}) for n in (7, 200, 90)]
    assert variants.lookback(several) == variants.plan_of(several[1]).lookback == 200
    assert variants.lookback([]) == 0
    with pytest.raises(InvalidInput) as caught:
        variants.of({"n": 0.5})
    assert caught.value.diagnostics[0].code == "RT020"
    with pytest.raises(InvalidInput) as caught:
        variants.of({"n": 0})
    refused = outcome(lambda: compile_strategy(path, Overrides(sets=("params.n=0",))))
    assert [(one.code, one.message) for one in caught.value.diagnostics] == [
        one[:2] for one, _ in refused
    ]
    assert len(refused) == 2
