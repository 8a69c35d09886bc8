"""Tickers, order books, trades and average prices: kept by a collector, or asked of an exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response

from rtrade.core.intervals import Interval
from rtrade.store.feeds import Trades
from rtrade.web.api import market_schemas as schemas
from rtrade.web.api.market import api
from rtrade.web.api.spelling import market, source
from rtrade.web.endpoints import Given, json_of
from rtrade.web.parameters import integer, moment, timeframe
from rtrade.web.problems import invalid_parameters
from rtrade.web.replies import NOW, data_reply
from rtrade.web.site import site
from rtrade.web.tables import JSON, json_table
from rtrade.workflow.dealing import (
    MOST_LEVELS,
    Dealt,
    order_book,
    recent_trades,
    trades_between,
)
from rtrade.workflow.filling import average_price
from rtrade.workflow.quoting import Quoted, ticker

MOST_TRADES = 10_000
_LAST_ID = 2**63 - 1
SIDES = {1: "buy", -1: "sell", 0: "unknown"}
# What may go wrong with an exchange.
LIVE: Mapping[int, str] = {
    404: "There is no such market, or no exchange to ask.",
    502: "The exchange cannot be asked, or its answer cannot be used.",
    503: "The exchange, the database, or room for one more question is not there just now.",
}


@api.get(
    "/ticker/{symbol}",
    "The last 24 hours of a market, asked of the exchange and kept for a second.",
    path_params=(market(),),
    query=(source(),),
    answer=json_of(schemas.TICKER),
    refusals=LIVE,
)
def market_ticker(given: Given) -> Response:
    """Answer the ticker of an exchange."""
    found = ticker(site().markets.exchanges, given["symbol"], given["source"])
    return _now({"symbol": given["symbol"], "source": found.source, **asdict(found.value)})


@api.get(
    "/orderbook/{symbol}",
    "The best levels of the order book: of a collector that runs, else of the exchange.",
    path_params=(market(),),
    query=(source(), integer("limit", "Levels of each side.", 1, MOST_LEVELS, default=20)),
    answer=json_of(schemas.BOOK),
    refusals=LIVE,
)
def market_orderbook(given: Given) -> Response:
    """Answer the order book."""
    exchanges = site().markets.exchanges
    found = order_book(exchanges, given["symbol"], given["limit"], given["source"])
    levels = {"bids": found.value.bids.tolist(), "asks": found.value.asks.tolist()}
    return _now({**_facts(given, found), "time": found.value.time, **levels})


@api.get(
    "/trades/{symbol}",
    "The last trades of a market, or those of a stretch page by page.",
    path_params=(market(),),
    query=(
        source(),
        integer("limit", "Trades of a page; an exchange gives 1,000.", 1, MOST_TRADES, default=100),
        moment("from", "Trades at this time or later; together with `to`."),
        moment("to", "Trades before this time."),
        integer("after", "Trades with a higher id: the `next` of the page before.", 0, _LAST_ID),
    ),
    answer=json_of(
        schemas.TRADES,
        "The trades: from the store where it has all of them, else from the exchange.",
    ),
    refusals=LIVE,
)
def market_trades(given: Given) -> Response:
    """Answer trades."""
    exchanges, symbol, name = site().markets.exchanges, given["symbol"], given["source"]
    stretch = stretch_of(given)
    if stretch is None:
        if given["after"] is not None:
            raise invalid_parameters([{"name": "after", "detail": "goes with `from` and `to`"}])
        found: Quoted[Dealt] = recent_trades(exchanges, symbol, given["limit"], name)
    else:
        found = trades_between(
            exchanges, symbol, stretch, after=given["after"], limit=given["limit"], name=name
        )
    document = {
        **_facts(given, found),
        "trades": trade_columns(found.value.trades),
        "next": found.value.next,
    }
    return _now(document)


@api.get(
    "/vwap/{symbol}",
    "The volume-weighted average price of the last `window`, or of a stretch.",
    path_params=(market(),),
    query=(
        source(),
        timeframe("window"),
        moment("from", "Where the stretch begins; together with `to`."),
        moment("to", "Where the stretch ends, itself left out."),
    ),
    answer=json_of(
        schemas.VWAP,
        "Of trades where the store has all of the stretch, else of the finest bars of which it "
        "holds at most 1,500; those that are missing are fetched from the exchange and stored.",
    ),
    refusals=LIVE,
)
def market_vwap(given: Given) -> Response:
    """Answer an average price."""
    stretch, window = stretch_of(given), given["window"]
    if (stretch is None) == (window is None):
        what = "is missing, as are `from` and `to`" if window is None else "goes without `from`"
        raise invalid_parameters([{"name": "window", "detail": what}])
    markets = site().markets
    found = average_price(
        markets.shelf,
        markets.exchanges,
        given["symbol"],
        given["source"],
        stretch=stretch,
        window=window,
    )
    one = found.value
    document = {
        "symbol": given["symbol"],
        "source": found.source,
        "from": one.start,
        "to": one.end,
        "vwap": one.vwap,
        "volume": one.volume,
        "of": one.of,
        "count": one.count,
        "timeframe": None if one.timeframe is None else str(one.timeframe),
        "missing": one.missing,
    }
    return _now(document)


def stretch_of(given: Given) -> Interval | None:
    """Return the stretch that `from` and `to` mean, None without them; raise Problem."""
    start, end = given["from"], given["to"]
    if start is None and end is None:
        return None
    if start is None or end is None:
        name = "from" if start is None else "to"
        raise invalid_parameters([{"name": name, "detail": "is missing: both are given, or none"}])
    if start >= end:
        raise invalid_parameters([{"name": "to", "detail": "is not later than `from`"}])
    return Interval(start, end)


def trade_columns(trades: Trades) -> dict[str, Any]:
    """Return trades as columns of JSON."""
    return {
        "id": trades.id,
        "time": trades.time,
        "price": trades.price,
        "amount": trades.amount,
        "side": [SIDES[one] for one in trades.side.tolist()],
    }


def _facts(given: Given, found: Quoted[Any]) -> dict[str, Any]:
    return {"symbol": given["symbol"], "source": found.source, "origin": found.origin}


def _now(document: Mapping[str, Any]) -> Response:
    return data_reply(json_table(document), JSON, cache=NOW)
