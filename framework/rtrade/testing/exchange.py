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
from rtrade.testing.fault_files import read_script
from rtrade.testing.faults import Script, SeededScript, WrittenScript
from rtrade.testing.frames import FRAMES
from rtrade.testing.funding import read_funding
from rtrade.testing.limits import WEIGHT_LIMIT, Limits
from rtrade.testing.markets import Market, Rules, check_interval, make_markets, split_symbol
from rtrade.testing.recording import Recording, read_recording
from rtrade.testing.server import HOST, Server, Tell
from rtrade.testing.state import Correction, Request, State, StreamFault

_VALUES = {"open", "high", "low", "close", "volume"}


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
        recording: Recording | str | Path | None = None,
        funding: Sequence[str] = (),
        faults: int | str | Path | Script | None = None,
        rules: Rules | None = None,
        weight_limit: int | None = WEIGHT_LIMIT,
        wait_for_streams: int = 0,
        port: int = 0,
        tell: Tell | None = None,
    ) -> None:
        if isinstance(recording, str | Path):
            recording = read_recording(Path(recording))
        if clock is None:
            clock = start_clock(recording, held=wait_for_streams > 0)
        self.clock = clock
        bars = [read_series(one) if isinstance(one, str) else one for one in series]
        rules = rules or Rules()
        markets = make_markets(bars, rules, recording)
        rates = [read_funding(one) for one in funding]
        self._state = State(
            clock, markets, rules, Limits(clock, weight_limit), wait_for_streams,
            {one.id: one for one in rates},
        )  # fmt: skip
        self.faults = make_script(faults)
        self._server = Server(self._state, self.faults, port, tell)
        if isinstance(self.faults, WrittenScript):
            self._correct_later(self.faults)

    def _correct_later(self, script: WrittenScript) -> None:
        for fault in script.faults:
            if fault.family == "truth":
                values = {name: float(fault.values[name]) for name in _VALUES & {*fault.values}}
                self.correct(
                    fault["symbol"], fault["timeframe"], fault["time"], at=fault["at"], **values
                )

    def correct(
        self, symbol: str, timeframe: str, time: int, *, at: int | None = None, **values: float
    ) -> None:
        """Change a stored bar for good: `open`, `high`, `low`, `close`, `volume`.

        `time` is its open time and `at` the exchange's time from which on it is another one, both
        in ms; None = now. Raises UsageError for a bar that there is not.
        """
        market = self._market(symbol)
        if not values or not {*values} <= _VALUES:
            raise UsageError(
                "a correction names new values", hint="open, high, low, close or volume"
            )
        if timeframe not in market.stored or market.stored[timeframe].find(time) is None:
            raise UsageError(f"there is no stored bar of {symbol} {timeframe} that opens at {time}")
        moment = self.clock.now() if at is None else at
        self._state.corrections.append(Correction(market.id, timeframe, time, moment, values))
        self._state.settle()

    def start(self) -> None:
        """Listen, until `stop()`."""
        self._server.start()

    def stop(self) -> None:
        """Close all connections and the port."""
        self._server.stop()

    def stop_soon(self) -> None:
        """Ask it to end, from any thread or from a signal handler."""
        self._server.stop_soon()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._server.wait()

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
        """What it was asked, in order, and how it answered; the last million."""
        return list(self._state.requests)

    @property
    def stream_faults(self) -> list[StreamFault]:
        """What was done to sockets and messages of streams, in order."""
        return list(self._state.stream_faults)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions to streams there are."""
        sockets = self._server.sockets
        return 0 if sockets is None else sockets.subscriptions

    def announce_shutdown(self) -> None:
        """Send `serverShutdown` to every socket, as before maintenance."""
        sockets = self._server.sockets
        if sockets is not None:
            self._server.call(sockets.announce_shutdown)

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
        self._state.settle()
        candles = self._market(symbol).candles(timeframe) if timeframe in FRAMES else None
        if candles is None:
            raise UsageError(f"the stand-in has no series {symbol} {timeframe}")
        return candles.bars(self.clock.now(), Timeframe.parse(timeframe))

    def _market(self, symbol: str) -> Market:
        market = self._state.markets.get("".join(split_symbol(symbol)))
        if market is None:
            raise UsageError(f"the stand-in has no market {symbol}")
        return market


def start_clock(
    recording: Recording | None, now: int | None = None, speed: float = 1.0, *, held: bool = False
) -> VirtualClock:
    """Return a clock from `now` on (ms); None = just before the recording, else the real time."""
    if now is None and recording is not None:
        now = recording.start - 1
    return VirtualClock(now, speed, held=held)


def make_script(faults: int | str | Path | Script | None) -> Script | None:
    """Return a script from a seed, a file or nothing; raise InvalidInput for a wrong file."""
    if isinstance(faults, int):
        return SeededScript(faults)
    if isinstance(faults, str | Path):
        text = str(faults)
        number = text.isascii() and text.isdigit()
        return SeededScript(int(text)) if number else read_script(Path(text))
    return faults


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
    check_interval(symbol, length)
    path = Path(file).absolute()
    kind: Literal["csv", "parquet"] = "parquet" if ".parquet" in path.suffixes else "csv"
    one = FileSeries(symbol, length, path)
    return read_file(SourceDef(name="--series", kind=kind, series=(one,)), one)
