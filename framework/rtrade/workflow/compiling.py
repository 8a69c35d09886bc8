"""From a path to a plan: read, check, decode, resolve the source, build. Opens no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rtrade.catalog.installed import registry
from rtrade.config.definitions import SourceDef, StrategyDef
from rtrade.config.document import Document
from rtrade.config.document import Path as DocumentPath
from rtrade.config.llm_definitions import PromptTemplate
from rtrade.config.loading import (
    SOURCE_PLACE,
    find_prompt,
    find_source,
    find_workspace,
    load_source,
    source_span,
    strategy_of,
)
from rtrade.config.overrides import Overrides
from rtrade.config.reader import read
from rtrade.core.diagnostics import Diagnostic, SourceText
from rtrade.core.errors import InvalidInput
from rtrade.execution.engines import unsupported
from rtrade.plan.asking import Asking, PromptNames
from rtrade.plan.build import build
from rtrade.plan.plan import Plan


@dataclass(frozen=True)
class Compiled:
    """A strategy and its source, checked and ready to run in a workspace."""

    workspace: Path
    definition: StrategyDef
    source: SourceDef
    plan: Plan
    overrides: Overrides


def compile_strategy(
    path: Path,
    overrides: Overrides,
    workspace: Path | None = None,
    prompts: Mapping[str, str] | None = None,
) -> Compiled:
    """Check a strategy file and everything it names; raise InvalidInput with all findings.

    `workspace` is the folder that sources are looked for in; None: the one that `path` is in.
    `prompts` are texts by the path that the file names: they are taken instead of the files.
    """
    return compile_document(read(path), overrides, workspace or find_workspace(path), prompts)


def compile_document(
    document: Document,
    overrides: Overrides,
    workspace: Path,
    prompts: Mapping[str, str] | None = None,
) -> Compiled:
    """Check a strategy file that was read, as `compile_strategy` does."""
    definition = strategy_of(document, overrides)
    source, asking = _resolved(definition, workspace, prompts or {})
    check_exchange(source)
    _check_currency(source, definition)
    plan = build(definition, registry(), asking)
    return Compiled(workspace, definition, source, plan, overrides)


def refusals(compiled: Compiled, *engines: str) -> list[Diagnostic]:
    """Return what the engines cannot do of a strategy, each with its place in the file."""
    document = compiled.definition.document
    return [
        document.finding(one.code, one.message, one.span, help=one.help)
        for engine in engines
        for one in unsupported(compiled.plan, engine)
    ]


def _resolved(
    definition: StrategyDef, workspace: Path, prompts: Mapping[str, str]
) -> tuple[SourceDef, Asking]:
    """Return the sources that a strategy names: of its bars, and of its models' answers."""
    document, findings = definition.document, []
    places: list[DocumentPath] = [SOURCE_PLACE]
    places += [("signals", llm.name, "llm", "provider") for llm in definition.llm]
    names = [definition.data.source, *(llm.provider for llm in definition.llm)]
    sources: list[SourceDef] = []
    for name, place in zip(names, places, strict=True):
        try:
            source = load_source(find_source(name, workspace, document=document, place=place))
            if (source.llm is None) is (place == SOURCE_PLACE):
                sources.append(source)
            else:
                findings.append(_wrong_kind(document, place, source))
        except InvalidInput as invalid:
            findings += invalid.diagnostics
    if findings:
        raise InvalidInput(list(dict.fromkeys(findings)))
    providers = {
        llm.name: source.llm
        for llm, source in zip(definition.llm, sources[1:], strict=True)
        if source.llm is not None
    }
    return sources[0], Asking(providers, partial(_read_prompt, document, workspace, prompts))


def _wrong_kind(document: Document, place: DocumentPath, source: SourceDef) -> Diagnostic:
    message = f"`{source.name}` is a source of bars, not of answers"
    advice = "`provider` names a source of `kind: llm`, such as `local_llm`"
    if source.llm is not None:
        message = f"`{source.name}` is a source of answers, not of bars"
        advice = "a model is asked by a signal: `signals: {analyst: {llm: {...}}}`"
    span = document.value_span(place) if source.llm is None else source_span(document)
    return document.finding("RT408", message, span, help=advice)


def _read_prompt(
    document: Document,
    workspace: Path,
    given: Mapping[str, str],
    prompt: SourceText,
    names: PromptNames,
) -> PromptTemplate:
    # Templates are read with Jinja: a strategy without a model does without.
    from rtrade.llm.names import known_names
    from rtrade.llm.templates import load_template, parse_template

    reserved = known_names((), ())
    if taken := [name for name in names.series if name in reserved]:
        raise InvalidInput([_taken(document, name) for name in taken])
    known = known_names(names.signals, names.series)
    if prompt.text in given:
        return parse_template(given[prompt.text], prompt.text, known, names.resting)
    path = find_prompt(prompt, document, workspace)
    return load_template(path, known, label=str(path), resting=names.resting)


def _taken(document: Document, name: str) -> Diagnostic:
    message = f"a series cannot be called `{name}`: prompts know something else by that name"
    place = document.key_span(("data", "also", name))
    return document.finding("RT117", message, place, help="choose another name")


def _check_currency(source: SourceDef, definition: StrategyDef) -> None:
    """Raise InvalidInput where the least notional is in another currency than prices are."""
    stated = None if source.filters is None else source.filters.currency
    quote = definition.data.symbol.partition("/")[2].partition(":")[0]
    if stated in (None, quote) or source.document is None:
        return
    message = f"`min_notional` is in {stated}, but {definition.data.symbol} is priced in {quote}"
    span = source.document.value_span(("filters", "min_notional"))
    advice = f"write the amount in {quote}, or without a currency"
    raise InvalidInput([source.document.finding("RT029", message, span, help=advice)])


def check_exchange(source: SourceDef) -> None:
    """Raise InvalidInput where a source names an exchange that the installed ccxt does not know."""
    if source.exchange is None:
        return
    from rtrade.exchange.library import check_exchange as findings_of

    if findings := findings_of(source):
        raise InvalidInput(findings)
