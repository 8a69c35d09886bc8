"""Single questions about bars and trades: through ccxt's unified methods, or Binance's own."""

from __future__ import annotations

from typing import Any

from rtrade.core.errors import ExchangeError, MalformedAnswer
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import WEEK, Timeframe
from rtrade.exchange.connection import Connection
from rtrade.exchange.decoding import (
    LAST_TIME,
    Trades,
    decode_agg_trades,
    decode_klines,
    decode_ohlcv,
    decode_trades,
)
from rtrade.exchange.rows import Rows, check, join, moment

# Bars per question where an exchange does not say, and the most that is asked for.
_USUAL, _MOST = 500, 1000


class Fetcher:
    """Asks any exchange, by `fetch_ohlcv` and `fetch_trades`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ask = connection.asker.ask

    @property
    def page(self) -> int:
        """How many bars one question may be answered with."""
        features = getattr(self._connection.bare(), "features", None) or {}
        stated = ((features.get("spot") or {}).get("fetchOHLCV") or {}).get("limit")
        return min(stated, _MOST) if isinstance(stated, int) and stated > 1 else _USUAL

    def rows(self, symbol: str, timeframe: Timeframe, name: str, asked: Interval) -> Rows:
        """Return the checked bars that the exchange answers for a stretch.

        Exchanges may answer fewer bars than were asked for: what follows is asked for until the
        stretch is over or nothing follows.
        """
        parts: list[Rows] = []
        at = asked.start
        while at < asked.end:
            count = timeframe.count(at, asked.end)
            found = self._answer(symbol, timeframe, name, Interval(at, asked.end), count)
            if not len(found):
                break
            parts.append(found)
            at = timeframe.ahead(int(found.time[-1]), 1)
        return check(join(parts), timeframe, asked)

    def _answer(
        self, symbol: str, timeframe: Timeframe, name: str, asked: Interval, count: int
    ) -> Rows:
        instance = self._connection.ready()

        def decode(answer: Any) -> Rows:
            rows = decode_ohlcv(answer)
            # Where an exchange takes no end, what lies beyond is no mistake.
            inside = (rows.time >= asked.start) & (rows.time < asked.end)
            return check(Rows(rows.time[inside], rows.values[inside]), timeframe, asked)

        return self._ask(
            _question(symbol, timeframe, asked.start),
            lambda: instance.fetch_ohlcv(symbol, name, asked.start, count),
            decode,
        )

    def next_bar(self, symbol: str, timeframe: Timeframe, name: str, since: int) -> int | None:
        """Return a time from `since` on before which there is no bar; None = none follows.

        By the coarsest bars that the exchange has, up to weeks: few questions span years.
        """
        names = self._connection.timeframes()
        fit = [one for one in names if timeframe <= one <= Timeframe(WEEK)]
        coarse = max(fit, default=timeframe)
        now = self._connection.now()
        at = max(coarse.floor(since), coarse.ceil(0))
        while at < now:
            asked = Interval(at, coarse.ahead(at, self.page))
            found = self._answer(symbol, coarse, names.get(coarse, name), asked, self.page)
            if len(found):
                return max(since, int(found.time[0]))
            at = asked.end
        return None

    def trades(self, symbol: str, from_id: int | None, since: int | None, limit: int) -> Trades:
        """Return trades from a time on, or the latest; raise ExchangeError for an id."""
        if from_id is not None:
            raise ExchangeError(
                f"the trades of {symbol} cannot be asked for by id at this exchange",
                hint="ask for them by time",
            )
        instance = self._connection.ready()
        return self._ask(
            f"the trades of {symbol}",
            lambda: instance.fetch_trades(symbol, since, limit),
            decode_trades,
        )


class BinanceFetcher(Fetcher):
    """Asks Binance spot by its own endpoints: exact ends, text decoded at once, trades by id."""

    @property
    def page(self) -> int:
        """How many bars one question may be answered with."""
        return _MOST

    def rows(self, symbol: str, timeframe: Timeframe, name: str, asked: Interval) -> Rows:
        """Return the checked bars that Binance answers for a stretch: at most `page`."""
        instance = self._connection.ready()
        market = instance.market(symbol)
        if not market["spot"]:
            return super().rows(symbol, timeframe, name, asked)
        params = {
            "symbol": market["id"],
            "interval": instance.timeframes[name],
            "startTime": asked.start,
            "endTime": asked.end - 1,
            "limit": min(_MOST, timeframe.count(asked.start, asked.end)),
        }
        return self._ask(
            _question(symbol, timeframe, asked.start),
            lambda: instance.publicGetKlines(params),
            lambda answer: check(decode_klines(answer), timeframe, asked),
        )

    def next_bar(self, symbol: str, timeframe: Timeframe, name: str, since: int) -> int | None:
        """Return when the first bar from `since` on opens: asked without an end, Binance knows."""
        instance = self._connection.ready()
        market = instance.market(symbol)
        if not market["spot"]:
            return super().next_bar(symbol, timeframe, name, since)
        params = {
            "symbol": market["id"],
            "interval": instance.timeframes[name],
            "startTime": since,
            "limit": 1,
        }
        found = self._ask(
            _question(symbol, timeframe, since),
            lambda: instance.publicGetKlines(params),
            lambda answer: check(decode_klines(answer), timeframe, Interval(since, LAST_TIME)),
        )
        return int(found.time[0]) if len(found) else None

    def trades(self, symbol: str, from_id: int | None, since: int | None, limit: int) -> Trades:
        """Return aggregate trades, whose ids follow one another without a hole."""
        instance = self._connection.ready()
        market = instance.market(symbol)
        if not market["spot"]:
            return super().trades(symbol, from_id, since, limit)
        given = {"symbol": market["id"], "limit": min(limit, _MOST), "fromId": from_id,
                 "startTime": since if from_id is None else None}  # fmt: skip
        params = {name: value for name, value in given.items() if value is not None}

        def decode(answer: Any) -> Trades:
            trades = decode_agg_trades(answer)
            ids = trades.id
            if len(ids) and from_id is not None and ids[0] < from_id:
                raise MalformedAnswer("a trade was not asked for")
            if len(ids) and ids[-1] - ids[0] != len(ids) - 1:
                raise MalformedAnswer("the ids of trades have a hole")
            return trades

        return self._ask(
            f"the trades of {symbol}", lambda: instance.publicGetAggTrades(params), decode
        )


def _question(symbol: str, timeframe: Timeframe, start: int) -> str:
    return f"{symbol} {timeframe} from {moment(start)}"
