"""The expression language: what is accepted, and what each mistake is told.

The tables hold (expression, code, message, first column, end column, help), written from the
language's description; columns count from 1 within the expression, the end is exclusive.
"""

from __future__ import annotations

import pytest

from rtrade.catalog.registry import Kind, Unit
from rtrade.plan.printing import formula
from unit.plan_strategies import DAILY, compiled, finding, findings, is_error, node, place

OTHERS = {**DAILY, "eth": ("ETH/USDT", "1h")}

GOOD = [
    ("close", "close", Kind.NUMBER, Unit.PRICE),
    ("hl2 - low", "hl2 - low", Kind.NUMBER, Unit.PRICE),
    ("sma(close, 20)", "sma(close, 20)", Kind.NUMBER, Unit.PRICE),
    ("sma(x=close, n=20)", "sma(close, 20)", Kind.NUMBER, Unit.PRICE),
    ("sma(close, fast * 2 + 1)", "sma(close, 21)", Kind.NUMBER, Unit.PRICE),
    ("sma(volume, 20)", "sma(volume, 20)", Kind.NUMBER, Unit.VOLUME),
    ("rsi(close)", "rsi(close, 14)", Kind.NUMBER, Unit.PERCENT),
    ("rsi(close, 14) / 100", "rsi(close, 14) / 100", Kind.NUMBER, Unit.RATIO),
    ("pct_change(close) * 100", "pct_change(close, 1) * 100", Kind.NUMBER, Unit.PERCENT),
    ("close / open", "close / open", Kind.NUMBER, Unit.RATIO),
    ("close / open - 1", "close / open - 1", Kind.NUMBER, Unit.RATIO),
    ("close - 2 * atr(14)", "close - 2 * atr(14)", Kind.NUMBER, Unit.PRICE),
    ("close * volume", "close * volume", Kind.NUMBER, Unit.NONE),
    ("close % 100", "close % 100", Kind.NUMBER, Unit.PRICE),
    ("macd(close).histogram", "macd(close, 12, 26, 9).histogram", Kind.NUMBER, Unit.PRICE),
    ("bbands(close, 20, 2).upper[1]", "bbands(close, 20, 2).upper[1]", Kind.NUMBER, Unit.PRICE),
    ("highest(high, 20)[1]", "highest(high, 20)[1]", Kind.NUMBER, Unit.PRICE),
    ("(close - open)[2]", "(close - open)[2]", Kind.NUMBER, Unit.PRICE),
    ("close[0]", "close", Kind.NUMBER, Unit.PRICE),
    ("close[fast]", "close[10]", Kind.NUMBER, Unit.PRICE),
    ("daily.close", "daily.close", Kind.NUMBER, Unit.PRICE),
    ("daily.atr(14)", "daily.atr(14)", Kind.NUMBER, Unit.PRICE),
    ("daily.adx(14)", "daily.adx(14)", Kind.NUMBER, Unit.PERCENT),
    ("hour", "hour", Kind.NUMBER, Unit.COUNT),
    ("hour()", "hour", Kind.NUMBER, Unit.COUNT),
    ("close > open", "close > open", Kind.BOOLEAN, Unit.NONE),
    (
        "30 < rsi(close) <= 70",
        "30 < rsi(close, 14) and rsi(close, 14) <= 70",
        Kind.BOOLEAN,
        Unit.NONE,
    ),
    ("not close > open and volume > 5", "not close > open and volume > 5", Kind.BOOLEAN, Unit.NONE),
    (
        "not (close > open or volume > 5)",
        "not (close > open or volume > 5)",
        Kind.BOOLEAN,
        Unit.NONE,
    ),
    ("(close > open)[1]", "(close > open)[1]", Kind.BOOLEAN, Unit.NONE),
    (
        "crosses_above(close, sma(close, 9))",
        "crosses_above(close, sma(close, 9))",
        Kind.BOOLEAN,
        Unit.NONE,
    ),
    ("held_for(close > open, 3)", "held_for(close > open, 3)", Kind.BOOLEAN, Unit.NONE),
    (
        "count_true(close > open, 9) >= 5",
        "count_true(close > open, 9) >= 5",
        Kind.BOOLEAN,
        Unit.NONE,
    ),
    ("pct_change(close, 24) < -0.06", "pct_change(close, 24) < -0.06", Kind.BOOLEAN, Unit.NONE),
    ("close - (open - low)", "close - (open - low)", Kind.NUMBER, Unit.PRICE),
    ("close - open - low", "close - open - low", Kind.NUMBER, Unit.PRICE),
    ("-close[1]", "-close[1]", Kind.NUMBER, Unit.PRICE),
    ("(-close)[1]", "(-close)[1]", Kind.NUMBER, Unit.PRICE),
    ("+close", "close", Kind.NUMBER, Unit.PRICE),
    ("2 * 3 - 7", "-1", Kind.NUMBER, Unit.NONE),
    ("1e-3", "0.001", Kind.NUMBER, Unit.NONE),
    (".5", "0.5", Kind.NUMBER, Unit.NONE),
    ("true", "true", Kind.BOOLEAN, Unit.NONE),
    ("not true or false", "false", Kind.BOOLEAN, Unit.NONE),
    ("trend > open", "sma(close, 50) > open", Kind.BOOLEAN, Unit.NONE),
    ("(close\n  > open)\nand volume\n> 5", "close > open and volume > 5", Kind.BOOLEAN, Unit.NONE),
    ("close\t>\topen", "close > open", Kind.BOOLEAN, Unit.NONE),
    ("eth.close / close", "eth.close / close", Kind.NUMBER, Unit.RATIO),
]


@pytest.mark.parametrize(("text", "printed", "kind", "unit"), GOOD, ids=[row[0] for row in GOOD])
def test_expression_compiles_to_its_plain_form(text, printed, kind, unit):
    found = node(text, signals={"trend": "sma(close, 50)"}, params={"fast": 10}, also=OTHERS)
    assert (formula(found), found.kind, found.unit) == (printed, kind, unit)


FORM = [
    ("", "RT101", "the expression is empty", 1, 2, None),
    ("  ", "RT101", "the expression is empty", 1, 3, None),
    ("close >", "RT101", "nothing follows `>`", 7, 8, None),
    ("> close", "RT101", "nothing precedes `>`", 1, 2, None),
    ("close > > open", "RT101", "a value is missing between `>` and `>`", 9, 10, None),
    ("(close", "RT101", "`(` is never closed", 1, 2, None),
    ("close)", "RT101", "`)` closes nothing", 6, 7, None),
    ("sma(close, 20]", "RT101", "`]` closes a `(`", 14, 15, "write `)`"),
    ("()", "RT101", "a value is missing between `(` and `)`", 2, 3, None),
    ("sma(close, )", "RT101", "a value is missing between `,` and `)`", 12, 13, None),
    ("close[]", "RT101", "a value is missing between `[` and `]`", 7, 8, None),
    (
        "close open",
        "RT101",
        "an operator is missing between `close` and `open`",
        7,
        11,
        "write an operator, `and` or `or` between them",
    ),
    (
        "close crosses above open",
        "RT101",
        "an operator is missing between `close` and `crosses`",
        7,
        14,
        "write an operator, `and` or `or` between them",
    ),
    (
        "close above open",
        "RT101",
        "an operator is missing between `close` and `above`",
        7,
        12,
        "write `crosses_above(a, b)` or `crosses_below(a, b)`, or `a > b`",
    ),
    (
        "close > 0,5",
        "RT101",
        "`,` separates arguments of a call and nothing else",
        10,
        11,
        "a decimal number is written with a point: `0.5`",
    ),
    ("close > 2%", "RT101", "`2%` is not a number here", 9, 11, "write the fraction: `0.02`"),
    ("(1.5%) < close", "RT101", "`1.5%` is not a number here", 2, 6, "write the fraction: `0.015`"),
    (
        "sma(close, 20bars)",
        "RT101",
        "`20bars` is not a number",
        12,
        18,
        "numbers have no units here; windows count bars: `sma(close, 20)`",
    ),
    ("close > 010", "RT101", "`010` starts with a zero", 9, 12, "write `10`"),
    ("close > 'a", "RT101", "the text is never closed", 9, 10, None),
    (
        "close > 'a\0'",
        "RT101",
        "a text holds no line ends, no `\\` and no control characters",
        9,
        13,
        None,
    ),
    ("close > 1e999", "RT124", "the number is too large", 9, 14, None),
    ("close\0", "RT101", "the character U+0000 cannot stand here", 6, 7, None),
    (
        "close == not true",
        "RT101",
        "`not` cannot follow `==`",
        10,
        13,
        "put it in parentheses: `(not ...)`",
    ),
]

HABITS = [
    ("close > 1 && open > 2", "`&&` is not part of the language", 11, 13, "write `and`"),
    ("close > 1 & open > 2", "`&` is not part of the language", 11, 12, "write `and`"),
    ("close > 1 || open > 2", "`||` is not part of the language", 11, 13, "write `or`"),
    ("close > 1 | open > 2", "`|` is not part of the language", 11, 12, "write `or`"),
    ("!(close > 1)", "`!` is not part of the language", 1, 2, "write `not`"),
    ("~(close > 1)", "`~` is not part of the language", 1, 2, "write `not`"),
    ("close = 1", "`=` is not part of the language", 7, 8, "to compare write `==`"),
    ("close === 1", "`===` is not part of the language", 7, 10, "write `==`"),
    ("close <> 1", "`<>` is not part of the language", 7, 9, "write `!=`"),
    ("close => 1", "`=>` is not part of the language", 7, 9, "write `>=`"),
    ("close ≥ 1", "`≥` is not part of the language", 7, 8, "write `>=`"),
    ("close − 1", "`−` is not part of the language", 7, 8, "write `-`"),
    ("close ** 2", "`**` is not part of the language", 7, 9, "multiply: `x * x`"),
    ("close // 2", "`//` is not part of the language", 7, 9, "divide with `/`"),
    ("close << 2", "`<<` is not part of the language", 7, 9, None),
    (
        "(x := close)",
        "`:=` is not part of the language",
        4,
        6,
        "give the value a name under `signals:`",
    ),
    (
        "close if open else low",
        "`if` is not part of the language",
        7,
        9,
        "there is no `if`; write two conditions with `and` and `or`",
    ),
    (
        "close > 1 ? 2 : 3",
        "`?` is not part of the language",
        11,
        12,
        "there is no `a ? b : c`; write two conditions with `and` and `or`",
    ),
    ("lambda: 1", "`lambda` is not part of the language", 1, 7, "call a function of the catalog"),
    ("close > 1 AND open > 2", "`AND` is not part of the language", 11, 14, "write `and`"),
    ("NOT close > 1", "`NOT` is not part of the language", 1, 4, "write `not`"),
    ("True", "`True` is not part of the language", 1, 5, "write `true`"),
    ("close is 1", "`is` is not part of the language", 7, 9, "write `==`"),
    (
        "close # up",
        "`#` is not part of the language",
        7,
        8,
        "put comments outside of the expression",
    ),
    (
        "close[1:3]",
        "`:` is not part of the language",
        8,
        9,
        "there are no ranges; `x[3]` is the value three bars ago",
    ),
    ("{close}", "`{` is not part of the language", 1, 2, "group with `(` and `)`"),
    (
        "[close]",
        "there are no lists in the language",
        1,
        2,
        "`x[3]` is the value of x three bars ago",
    ),
    (
        "close; open",
        "`;` is not part of the language",
        6,
        7,
        "one expression is one value; name others under `signals:`",
    ),
    (
        "close\u00a0> 1",
        "the character U+00A0 is not part of the language",
        6,
        7,
        "it is a space that does not break; write an ordinary one",
    ),
    (
        "sma(**close)",
        "`**` is not part of the language",
        5,
        7,
        "multiply: `x * x`",
    ),
]

MEANING = [
    ("clsoe > 1", "RT110", "unknown name `clsoe`", 1, 6, "did you mean `close`?"),
    ("Close > 1", "RT110", "unknown name `Close`", 1, 6, "did you mean `close`?"),
    ("fats > 1", "RT110", "unknown name `fats`", 1, 5, "did you mean `fast`?"),
    ("trnd > 1", "RT110", "unknown name `trnd`", 1, 5, "did you mean `trend`?"),
    ("qqqqq > 1", "RT110", "unknown name `qqqqq`", 1, 6, None),
    ("SMA(close, 20)", "RT110", "unknown function `SMA`", 1, 4, "did you mean `sma`?"),
    (
        "crossover(close, open)",
        "RT110",
        "unknown function `crossover`",
        1,
        10,
        "did you mean `crosses_above`?",
    ),
    (
        "ref(close, 1)",
        "RT110",
        "unknown function `ref`",
        1,
        4,
        "the value three bars ago is `x[3]`",
    ),
    (
        "close(1)",
        "RT110",
        "`close` is not a function",
        1,
        6,
        "for its value three bars ago write `close[3]`",
    ),
    (
        "ta.rsi(close)",
        "RT110",
        "unknown series `ta`",
        1,
        3,
        "functions stand alone: `rsi(close, 14)`",
    ),
    ("dayly.close", "RT110", "unknown series `dayly`", 1, 6, "did you mean `daily`?"),
    (
        "weekly.close",
        "RT110",
        "unknown series `weekly`",
        1,
        7,
        "declare it under `data.also`, such as `daily: {timeframe: 1d}`",
    ),
    ("daily", "RT111", "`daily` is a series with several fields", 1, 6, "say which: `daily.close`"),
    ("daily.clsoe", "RT111", "`daily` has no field `clsoe`", 7, 12, "did you mean `close`?"),
    (
        "daily.sma(20)",
        "RT111",
        "`sma` reads no prices by itself",
        1,
        14,
        "write `sma(daily.close, 20)`",
    ),
    ("close.sma(20)", "RT111", "`close` has no `.sma`", 1, 10, "write `sma(close, 20)`"),
    (
        "macd(close).hist",
        "RT111",
        "`macd` has no result `hist`",
        13,
        17,
        "did you mean `histogram`?",
    ),
    (
        "sma(close, 9).upper",
        "RT111",
        "`sma` has one result, without a name",
        15,
        20,
        "leave `.upper` away",
    ),
    (
        "macd(close)[1].signal",
        "RT111",
        "`.signal` comes before `[1]`",
        1,
        22,
        "write `macd(close).signal[1]`",
    ),
    (
        "macd(close) > 0",
        "RT112",
        "`macd(close)` has 3 results",
        1,
        12,
        "say which: `.macd`, `.signal` or `.histogram`",
    ),
    ("rsi > 30", "RT113", "`rsi` is a function", 1, 4, "write `rsi(close, 14)`"),
    ("macd.signal", "RT113", "`macd` is a function", 1, 5, "write `macd(close, 12, 26, 9).signal`"),
    ("sma(20)", "RT113", "`sma` needs `n`", 1, 8, "write `sma(close, 20)`"),
    ("sma()", "RT113", "`sma` needs `x` and `n`", 1, 6, "write `sma(close, 20)`"),
    (
        "sma(close, 20, 3)",
        "RT113",
        "`sma` takes 2 arguments (x, n), not 3",
        1,
        18,
        "write `sma(close, 20)`",
    ),
    (
        "sma(close, period=9)",
        "RT113",
        "`sma` has no argument `period`",
        12,
        20,
        "did you mean `n`?",
    ),
    ("sma(close, 9, n=9)", "RT113", "`n` of `sma` is given twice", 15, 18, None),
    ("daily.vwap()", "RT113", "`vwap` needs `n`", 1, 13, "write `daily.vwap(20)`"),
    (
        "atr(high, low, close, 14)",
        "RT113",
        "`atr` takes 1 argument (n), not 4",
        1,
        26,
        "`atr` reads high, low and close by itself: write `atr(14)`",
    ),
    (
        "sma(close, close)",
        "RT114",
        "`n` of `sma` must be a constant; `close` changes from bar to bar",
        12,
        17,
        "write a number or a param",
    ),
    ("sma(close, 2.5)", "RT114", "`n` of `sma` must be a whole number, not 2.5", 12, 15, None),
    (
        "sma(close, true)",
        "RT114",
        "`n` of `sma` must be a number; `true` is a condition",
        12,
        16,
        None,
    ),
    (
        "sma(close, 0)",
        "RT115",
        "`n` of `sma` is 0; it goes from 1 to 100000",
        12,
        13,
        "n: bars in the window, this one included",
    ),
    (
        "sma(close, fast - 11)",
        "RT115",
        "`n` of `sma` is -1; it goes from 1 to 100000",
        12,
        21,
        "n: bars in the window, this one included",
    ),
    (
        "macd(close, 30, 20).macd",
        "RT115",
        "`macd`: `fast` (30) must be below `slow` (20)",
        1,
        20,
        None,
    ),
    (
        "close[-1]",
        "RT104",
        "`close[-1]` would look into the future",
        7,
        9,
        "`x[1]` is the value one bar ago; no bar after this one is known",
    ),
    ("close[1.5]", "RT104", "1.5 is not a whole number of bars", 7, 10, None),
    ("close[10001]", "RT104", "`close[10001]` reaches back more than 10,000 bars", 7, 12, None),
    (
        "close[hour]",
        "RT104",
        "how far `close[hour]` reaches back must be a constant",
        7,
        11,
        "write a whole number or a param",
    ),
    ("fast[1]", "RT104", "`fast` is a constant and has no past", 1, 8, None),
    (
        "not close",
        "RT120",
        "`not` needs conditions; `close` is a number",
        5,
        10,
        "compare it, such as `close > 0`",
    ),
    (
        "true and close",
        "RT120",
        "`and` needs conditions; `close` is a number",
        10,
        15,
        "compare it, such as `close > 0`",
    ),
    (
        "-(close > open)",
        "RT120",
        "`-` needs a number; `close > open` is a condition",
        3,
        15,
        "write `not`",
    ),
    (
        "(close > open) + 1",
        "RT120",
        "`+` needs numbers; `close > open` is a condition",
        2,
        14,
        "`count_true(c, n)` counts conditions",
    ),
    (
        "(close > open) == true",
        "RT120",
        "conditions cannot be compared with `==`",
        1,
        23,
        "write `close > open` or `not close > open`; two conditions are joined by `and` and `or`",
    ),
    (
        "close > 'a'",
        "RT120",
        "`close` is a number and `'a'` is a text: they cannot be compared",
        1,
        12,
        None,
    ),
    (
        "held_for(close, 3)",
        "RT120",
        "`c` of `held_for` must be a condition; `close` is a number",
        10,
        15,
        "write `held_for(close > open, 3)`",
    ),
    (
        "sma(5, 20)",
        "RT120",
        "`sma(5, 20)` has only constants to work on",
        1,
        11,
        "write `sma(close, 20)`",
    ),
    ("close / (fast - 10)", "RT124", "`close / (fast - 10)` divides by zero", 1, 20, None),
    ("1e300 * 1e300", "RT124", "`1e300 * 1e300` is too large", 1, 14, None),
]

UNITS = [
    (
        "rsi(close) > close",
        "RT122",
        "`rsi(close)` is a percentage and `close` is a price",
        "compare and add like with like",
    ),
    (
        "pct_change(close) > rsi(close)",
        "RT122",
        "`pct_change(close)` is a fraction and `rsi(close)` is a percentage",
        "`x * 100` turns a fraction into a percentage, `x / 100` a percentage into a fraction",
    ),
    (
        "close + volume",
        "RT122",
        "`close` is a price and `volume` is a volume",
        "compare and add like with like",
    ),
    (
        "crosses_above(close, rsi(close))",
        "RT122",
        "`close` is a price and `rsi(close)` is a percentage",
        "compare like with like",
    ),
    ("2 > 1", "RT123", "`2 > 1` is always true", None),
    ("close > close", "RT123", "`close > close` is never true", None),
    (
        "rsi(close) > 100",
        "RT123",
        "`rsi(close) > 100` is never true: `rsi(close)` is at least 0 and at most 100",
        None,
    ),
    (
        "-101 < daily.willr(14)",
        "RT123",
        "`-101 < daily.willr(14)` is always true: `daily.willr(14)` is at least -100 and at most 0",
        None,
    ),
]
AROUND = {"signals": {"trend": "sma(close, 50)"}, "params": {"fast": 10}, "also": OTHERS}


@pytest.mark.parametrize("row", FORM + MEANING, ids=lambda row: repr(row[0]))
def test_mistake_is_named_placed_and_helped(row):
    text, code, message, column, end, advice = row
    found = finding(text, **AROUND)
    assert is_error(found)
    assert (found.code, found.message, found.help) == (code, message, advice)
    assert place(found) == (1, column, end)


@pytest.mark.parametrize("row", HABITS, ids=lambda row: repr(row[0]))
def test_habit_of_other_languages_is_told_the_way_out(row):
    text, message, column, end, advice = row
    found = finding(text, **AROUND)
    assert is_error(found)
    assert (found.code, found.message, found.help) == ("RT102", message, advice)
    assert place(found) == (1, column, end)


@pytest.mark.parametrize(("text", "code", "message", "advice"), UNITS, ids=lambda row: repr(row))
def test_doubtful_comparison_is_a_warning(text, code, message, advice):
    found = finding(text, **AROUND)
    assert not is_error(found)
    assert (found.code, found.message, found.help) == (code, message, advice)
    assert place(found) == (1, 1, len(text) + 1)


QUIET = [
    "rsi(close) > 30",
    "close > 100",
    "close - open > 0.01 * close",
    "close > sma(close, 20) + 2 * stddev(close, 20)",
    "close * 1.02 < high",
    "atr(14) / close > 0.01",
    "zscore(close, 20) > 2",
    "rsi(close) <= 100 - rsi(open)",
    "eth.close / close > 0.05",
    "weekday < 5 and hour >= 8",
    "volume > 2 * sma(volume, 20)",
    "rsi(close) / 100 > pct_change(close)",
    "100 * pct_change(close) > rsi(close)",
]


@pytest.mark.parametrize("text", QUIET)
def test_sensible_comparison_is_quiet(text):
    assert findings(signals={"it": text}, also=OTHERS) == ()


def test_place_in_a_block_scalar_is_the_line_and_column_in_the_file():
    found = finding("(close\n> open)\nand clsoe > 1")
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.end_column) == (3, 7, 12)
    assert found.source == "  and clsoe > 1"


def test_columns_count_characters_not_bytes():
    found = finding("'é€𝄞' == clsoe")
    assert place(found) == (1, 10, 15)


def test_all_findings_of_a_file_come_at_once_and_in_order():
    found = findings(
        "sma(clse, 20) > smma(opne, 1)", "close >", signals={"a": "b", "c": "sma(close, 0)"}
    )
    assert [(one.code, one.span.line) for one in found] == [
        ("RT110", 1),
        ("RT115", 2),
        ("RT110", 3),
        ("RT110", 3),
        ("RT110", 3),
        ("RT101", 4),
    ]


def test_mistake_in_a_signal_is_told_once_though_others_use_it():
    found = findings("bad > 1 and bad < 5", signals={"bad": "clsoe", "worse": "sma(bad, 0) + bad"})
    assert [one.message for one in found] == [
        "unknown name `clsoe`",
        "`n` of `sma` is 0; it goes from 1 to 100000",
    ]


def test_middle_of_a_chain_is_told_once():
    assert finding("open < clsoe < high").message == "unknown name `clsoe`"


def test_signals_in_a_circle_show_the_way_round():
    found = findings("a > 1", signals={"a": "b + 1", "b": "c + 1", "c": "sma(a, 3)", "d": "c"})
    assert [(one.code, one.message) for one in found] == [
        ("RT116", "signals go in a circle: a -> b -> c -> a")
    ]
    assert found[0].span.line == 3
    assert found[0].span.column == len("c: sma(") + 1


def test_signal_built_on_itself():
    assert finding("it + 1").message == "a signal cannot be built on itself"


def test_order_of_signals_does_not_matter():
    signals = {"last": "middle + 1", "middle": "first + 1", "first": "close"}
    assert formula(compiled(signals=signals).signals["last"]) == "close + 1 + 1"


def test_thousands_of_chained_signals_compile():
    signals = {"s0": "close"} | {f"s{i}": f"s{i - 1} + s{i - 1}" for i in range(1, 3000)}
    plan = compiled(f"s{2999} > 1", signals=dict(reversed(signals.items())))
    assert len(plan.signals) == 3000


SHADOWS = [
    ({"signals": {"close": "open"}}, "a signal cannot be called `close`: that is a field of a bar"),
    (
        {"signals": {"rsi": "open"}},
        "a signal cannot be called `rsi`: that is a function of the catalog",
    ),
    ({"params": {"sma": 3}}, "a param cannot be called `sma`: that is a function of the catalog"),
    (
        {"params": {"lambda": 3}},
        "a param cannot be called `lambda`: that is a word of the language",
    ),
    ({"params": {"true": 3}}, "a param cannot be called `true`: that is a word of the language"),
    (
        {"also": {"volume": ("ETH/USDT", "1h")}},
        "a series cannot be called `volume`: that is a field of a bar",
    ),
    (
        {"params": {"x": 3}, "signals": {"x": "close"}},
        "a signal cannot be called `x`: a param has that name",
    ),
    (
        {"also": {"x": ("ETH/USDT", "1h")}, "params": {"x": 3}},
        "a param cannot be called `x`: a series has that name",
    ),
    (
        {"signals": {"fast-ma": "close"}},
        "a signal cannot be called `fast-ma`: a name is made of letters, digits and `_`",
    ),
]


@pytest.mark.parametrize(("given", "message"), SHADOWS)
def test_name_that_means_something_else_is_refused(given, message):
    found = findings(**given)
    assert [(one.code, one.message) for one in found if is_error(one)] == [("RT117", message)]


HUGE = [
    ("-" * 90_000, "the expression is 90,000 characters long; 2,000 are allowed"),
    ("-" * 1_999 + "1", "more than 20 `-` stand in a row"),
    ("not " * 400 + "true", "more than 20 `not` stand in a row"),
    ("(" * 900 + "1" + ")" * 900, "more than 50 brackets are open at once"),
    ("close" + "[1]" * 400, "the expression is nested more than 100 deep"),
    ("+".join("1" * 400), "the expression is nested more than 100 deep"),
    (" or ".join(["a>b"] * 280), "the expression has more than 500 parts"),
    ("+".join("1" * 900), "the expression has more than 500 parts"),
    ("9" * 2_000, "the number is too large"),
    ("abs(" * 51 + "close" + ")" * 51, "more than 50 brackets are open at once"),
]


@pytest.mark.parametrize(("text", "message"), HUGE, ids=range(len(HUGE)))
def test_huge_expression_is_refused_at_once(text, message):
    assert finding(text).message == message


def test_long_but_sane_expression_compiles():
    text = " or ".join(f"close > {i}" for i in range(120))
    assert node(text).kind is Kind.BOOLEAN


def test_rule_must_be_a_condition():
    found = findings("sma(close, 20)", signals={"it": "close"})
    assert [(one.code, one.message, one.help) for one in found] == [
        (
            "RT121",
            "`enter_long` must be a condition; `sma(close, 20)` is a number",
            "compare it, such as `sma(close, 20) > 0`",
        )
    ]


def test_findings_carry_the_line_of_the_file():
    assert finding("clsoe").source == "it: clsoe"


def test_long_circle_is_told_in_short():
    signals = {f"s{i}": f"s{(i + 1) % 2000} + 1" for i in range(2000)}
    (found,) = findings(signals=signals)
    assert found.message == (
        "signals go in a circle: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> s7 -> ... -> s0"
    )
