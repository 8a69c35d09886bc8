"""Binance's public REST endpoints: what each weighs and what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rtrade.testing.frames import FRAMES
from rtrade.testing.markets import Market
from rtrade.testing.parameters import Parameters
from rtrade.testing.refusals import Refusal, invalid_interval, invalid_symbol
from rtrade.testing.state import State

MAX_ROWS = 1000
_FAR = 10**15

Weigh = Callable[[Mapping[str, str]], int]
Serve = Callable[[State, Parameters], bytes]


@dataclass(frozen=True)
class Endpoint:
    """How a path is answered, and what a request weighs by its parameters."""

    serve: Serve
    weight: Weigh


def dump(document: Any) -> bytes:
    """Return JSON as Binance writes it, without spaces."""
    return json.dumps(document, separators=(",", ":")).encode()


def market_of(state: State, name: str) -> Market:
    """Return the market called `name`; raise Binance's refusal where there is none."""
    market = state.markets.get(name)
    if market is None:
        raise invalid_symbol()
    return market


def _ping(_: State, params: Parameters) -> bytes:
    params.finish()
    return b"{}"


def _time(state: State, params: Parameters) -> bytes:
    params.finish()
    return dump({"serverTime": state.clock.now()})


def _klines(state: State, params: Parameters) -> bytes:
    market = market_of(state, params.the_symbol())
    interval = params.interval()
    start, end = params.number("startTime"), params.number("endTime")
    limit = params.limit(500, MAX_ROWS)
    zone = params.text("timeZone")
    params.finish()
    if zone not in (None, "0", "00:00"):
        # Bars of other time zones would have to be put together anew; better none than wrong ones.
        raise Refusal(-1130, "Data sent for parameter 'timeZone' is not valid.")
    candles = market.candles(interval) if interval in FRAMES else None
    if candles is None:
        raise invalid_interval()
    start = None if start is None else min(start, _FAR)
    end = None if end is None else min(end, _FAR)
    return candles.page(start, end, limit, state.clock.now())


def _exchange_info(state: State, params: Parameters) -> bytes:
    name, names = params.symbol(), params.symbols()
    for ignored in ("permissions", "showPermissionSets", "symbolStatus"):
        params.text(ignored)
    params.finish()
    wanted = [name] if name is not None else names
    markets = (
        list(state.markets.values())
        if wanted is None
        else [market_of(state, one) for one in wanted]
    )
    return dump(
        {
            "timezone": "UTC",
            "serverTime": state.clock.now(),
            "rateLimits": _rate_limits(state),
            "exchangeFilters": [],
            "symbols": [_symbol(market, state) for market in markets],
        }
    )


def _rate_limits(state: State) -> list[dict[str, Any]]:
    rows = (
        ("REQUEST_WEIGHT", "MINUTE", 1, state.limits.stated),
        ("ORDERS", "SECOND", 10, 100),
        ("ORDERS", "DAY", 1, 200_000),
        ("RAW_REQUESTS", "MINUTE", 5, 61_000 if state.limits.limit else state.limits.stated),
    )
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _symbol(market: Market, state: State) -> dict[str, Any]:
    lot, least = state.rules.lot, state.rules.min_notional
    tick = market.tick
    return {
        "symbol": market.id,
        "status": "TRADING",
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [
            "LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT",
            "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
        ],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "10000000.00000000",
             "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000000.00000000",
             "stepSize": lot},
            {"filterType": "NOTIONAL", "minNotional": least, "applyMinToMarket": True,
             "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }  # fmt: skip


def _constant(weight: int) -> Weigh:
    return lambda _: weight


ENDPOINTS: dict[str, Endpoint] = {
    "/api/v3/ping": Endpoint(_ping, _constant(1)),
    "/api/v3/time": Endpoint(_time, _constant(1)),
    "/api/v3/exchangeInfo": Endpoint(_exchange_info, _constant(20)),
    "/api/v3/klines": Endpoint(_klines, _constant(2)),
    "/api/v3/uiKlines": Endpoint(_klines, _constant(2)),
}
