"""Plans that ask models: what answers are in expressions, what is asked, read and identified."""

from __future__ import annotations

import json

import pytest

from rtrade.catalog.builtin import builtin
from rtrade.catalog.registry import Kind, Unit
from rtrade.config.loading import load_strategy
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.core.diagnostics import Severity
from rtrade.core.errors import EngineFault
from rtrade.plan.build import build
from rtrade.plan.canonical import canonical, canonical_json, entries_of, plan_document
from rtrade.plan.explain import explain
from rtrade.plan.nodes import Align, Answer, Binary, choices_of, rests_on_answers, walk
from rtrade.plan.printing import formula
from rtrade.plan.review import review
from rtrade.workflow.compiling import compile_strategy
from unit.llm_strategies import PROMPT, Change, compiled, more, refused, workspace

EXIT = "  exit_long: analyst.action == 'sell'\n"
DATA = "  timeframe: 1h\n"
LEVELS = "sizing: {equity: 50%, risk_levels: {signal: analyst.risk, low: 1, high: 0.25}}"
RISK = ("sizing: {equity: 50%}", LEVELS)


def leaving(text: str) -> Change:
    return EXIT, f'  exit_long: "{text}"\n'


def answers(plan, name="exit_long"):
    return [node for node in walk(plan.rules[name]) if isinstance(node, Answer)]


def test_a_choice_is_a_text_and_a_number_a_number(tmp_path):
    plan = compiled(tmp_path)
    action, confidence = answers(plan, "enter_long")
    assert (action.kind, action.choices) == (Kind.ENUM, ("buy", "sell", "hold"))
    assert (confidence.kind, confidence.low, confidence.high) == (Kind.NUMBER, 0, 100)
    assert confidence.unit is Unit.PERCENT
    assert answers(plan)[0] is action
    assert plan.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "analyst.action == 'sell'", "'sell' == analyst.action", "not (analyst.action == 'buy')",
        "analyst.action != analyst.action[1]", "analyst.confidence < rsi(close, 14)",
        "analyst.action[3] == 'hold'", "held_for(analyst.action == 'sell', 3)",
        "sma(analyst.confidence, 5) < 40", "bullish[1] and not bullish",
    ],
)  # fmt: skip
def test_what_can_be_said_of_an_answer(tmp_path, text):
    plan = compiled(tmp_path, leaving(text))
    assert plan.warnings == ()
    assert rests_on_answers(plan.rules["exit_long"])


def test_expressions_of_answers_print_as_they_were_written(tmp_path):
    plan = compiled(tmp_path, leaving("analyst.action[1] != 'sell' and analyst.confidence > 5"))
    text = formula(plan.rules["exit_long"])
    assert text == "analyst.action[1] != 'sell' and analyst.confidence > 5"


def test_numbers_that_do_not_end_at_100_have_no_unit(tmp_path):
    for form, unit in (("0..10", Unit.NONE), ("-100..100", Unit.NONE), ("50..100", Unit.PERCENT)):
        plan = compiled(tmp_path, ("0..100", form), leaving("analyst.confidence > 5 and trend"))
        assert answers(plan)[0].unit is unit


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("analyst.action == 'sll'", "RT414"), ("analyst.action == sell", "RT414"),
        ("hold == analyst.action", "RT414"), ("analyst.risk == low", "RT414"),
        ("analyst.action == 'buy' == true", "RT120"), ("analyst.action < 'sell'", "RT120"),
        ("analyst.action == 3", "RT120"), ("analyst.confidence == 'buy'", "RT120"),
        ("analyst.action == analyst.risk", "RT414"), ("analyst.reason == 'x'", "RT412"),
        ("analyst.nothing > 3", "RT111"), ("analyst > 3", "RT112"), ("analyst.action", "RT121"),
        ("analyst(3)", "RT110"), ("analyst.action.value == 'buy'", "RT111"),
        ("sma(analyst.action, 3) > 1", "RT120"), ("-analyst.action == 'buy'", "RT120"),
        ("analyst.action + 1 > 2", "RT120"), ("not analyst.action", "RT120"),
        ("analyst[1].action == 'buy'", "RT111"), ("sma > analyst.confidence", "RT113"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_of_an_answer(tmp_path, text, code):
    found = refused(tmp_path, leaving(text))
    assert code in [one.code for one in found]
    assert all(one.span.line == 20 for one in found)


def test_an_answer_is_on_the_base_clock(tmp_path):
    plan = compiled(
        tmp_path, (DATA, DATA + "  also: {daily: {timeframe: 1d}}\n"),
        leaving("analyst.confidence > rsi(daily.close, 5)"),
    )  # fmt: skip
    rule = plan.rules["exit_long"]
    assert isinstance(rule, Binary)
    assert isinstance(rule.right, Align)
    assert rule.clock == plan.timeframe


# What is asked.


def test_a_plan_holds_who_is_asked_when_and_with_what(tmp_path):
    plan = compiled(tmp_path)
    (model,) = plan.llm.values()
    assert (model.definition.name, model.provider.name) == ("analyst", "local_llm")
    assert (model.at, model.uses_state) == (None, False)
    assert [one.text for one in model.templates] == [PROMPT]
    assert model.names == {"close", "stats"}


def test_a_condition_asks_on_the_base_clock(tmp_path):
    plan = compiled(
        tmp_path, ("every: 24 bars", "at: daily.close > sma(daily.close, 3)"),
        (DATA, DATA + "  also: {daily: {timeframe: 1d}}\n"),
    )  # fmt: skip
    at = plan.llm["analyst"].at
    assert (at.kind, at.clock) == (Kind.BOOLEAN, plan.timeframe)
    assert [(one.name, one.lookback) for one in plan.needs] == [("", 50), ("daily", 2)]


def test_a_prompt_that_sees_the_position_is_asked_in_the_run(tmp_path):
    plan = compiled(tmp_path, prompt="{{ close }} {{ position.side if position else 'flat' }}")
    assert plan.llm["analyst"].uses_state


def test_prompts_of_a_vote_come_after_the_own_one(tmp_path):
    plan = compiled(tmp_path, more("vote: {prompts: [prompts/bear.j2]}"), bear="{{ low }}")
    model = plan.llm["analyst"]
    assert [one.text for one in model.templates] == [PROMPT, "{{ low }}"]
    assert model.names == {"close", "stats", "low"}


@pytest.mark.parametrize(
    "at", ["bullish", "analyst.confidence > 3", "trend and not bullish", "held_for(bullish, 3)"]
)
def test_asking_cannot_rest_on_an_answer(tmp_path, at):
    (found,) = refused(tmp_path, ("every: 24 bars", f"at: {at}"))
    assert (found.code, found.span.line) == ("RT413", 15)


@pytest.mark.parametrize("name", ["analyst", "bullish"])
def test_a_prompt_is_told_no_answer(tmp_path, name):
    (found,) = refused(tmp_path, prompt=f"{{{{ close }}}}\n{{{{ signals.{name} }}}}\n")
    assert (found.code, found.span.line) == ("RT413", 2)
    assert found.span.file.endswith("prompts/analyst.j2")


def test_errors_of_rules_and_of_prompts_are_told_together(tmp_path):
    found = refused(tmp_path, leaving("analyst.action == 'no'"), prompt="{{ clse }}")
    assert [one.code for one in found] == ["RT414", "RT402"]


def test_a_model_that_decides_nothing_is_not_asked(tmp_path):
    plan = compiled(tmp_path, ("enter_long: bullish", "enter_long: trend"), leaving("not trend"))
    (found,) = plan.warnings
    assert (found.code, found.severity) == ("RT415", Severity.WARNING)
    assert plan.llm == {}
    assert plan.lookback == 29
    # The signals are still there to be shown.
    assert rests_on_answers(plan.signals["bullish"])


def test_a_model_is_asked_for_a_size_alone(tmp_path):
    rules = ("enter_long: bullish", "enter_long: trend"), leaving("not trend")
    scale = ("equity: 50%", "equity: 50%, scale_by: analyst.confidence")
    scaled = compiled(tmp_path, *rules, scale)
    assert scaled.llm.keys() == {"analyst"}
    plan = compiled(tmp_path, *rules, RISK)
    assert plan.llm.keys() == {"analyst"}
    assert choices_of(plan.risk_level) == ("low", "high")
    assert plan.risk_factors == (1, 0.25)


def test_a_risk_level_may_be_a_signal_and_come_from_a_coarser_place(tmp_path):
    signal = ("signals:\n", "signals:\n  danger: analyst.risk[2]\n")
    plan = compiled(tmp_path, signal, RISK, ("signal: analyst.risk", "signal: danger"))
    assert plan.risk_level is plan.signals["danger"]
    assert plan.risk_factors == (1, 0.25)


@pytest.mark.parametrize("signal", ["close", "analyst.confidence", "bullish", "'low'"])
def test_a_risk_level_is_a_choice(tmp_path, signal):
    change = RISK[0], RISK[1].replace("analyst.risk", signal)
    (found,) = refused(tmp_path, change)
    assert found.code == "RT120"


def test_a_strategy_that_asks_needs_providers(tmp_path):
    definition = load_strategy(workspace(tmp_path), NO_OVERRIDES)
    with pytest.raises(EngineFault, match="without providers"):
        build(definition, builtin())


def test_what_a_provider_costs_limits_what_a_budget_can_say(tmp_path):
    budget, asks = more("budget: {usd: 1}"), ("local_llm", "openai")
    assert compiled(tmp_path, budget, asks).llm["analyst"].definition.budget.usd == 1
    (found,) = refused(tmp_path, budget)
    assert (found.code, found.span.line) == ("RT029", 16)


# What is read.


def test_a_prompt_needs_its_window_before_the_first_bar(tmp_path):
    assert compiled(tmp_path).lookback == 50
    assert compiled(tmp_path, more("window: 7 bars")).lookback == 7
    # The window, or what a rule needs: the longer of the two.
    long = leaving("close < sma(close, 90)")
    assert compiled(tmp_path, more("window: 7 bars"), long).lookback == 89


def test_signals_that_a_prompt_is_told_are_known_at_the_first_question(tmp_path):
    window = more("window: 7 bars")
    told = compiled(tmp_path, window, prompt="{{ close }} {{ signals.trend | words }}")
    assert told.lookback == 29
    assert told.warmup == 0
    assert compiled(tmp_path, window).lookback == 7


def test_series_that_a_prompt_is_told_are_read(tmp_path):
    also = (DATA, DATA + "  also: {daily: {timeframe: 1d}, eth: {symbol: ETH/USDT}}\n")
    plan = compiled(tmp_path, also, more("window: 9 bars"), prompt="{{ daily.close }}")
    assert [(one.name, one.lookback) for one in plan.needs] == [("", 9), ("daily", 9)]
    assert len(compiled(tmp_path, also).needs) == 1


@pytest.mark.parametrize("name", ["bars", "stats", "time", "position", "signals"])
def test_a_series_cannot_have_a_name_that_prompts_know(tmp_path, name):
    found = refused(tmp_path, (DATA, f"{DATA}  also: {{{name}: {{timeframe: 1d}}}}\n"))
    assert {one.code for one in found} == {"RT117"}


# Who a plan is.


def fingerprint(folder, *changes, **texts):
    folder.mkdir(exist_ok=True)
    return canonical_json(compiled(folder, *changes, **texts))


@pytest.mark.parametrize(
    "change",
    [
        more("timeout: 10s"), more("deadline: 2m"), more("attempts: 1"), more("concurrency: 1"),
        more("rate: 5"), more("budget: {calls: 3}"), more("on_failure: {invalid_above: 1%}"),
        more("cache: replay"), ("every: 24 bars", "every: 1d"), ("name: asked", "name: other"),
        ("  trend: close > sma(close, 30)\n", ""), ("analyst", "oracle"),
    ],
    ids=str,
)  # fmt: skip
def test_what_changes_no_answer_changes_no_identity(tmp_path, change):
    before = fingerprint(tmp_path / "a")
    assert fingerprint(tmp_path / "b", change, oracle=PROMPT) == before


@pytest.mark.parametrize(
    "change",
    [
        ("every: 24 bars", "every: 12 bars"), ("every: 24 bars", "at: trend"),
        more("valid_for: 12 bars"), more("window: 49 bars"), more("anonymize: false"),
        more("vote: {agree: 60%}"), more("vote: {samples: 3}"), ("0..100", "1..100"),
        ("[low, high]", "[high, low]"), ("reason: text", "why: text"), ("local_llm", "openai"),
        more("examples: [{prompt: a, answer: {action: buy, confidence: 1, risk: low, reason: x}}]"),
    ],
    ids=str,
)  # fmt: skip
def test_what_changes_answers_changes_the_identity(tmp_path, change):
    assert fingerprint(tmp_path / "a") != fingerprint(tmp_path / "b", change)


def test_the_text_of_a_prompt_is_part_of_the_identity_and_its_name_is_not(tmp_path):
    before = fingerprint(tmp_path / "a")
    assert fingerprint(tmp_path / "b", prompt=PROMPT + "!") != before
    renamed = ("prompts/analyst.j2", "prompts/other.j2")
    assert fingerprint(tmp_path / "c", renamed, other=PROMPT) == before


def test_signals_that_a_prompt_is_told_are_part_of_the_identity(tmp_path):
    told, slow = "{{ signals.trend }}", ("sma(close, 30)", "sma(close, 31)")
    before = fingerprint(tmp_path / "a", prompt=told)
    assert fingerprint(tmp_path / "b", slow, prompt=told) != before
    assert fingerprint(tmp_path / "c") == fingerprint(tmp_path / "d", slow)


def test_the_order_of_the_file_is_not_part_of_the_identity(tmp_path):
    one, other = "  calm: atr(5) < 9\n", "  quick: sma(close, 3)\n"
    first = ("signals:\n", f"signals:\n{one}{other}")
    second = ("signals:\n", f"signals:\n{other}{one}")
    told = "{{ signals.calm }}{{ signals.quick }}"
    found = [
        fingerprint(tmp_path / name, change, prompt=told)
        for name, change in (("a", first), ("b", second))
    ]
    assert found[0] == found[1]
    plan = compiled(tmp_path / "a", first, prompt=told)
    assert {"sma", "atr"} <= entries_of(plan)


def test_a_plan_without_a_model_says_nothing_of_models(tmp_path):
    rules = ("enter_long: bullish", "enter_long: trend"), leaving("not trend")
    data = canonical(compiled(tmp_path, *rules))
    assert not {"models", "risk_level"} & data.keys()
    assert "models" in canonical(compiled(tmp_path))


def test_the_document_of_a_plan_is_plain(tmp_path):
    document = plan_document(compiled(tmp_path, RISK))
    assert json.loads(json.dumps(document)) == document
    assert document["signals"]["bullish"]["expression"].startswith("analyst.action == 'buy'")


# What is said of it.


def told(folder, *changes, **texts):
    compiled_ = compile_strategy(workspace(folder, *changes, **texts), NO_OVERRIDES)
    return explain(compiled_.plan, compiled_.definition, builtin())


def test_an_explanation_says_when_a_model_is_asked_and_what_failing_does(tmp_path):
    text = told(tmp_path, RISK).as_text()
    for words in (
        "Enter long when analyst's action equals 'buy', and analyst's confidence is at or above 60",
        "every 24 bars, counted from 1970-01-01 UTC",
        "prompts/analyst.j2",
        "All questions are asked before the run begins, up to 8 at once.",
        "It answers action: buy, sell or hold; confidence: 0 to 100;",
        "An answer applies from the close at which it is asked to the last one before the next",
        "the model abstains: the fields are unknown",
        "at more than 20% of the questions is marked as invalid",
        "multiplied by 1 where analyst's risk is low, 0.25 where it is high; no entry is made",
        "What the model has read ends by 2024-11-01",
        "signals.analyst.llm.provider",
        "known once there is an answer",
    ):
        assert words in text, words


def test_an_explanation_says_what_is_seen_voted_and_spent(tmp_path):
    lines = "valid_for: 6 bars\nanonymize: false\nvote: {samples: 3, agree: 70%}\n"
    text = told(
        tmp_path, ("local_llm", "openai"), ("every: 24 bars\n", "at: crosses_above(close, open)\n"),
        ("      answer:", "".join(f"      {line}\n" for line in lines.splitlines())
         + "      budget: {calls: 1000, usd: 0.5}\n      answer:"),
        prompt="{{ close }} {{ portfolio.equity }}",
    ).as_text()  # fmt: skip
    for words in (
        "at each close where close crosses above open",
        "with symbol, dates and prices",
        "asked in order, while the run goes on",
        "on 6 bars at most",
        "3 answers are asked for at each point (1 x 3)",
        "if 70% of them agree",
        "One run sends at most 1,000 requests and 0.5 USD",
    ):
        assert words in text, words


def test_the_review_sees_what_models_make_impossible_and_what_they_use(tmp_path):
    compiled_ = compile_strategy(
        workspace(
            tmp_path, leaving("analyst.action == 'sell' and analyst.action == 'hold'"),
            prompt="{{ signals.trend }}",
        ),
        NO_OVERRIDES,
    )  # fmt: skip
    found = review(compiled_.plan, compiled_.definition, builtin())
    assert [one.code for one in found] == ["RT156"]
    unused = compile_strategy(workspace(tmp_path), NO_OVERRIDES)
    found = review(unused.plan, unused.definition, builtin())
    assert [(one.code, one.span.line) for one in found] == [("RT159", 10)]


def test_either_choice_can_be(tmp_path):
    text = "analyst.action == 'sell' or analyst.action == 'hold' and analyst.action != 'buy'"
    compiled_ = compile_strategy(workspace(tmp_path, leaving(text)), NO_OVERRIDES)
    found = review(compiled_.plan, compiled_.definition, builtin())
    assert [one.code for one in found] == ["RT159"]


def test_a_number_of_an_answer_is_whole(tmp_path):
    text = "analyst.confidence > 59 and analyst.confidence < 60"
    compiled_ = compile_strategy(workspace(tmp_path, leaving(text)), NO_OVERRIDES)
    found = review(compiled_.plan, compiled_.definition, builtin())
    assert "RT156" in [one.code for one in found]


def test_a_long_chain_of_signals_is_walked_once(tmp_path):
    chain = "".join(f"  s{i}: s{i - 1} or close > {i}\n" for i in range(1, 1500))
    signals = ("signals:\n", f"signals:\n  s0: close > 1\n{chain}")
    plan = compiled(tmp_path, signals, prompt="{{ signals.s1499 }}")
    assert len(plan.known_before_asking()) == 1501
