"""What an exchange trades: symbols, the steps of sizes and prices, the least notional."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from rtrade.core.errors import UnknownMarket, WorldError

_VERSION = 1
_NAMED = 5
# What ccxt's `precisionMode` says its precisions are.
_DECIMAL_PLACES, _TICK_SIZE = 2, 4


@dataclass(frozen=True)
class Market:
    """A market: `symbol` as ccxt writes it, whether it is traded, and what the exchange allows.

    Steps and amounts are exact decimal texts, None where the exchange states none. `listed` is
    when it began (ms), where the exchange says so.
    """

    symbol: str
    active: bool
    lot: str | None = None
    tick: str | None = None
    min_notional: str | None = None
    listed: int | None = None


@dataclass(frozen=True)
class MarketsDocument:
    """The markets of an exchange as a small document that can be kept: with `fetched` (ms)."""

    exchange: str
    fetched: int
    markets: list[dict[str, Any]]
    rate_limits: list[dict[str, Any]]

    def text(self) -> str:
        """Return it as JSON."""
        document = {
            "version": _VERSION,
            "exchange": self.exchange,
            "fetched": self.fetched,
            "rate_limits": self.rate_limits,
            "markets": self.markets,
        }
        return json.dumps(document, separators=(",", ":"))


def read_document(text: str | None, exchange: str, now: int, ttl: int) -> MarketsDocument | None:
    """Return the document in `text` where it is of this exchange and no older than `ttl` (ms).

    None also for what is no such document: it is asked for anew.
    """
    try:
        given = json.loads(text or "null")
        if given["version"] != _VERSION or given["exchange"] != exchange:
            return None
        document = MarketsDocument(
            exchange, int(given["fetched"]), list(given["markets"]), list(given["rate_limits"])
        )
        symbols = [one["symbol"] for one in document.markets]
    except (ValueError, KeyError, TypeError):
        return None
    fresh = 0 <= now - document.fetched < ttl
    return document if fresh and symbols else None


def market_of(markets: Mapping[str, Any], precision_mode: int, symbol: str, where: str) -> Market:
    """Return one of ccxt's markets; raise UnknownMarket with the one that was probably meant."""
    found = markets.get(symbol)
    if found is None:
        raise unknown_market(markets, symbol, where)
    precision, limits = found.get("precision") or {}, found.get("limits") or {}
    return Market(
        symbol=symbol,
        active=found.get("active") is not False,
        lot=_step(precision.get("amount"), precision_mode),
        tick=_step(precision.get("price"), precision_mode),
        min_notional=_decimal((limits.get("cost") or {}).get("min")),
        listed=created if isinstance(created := found.get("created"), int) else None,
    )


def unknown_market(markets: Mapping[str, Any], symbol: str, where: str) -> UnknownMarket:
    """Return the error for a symbol that an exchange does not have."""
    plain = {_plain(one): one for one in markets}
    meant = plain.get(_plain(symbol))
    if meant is None:
        close = difflib.get_close_matches(_plain(symbol), list(plain), n=1, cutoff=0.8)
        meant = plain[close[0]] if close else None
    hint = f"did you mean `{meant}`?" if meant else _others(markets, symbol)
    return UnknownMarket(f"{where} has no symbol `{symbol}`", hint=hint)


def _others(markets: Mapping[str, Any], symbol: str) -> str:
    """Name the markets of the same base currency, or a few of any."""
    base = symbol.partition("/")[0].upper()
    same = sorted(one for one in markets if one.partition("/")[0] == base) or sorted(markets)
    more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
    return f"it has {', '.join(same[:_NAMED])}{more}"


def _plain(symbol: str) -> str:
    return symbol.upper().replace("/", "").replace("-", "").replace("_", "")


def _step(given: Any, precision_mode: int) -> str | None:
    if given is None:
        return None
    if precision_mode == _TICK_SIZE:
        return _decimal(given)
    if precision_mode == _DECIMAL_PLACES and isinstance(given, int):
        return format(Decimal(1).scaleb(-given), "f")
    # Significant digits are no step.
    return None


def _decimal(given: Any) -> str | None:
    """Return a number of ccxt as the decimal text that it was made from; None for 0 and less."""
    if given is None:
        return None
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        raise WorldError(f"an exchange states `{given}` where a number belongs") from None
    if not value.is_finite() or value <= 0:
        return None
    return format(value.normalize(), "f")


def rate_windows(rate_limits: list[dict[str, Any]]) -> list[tuple[float, float, bool]]:
    """Return Binance's `rateLimits` as (limit, seconds, whether requests count).

    What is not understood is passed over: the weights of ccxt hold in any case.
    """
    units = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400}
    found = []
    for one in rate_limits:
        kind = one.get("rateLimitType")
        unit = units.get(str(one.get("interval")))
        number, limit = one.get("intervalNum"), one.get("limit")
        if kind not in ("REQUEST_WEIGHT", "RAW_REQUESTS") or unit is None:
            continue
        if isinstance(number, int) and isinstance(limit, int) and number > 0 and limit > 0:
            found.append((float(limit), float(unit * number), kind == "RAW_REQUESTS"))
    return found
