"""Order books and trades: out of the store where a collector keeps them, else of the exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rtrade.core.bars import BoolArray
from rtrade.core.intervals import Interval, holds
from rtrade.store.feeds import Book, Trades
from rtrade.store.series import now_ms
from rtrade.workflow.quoting import Exchanges, Origin, Quoted, is_live

if TYPE_CHECKING:
    from rtrade.exchange import decoding
    from rtrade.exchange.venues import Venue
    from rtrade.workflow.sourcing import Source

# How many trades, and levels of a side, an exchange is asked for at a time.
MOST_TRADES = MOST_LEVELS = 1000


@dataclass(frozen=True, eq=False)
class Dealt:
    """Trades in the order of their ids. `next` is the id after which others follow, None: none do
    by now.
    """

    trades: Trades
    next: int | None


def order_book(exchanges: Exchanges, symbol: str, limit: int, name: str | None) -> Quoted[Book]:
    """Return the best `limit` levels of each side, at most MOST_LEVELS."""
    source = exchanges.of(symbol, name)
    with exchanges.store.opened() as store:
        stored = store.latest_book(source.venue or "", symbol)
    if stored is not None and is_live(stored.time):
        book = Book(stored.time, stored.bids[:limit], stored.asks[:limit])
        return Quoted(book, source.name, "store")

    def question(venue: Venue) -> Book:
        # The same question for all who ask: one that is answered for fewer levels is not repeated.
        found = venue.order_book(symbol, _depth(limit))
        # Binance says of no book when it was; it was just now.
        return Book(now_ms() if found.time is None else found.time, found.bids, found.asks)

    found = exchanges.ask(source, ("book", symbol, _depth(limit)), question)
    return Quoted(Book(found.time, found.bids[:limit], found.asks[:limit]), source.name, "exchange")


def _depth(limit: int) -> int:
    """Return how many levels are asked for: one of the few numbers that exchanges know."""
    return next(one for one in (20, 100, 500, MOST_LEVELS) if one >= limit)


def recent_trades(exchanges: Exchanges, symbol: str, limit: int, name: str | None) -> Quoted[Dealt]:
    """Return the last trades, at most `limit` of them and MOST_TRADES."""
    source = exchanges.of(symbol, name)
    with exchanges.store.opened() as store:
        stored = store.latest_trades(source.venue or "", symbol, limit)
        covered = store.trade_coverage(source.venue or "", symbol)
    if len(stored) and covered and is_live(covered[-1].end):
        return Quoted(Dealt(stored, None), source.name, "store")
    found = exchanges.ask(
        source, ("trades", symbol), lambda venue: venue.trades(symbol, limit=MOST_TRADES)
    )
    trades = _part(found, slice(max(0, len(found) - limit), None))
    return Quoted(Dealt(trades, None), source.name, "exchange")


def trades_between(
    exchanges: Exchanges,
    symbol: str,
    window: Interval,
    *,
    after: int | None,
    limit: int,
    name: str | None,
) -> Quoted[Dealt]:
    """Return the trades of `window`, those after an id, at most `limit` of them.

    They come out of the store where it has the whole window, else of the exchange, at most
    MOST_TRADES of them at a time.
    """
    source = exchanges.of(symbol, name)
    venue_name = source.venue or ""
    with exchanges.store.opened() as store:
        if holds(store.trade_coverage(venue_name, symbol), window):
            stored = store.read_trades(
                venue_name, symbol, window.start, window.end, after=after, limit=limit + 1
            )
            return _page(stored, limit, source, "store")
    most = min(limit, MOST_TRADES)

    def question(venue: Venue) -> decoding.Trades:
        if after is not None:
            return venue.trades(symbol, from_id=after + 1, limit=most)
        return venue.trades(symbol, since=window.start, limit=most)

    what = ("trades", symbol, window.start, after, most)
    found = exchanges.ask(source, what, question)
    inside = _part(found, (found.time >= window.start) & (found.time < window.end))
    over = len(found) < most or int(found.time[-1]) >= window.end
    following = None if over else int(found.id[-1])
    return Quoted(Dealt(inside, following), source.name, "exchange")


def _page(found: Trades, limit: int, source: Source, origin: Origin) -> Quoted[Dealt]:
    following = int(found.id[limit - 1]) if len(found) > limit else None
    return Quoted(Dealt(_part(found, slice(limit)), following), source.name, origin)


def _part(trades: Trades | decoding.Trades, chosen: BoolArray | slice) -> Trades:
    return Trades(
        id=trades.id[chosen],
        time=trades.time[chosen],
        price=trades.price[chosen],
        amount=trades.amount[chosen],
        side=trades.side[chosen].astype(np.int64),
    )
