"""What happens in a market, as it is stored: server-sent events that can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request

from rtrade.core.bars import COLUMNS
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import MINUTE, Timeframe
from rtrade.store.tails import News, Position
from rtrade.web.api.market import api
from rtrade.web.api.quotes import trade_columns
from rtrade.web.api.spelling import market, source
from rtrade.web.endpoints import Answer, Given
from rtrade.web.parameters import choice, timeframe
from rtrade.web.problems import invalid_parameters
from rtrade.web.site import site
from rtrade.web.streams import Event, Subscription
from rtrade.web.tables import json_table
from rtrade.workflow.tailing import Listener, position_of, token_of

_KINDS = ("trades", "candles", "book")
# Events that a client may be behind before it is cut off, and before one that catches up waits.
_CAPACITY, _AHEAD = 200, 20

_DOC = """\
Server-sent events, `data` a JSON object each: `ready` once, with what is sent; `trades` (columns, \
as `/trades`), never left out; `candles` (columns, as `/candles`), those that closed; `book`, the \
newest, older ones that were not sent yet left out. Each has an id: sent back as `Last-Event-ID`, \
the stream goes on after it. `overrun` and `failed` end a stream, with the reason. A comment comes \
every 15 seconds. What is sent is what a collector or a sync stores from now on."""


@api.get(
    "/stream/{symbol}",
    "What is stored of a market from now on: trades, closed candles, the order book.",
    path_params=(market(),),
    query=(
        source(),
        timeframe(),
        choice("only", "Send nothing else.", _KINDS),
    ),
    answer=Answer(_DOC, {"text/event-stream": {"type": "string"}}),
    refusals={
        404: "The exchange has no such market, or there is no exchange that has it.",
        503: "As many streams are open as there may be, or the database is not there just now.",
    },
)
def stream(given: Given) -> Response:
    """Answer a stream of events."""
    markets = site().markets
    key, name = _key(given)
    position = _since() or markets.tail.end(key)
    subscription = Subscription(_CAPACITY)
    kinds = _KINDS if given["only"] is None else (given["only"],)
    start = {"symbol": key.symbol, "source": name, "timeframe": str(key.timeframe)}
    subscription.put(_event("ready", {**start, "events": list(kinds)}, position))
    listener = Listener(
        key,
        hear=_sender(subscription, kinds),
        fail=_failer(subscription),
        ready=lambda: len(subscription) < _AHEAD,
        position=position,
    )
    leave = markets.tail.join(listener)
    return site().streams.reply(subscription, leave)


def _key(given: Given) -> tuple[SeriesKey, str]:
    """Return what names the market in the store, and its source."""
    markets, symbol, name = site().markets, given["symbol"], given["source"]
    # Who comes back is known to have been there.
    back = "Last-Event-ID" in request.headers
    found = (markets.exchanges.of if back else markets.followed)(symbol, name)
    frame = given["timeframe"] or Timeframe(MINUTE)
    return SeriesKey(found.venue or "", symbol, frame), found.name


def _since() -> Position | None:
    given = request.headers.get("Last-Event-ID")
    if given is None or given == "":
        return None
    found = position_of(given)
    if found is None:
        detail = "is no id of an event of this stream"
        raise invalid_parameters([{"name": "Last-Event-ID", "detail": detail}])
    return found


def _sender(subscription: Subscription, kinds: tuple[str, ...]) -> Callable[[News], None]:
    def hear(news: News) -> None:
        if "trades" in kinds and len(news.trades):
            subscription.put(_event("trades", trade_columns(news.trades), news.end))
        if "candles" in kinds and len(news.candles):
            columns = {name: getattr(news.candles, name) for name in COLUMNS}
            subscription.put(_event("candles", columns, news.end))
        if "book" in kinds and news.book is not None:
            book = news.book
            levels = {"bids": book.bids.tolist(), "asks": book.asks.tolist()}
            event = _event("book", {"time": book.time, **levels}, news.end)
            subscription.put(event, replaces="book")

    return hear


def _failer(subscription: Subscription) -> Callable[[str], None]:
    def fail(reason: str) -> None:
        subscription.put(Event(reason, "failed"))
        subscription.end()

    return fail


def _event(name: str, document: dict[str, Any], position: Position) -> Event:
    return Event(json_table(document).decode(), name, token_of(position))
