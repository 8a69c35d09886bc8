"""Properties over drawn expressions: no crash, stable printing, sharing, order of warm-ups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rtrade.catalog.builtin import builtin
from rtrade.plan.canonical import canonical_json
from rtrade.plan.graph import key
from rtrade.plan.nodes import Align, walk
from rtrade.plan.printing import formula
from rtrade.plan.warmup import leads
from unit.plan_strategies import DAILY, compiled, findings, is_error, node

SERIES = {**DAILY, "eth": ("ETH/USDT", "1h"), "four": ("BTC/USDT", "4h")}
WORDS = [
    *("close", "daily.close", "daily", "rsi", "sma", "macd(close).signal", "atr(14)", "hour"),
    *("(", ")", "[", "]", ",", ".", "=", "==", "!=", "<", "<=", ">", "and", "or", "not", "-"),
    *("+", "*", "/", "%", "**", "&", "|", "!", "if", "lambda", "0", "1", "20", "2%", "1e400"),
    *("'buy'", '"', "'", "\\", "#", "\n", "é", "\0", "true", "True", "it", "n", "x"),
]
SOUP = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=25).map("".join),
    st.text(max_size=60),
    st.text(alphabet="()[]-+ n.ot1<'\"", max_size=200),
)


@given(SOUP)
def test_any_text_compiles_or_is_refused_with_a_place_inside_it(text):
    for found in findings(signals={"it": text}, params={"n": 3}, also=SERIES):
        assert found.code.startswith("RT1")
        assert found.message
        assert found.span is not None
        assert found.span.line >= 1
        assert found.span.column >= 1


NUMBERS = st.sampled_from(
    ["close", "open", "volume", "hlc3", "daily.close", "four.high", "eth.low", "atr(14)", "hour"]
)
CONSTANTS = st.sampled_from(["1", "0.5", "-3", "1e-3", "100", "n", "n * 2 + 1"])
WINDOWS = st.sampled_from(["1", "2", "20", "n", "n + 4"])


def numeric(deeper):
    numbers, conditions = deeper
    return st.one_of(
        st.builds("({} {} {})".format, numbers, st.sampled_from("+-*/%"), numbers),
        st.builds("{} {} ({})".format, CONSTANTS, st.sampled_from("+-*"), numbers),
        st.builds("-({})".format, numbers),
        st.builds("({})[{}]".format, numbers, st.sampled_from(["0", "1", "7", "n"])),
        st.builds(
            "{}({}, {})".format, st.sampled_from(["sma", "ema", "highest"]), numbers, WINDOWS
        ),
        st.builds("max({}, {})".format, numbers, numbers),
        st.builds("macd({}).histogram".format, numbers),
        st.builds("count_true({}, {})".format, conditions, WINDOWS),
    )


def conditional(deeper):
    numbers, conditions = deeper
    return st.one_of(
        st.builds(
            "{} {} {}".format, numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers
        ),
        st.builds("{} < {} <= {}".format, CONSTANTS, numbers, CONSTANTS),
        st.builds("({}) {} ({})".format, conditions, st.sampled_from(["and", "or"]), conditions),
        st.builds("not ({})".format, conditions),
        st.builds("({})[2]".format, conditions),
        st.builds("crosses_above({}, {})".format, numbers, numbers),
        st.builds("held_for({}, {})".format, conditions, WINDOWS),
    )


def levels(depth):
    numbers, conditions = NUMBERS, st.builds("{} > {}".format, NUMBERS, CONSTANTS)
    for _ in range(depth):
        below = (numbers, conditions)
        numbers, conditions = (
            st.one_of(numbers, numeric(below)),
            st.one_of(conditions, conditional(below)),
        )
    return numbers, conditions


VALUES, CONDITIONS = levels(3)
AROUND = {"params": {"n": 5}, "also": SERIES}


@given(st.one_of(VALUES, CONDITIONS))
def test_printed_form_reads_back_as_the_same_plan(text):
    once = node(text, **AROUND)
    printed = formula(once)
    again = node(printed, **AROUND)
    assert formula(again) == printed
    assert (again.kind, again.unit, again.clock) == (once.kind, once.unit, once.clock)
    shown = compiled(signals={"one": text, "two": printed}, **AROUND).signals
    assert shown["one"] is shown["two"]


@given(CONDITIONS, CONDITIONS)
def test_equal_nodes_are_one_object_on_one_clock(one, other):
    plan = compiled(one, other, signals={"a": other, "b": one}, **AROUND)
    nodes = [*walk(*plan.rules.values(), *plan.signals.values())]
    assert len({key(found) for found in nodes}) == len(nodes)
    for found in nodes:
        if not isinstance(found, Align):
            assert {arg.clock for arg in found.args} <= {found.clock}


@given(CONDITIONS)
def test_a_node_needs_no_less_than_its_arguments_on_the_same_clock(text):
    found = node(text, **AROUND)
    needed = leads([found], builtin())
    for one in walk(found):
        lead = needed[id(one)]
        assert 0 <= lead.warmup <= lead.need
        if not isinstance(one, Align):
            assert all(needed[id(arg)].need <= lead.need for arg in one.args)


@given(CONDITIONS, st.permutations(["a", "b", "c"]))
def test_names_and_order_do_not_show_in_the_canonical_form(text, names):
    plain = compiled(text, None, **AROUND)
    first, second, third = names
    named = compiled(
        first,
        None,
        signals={third: "close > 1e6", second: "close", first: text},
        **AROUND,
    )
    assert canonical_json(named) == canonical_json(plain)


@given(st.lists(st.sampled_from(["clsoe > 1", "close > open", "sma(close, 0) > 1"]), max_size=6))
def test_every_wrong_signal_is_told_once(texts):
    signals = {f"s{place}": text for place, text in enumerate(texts)}
    errors = [found for found in findings(signals=signals) if is_error(found)]
    wrong = [place + 1 for place, text in enumerate(texts) if text != "close > open"]
    assert [found.span.line for found in errors] == wrong
