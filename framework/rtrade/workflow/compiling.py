"""From a path to a plan: read, check, decode, resolve the source, build. Opens no data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rtrade.catalog.installed import registry
from rtrade.config.definitions import SourceDef, StrategyDef
from rtrade.config.document import Document
from rtrade.config.loading import find_source, find_workspace, load_source, strategy_of
from rtrade.config.overrides import Overrides
from rtrade.config.reader import read
from rtrade.core.errors import InvalidInput
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


def compile_strategy(path: Path, overrides: Overrides, workspace: Path | None = None) -> Compiled:
    """Check a strategy file and everything it names; raise InvalidInput with all findings.

    `workspace` is the folder that sources are looked for in; None: the one that `path` is in.
    """
    return compile_document(read(path), overrides, workspace or find_workspace(path))


def compile_document(document: Document, overrides: Overrides, workspace: Path) -> Compiled:
    """Check a strategy file that was read, as `compile_strategy` does."""
    definition = strategy_of(document, overrides)
    source = load_source(
        find_source(definition.data.source, workspace, document=definition.document)
    )
    check_exchange(source)
    _check_currency(source, definition)
    plan = build(definition, registry())
    return Compiled(workspace, definition, source, plan, overrides)


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
