"""ccxt, imported when it is first needed, and which exchanges it knows without importing it."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from rtrade.config.definitions import SourceDef
from rtrade.config.wording import quoted, similar
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import WorldError


def ccxt() -> Any:
    """Return the library; it takes a second and a half to import."""
    try:
        import ccxt as library
    except ImportError as fault:
        raise WorldError(f"ccxt cannot be imported: {fault}", hint="install `ccxt`") from fault
    return library


@cache
def exchange_ids() -> tuple[str, ...]:
    """Return the ids of all exchanges that the installed ccxt knows, by its files alone."""
    spec = importlib.util.find_spec("ccxt")
    if spec is None or not spec.submodule_search_locations:
        raise WorldError("ccxt is not installed", hint="install `ccxt`")
    folder = Path(next(iter(spec.submodule_search_locations))) / "async_support"
    return tuple(sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__"))


def exchange_class(exchange: str) -> Any:
    """Return ccxt's class of an exchange that it knows."""
    return getattr(ccxt(), exchange)


def check_exchange(source: SourceDef) -> list[Diagnostic]:
    """Return a finding where a source names an exchange that ccxt does not know."""
    exchange = source.exchange
    if exchange is None or exchange.id in exchange_ids():
        return []
    guess = similar(exchange.id, exchange_ids())
    message = f"`exchange` cannot be {quoted(exchange.id)}: ccxt knows no such exchange"
    advice = f"did you mean `{guess}`?" if guess else "write the id that ccxt gives it"
    if source.document is None:
        return [Diagnostic("RT023", message, exchange.span, advice)]
    return [source.document.finding("RT023", message, exchange.span, help=advice)]
