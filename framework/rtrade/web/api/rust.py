"""The four market endpoints of an earlier project in Rust, for its clients.

Parameters, envelope, decimal texts and ISO-8601 times are those that its clients know; statuses
say what failed, which there was always 200. A refusal is a problem document that has the members
of the envelope too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response

from rtrade.core.intervals import Interval
from rtrade.core.timeframes import Timeframe, iso, parse_time
from rtrade.store.series import now_ms
from rtrade.web.api.quotes import LIVE
from rtrade.web.api.run_schemas import object_of, or_null
from rtrade.web.api.spelling import plain_market, source
from rtrade.web.endpoints import Answer, Api, Given, Handler, json_of
from rtrade.web.parameters import Param, integer, timeframe
from rtrade.web.problems import MEDIA_TYPE, invalid_parameters
from rtrade.web.replies import NOW, json_reply
from rtrade.web.site import site
from rtrade.workflow.dealing import order_book, recent_trades
from rtrade.workflow.filling import filled_bars
from rtrade.workflow.quoting import ticker

_MOST = 1000
_TEXT = {"type": "string"}
_MOMENT = re.compile(r"[0-9]{1,13}")
_LAST = 4_102_444_800_000


class _Enveloped(Api):
    """Endpoints whose refusals have the members of the envelope as well."""

    def blueprint(self) -> Blueprint:
        """Return the endpoints as a blueprint."""
        made = super().blueprint()
        made.after_request(_wrapped)
        return made


def _wrapped(response: Response) -> Response:
    if response.mimetype == MEDIA_TYPE:
        document = json.loads(response.get_data())
        more = {"success": False, "data": None, "error": document["detail"]}
        response.set_data(json.dumps({**document, **more}))
    return response


api = _Enveloped(
    "market",
    "Market data in an envelope, `{success, data, error}`, for clients of an earlier project: "
    "prices are decimal texts, times ISO-8601.",
    prefix="/api/v1/market",
)


def _enveloped(schema: Any) -> Any:
    members = {"success": {"type": "boolean"}, "data": schema, "error": or_null("string")}
    return object_of(members)


_LEVELS = {
    "type": "array",
    "items": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2},
}
_TICKER = object_of(
    {
        "symbol": _TEXT,
        "price": or_null("string"),
        "timestamp": _TEXT,
        "volume_24h": or_null("string"),
        "high_24h": or_null("string"),
        "low_24h": or_null("string"),
    }
)
_BOOK = object_of({"symbol": _TEXT, "timestamp": _TEXT, "bids": _LEVELS, "asks": _LEVELS})
_TRADE = object_of(
    {
        "symbol": _TEXT,
        "timestamp": _TEXT,
        "price": _TEXT,
        "quantity": _TEXT,
        "is_buyer_maker": {"type": "boolean"},
    }
)
_KLINE = object_of(
    {
        "timestamp": {**_TEXT, "description": "When the bar opens."},
        "symbol": _TEXT,
        "price": {**_TEXT, "description": "The close."},
        "volume": _TEXT,
        "high": _TEXT,
        "low": _TEXT,
        "open": _TEXT,
        "close": _TEXT,
    }
)


def _both(
    path: str, summary: str, *, query: Iterable[Param] = (), answer: Answer
) -> Callable[[Handler], Handler]:
    """Declare an endpoint with its symbol in the path, and once more with it in the query."""
    query = tuple(query)

    def declare(handler: Handler) -> Handler:
        api.get(f"{path}/{{symbol}}", summary, path_params=(plain_market(),), query=query,
                answer=answer, refusals=LIVE)(handler)  # fmt: skip

        def asked(given: Given) -> Response:
            return handler(given)

        asked.__name__ = f"{handler.__name__}_by_query"
        api.get(path, f"{summary} The symbol stands in the query.",
                query=(plain_market(), *query), answer=answer, refusals=LIVE)(asked)  # fmt: skip
        return handler

    return declare


@_both(
    "/ticker",
    "The last 24 hours of a market.",
    query=(source(),),
    answer=json_of(_enveloped(_TICKER)),
)
def rust_ticker(given: Given) -> Response:
    """Answer the ticker of an exchange."""
    found = ticker(site().markets.exchanges, _symbol(given), given["source"]).value
    data = {
        "symbol": given["symbol"],
        "price": _decimal(found.last),
        "timestamp": iso(now_ms() if found.time is None else found.time),
        "volume_24h": _decimal(found.volume),
        "high_24h": _decimal(found.high),
        "low_24h": _decimal(found.low),
    }
    return _envelope(data)


@_both(
    "/orderbook",
    "The best levels of the order book.",
    query=(source(), integer("limit", "Levels of each side.", 1, _MOST, default=20)),
    answer=json_of(_enveloped(_BOOK)),
)
def rust_orderbook(given: Given) -> Response:
    """Answer the order book."""
    exchanges = site().markets.exchanges
    found = order_book(exchanges, _symbol(given), given["limit"], given["source"]).value
    sides = {
        name: [[_decimal(price), _decimal(amount)] for price, amount in levels.tolist()]
        for name, levels in (("bids", found.bids), ("asks", found.asks))
    }
    return _envelope({"symbol": given["symbol"], "timestamp": iso(found.time), **sides})


@_both(
    "/trades",
    "The last trades of a market.",
    query=(source(), integer("limit", "How many.", 1, _MOST, default=20)),
    answer=json_of(_enveloped({"type": "array", "items": _TRADE})),
)
def rust_trades(given: Given) -> Response:
    """Answer the last trades, the oldest first."""
    exchanges = site().markets.exchanges
    found = recent_trades(exchanges, _symbol(given), given["limit"], given["source"]).value.trades
    columns = (found.time, found.price, found.amount, found.side)
    data = [
        {
            "symbol": given["symbol"],
            "timestamp": iso(time),
            "price": _decimal(price),
            "quantity": _decimal(amount),
            "is_buyer_maker": side == -1,
        }
        for time, price, amount, side in zip(*(one.tolist() for one in columns), strict=True)
    ]
    return _envelope(data)


def _moment(name: str, doc: str) -> Param:
    schema = {"type": "string", "pattern": r"^([0-9]{1,13}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$",
              "examples": ["1704067200000", "2024-01-01T00:00:00Z"]}  # fmt: skip

    def read(given: str) -> int:
        try:
            found = int(given) if _MOMENT.fullmatch(given) else parse_time(given)
        except (ValueError, OverflowError):
            raise ValueError("is neither milliseconds since 1970 nor ISO-8601") from None
        if not 0 <= found <= _LAST:
            raise ValueError("lies before 1970 or after 2100")
        return found

    return Param(name, f"{doc} Milliseconds since 1970, or ISO-8601.", schema, read)


@api.get(
    "/klines",
    "Closed bars of a market, from the store; what it lacks is fetched and stored first.",
    query=(
        plain_market(),
        replace(timeframe("interval", required=True), doc="Length of a bar: 1m, 5m, 1h, 1d, 1w."),
        source(),
        integer("limit", "How many.", 1, _MOST, default=500),
        _moment("startTime", "Bars that open at this time or later."),
        _moment("endTime", "Bars that open at this time or earlier."),
        _moment("start_time", "The same as `startTime`."),
        _moment("end_time", "The same as `endTime`."),
    ),
    answer=json_of(_enveloped({"type": "array", "items": _KLINE})),
    refusals=LIVE,
)
def rust_klines(given: Given) -> Response:
    """Answer bars, the oldest first: from `startTime` on, without it the last ones."""
    stretch = _stretch(given)
    if stretch is None:
        return _envelope([])
    exchanges = site().markets.exchanges
    bars = filled_bars(exchanges, _symbol(given), given["interval"], stretch, given["source"]).value
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    data = [
        {
            "timestamp": iso(time),
            "symbol": given["symbol"],
            "price": _decimal(close),
            "volume": _decimal(volume),
            "high": _decimal(high),
            "low": _decimal(low),
            "open": _decimal(opened),
            "close": _decimal(close),
        }
        for time, opened, high, low, close, volume in zip(
            *(one.tolist() for one in columns), strict=True
        )
    ]
    return _envelope(data)


def _stretch(given: Given) -> Interval | None:
    """Return the stretch of at most `limit` bars that is meant, None where it holds no time."""
    frame: Timeframe = given["interval"]
    start, end = _either(given, "startTime", "start_time"), _either(given, "endTime", "end_time")
    if start is not None and end is not None and start > end:
        raise invalid_parameters([{"name": "endTime", "detail": "is before `startTime`"}])
    stop = min(now_ms(), _LAST if end is None else end + 1)
    if start is None:
        last = frame.ceil(stop) if end is not None else frame.floor(stop)
        stretch = max(0, frame.ahead(last, -given["limit"])), last
    else:
        first = frame.ceil(start)
        stretch = first, min(frame.ceil(stop), frame.ahead(first, given["limit"]))
    return Interval(*stretch) if stretch[0] < stretch[1] else None


def _either(given: Given, name: str, other: str) -> int | None:
    if given[name] is not None and given[other] is not None:
        raise invalid_parameters([{"name": other, "detail": f"is given besides `{name}`"}])
    found: int | None = given[other] if given[name] is None else given[name]
    return found


def _symbol(given: Given) -> str:
    """Return the market as ccxt spells it: BTCUSDT is looked up in the store, then asked for."""
    text: str = given["symbol"]
    return text if "/" in text else site().markets.spelled(text, given["source"])


def _decimal(value: float | None) -> str | None:
    """Return a number as the shortest decimal text that means it, without an exponent."""
    from decimal import Decimal

    return None if value is None else format(Decimal(repr(value)), "f")


def _envelope(data: Any) -> Response:
    return json_reply({"success": True, "data": data, "error": None}, cache=NOW)
