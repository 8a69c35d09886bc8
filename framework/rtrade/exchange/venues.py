"""An exchange as the rest of rtrade sees it: bars that can be believed, markets, books, trades."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from rtrade.config.definitions import ExchangeDef, SecretDef, SourceDef
from rtrade.core.bars import Bars
from rtrade.core.errors import (
    EngineFault,
    ExchangeDenied,
    InvalidInput,
    UnknownMarket,
    UnknownTimeframe,
)
from rtrade.core.intervals import Interval
from rtrade.core.settings import load_secret, load_settings
from rtrade.core.timeframes import Timeframe
from rtrade.exchange.addresses import Guard, addresses, host_of
from rtrade.exchange.asking import Asker
from rtrade.exchange.binding import Keys
from rtrade.exchange.confirming import read_window
from rtrade.exchange.connection import Connection
from rtrade.exchange.decoding import (
    Book,
    FundingRates,
    Ticker,
    Trades,
    decode_book,
    decode_funding,
    decode_ticker,
)
from rtrade.exchange.fetching import BinanceFetcher, Fetcher
from rtrade.exchange.library import check_exchange
from rtrade.exchange.limiter import Limiter, limiter_for
from rtrade.exchange.markets import Market, market_of, unknown_market
from rtrade.exchange.pace import REAL, Pace
from rtrade.exchange.rows import Rows

# How many last bars of windows are remembered for each series.
_REMEMBERED = 8


class Venue:
    """An exchange. All methods may be called from several threads, and raise ExchangeError.

    Times are epoch ms. `page` is how many bars one window of `bars` may hold.
    """

    def __init__(self, connection: Connection) -> None:
        self.id = connection.exchange.id
        self.name = connection.exchange.venue
        self._connection = connection
        self._ask = connection.asker.ask
        # The exchange's time is past this: what closed before it stays closed.
        self._seen = 0
        self._edges: dict[tuple[str, Timeframe], dict[int, Rows]] = {}
        self._lock = threading.Lock()
        make = BinanceFetcher if self.id == "binance" else Fetcher
        self._fetcher = make(connection)

    def close(self) -> None:
        """Close its connections; a later question opens new ones."""
        self._connection.close()

    @property
    def page(self) -> int:
        """How many bars a window may hold; one more is asked for on either side."""
        return self._fetcher.page - 2

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """The timeframes that the exchange has bars of, the shortest first."""
        return tuple(self._connection.timeframes())

    def require(self, timeframe: Timeframe) -> str:
        """Return the exchange's name of a timeframe; raise UnknownTimeframe, which names others."""
        names = self._connection.timeframes()
        if timeframe in names:
            return names[timeframe]
        known = ", ".join(map(str, names))
        raise UnknownTimeframe(
            f"{self.name} has no bars of {timeframe}", hint=f"it has {known}" if known else None
        )

    def market(self, symbol: str) -> Market:
        """Return what is known of a symbol; raise UnknownMarket."""
        markets = self._connection.derived()["markets"]
        if symbol not in markets and ":" in symbol and self._connection.load_contracts():
            markets = self._connection.derived()["markets"]
        mode = self._connection.bare().precisionMode
        return market_of(markets, mode, symbol, self.name)

    def spelled(self, plain: str) -> str:
        """Return the spot symbol that is `plain` without its slash; raise UnknownMarket."""
        markets = self._connection.derived()["markets"]
        for symbol in markets:
            if symbol.replace("/", "") == plain:
                return str(symbol)
        raise unknown_market(markets, plain, self.name)

    def markets_document(self) -> str | None:
        """Return the list of markets to be kept, None where the kept one is still in use."""
        self._connection.derived()
        document = self._connection.document
        return document.text() if self._connection.fetched and document is not None else None

    def now(self) -> int:
        """Return the exchange's own time; the earlier of two answers, lest a bar count too soon.

        Where an exchange does not tell the time, that of this machine.
        """
        found = self._connection.now()
        self._seen = max(self._seen, found)
        return found

    def bars(self, symbol: str, timeframe: Timeframe, window: Interval) -> Bars:
        """Return the confirmed bars of a window of at most `page` closed bars.

        Where the exchange has changed the last bar of the window before since that was read, it
        comes first. Raises EngineFault for a window with bars that have not closed.
        """
        name = self.require(timeframe)
        self.market(symbol)
        if timeframe.count(window.start, window.end) > self.page:
            raise EngineFault(f"a window of over {self.page} bars")
        if window.end > self._seen and window.end > self.now():
            raise EngineFault(f"the window of {symbol} {timeframe} ends before its bars do")
        edges = self._edges.setdefault((symbol, timeframe), {})
        known = edges.get(timeframe.ahead(window.start, -1))
        rows = read_window(
            lambda asked: self._fetcher.rows(symbol, timeframe, name, asked),
            timeframe,
            window,
            known=known,
            closed=self._seen,
        )
        self._remember(edges, rows)
        return rows.bars(symbol, timeframe)

    def _remember(self, edges: dict[int, Rows], rows: Rows) -> None:
        """Keep the last bar of a window, which the window after it is compared with."""
        if not len(rows):
            return
        last = Rows(rows.time[-1:], rows.values[-1:])
        with self._lock:
            edges.pop(int(last.time[0]), None)
            edges[int(last.time[0])] = last
            while len(edges) > _REMEMBERED:
                del edges[next(iter(edges))]

    def next_bar(self, symbol: str, timeframe: Timeframe, since: int) -> int | None:
        """Return a time from `since` on before which there is no bar; None = none at all follows.

        It is the open time of the next bar itself where the exchange can be asked for that.
        """
        name = self.require(timeframe)
        self.market(symbol)
        return self._fetcher.next_bar(symbol, timeframe, name, since)

    def trades(
        self,
        symbol: str,
        *,
        from_id: int | None = None,
        since: int | None = None,
        limit: int = 1000,
    ) -> Trades:
        """Return up to `limit` trades from an id or a time on, or the latest ones.

        Page by id: many trades share a millisecond. On Binance ids are those of aggregate trades.
        """
        self.market(symbol)
        return self._fetcher.trades(symbol, from_id, since, limit)

    def order_book(self, symbol: str, limit: int = 100) -> Book:
        """Return the best `limit` levels of each side."""
        self.market(symbol)
        instance = self._connection.ready()
        return self._ask(
            f"the order book of {symbol}",
            lambda: instance.fetch_order_book(symbol, limit),
            decode_book,
        )

    def ticker(self, symbol: str) -> Ticker:
        """Return the last day of a symbol."""
        self.market(symbol)
        instance = self._connection.ready()
        return self._ask(
            f"the ticker of {symbol}", lambda: instance.fetch_ticker(symbol), decode_ticker
        )

    def funding_rates(self, symbol: str, since: int, limit: int = 1000) -> FundingRates:
        """Return up to `limit` funding rates of a perpetual, `BTC/USDT:USDT`, from `since` on."""
        self.market(symbol)
        if ":" not in symbol:
            quote = symbol.partition("/")[2]
            raise UnknownMarket(
                f"{symbol} has no funding rates: it is no perpetual contract",
                hint=f"write `{symbol}:{quote}`",
            )
        instance = self._connection.ready()
        return self._ask(
            f"the funding rates of {symbol}",
            lambda: instance.fetch_funding_rate_history(symbol, since, limit),
            decode_funding,
        )


def open_venue(
    source: SourceDef,
    workspace: Path,
    *,
    cached_markets: str | None = None,
    environ: Mapping[str, str] | None = None,
    pace: Pace = REAL,
) -> Venue:
    """Return the exchange of a source; nothing is asked of it yet.

    `cached_markets` is what `Venue.markets_document` gave before; it is used until it is older
    than the source's `markets_ttl`. Secrets and RTRADE_LOOPBACK come from the environment and the
    `.env` of the workspace. Raises InvalidInput for an exchange that ccxt does not know,
    ExchangeDenied for a secret whose variable is not set, AddressRefused.
    """
    exchange = source.exchange
    if exchange is None:
        raise EngineFault(f"source `{source.name}` is no exchange")
    if findings := check_exchange(source):
        raise InvalidInput(findings)
    keys = Keys(
        _secret(exchange.api_key, workspace, environ), _secret(exchange.secret, workspace, environ)
    )
    loopback = load_settings(workspace, environ)["RTRADE_LOOPBACK"] not in ("", "0")
    given = [url for url in (exchange.base_url, exchange.ws_url) if url is not None]
    guard = Guard(frozenset(map(host_of, given)), loopback=loopback)
    limiter = _limiter(exchange, pace)
    asker = Asker(exchange.id, keys, pace)
    connection = Connection(exchange, asker, limiter, guard, cached_markets)
    # Where nothing may leave this machine, nothing gets ready to.
    for url in addresses(connection.bare().urls.get("api", {})):
        guard.check(url)
    return Venue(connection)


def _limiter(exchange: ExchangeDef, pace: Pace) -> Limiter:
    host = "" if exchange.base_url is None else host_of(exchange.base_url)
    if pace is not REAL:
        return Limiter(share=exchange.rate, pace=pace)
    limiter = limiter_for(exchange.id, host, lambda: Limiter(share=exchange.rate))
    limiter.lower(exchange.rate)
    return limiter


def _secret(
    secret: SecretDef | None, workspace: Path, environ: Mapping[str, str] | None
) -> str | None:
    if secret is None:
        return None
    value = load_secret(secret.variable, workspace, environ)
    if value is None:
        raise ExchangeDenied(
            f"`{secret.variable}` is not set, which the source names for its credentials",
            hint="set it in the environment or in the workspace's `.env`; public data needs none",
        )
    return value
