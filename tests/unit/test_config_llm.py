"""Signals that a model answers, and the sources of its answers, as files say them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtrade.config.llm_definitions import (
    BudgetDef,
    CadenceDef,
    EnumField,
    ExampleDef,
    IntegerField,
    LlmProviderDef,
    LlmSignalDef,
    OnFailureDef,
    PricesDef,
    TextField,
)
from rtrade.config.loading import load_source, load_strategy
from rtrade.config.overrides import NO_OVERRIDES, Overrides
from rtrade.config.schema import strategy_schema
from rtrade.config.schema_llm import only_providers, provider_properties
from rtrade.config.schema_parts import subschema
from rtrade.config.schema_sources import datasource_schema
from rtrade.config.wording import PROVIDER_KEYS
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import MINUTE, SECOND, parse_time
from rtrade.llm.local import MODEL
from rtrade.workflow.compiling import compile_strategy
from rtrade.workflow.validating import files_of
from unit.config_strategies import ROOT
from unit.llm_strategies import ASKED, EVERY, asked, compiled, more, refused, workspace

SETTINGS = """\
valid_for: 12h
examples:
  - {prompt: It fell., answer: {risk: high, action: sell, confidence: 70, reason: it fell}}
timeout: 20s
deadline: 2m
attempts: 5
concurrency: 2
rate: 30
budget: {calls: 10, tokens: 5000}
on_failure: {invalid_above: 5%, breaker: 3, pause: 30s}
anonymize: false
window: 2d
vote: {samples: 1, prompts: [prompts/other.j2], agree: 60%}
cache: replay
"""


def test_what_is_left_away_has_the_defaults_of_the_definition(tmp_path):
    llm = asked(tmp_path)
    given = {"name", "provider", "prompt", "cadence", "answer", "span"}
    for one in fields(LlmSignalDef):
        if one.name not in given:
            assert getattr(llm, one.name) == one.default, one.name
    assert (llm.name, llm.provider, llm.prompt.text) == (
        "analyst", "local_llm", "prompts/analyst.j2",
    )  # fmt: skip
    assert llm.cadence == CadenceDef(every=24)
    assert llm.answer == (
        EnumField("action", ("buy", "sell", "hold")),
        IntegerField("confidence", 0, 100),
        EnumField("risk", ("low", "high")),
        TextField("reason"),
    )
    assert llm.span.line == 11


def test_every_setting_is_read_in_its_unit(tmp_path):
    llm = asked(tmp_path, more(SETTINGS))
    assert llm.cadence.valid_for == 12
    # In the order of the form, whatever that of the example.
    assert llm.examples == (
        ExampleDef("It fell.", (("action", "sell"), ("confidence", 70), ("risk", "high"),
                                ("reason", "it fell"))),
    )  # fmt: skip
    assert (llm.timeout, llm.deadline, llm.attempts) == (20 * SECOND, 2 * MINUTE, 5)
    assert (llm.concurrency, llm.rate, llm.window) == (2, 30, 48)
    assert llm.budget == BudgetDef(10, 5000)
    assert llm.on_failure == OnFailureDef(0.05, 3, 30 * SECOND)
    assert (llm.anonymize, llm.cache) == (False, "replay")
    assert (llm.vote.samples, llm.vote.agree) == (1, 0.6)
    assert [one.text for one in llm.vote.prompts] == ["prompts/other.j2"]


def test_the_schema_says_what_the_definition_has():
    known = subschema(strategy_schema(), ("signals", "any", "llm"))["properties"]
    parts = {one.name for one in fields(LlmSignalDef)} - {"name", "span", "cadence"}
    assert known.keys() == parts | {one.name for one in fields(CadenceDef)}
    assert {*PROVIDER_KEYS} == {one.name for one in fields(LlmProviderDef)} - {"name", "span"}
    assert provider_properties().keys() == {*only_providers()}
    assert {*PROVIDER_KEYS} <= datasource_schema()["properties"].keys()


def test_a_long_attempt_takes_the_deadline_along(tmp_path):
    assert asked(tmp_path, more("timeout: 3m")).deadline == 3 * MINUTE


def test_an_option_changes_who_is_asked(tmp_path):
    sets = ("signals.analyst.llm.provider=openai", "signals.analyst.llm.every=2d")
    llm = asked(tmp_path, sets=sets)
    assert (llm.provider, llm.cadence.every) == ("openai", 48)
    plan = compiled(tmp_path, sets=sets)
    assert plan.llm["analyst"].provider.model == "gpt-4.1-mini"
    definition = load_strategy(workspace(tmp_path), Overrides(sets=sets))
    assert definition.origins["signals.analyst.llm.provider"] == "--set"


def test_an_option_that_means_nothing_is_found(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        asked(tmp_path, sets=("signals.analyst.llm.provder=openai",))
    (found,) = caught.value.diagnostics
    assert (found.code, found.help) == ("RT030", "did you mean `provider`?")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("[buy, 'sell now', HOLD]", ("buy", "sell now", "HOLD")),
        ("[on, off]", ("on", "off")),
        ("['1', '2']", ("1", "2")),
        ("[köpa, sälja]", ("köpa", "sälja")),
    ],
)
def test_choices_are_texts(tmp_path, form, words):
    field = asked(tmp_path, ("risk: [low, high]", f"risk: {form}")).answer[2]
    assert field == EnumField("risk", words)


@pytest.mark.parametrize(
    ("form", "ends"), [("-10..10", (-10, 10)), ("'1 .. 5'", (1, 5)), ("-5..-1", (-5, -1))]
)
def test_ranges_hold_whole_numbers(tmp_path, form, ends):
    field = asked(tmp_path, ("confidence: 0..100", f"confidence: {form}")).answer[1]
    assert field == IntegerField("confidence", *ends)


@pytest.mark.parametrize(
    ("form", "code", "help_text"),
    [
        ("0 to 100", "RT025", "write `0..100`"),
        ("0…100", "RT025", "write `0..100`"),
        ("'[0, 100]'", "RT025", "write `0..100`"),
        ("integer", "RT025", "write `0..100`"),
        ("bool", "RT025", "write `[yes, no]`"),
        ("5..5", "RT410", "a range goes from a lower to a higher number"),
        ("0..99999999999", "RT025", None),
        ("{low: 0, high: 100}", "RT020", None),
        ("100", "RT020", None),
        ("true", "RT020", None),
        ("[]", "RT022", "write two choices or more"),
        ("[yes, '']", "RT020", None),
        ("[yes, ' no']", "RT025", None),
        ('[yes, "don\'t"]', None, None),
        ("[yes, \"'no'\"]", "RT025", None),
    ],
)
def test_other_forms_are_refused(tmp_path, form, code, help_text):
    change = ("confidence: 0..100", f"confidence: {form}")
    if code is None:
        assert isinstance(asked(tmp_path, change).answer[1], EnumField)
        return
    with pytest.raises(InvalidInput) as caught:
        asked(tmp_path, change)
    found = caught.value.diagnostics[0]
    assert found.code == code
    assert help_text in (None, found.help)
    assert found.span.line == 16


def test_a_signal_of_another_shape_is_refused(tmp_path):
    signal = "  trend: close > sma(close, 30)\n"
    for text, code in (("{lm: {provider: x}}", "RT021"), ("{}", "RT022"), ("{llm: x}", "RT020"),
                       ("{llm: {}}", "RT022"), ("[a, b]", "RT020"), ("3", "RT020")):  # fmt: skip
        found = refused(tmp_path, (signal, f"  trend: {text}\n"))
        assert found[0].code == code, text
        assert found[0].span.line == 10


PLACES = [
    "", "provider", "prompt", "every", "at", "valid_for", "answer", "answer.action", "examples",
    "timeout", "deadline", "attempts", "concurrency", "rate", "budget", "budget.usd",
    "on_failure", "on_failure.invalid_above", "anonymize", "window", "vote", "vote.samples",
    "vote.prompts", "vote.agree", "cache", "other",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["24 bars", "1h", "30s", "2%", "0..100", "9..1", "text", "a.j2", "../x",
                     "close > 1", "local_llm", "999999s"]),
)  # fmt: skip
KEYS = ["calls", "usd", "samples", "prompts", "prompt", "answer", "action", "reason", "llm", "x"]
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(PLACES), VALUES, min_size=1, max_size=3))
def test_whatever_stands_there_nothing_but_findings_comes_out(tmp_path, changes):
    import yaml

    data = yaml.safe_load(ASKED)
    data["data"] |= {"start": "2022-01-01", "end": "2022-03-01"}
    for place, value in sorted(changes.items()):
        *above, last = ["signals", "analyst", "llm", *(place.split(".") if place else [])]
        held = data
        for part in above:
            held = held.setdefault(part, {}) if isinstance(held, dict) else {}
        if isinstance(held, dict):
            held[last] = value
    path = workspace(tmp_path)
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
    diagnostics = findings_of(path)
    assert all(found.code.startswith(("RT0", "RT4")) for found in diagnostics)
    assert all(found.span is not None for found in diagnostics)


def findings_of(path):
    try:
        load_strategy(path)
    except InvalidInput as invalid:
        return invalid.diagnostics
    return ()


# Sources of answers.


def source(folder, text):
    path = folder / "mine.yaml"
    path.write_text(f"rtrade: 1\nkind: llm\n{text}\n")
    return load_source(path)


ALL = """\
model: some/model:7b
base_url: http://127.0.0.1:8080/v1/
api_key: ${env:MY_KEY}
prices: {input: 2, output: 8}
knowledge_cutoff: 2024-06-01
temperature: 0.2
top_p: 0.9
seed: 3
max_tokens: 200
"""


def test_a_source_of_answers(tmp_path):
    found = source(tmp_path, ALL)
    assert (found.kind, found.series, found.exchange) == ("llm", (), None)
    assert found.llm == LlmProviderDef(
        name="mine", model="some/model:7b", base_url="http://127.0.0.1:8080/v1",
        api_key="MY_KEY", prices=PricesDef(2, 2, 8), knowledge_cutoff=parse_time("2024-06-01"),
        temperature=0.2, top_p=0.9, seed=3, max_tokens=200,
    )  # fmt: skip


def test_shipped_sources_of_answers():
    local = load_source(ROOT / "datasources" / "local_llm.yaml").llm
    assert (local.engine, local.model, local.api_key) == ("local", MODEL, None)
    assert local.knowledge_cutoff is not None
    openai = load_source(ROOT / "datasources" / "openai.yaml").llm
    assert (openai.engine, openai.api_key, openai.base_url) == ("openai", "OPENAI_KEY", None)
    assert openai.prices.output > openai.prices.input > openai.prices.cached


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("model: x", "RT029", "OpenAI's own address needs `api_key`"),
        ("base_url: http://h", "RT022", "the key `model` is missing"),
        ("model: x\napi_key: sk-123", "RT033",
         "`api_key` does not name a variable: secrets come from the environment"),
        ("model: ${env:M}\nbase_url: http://h", "RT028",
         "`model` reads the environment; only `api_key` and `secret` may"),
        ("model: x\nbase_url: http://h\nsecret: ${env:X}", "RT021",
         "`secret` has no meaning in a source of `kind: llm`"),
        ("model: x\nbase_url: http://h\nquality: {gaps: fill}", "RT021",
         "`quality` has no meaning in a source of `kind: llm`"),
        ("model: x\nbase_url: http://u:p@h", "RT025",
         "`base_url`: `http://***@h` is not an address"),
        ("engine: local\nmodel: gpt", "RT023",
         f"the embedded model is called `{MODEL}`, not `gpt`"),
        (f"engine: local\nmodel: {MODEL}\nbase_url: http://h", "RT029",
         "`base_url` has no meaning for the embedded model (`engine: local`)"),
        ("model: x\nbase_url: http://h\nthreads: 2", "RT029",
         "`threads` has no meaning for an endpoint: it is not this machine that computes"),
        ("model: x\nbase_url: http://h\nprices: {input: 1}", "RT022",
         "the key `output` is missing in `prices`"),
        ("model: x\nbase_url: http://h\nprices: {input: -1, output: 1}", "RT026",
         "`input` must be at least 0, not `-1`"),
        ("model: x\nbase_url: http://h\ntemperature: 3", "RT026",
         "`temperature` must be at least 0 and at most 2, not `3`"),
        ("model: x\nbase_url: http://h\nknowledge_cutoff: last summer", "RT025",
         "`knowledge_cutoff`: `last summer` is not a date or time"),
        ("model: x\nbase_url: http://h\nengine: lokal", "RT023", "`engine` cannot be `lokal`"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_source_of_answers_is_named(tmp_path, text, code, message):
    with pytest.raises(InvalidInput) as caught:
        source(tmp_path, text)
    found = caught.value.diagnostics[0]
    assert (found.code, found.message) == (code, message)
    assert "sk-123" not in repr(caught.value.diagnostics)


def test_other_sources_have_nothing_of_a_model(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("rtrade: 1\nkind: exchange\nexchange: binance\nmodel: x\n")
    with pytest.raises(InvalidInput) as caught:
        load_source(path)
    (found,) = caught.value.diagnostics
    assert found.message == "`model` has no meaning in a source of `kind: exchange`"


# Files beside the strategy.


def test_a_link_leads_out_of_the_workspace(tmp_path):
    (tmp_path / "secret.txt").write_text("{{ close }}")
    inner = tmp_path / "ws"
    path = workspace(inner)
    (inner / "strategies" / "prompts" / "analyst.j2").unlink()
    (inner / "strategies" / "prompts" / "analyst.j2").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InvalidInput) as caught:
        compile_strategy(path, NO_OVERRIDES)
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line) == ("RT409", 14)


def test_a_link_inside_of_the_workspace_is_followed(tmp_path):
    path = workspace(tmp_path)
    prompts = tmp_path / "strategies" / "prompts"
    (tmp_path / "shared.j2").write_text("{{ close }}")
    (prompts / "analyst.j2").unlink()
    (prompts / "analyst.j2").symlink_to(tmp_path / "shared.j2")
    plan = compile_strategy(path, NO_OVERRIDES).plan
    assert plan.llm["analyst"].templates[0].text == "{{ close }}"


@pytest.mark.parametrize("name", ["prompts", ".", "x" * 300, "prompts/loop.j2"])
def test_what_is_no_file_is_refused(tmp_path, name):
    loop = tmp_path / "strategies" / "prompts" / "loop.j2"
    loop.parent.mkdir(parents=True)
    loop.symlink_to(loop)
    (found,) = refused(tmp_path, ("prompts/analyst.j2", name))
    assert found.code in ("RT001", "RT002")
    assert found.span is not None


def test_everything_that_is_named_wrongly_is_told_at_once(tmp_path):
    found = refused(tmp_path, ("source: sample", "source: smaple"), ("local_llm", "loca_llm"))
    assert [one.code for one in found] == ["RT031", "RT031"]
    assert [one.span.line for one in found] == [4, 13]


MODULES = "import sys; from rtrade.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
HEAVY = {"openai", "httpx2", "xllamacpp", "backtrader", "ccxt", "sqlalchemy", "talib", "jsonschema"}


def loaded(path) -> set[str]:
    code = f"{MODULES}print(*(name for name in sys.modules if '.' not in name))"
    command = [sys.executable, "-c", code, "validate", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=path.parent)
    assert "valid" in done.stdout
    return set(done.stdout.splitlines()[-1].split())


def test_validating_imports_jinja_for_prompts_alone_and_no_client(tmp_path):
    names = loaded(workspace(tmp_path))
    assert "jinja2" in names
    assert not names & {*HEAVY, "numpy"}
    assert not loaded(ROOT / "strategies" / "sma_btc.yaml") & {*HEAVY, "jinja2", "numpy"}


def test_watching_a_strategy_watches_its_prompts(tmp_path):
    path = workspace(tmp_path, more("vote: {prompts: [prompts/other.j2]}"), other="{{ close }}")
    names = [file.name for file in files_of([path], NO_OVERRIDES)]
    assert names == ["asked.yaml", "sample.yaml", "local_llm.yaml", "analyst.j2", "other.j2"]


def test_an_absent_cadence_is_an_error_of_the_file(tmp_path):
    (found,) = refused(tmp_path, (EVERY, ""))
    assert (found.code, found.span.line) == ("RT022", 12)
