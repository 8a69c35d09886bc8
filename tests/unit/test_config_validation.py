"""The shape of a file: what is wrong, in our words, with the place and the way out."""

from __future__ import annotations

import re

import pytest

from rtrade.config.reader import read, read_text
from rtrade.config.validation import MAX_FINDINGS, check_source, check_strategy
from rtrade.core.codes import CODES
from unit.config_strategies import FULL, MINIMAL, ROOT, findings, marked, minimal, told


def test_good_files_are_silent():
    assert check_strategy(read_text(FULL, "f")) == []
    assert check_strategy(read_text(MINIMAL, "f")) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("strategies/*.yaml")), ids=lambda p: p.stem)
def test_shipped_strategies_are_of_the_right_shape(path):
    assert check_strategy(read(path)) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("datasources/*.yaml")), ids=lambda p: p.stem)
def test_shipped_sources_are_of_the_right_shape(path):
    assert check_source(read(path)) == []


LEVELS = "write `3%` or `{atr: 2.0, period: 14}`"
TIMES = "write `2023-01-01` or `2023-01-01T12:00Z` (UTC)"
DATA = "{source: sample, symbol: BTC/USDT, timeframe: 1h"

# The line that is changed, what is marked in it, code, message, help.
CASES = [
    # Typos.
    ({"sizing": "{equty: 95%}"}, "equty", "RT021", "unknown key `equty` in `sizing`",
     "did you mean `equity`?"),
    ({"data": "{sorce: sample, symbol: BTC/USDT, timeframe: 1h}"}, "sorce", "RT021",
     "unknown key `sorce` in `data`", "did you mean `source`?"),
    ({"risk": "{stop-loss: 3%}"}, "stop-loss", "RT021", "unknown key `stop-loss` in `risk`",
     "did you mean `stop_loss`?"),
    ({"risk": "{stop_loss: {atr: 2, perod: 10}}"}, "perod", "RT021",
     "unknown key `perod` in `risk.stop_loss`", "did you mean `period`?"),
    ({"stop_loss": "3%"}, "stop_loss", "RT021", "unknown key `stop_loss` in the file",
     "`stop_loss` belongs under `risk:`"),
    ({"stoploss": "3%"}, "stoploss", "RT021", "unknown key `stoploss` in the file",
     "did you mean `stop_loss`, under `risk:`?"),
    ({"zzz": "1"}, "zzz", "RT021", "unknown key `zzz` in the file",
     ("the keys are `rtrade`, `name`, `description`, `data`, `params`, `signals`, `rules`, "
     "`sizing`, `risk`, `costs`, `backtest`")),
    ({"rules": "{enter_lng: close > 1}"}, "enter_lng", "RT021",
     "unknown key `enter_lng` in `rules`", "did you mean `enter_long`?"),
    # A comma in an expression between braces.
    ({"rules": "{enter_long: crosses_above(close, open)}"}, "open)", "RT021",
     "unknown key `open)` in `rules`",
     "put the expression before it in quotes: between `{` and `}` a comma starts a new key"),
    ({"signals": "{x: sma(close, 20)}"}, "20)", "RT025", "`20)` in `signals` is not a name",
     "put the expression before it in quotes: between `{` and `}` a comma starts a new key"),
    # Missing.
    ({"costs": None}, "r", "RT022", "the key `costs` is missing",
     "add `costs: {commission: 0.1%, slippage: 5 bps}`"),
    ({"sizing": None}, "r", "RT022", "the key `sizing` is missing", "add `sizing: {equity: 95%}`"),
    ({"rtrade": None}, "n", "RT022", "the key `rtrade` is missing", "add `rtrade: 1`"),
    ({"costs": "{commission: 0.1%}"}, "costs", "RT022", "the key `slippage` is missing in `costs`",
     "add `slippage: 5 bps`"),
    ({"data": "{source: a, symbol: BTC/USDT}"}, "data", "RT022",
     "the key `timeframe` is missing in `data`", "add `timeframe: 1h`"),
    ({"rules": "{exit_long: close > 1}"}, "rules", "RT022", "`rules` has no entry",
     "add `enter_long:` or `enter_short:` with a condition"),
    ({"rules": "{}"}, "rules", "RT022", "`rules` has no entry",
     "add `enter_long:` or `enter_short:` with a condition"),
    ({"sizing": "{}"}, "sizing", "RT022", "`sizing` says nothing",
     "give it one of `equity`, `quote`, `base`, `risk`, `volatility`"),
    ({"sizing": "{volatility: {target: 20%}}"}, "volatility", "RT022",
     "the key `lookback` is missing in `sizing.volatility`", "add `lookback: 30`"),
    ({"data": DATA + ", also: {d: {}}}"}, "d", "RT022", "`d` says nothing",
     "give it one of `symbol`, `timeframe`"),
    ({"params": "{fast: {min: 3}}"}, "fast", "RT022",
     "the key `default` is missing in `params.fast`",
     "add `default: 20`"),
    # Units.
    ({"sizing": "{equity: 0.95}"}, "0.95", "RT024", "`equity` needs a unit: `0.95` has none",
     "write `95%` or `0.95%`, whichever is meant"),
    ({"risk": "{stop_loss: 0.02}"}, "0.02", "RT024", "`stop_loss` needs a unit: `0.02` has none",
     "write `2%` or `0.02%`, whichever is meant"),
    ({"risk": "{stop_loss: 5}"}, "5", "RT024", "`stop_loss` needs a unit: `5` has none",
     "write `5%` or `500%`, whichever is meant"),
    ({"risk": "{stop_loss: '5'}"}, "'5'", "RT024", "`stop_loss` needs a unit: `5` has none",
     "write `5%` or `500%`, whichever is meant"),
    ({"costs": "{commission: 0.001, slippage: 0%}"}, "0.001", "RT024",
     "`commission` needs a unit: `0.001` has none", "write `0.1%` or `0.001%`, whichever is meant"),
    ({"costs": "{commission: 0, slippage: 0%}"}, "0", "RT024",
     "`commission` needs a unit: `0` has none", "write `0%`"),
    ({"costs": "{commission: 0%, slippage: 5}"}, "5", "RT024",
     "`slippage` needs a unit: `5` has none", "write `5 bps` or `5%`, whichever is meant"),
    ({"risk": "{time_exit: 48}"}, "48", "RT024", "`time_exit` needs a unit: `48` has none",
     "write `48 bars`, or a duration such as `48h`"),
    ({"data": "{source: a, symbol: BTC/USDT, timeframe: 60}"}, "60", "RT024",
     "`timeframe` needs a unit: `60` has none", "write `60m` or `60h`, whichever is meant"),
    # Forms.
    ({"risk": "{stop_loss: 3 percent}"}, "3 percent", "RT025",
     "`stop_loss`: `3 percent` is not a percentage or a number of ATRs", LEVELS),
    ({"risk": "{max_drawdown: 25 %%}"}, "25 %%", "RT025",
     "`max_drawdown`: `25 %%` is not a percentage", "write `2%` or `50 bps`"),
    ({"risk": "{cooldown: 6 candles}"}, "6 candles", "RT025",
     "`cooldown`: `6 candles` is not a number of bars or a duration",
     "write `48 bars`, or a duration such as `4h`"),
    ({"data": "{source: a, symbol: btc-usdt, timeframe: 1h}"}, "btc-usdt", "RT025",
     "`symbol`: `btc-usdt` is not a symbol", "write `BTC/USDT`"),
    ({"data": "{source: a, symbol: BTC, timeframe: 1h}"}, "BTC", "RT025",
     "`symbol`: `BTC` is not a symbol",
     "write base and quote currency in capitals, such as `BTC/USDT`"),
    ({"data": "{source: a, symbol: BTC/USDT, timeframe: 1H}"}, "1H", "RT025",
     "`timeframe`: `1H` is not a timeframe", "write `1h`"),
    ({"data": "{source: a, symbol: BTC/USDT, timeframe: hourly}"}, "hourly", "RT025",
     "`timeframe`: `hourly` is not a timeframe", "write `5m`, `1h` or `1d`"),
    ({"data": "{source: ../up, symbol: BTC/USDT, timeframe: 1h}"}, "../up", "RT025",
     "`source`: `../up` is not the name of a source",
     "write the name of a file in `datasources/`, without `.yaml`; `--source` takes a path"),
    ({"data": DATA + ", start: 01.02.2023}"}, "01.02.2023", "RT025",
     "`start`: `01.02.2023` is not a date or time", TIMES),
    ({"data": DATA + ", start: 2023}"}, "2023", "RT020",
     "`start` must be a date or time, not `2023`", TIMES),
    ({"name": "a/b"}, "a/b", "RT025", "`name`: `a/b` is not a name",
     "use letters, digits, `_`, `-` and `.`, and start with a letter or a digit"),
    ({"params": "{1st: {default: 1}}"}, "1st", "RT025", "`1st` in `params` is not a name",
     "use letters, digits and `_`, and do not start with a digit"),
    # Types.
    ({"rules": "{enter_long: true}"}, "true", "RT020",
     "`enter_long` is `true`; a rule is a text that holds an expression",
     "write an expression such as `close > sma(close, 50)`"),
    ({"rules": "{enter_long: 1}"}, "1", "RT020",
     "`enter_long` is `1`; a rule is a text that holds an expression",
     "write an expression such as `close > sma(close, 50)`"),
    ({"rules": "{enter_long: }"}, "enter_long", "RT020", "`enter_long` is empty",
     "write one such as `sma(close, 20)`, or remove the key"),
    ({"signals": "{x: 30}"}, "30", "RT020",
     "`x` is `30`; a signal is a text that holds an expression",
     'write `"30"` in quotes, or declare it under `params:`'),
    ({"signals": "{x: [close]}"}, "[close]", "RT020",
     "`x` is a list; a signal is a text that holds an expression",
     "write an expression such as `sma(close, 20)`"),
    ({"params": "{fast: 20}"}, "20", "RT020",
     "`fast` must be keys and values (`key: value`), not `20`", "write `fast: {default: 20}`"),
    ({"params": "{fast: {default: twenty}}"}, "twenty", "RT020",
     "`default` must be a number, not `twenty`", "write a number"),
    ({"backtest": "{cash: 10_000}"}, "10_000", "RT020",
     "`cash`: `10_000` is text, not a number", "write `10000`"),
    ({"backtest": "{cash: '1000'}"}, "'1000'", "RT020", "`cash` must be a number, not text",
     "write `1000` without quotes"),
    ({"backtest": "[1000]"}, "[1000]", "RT020",
     "`backtest` must be keys and values (`key: value`), not a list",
     "write for example `backtest: {cash: 10000}`"),
    ({"risk": ""}, "risk", "RT020", "`risk` is empty",
     "write keys and values (`key: value`), or remove the key"),
    ({"sizing": "95%"}, "95%", "RT020",
     "`sizing` must be keys and values (`key: value`), not `95%`",
     "write for example `sizing: {equity: 95%}`"),
    # Choices and ranges.
    ({"rtrade": "2"}, "2", "RT023", "`rtrade`: `2` is no version of the format that is known",
     "write `rtrade: 1`"),
    ({"backtest": "{cash: 1, benchmark: buy_and_hodl}"}, "buy_and_hodl", "RT023",
     "`benchmark` cannot be `buy_and_hodl`", "did you mean `buy_and_hold`?"),
    ({"backtest": "{cash: 0}"}, "0", "RT026", "`cash` must be above 0, not `0`", None),
    ({"backtest": "{cash: .inf}"}, ".inf", "RT026",
     "`cash`: `inf` is not a number that can be used", "write a finite number"),
    ({"backtest": "{cash: .nan}"}, ".nan", "RT026",
     "`cash`: `nan` is not a number that can be used", "write a finite number"),
    ({"risk": "{stop_loss: {atr: 0}}"}, "0", "RT026",
     "`atr` must be above 0 and at most 1000, not `0`", None),
    ({"risk": "{stop_loss: {atr: 1, period: 0}}"}, "0", "RT026",
     "`period` must be at least 1 and at most 100000, not `0`", None),
    ({"params": "{a: {default: 1, step: 0}}"}, "0", "RT026", "`step` must be above 0, not `0`",
     None),
    # Later versions.
    ({"optimize": "{}"}, "optimize", "RT027",
     "search and walk-forward (`optimize`) are not available in this version",
     "remove `optimize`"),
    ({"live": "{x: 1}"}, "live", "RT027",
     "live trading (`live`) is not available in this version", "remove `live`"),
    ({"sizing": "{equity: 50%, leverage: 3}"}, "leverage", "RT027",
     "leverage is not available in this version", "remove it: positions are paid in full"),
    ({"sizing": "{equity: 50%, risk_levels: {low: 1}}"}, "risk_levels", "RT022",
     "the key `signal` is missing in `sizing.risk_levels`", "add `signal: analyst.risk`"),
    ({"llm": "{provider: x}"}, "llm", "RT021", "unknown key `llm` in the file",
     "a model is a signal: `signals: {analyst: {llm: {...}}}`"),
    # Safe to share.
    ({"data": "{source: /etc/passwd, symbol: BTC/USDT, timeframe: 1h}"}, "/etc/passwd", "RT028",
     "`source` is an absolute path: a strategy only names what its workspace holds",
     "name a source in `datasources/`; `--source` takes any path"),
    ({"data": "{source: ~/x, symbol: BTC/USDT, timeframe: 1h}"}, "~/x", "RT028",
     "`source` is an absolute path: a strategy only names what its workspace holds",
     "name a source in `datasources/`; `--source` takes any path"),
    ({"data": "{source: 'C:\\x', symbol: BTC/USDT, timeframe: 1h}"}, "'C:\\x'", "RT028",
     "`source` is an absolute path: a strategy only names what its workspace holds",
     "name a source in `datasources/`; `--source` takes any path"),
    ({"name": '"${env:HOME}"'}, '"${env:HOME}"', "RT028",
     "`name` reads the environment: a strategy is safe to share, so it cannot",
     "secrets belong into a source file"),
    ({"description": "see https://example.org/x"}, "see https://example.org/x", "RT028",
     "`description` holds a URL: a strategy is safe to share, so it names no address",
     "addresses belong into a source file"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "mark", "code", "message", "remedy"), CASES, ids=[str(case[0]) for case in CASES]
)
def test_a_mistake_is_named_marked_and_mended(lines, mark, code, message, remedy):
    [found] = findings(minimal(**lines))
    assert (found.code, found.message, found.help) == (code, message, remedy)
    assert marked(found) == mark


@pytest.mark.parametrize(
    "description", ["~5% a year", "long/short, 3 to 1", "/ES only", "a: b // c"]
)
def test_prose_is_free(description):
    assert check_strategy(read_text(minimal(description=f"'{description}'"), "f")) == []


def test_all_mistakes_of_the_shape_are_reported_in_the_order_of_the_file():
    text = minimal(
        rtrade="3", sizing="{equity: 0.5}", risk="{stop_loss: 3, foo: 1}", backtest="{cash: -1}"
    )
    assert [(one.code, one.span.line) for one in findings(text)] == [
        ("RT023", 1),
        ("RT024", 5),
        ("RT026", 7),
        ("RT024", 8),
        ("RT021", 8),
    ]


def test_later_stages_are_silent_where_an_earlier_one_found_something():
    late = minimal(data=DATA + ", start: 2024-02-30}")
    assert [one[0] for one in told(late)] == ["RT025"]
    assert [one[0] for one in told(late + "zzz: 1\n")] == ["RT021"]
    assert [one[0] for one in told(late + "zzz: 1\nzzz: 1\n")] == ["RT007"]


@pytest.mark.parametrize("text", ["[1, 2]", "just words", "12"])
def test_a_file_of_something_else_is_one_finding(text):
    [found] = findings(text)
    assert found.code == "RT020"
    assert found.message.startswith("the file must be keys and values (`key: value`), not ")


def test_a_file_of_the_other_kind_is_one_finding():
    source = "rtrade: 1\nkind: csv\nseries: []\n"
    assert told(source) == [
        ("RT029", "this is a source file, not a strategy", "name it with `--source`")
    ]
    [found] = check_source(read_text(MINIMAL, "f"))
    assert (found.code, found.message) == ("RT029", "this is a strategy file, not a source")


@pytest.mark.parametrize(
    "lines",
    [
        {"risk": "{" + ", ".join(f"x{n}: 1" for n in range(5000)) + "}"},
        {"signals": "{" + ", ".join(f"x{n}: 1" for n in range(500)) + "}"},
        {"params": "{" + ", ".join(f"x{n}: {{default: 2, max: 1}}" for n in range(500)) + "}"},
    ],
    ids=["unknown keys", "wrong types", "out of range"],
)
def test_a_file_of_nothing_but_mistakes_shows_the_first_of_them(lines):
    found = findings(minimal(**lines))
    assert len(found) == MAX_FINDINGS
    columns = [one.span.column for one in found]
    assert columns == sorted(columns)
    assert columns[0] < 40


def test_the_codes_of_this_part_are_those_that_it_uses():
    package = ROOT / "framework" / "rtrade" / "config"
    used = {
        code
        for file in package.glob("*.py")
        for code in re.findall(r"\bRT0[0-9]{2}\b", file.read_text(encoding="utf-8"))
    }
    assert used == {code for code in CODES if code.startswith("RT0")}
