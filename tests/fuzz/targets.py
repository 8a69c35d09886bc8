"""What must hold of any text: it is taken, or refused in findings that can be shown."""

from __future__ import annotations

import json
from collections.abc import Callable

from rtrade.catalog.installed import registry
from rtrade.config.decoding import decode_strategy
from rtrade.config.decoding_sources import decode_source
from rtrade.config.llm_definitions import LlmProviderDef, PromptTemplate
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.config.overriding import override
from rtrade.config.reader import read_text
from rtrade.config.validation import check_source, check_strategy
from rtrade.core.codes import CODES
from rtrade.core.diagnostics import Diagnostic, SourceText
from rtrade.core.errors import InvalidInput
from rtrade.core.rendering import as_dict, render
from rtrade.llm.names import known_names
from rtrade.llm.templates import parse_template
from rtrade.plan.asking import Asking, PromptNames
from rtrade.plan.build import build
from rtrade.plan.canonical import canonical_json, plan_document
from rtrade.plan.explain import explain
from rtrade.plan.review import review

FILE = "any.yaml"
PROVIDER = LlmProviderDef(name="any", model="any", temperature=0.7)
FRAME = """rtrade: 1
name: any
data: {source: sample, symbol: BTC/USDT, timeframe: 1h, also: {daily: {timeframe: 1d}}}
params: {fast: {default: 5, min: 2, max: 9}}
signals: {average: "sma(close, 9)", bands: "bbands(close, 20, 2)", up: "close > open"}
rules: {enter_long: "EXPRESSION"}
sizing: {equity: 95%}
risk: {stop_loss: 5%}
costs: {commission: 0.1%, slippage: 0%}
backtest: {cash: 1000}
"""


def prompt_of(prompt: SourceText, names: PromptNames) -> PromptTemplate:
    """Read any prompt: one of names that there are."""
    text = "{{ close }} " + " ".join(f"{{{{ signals['{name}'] }}}}" for name in names.signals)
    return parse_template(text, prompt.text, known_names(names.signals, names.series))


def reads(text: str) -> bool:
    """Read a text as a YAML file; return whether it was taken."""
    return _taken(text, lambda: read_text(text, FILE) and ())


def loads_strategy(text: str) -> bool:
    """Take a text through all stages of a strategy: read, shape, values, plan, words, proofs."""

    def load() -> tuple[Diagnostic, ...]:
        document, given = override(read_text(text, FILE), NO_OVERRIDES)
        if findings := check_strategy(document):
            raise InvalidInput(findings)
        definition = decode_strategy(document, given)
        providers = {llm.name: PROVIDER for llm in definition.llm}
        plan = build(definition, registry(), Asking(providers, prompt_of))
        json.dumps(plan_document(plan), allow_nan=False)
        assert canonical_json(plan)
        explain(plan, definition, registry()).as_text().encode("utf-8", "backslashreplace")
        return (*plan.warnings, *review(plan, definition, registry()))

    return _taken(text, load)


def loads_source(text: str, folder: Callable[[], object]) -> bool:
    """Take a text through all stages of a source file that would stand at `folder()`."""

    def load() -> tuple[Diagnostic, ...]:
        document = read_text(text, FILE)
        if findings := check_source(document):
            raise InvalidInput(findings)
        decode_source(document, folder() / FILE)
        return ()

    return _taken(text, load)


def compiles(expression: str) -> bool:
    """Compile an expression as the rule of a strategy."""
    quoted = json.dumps(expression, ensure_ascii=True)
    return loads_strategy(FRAME.replace('"EXPRESSION"', quoted))


def _taken(text: str, load: Callable[[], object]) -> bool:
    try:
        findings, taken = load(), True
    except InvalidInput as refused:
        findings, taken = refused.diagnostics, False
    assert taken or findings
    _check_all(findings, text)
    return taken


def _check_all(findings, text: str) -> None:
    count = len(text.splitlines()) + 1
    for found in findings:
        assert found.code in CODES, found
        assert found.message, found
        json.dumps(as_dict(found)).encode()
        render(found).encode("utf-8")
        if found.span is not None and found.span.file == FILE:
            span = found.span
            assert 1 <= span.line <= count, found
            assert span.column >= 1, found
            assert (span.end_line, span.end_column) > (span.line, span.column), found
