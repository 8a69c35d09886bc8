"""Options of the command line, laid over a strategy file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import Distance, ParamDef, SizingDef
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import DAY, HOUR, Timeframe, parse_time
from unit.config_strategies import FULL, MINIMAL, decode, findings, marked, minimal, told


def sets(*texts: str) -> dict[str, tuple[str, ...]]:
    return {"sets": texts}


def test_a_param_is_set_and_its_default_stays():
    fast = decode(FULL, **sets("params.fast=12")).params[0]
    assert fast == ParamDef("fast", 12, 20, 5, 60, 5)
    assert decode(FULL, **sets("params.fast=12.0")).params[0].value == 12
    assert decode(FULL, **sets("params.band=1")).params[1].value == 1.0
    assert decode(FULL, **sets("params.fast=12", "params.fast=13")).params[0].value == 13


def test_the_range_of_a_param_can_be_set():
    fast = decode(FULL, **sets("params.fast.max=100", "params.fast=90")).params[0]
    assert (fast.value, fast.max) == (90, 100)


def test_values_are_yaml():
    definition = decode(
        FULL,
        **sets(
            "risk.stop_loss=3%",
            "data.timeframe=15m",
            "data.also={day: {timeframe: 1d}}",
            "sizing={quote: 1e3}",
            "rules.enter_long=close > open and volume > 0",
            "name='x'",
        ),
    )
    assert definition.risk.stop_loss == Distance("percent", 0.03)
    assert definition.data.timeframe == Timeframe(HOUR // 4)
    assert [one.name for one in definition.data.also] == ["day"]
    assert definition.sizing == SizingDef("quote", 1000.0)
    assert definition.rules.enter_long.text == "close > open and volume > 0"
    assert definition.name == "x"


def test_a_key_that_the_file_lacks_can_be_set():
    definition = decode(MINIMAL, **sets("risk.stop_loss.atr=2", "signals.x=close"))
    assert definition.risk.stop_loss == Distance("atr", 2.0, 14)
    assert [one.name for one in definition.signals] == ["x"]
    assert decode(FULL, **sets("risk.take_profit.atr=2")).risk.take_profit.kind == "atr"


def test_an_expression_from_an_option_knows_its_place():
    definition = decode(FULL, **sets("params.fast=12", "rules.enter_long=close > opn"))
    rule = definition.rules.enter_long
    assert rule.span(8, 11) == rule.span(8)
    assert (rule.file, rule.position(8)) == ("--set", (2, 26))
    found = definition.document.finding("RT110", "x", rule.span(8, 11))
    assert found.source == "rules.enter_long=close > opn"
    assert marked(found) == "opn"


def test_named_options():
    definition = decode(
        FULL, source="datasources/x.yaml", symbol="ETH/EUR", start="2023-06-01", end="2023-07-01"
    )
    data = definition.data
    assert (data.source, data.symbol) == ("datasources/x.yaml", "ETH/EUR")
    assert (data.start, data.end) == (parse_time("2023-06-01"), parse_time("2023-07-01"))
    assert data.also[0].symbol == "ETH/EUR"


@pytest.mark.parametrize(
    ("last", "length"),
    [("30d", 30 * DAY), ("12h", 12 * HOUR), ("800d", 800 * DAY), ("500 bars", 500 * HOUR)],
)
def test_last_counts_back_instead_of_start(last, length):
    data = decode(FULL, last=last).data
    assert (data.start, data.last) == (None, length)
    assert data.end == parse_time("2024-01-01T12:00Z")


def test_origins_name_the_option():
    definition = decode(
        FULL, **sets("params.fast=12", "risk.cooldown=3 bars"), last="3d", source="x", symbol="A/BC"
    )
    origins = definition.origins
    assert {key: value for key, value in origins.items() if value not in ("file", "default")} == {
        "params.fast": "--set",
        "risk.cooldown": "--set",
        "data.last": "--last",
        "data.start": "--last",
        "data.source": "--source",
        "data.symbol": "--symbol",
    }
    assert origins["params.fast.default"] == "file"


def test_the_file_itself_is_left_alone():
    assert decode(FULL, **sets("name=y")).document.text == FULL


KNOWN = "`rtrade`, `name`, `description`, `data`, `params`, `signals`, `rules`, `sizing`, `risk`, "

CASES = [
    ("params.fats=12", "fats", "RT030", "unknown param `fats` in `params`", "did you mean `fast`?"),
    ("params.zzz=12", "zzz", "RT030", "unknown param `zzz` in `params`",
     "there are `fast`, `band`"),
    ("risk.stoploss=3%", "stoploss", "RT030", "unknown key `stoploss` in `risk`",
     "did you mean `stop_loss`?"),
    ("fast=3", "fast", "RT030", "unknown key `fast` in the file",
     f"there are {KNOWN}`costs`, `backtest`"),
    ("data.symbol.x=3", "x", "RT030", "unknown key `x` in `data.symbol`", None),
    ("live.mode=x", "live", "RT027", "live trading (`live`) is not available in this version",
     "remove `live`"),
    ("params.fast", "params.fast", "RT030", "`params.fast` is not `key=value`",
     "write `--set key=value`, such as `--set params.fast=12`"),
    ("=3", "=3", "RT030", "`=3` is not `key=value`",
     "write `--set key=value`, such as `--set params.fast=12`"),
    ("name=", "=", "RT030", "there is no value after `=`", "write `--set key=value`"),
    ("name=[", "[", "RT006", "not valid YAML: a value is missing",
     "put a value after the last bracket, brace or comma"),
    ("name=!!str x", "!!str x", "RT008", "the YAML tag `tag:yaml.org,2002:str` is not allowed",
     "write the value without a tag; put text in quotes"),
    # Later stages.
    ("params.fast=61", "61", "RT026", "`fast` cannot be 61: it is above its `max` of 60",
     "change it, or the range in the file"),
    ("params.fast=4", "4", "RT026", "`fast` cannot be 4: it is below its `min` of 5",
     "change it, or the range in the file"),
    ("params.fast=12.5", "12.5", "RT020", "`fast` takes whole numbers, not 12.5",
     "its default and range are whole numbers"),
    ("params.fast=x", "x", "RT020", "`fast` must be a number", "write `params.fast=12`"),
    ("params.fast=null", "null", "RT020", "`fast` must be a number", "write `params.fast=12`"),
    ("params.fast=true", "true", "RT020", "`fast` must be a number", "write `params.fast=12`"),
    ("params.band=.nan", ".nan", "RT020", "`band` must be a number", "write `params.band=12`"),
    ("params.band=.inf", ".inf", "RT020", "`band` must be a number", "write `params.band=12`"),
    ("risk.stop_loss=0.03", "0.03", "RT024", "`stop_loss` needs a unit: `0.03` has none",
     "write `3%` or `0.03%`, whichever is meant"),
    ("data.start=null", "start", "RT020", "`start` is empty",
     "write `2023-01-01` or `2023-01-01T12:00Z` (UTC), or remove the key"),
    ("sizing.quote=1000", "quote", "RT029", "`sizing` names 2 ways: `equity`, `quote`",
     "replace the whole of it: `--set 'sizing={quote: 1000}'`"),
    ("data.source=/x/y.yaml", "/x/y.yaml", "RT028",
     "`source` is an absolute path: a strategy only names what its workspace holds",
     "name a source in `datasources/`; `--source` takes any path"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mark", "code", "message", "remedy"), CASES, ids=[case[0] for case in CASES]
)
def test_a_wrong_set_is_marked_in_its_own_text(text, mark, code, message, remedy):
    [found] = findings(FULL, **sets(text))
    assert (found.code, found.message, found.help) == (code, message, remedy)
    assert found.span.file == "--set"
    assert found.span.line == 1
    assert found.source == text
    assert marked(found) == mark


def test_the_second_set_is_the_second_line():
    [found] = findings(FULL, **sets("params.fast=12", "name=a b"))
    assert (found.span.line, found.span.column, found.source) == (2, 6, "name=a b")
    assert told(FULL, **sets("name=a\nb: c"))[0][:2] == (
        "RT030",
        "a value of `--set` is one line",
    )


@pytest.mark.parametrize(
    ("options", "option", "code", "message"),
    [
        ({"symbol": "BTC"}, "--symbol", "RT025", "`symbol`: `BTC` is not a symbol"),
        ({"symbol": ""}, "--symbol", "RT020", "`symbol` is empty"),
        ({"start": "yesterday"}, "--start", "RT025",
         "`start`: `yesterday` is not a date or time"),
        ({"end": "2022-01-01"}, "--end", "RT029",
         "`end` (2022-01-01T00:00:00Z) is not after `start` (2023-01-01T00:00:00Z)"),
        ({"last": "3x"}, "--last", "RT030", "`--last`: `3x` is not a length of time"),
        ({"last": "0d"}, "--last", "RT030", "`--last`: `0d` is not a length of time"),
        ({"last": "3d", "start": "2023-01-01"}, "--last", "RT030",
         "`--last` and `--start` exclude each other"),
        ({"source": " "}, "--source", "RT030", "`--source` names nothing"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_marked_in_its_own_text(options, option, code, message):
    [found] = findings(FULL, **options)
    assert (found.code, found.message, found.span.file) == (code, message, option)
    assert found.source == options[option[2:]]


def test_an_option_mends_what_is_wrong_in_the_file():
    assert decode(minimal(sizing="{equity: 2}"), **sets("sizing.equity=2%")).sizing.value == 0.02


def test_wrong_options_are_reported_together():
    found = findings(FULL, **sets("x=1", "params.y=2", "z"), last="q")
    assert [one.span.file for one in found] == ["--set", "--set", "--set", "--last"]


@given(st.lists(st.text(st.sampled_from("paramsfast.=12 {}[]:%'\"-!&*x\n\t"), max_size=20)))
def test_only_findings_come_out_of_any_set(texts):
    try:
        decode(FULL, sets=tuple(texts))
    except InvalidInput as invalid:
        assert all(found.span is not None for found in invalid.diagnostics)  # noqa: PT017  # either is right


@given(st.sampled_from(["symbol", "start", "end", "last", "source"]), st.text(max_size=12))
def test_only_findings_come_out_of_any_option(name, text):
    try:
        decode(FULL, **{name: text})
    except InvalidInput as invalid:
        assert all(found.span.file == f"--{name}" for found in invalid.diagnostics)  # noqa: PT017  # either is right
