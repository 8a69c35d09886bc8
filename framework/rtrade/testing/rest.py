"""Binance's public REST endpoints: what each weighs and what it answers."""

from __future__ import annotations

from typing import Any

from rtrade.testing import funding, quotes
from rtrade.testing.answers import (
    MAX_ROWS,
    Answer,
    Endpoint,
    constant,
    dump,
    error,
    market_of,
    too_much,
)
from rtrade.testing.frames import FRAMES
from rtrade.testing.lies import Page
from rtrade.testing.markets import Market
from rtrade.testing.parameters import Parameters
from rtrade.testing.refusals import Refusal, invalid_interval
from rtrade.testing.state import State

_FAR = 10**15


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


def klines_page(state: State, query: dict[str, str], body: bytes, now: int) -> Page:
    """Return a true answer to a klines request together with what was asked."""
    params = Parameters(query)
    candles = market_of(state, params.the_symbol()).candles(params.interval())
    assert candles is not None
    start, end = params.number("startTime"), params.number("endTime")
    return Page(candles, body, start, end, params.limit(500, MAX_ROWS), now)


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


ENDPOINTS: dict[str, Endpoint] = {
    "/api/v3/ping": Endpoint(_ping, constant(1)),
    "/api/v3/time": Endpoint(_time, constant(1)),
    "/api/v3/exchangeInfo": Endpoint(_exchange_info, constant(20)),
    "/api/v3/klines": Endpoint(_klines, constant(2)),
    "/api/v3/uiKlines": Endpoint(_klines, constant(2)),
    **quotes.ENDPOINTS,
    **funding.ENDPOINTS,
}

_NOT_FOUND = b"<html><body><h2>404 Not found</h2></body></html>"


def weight_headers(state: State) -> dict[str, str]:
    """Return the headers that tell how much weight is used in this minute."""
    used = str(state.limits.used)
    return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}


def answer(state: State, method: str, path: str, query: dict[str, str], key: str | None) -> Answer:
    """Return the true answer to a request, limits included."""
    endpoint = ENDPOINTS.get(path)
    weight = endpoint.weight(query) if endpoint is not None else 1
    refused = state.limits.admit(weight)
    headers = weight_headers(state)
    if refused is not None:
        return too_much(refused, headers, weight)
    try:
        if endpoint is None or method != "GET":
            return _unknown(path, key, headers, weight)
        return Answer(200, endpoint.serve(state, Parameters(query)), headers, weight=weight)
    except Refusal as fault:
        return error(fault, headers, weight)


def _unknown(path: str, key: str | None, headers: dict[str, str], weight: int) -> Answer:
    """Refuse signed endpoints as Binance does for a key that it does not know; else 404."""
    if not path.startswith(("/api/v3/", "/sapi/", "/fapi/", "/papi/", "/dapi/")):
        return Answer(404, _NOT_FOUND, headers, "text/html", weight)
    if key is None:
        return error(Refusal(-2014, "API-key format invalid.", 401), headers, weight)
    words = "Invalid API-key, IP, or permissions for action."
    return error(Refusal(-2015, words, 401), headers, weight)
