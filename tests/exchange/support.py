"""A venue that asks a stand-in, without waiting for real; bars to serve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rtrade.config.definitions import ExchangeDef, SecretDef, SourceDef
from rtrade.core.bars import Bars
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import HOUR, Timeframe, parse_time
from rtrade.exchange.pace import Pace
from rtrade.exchange.venues import Venue, open_venue
from rtrade.testing.exchange import FakeExchange

ROOT = Path(__file__).parents[2]
H1 = Timeframe(HOUR)
START = parse_time("2024-01-01")
LOOPBACK = {"RTRADE_LOOPBACK": "1"}


_opened: list[Venue] = []


class StandIn(FakeExchange):
    """A stand-in that stops at once: those who asked it hang up first."""

    def stop(self) -> None:
        while _opened:
            _opened.pop().close()
        super().stop()


class VirtualPace:
    """A clock that only sleeping moves; `slept` are the sleeps, `heard` what to tell of each."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self.heard: list = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.time += seconds
        self.slept.append(seconds)
        for listener in self.heard:
            listener(seconds)

    @property
    def pace(self) -> Pace:
        return Pace(self.now, self.sleep)


def make_bars(
    count: int,
    *,
    start: int = START,
    symbol: str = "BTC/USDT",
    timeframe: Timeframe = H1,
    without: Sequence[int] = (),
    seed: int = 5,
) -> Bars:
    """Return `count` bars from `start` on, those of the indices `without` left out."""
    draws = np.random.default_rng(seed)
    close = np.round(20_000 * np.exp(np.cumsum(draws.normal(0, 0.004, count))), 2)
    opened = np.concatenate([[20_000.0], close[:-1]])
    high = np.round(np.maximum(opened, close) * (1 + draws.uniform(0, 0.002, count)), 2)
    low = np.round(np.minimum(opened, close) * (1 - draws.uniform(0, 0.002, count)), 2)
    volume = np.round(draws.uniform(0.1, 50, count), 5)
    time = start + np.arange(count, dtype=np.int64) * timeframe.ms
    kept = np.ones(count, dtype=bool)
    kept[list(without)] = False
    columns = (time, opened, np.maximum(high, np.maximum(opened, close)),
               np.minimum(low, np.minimum(opened, close)), close, volume)  # fmt: skip
    return Bars(symbol, timeframe, *(column[kept] for column in columns))


def source_of(url: str, **given) -> SourceDef:
    exchange = ExchangeDef("binance", base_url=url, **given)
    return SourceDef("binance", "exchange", (), exchange=exchange)


def venue_of(url: str, folder: Path, *, pace: VirtualPace | None = None, environ=None, **given):
    """Return a venue that asks the stand-in at `url`, and its virtual pace."""
    pace = pace or VirtualPace()
    cached = given.pop("cached_markets", None)
    keys = {name: SecretDef(given.pop(name)) for name in ("api_key", "secret") if name in given}
    environ = {**LOOPBACK, **(environ or {})}
    source = source_of(url, **keys, **given)
    venue = open_venue(source, folder, cached_markets=cached, environ=environ, pace=pace.pace)
    _opened.append(venue)
    return venue, pace


def read_all(venue: Venue, symbol: str, timeframe: Timeframe, whole: Interval) -> list[Bars]:
    """Return every window of a stretch, one after another."""
    windows, at = [], whole.start
    while at < whole.end:
        end = min(whole.end, timeframe.ahead(at, venue.page))
        windows.append(venue.bars(symbol, timeframe, Interval(at, end)))
        at = end
    return windows


def assert_same(found: Sequence[Bars], truth: Bars) -> None:
    """Check that windows hold the bars of `truth`, to the bit, each once."""
    for name in ("time", "open", "high", "low", "close", "volume"):
        column = np.concatenate([getattr(one, name) for one in found])
        assert np.array_equal(column, getattr(truth, name)), name


def stated_lowest() -> str:
    """Return the lowest version of ccxt that the package asks for."""
    lines = (ROOT / "setup.cfg").read_text(encoding="utf-8").splitlines()
    [line] = [one for one in lines if "ccxt >=" in one]
    return line.split(">=")[1].split(",")[0].strip()
