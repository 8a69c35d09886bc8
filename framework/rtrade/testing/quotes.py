"""REST endpoints of trades, books and prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rtrade.core.timeframes import DAY, MINUTE
from rtrade.testing.answers import MAX_ROWS, Endpoint, constant, dump, market_of
from rtrade.testing.books import best
from rtrade.testing.markets import Market
from rtrade.testing.numbers import text
from rtrade.testing.parameters import Parameters
from rtrade.testing.refusals import bad_combination
from rtrade.testing.state import State
from rtrade.testing.trades import Tape, Trade

MAX_LEVELS = 5000
# Weight of /depth by the levels asked for, and of prices for one symbol, some, all.
_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1000, 50), (MAX_LEVELS, 250))


def _depth(state: State, params: Parameters) -> bytes:
    market = market_of(state, params.the_symbol())
    limit = params.limit(100, MAX_LEVELS)
    params.text("symbolStatus")
    params.finish()
    last, bids, asks = market.book.snapshot(state.clock.now(), limit)
    return dump({"lastUpdateId": last, "bids": bids, "asks": asks})


def _depth_weight(query: Mapping[str, str]) -> int:
    limit = query.get("limit", "")
    wanted = int(limit) if limit.isascii() and limit.isdigit() else 100
    return next((weight for most, weight in _DEPTH_WEIGHTS if wanted <= most), 250)


def _trades(state: State, params: Parameters) -> bytes:
    market = market_of(state, params.the_symbol())
    limit = params.limit(500, MAX_ROWS)
    params.finish()
    known = market.tape.count(state.clock.now())
    return _rows(market.tape, max(0, known - limit), known, plain)


def _historical_trades(state: State, params: Parameters) -> bytes:
    market = market_of(state, params.the_symbol())
    from_id, limit = params.number("fromId"), params.limit(500, MAX_ROWS)
    params.finish()
    tape = market.tape
    known = tape.count(state.clock.now())
    low = max(0, known - limit if from_id is None else from_id - tape.first_id)
    return _rows(tape, low, min(known, low + limit), plain)


def _agg_trades(state: State, params: Parameters) -> bytes:
    market = market_of(state, params.the_symbol())
    from_id = params.number("fromId")
    start, end = params.number("startTime"), params.number("endTime")
    limit = params.limit(500, MAX_ROWS)
    params.finish()
    if from_id is not None and (start is not None or end is not None):
        raise bad_combination()
    tape = market.aggregates
    known = tape.count(state.clock.now())
    high = known if end is None else min(known, tape.since(end + 1))
    if from_id is not None:
        low = max(0, from_id - tape.first_id)
    elif start is not None:
        low = tape.since(start)
    else:
        low = max(0, high - limit)
    return _rows(tape, low, min(high, low + limit), aggregate)


def _rows(tape: Tape, low: int, high: int, write: Callable[[Trade], dict[str, Any]]) -> bytes:
    return dump([write(tape.at(position)) for position in range(low, high)])


def plain(trade: Trade) -> dict[str, Any]:
    """Return a trade as /trades writes it."""
    return {
        "id": trade.id,
        "price": trade.price,
        "qty": trade.size,
        "quoteQty": text(round(float(trade.price) * float(trade.size), 8)),
        "time": trade.time,
        "isBuyerMaker": trade.maker,
        "isBestMatch": True,
    }


def aggregate(trade: Trade) -> dict[str, Any]:
    """Return a trade as /aggTrades writes it."""
    return {
        "a": trade.id,
        "p": trade.price,
        "q": trade.size,
        "f": trade.first,
        "l": trade.last,
        "T": trade.time,
        "m": trade.maker,
        "M": True,
    }


Quote = Callable[[Market, int], dict[str, Any]]


def _of_symbols(quote: Quote, *ignored: str) -> Callable[[State, Parameters], bytes]:
    """Return an endpoint that answers for one symbol, a list of them, or all."""

    def serve(state: State, params: Parameters) -> bytes:
        name, names = params.symbol(), params.symbols()
        for other in ignored:
            params.text(other)
        params.finish()
        if name is not None and names is not None:
            raise bad_combination()
        now = state.clock.now()
        if name is not None:
            return dump(quote(market_of(state, name), now))
        wanted = state.markets if names is None else names
        return dump([quote(market_of(state, one), now) for one in wanted])

    return serve


def _by_symbols(one: int, every: int) -> Callable[[Mapping[str, str]], int]:
    return lambda query: one if "symbol" in query else every


def day_ticker(market: Market, now: int) -> dict[str, Any]:
    """Return the statistics of the last 24 hours as /ticker/24hr writes them."""
    bid, ask = best(market.book, now)
    row = market.finest.summary(now - DAY, now)
    tape = market.tape
    low, high = tape.since(now - DAY), tape.count(now)
    last = tape.at(high - 1) if high else None
    opened, closed = (0.0, 0.0) if row is None else (row.open, row.close)
    volume, quote = (0.0, 0.0) if row is None else (row.volume, row.quote)
    change = closed - opened
    return {
        "symbol": market.id,
        "priceChange": text(round(change, 8)),
        "priceChangePercent": f"{100 * change / opened if opened else 0:.3f}",
        "weightedAvgPrice": text(round(quote / volume, 8) if volume else 0.0),
        "prevClosePrice": text(opened),
        "lastPrice": text(closed),
        "lastQty": text(0.0) if last is None else last.size,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
        "openPrice": text(opened),
        "highPrice": text(0.0 if row is None else row.high),
        "lowPrice": text(0.0 if row is None else row.low),
        "volume": text(volume),
        "quoteVolume": text(quote),
        "openTime": now - DAY,
        "closeTime": now,
        "firstId": tape.at(low).id if low < high else -1,
        "lastId": tape.at(high - 1).id if low < high else -1,
        "count": high - low,
    }


def last_price(market: Market, now: int) -> str:
    """Return the price of the last trade, or of the last bar where none was known."""
    known = market.tape.count(now)
    return market.tape.at(known - 1).price if known else text(0.0)


def _price(market: Market, now: int) -> dict[str, Any]:
    return {"symbol": market.id, "price": last_price(market, now)}


def _book_ticker(market: Market, now: int) -> dict[str, Any]:
    bid, ask = best(market.book, now)
    return {
        "symbol": market.id,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
    }


def _average(state: State, params: Parameters) -> bytes:
    market = market_of(state, params.the_symbol())
    params.finish()
    now = state.clock.now()
    tape = market.tape
    trades = [tape.at(at) for at in range(tape.since(now - 5 * MINUTE), tape.count(now))]
    volume = sum(float(trade.size) for trade in trades)
    quote = sum(float(trade.size) * float(trade.price) for trade in trades)
    price = text(round(quote / volume, 8)) if volume else last_price(market, now)
    closed = trades[-1].time if trades else now
    return dump({"mins": 5, "price": price, "closeTime": closed})


ENDPOINTS: dict[str, Endpoint] = {
    "/api/v3/depth": Endpoint(_depth, _depth_weight),
    "/api/v3/trades": Endpoint(_trades, constant(25)),
    "/api/v3/historicalTrades": Endpoint(_historical_trades, constant(25)),
    "/api/v3/aggTrades": Endpoint(_agg_trades, constant(4)),
    "/api/v3/avgPrice": Endpoint(_average, constant(2)),
    "/api/v3/ticker/24hr": Endpoint(_of_symbols(day_ticker, "type"), _by_symbols(2, 80)),
    "/api/v3/ticker/price": Endpoint(_of_symbols(_price), _by_symbols(2, 4)),
    "/api/v3/ticker/bookTicker": Endpoint(_of_symbols(_book_ticker), _by_symbols(2, 4)),
}
