"""The stand-in as a Python object: `with FakeExchange(series=...) as exchange: exchange.url`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

from rtrade.core.bars import Bars
from rtrade.core.errors import UsageError
from rtrade.core.timeframes import Timeframe
from rtrade.testing.clock import Clock, VirtualClock
from rtrade.testing.limits import WEIGHT_LIMIT, Limits
from rtrade.testing.markets import Rules, make_markets, split_symbol
from rtrade.testing.server import HOST, Server
from rtrade.testing.state import Request, State


class FakeExchange:
    """A stand-in for Binance spot over real sockets on loopback, in a thread of its own.

    `series` are bars, or texts `SYMBOL,TIMEFRAME,FILE`. The rest is as in `rtrade fake-exchange`;
    `weight_limit` None = no limits. Raises UsageError, InvalidInput (a file), WorldError (a port).
    """

    def __init__(
        self,
        series: Sequence[Bars | str] = (),
        *,
        clock: Clock | None = None,
        rules: Rules | None = None,
        weight_limit: int | None = WEIGHT_LIMIT,
        port: int = 0,
    ) -> None:
        self.clock = VirtualClock() if clock is None else clock
        bars = [read_series(one) if isinstance(one, str) else one for one in series]
        rules = rules or Rules()
        self._state = State(
            self.clock, make_markets(bars, rules), rules, Limits(self.clock, weight_limit)
        )
        self._server = Server(self._state, port)

    def start(self) -> None:
        """Listen, until `stop()`."""
        self._server.start()

    def stop(self) -> None:
        """Close all connections and the port."""
        self._server.stop()

    def __enter__(self) -> FakeExchange:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address, `http://127.0.0.1:PORT`."""
        return f"http://{HOST}:{self._server.port}"

    @property
    def requests(self) -> list[Request]:
        """What it was asked, in order, and how it answered."""
        return list(self._state.requests)

    @property
    def ban_violations(self) -> int:
        """How many requests came while the address was banned."""
        return self._state.limits.ban_violations

    @property
    def retry_violations(self) -> int:
        """How many requests came after a 429, before its `Retry-After` was over."""
        return self._state.limits.retry_violations

    @property
    def peak_weight(self) -> int:
        """The most weight that was asked for in a minute of the exchange's clock."""
        return self._state.limits.peak_weight

    def truth(self, symbol: str, timeframe: str) -> Bars:
        """Return the bars that are over by the exchange's clock, corrections included."""
        market = self._state.markets.get("".join(split_symbol(symbol)))
        candles = market.candles(timeframe) if market is not None else None
        if candles is None:
            raise UsageError(f"the stand-in has no series {symbol} {timeframe}")
        return candles.bars(self.clock.now(), Timeframe.parse(timeframe))


def read_series(text: str) -> Bars:
    """Read `SYMBOL,TIMEFRAME,FILE`; raise UsageError for its form, InvalidInput for the file."""
    from rtrade.config.definitions import FileSeries, SourceDef
    from rtrade.data.files import read_file

    parts = text.split(",", 2)
    if len(parts) != 3:  # symbol, timeframe, file
        raise UsageError(
            f"`{text}` is no series", hint="write SYMBOL,TIMEFRAME,FILE: `BTC/USDT,1h,bars.csv`"
        )
    symbol, timeframe, file = parts
    split_symbol(symbol)
    try:
        length = Timeframe.parse(timeframe)
    except ValueError as fault:
        raise UsageError(str(fault), hint="write `1m`, `1h` or `1d`") from fault
    path = Path(file).absolute()
    kind: Literal["csv", "parquet"] = "parquet" if ".parquet" in path.suffixes else "csv"
    one = FileSeries(symbol, length, path)
    return read_file(SourceDef(name="--series", kind=kind, series=(one,)), one)
