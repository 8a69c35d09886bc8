"""A workspace whose exchange is a stand-in, what its store holds, and a client of streams."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.store.feeds import Trades
from rtrade.store.opening import open_store
from rtrade.store.store import Store
from web.serving import Served

SYMBOL = "BTC/USDT"
H1 = Timeframe(HOUR)
# A Monday of 2021.
START = 1_609_718_400_000
CANDLES = "/api/v1/candles"


def make_bars(
    count: int,
    *,
    start: int = START,
    frame: Timeframe = H1,
    symbol: str = SYMBOL,
    without: Sequence[int] = (),
    seed: int = 3,
) -> Bars:
    """Return `count` bars from `start` on, those of the indices `without` left out."""
    draw = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(np.cumsum(draw.normal(0, 0.004, count))), 2)
    opens = np.concatenate(([30_000.0], close[:-1]))
    reach = np.round(np.abs(draw.normal(0, 0.002, (2, count))) * close, 2)
    time_ = start + np.arange(count, dtype=np.int64) * frame.ms
    high = np.round(np.maximum(opens, close) + reach[0], 2)
    low = np.round(np.minimum(opens, close) - reach[1], 2)
    volume = np.round(draw.gamma(2, 40, count), 5)
    kept = np.ones(count, dtype=bool)
    kept[list(without)] = False
    columns = (time_, opens, high, low, close, volume)
    return Bars(symbol, frame, *(one[kept] for one in columns))


def recent_bars(count: int) -> Bars:
    """Return hourly bars of which the last one is open now."""
    now = time.time_ns() // 1_000_000
    return make_bars(count, start=H1.floor(now) - (count - 1) * HOUR)


def make_trades(count: int, *, first: int = 1, start: int = START) -> Trades:
    """Return trades, one a second, with ids that follow one another."""
    at = np.arange(count)
    price = 30_000 + np.round(np.sin(at) * 50, 2)
    amount = np.round(0.1 + (at % 7) / 10, 3)
    side = np.where(at % 3 == 0, -1, 1).astype(np.int64)
    return Trades(first + at, start + at * 1000, price, amount, side)


def make_market(folder: Path, url: str = "", database: str = "", name: str = "binance") -> Path:
    """Make a workspace whose source `binance` is at `url`, and whose store is `database`."""
    (folder / "datasources").mkdir(parents=True, exist_ok=True)
    (folder / "strategies").mkdir(exist_ok=True)
    address = url or "http://127.0.0.1:9"
    text = f"rtrade: 1\nkind: exchange\nexchange: binance\nbase_url: {address}\n"
    (folder / "datasources" / f"{name}.yaml").write_text(text, encoding="utf-8")
    settings = "RTRADE_LOOPBACK=1\n" + (f"DATABASE_URL={database}\n" if database else "")
    (folder / ".env").write_text(settings, encoding="utf-8")
    return folder


def key_of(url: str = "", frame: Timeframe = H1, symbol: str = SYMBOL) -> SeriesKey:
    """Return what names a series of the stand-in at `url` in the store."""
    return SeriesKey(f"binance@{url or 'http://127.0.0.1:9'}", symbol, frame)


@contextmanager
def stored(workspace: Path, database: str = "") -> Iterator[Store]:
    """Open the store of a workspace as another process does."""
    with open_store(database, workspace / ".rtrade") as store:
        yield store


def store_bars(store: Store, bars: Bars, key: SeriesKey, *covered: Interval) -> None:
    """Store bars with what they cover: from the first to the close of the last, unless given."""
    whole = Interval(int(bars.time[0]), bars.timeframe.close(int(bars.time[-1])))
    store.write_bars(key, covered or [whole], bars)


def columns_of(bars: Bars) -> dict[str, list[Any]]:
    """Return bars as the API has them."""
    return {name: getattr(bars, name).tolist() for name in COLUMNS}


@dataclass
class Told:
    """An event as a client of a stream reads it."""

    name: str
    data: str
    id: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)


class Stream:
    """An open stream, read line by line."""

    def __init__(self, server: Served, path: str, last: str | None = None) -> None:
        self._connection = server.connect()
        headers = {} if last is None else {"Last-Event-ID": last}
        self._connection.request("GET", path, headers=headers)
        self.answer: http.client.HTTPResponse = self._connection.getresponse()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self._connection.close()

    def next(self) -> Told | None:
        """Return the next event, None at the end of the stream."""
        found = {"event": "", "data": "", "id": ""}
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            if text == "" and found["event"]:
                return Told(found["event"], found["data"], found["id"])
            name, _, value = text.partition(": ")
            if name in found:
                found[name] = value
        return None

    def until(self, name: str) -> Told:
        """Return the next event of a name."""
        while (event := self.next()) is not None:
            if event.name == name:
                return event
        raise AssertionError(f"the stream ended without `{name}`")
