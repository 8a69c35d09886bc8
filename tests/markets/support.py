"""A workspace whose source is a stand-in, made-up histories with outages, and a fast clock."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from rtrade.config.loading import find_source, load_source
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.timeframes import HOUR, Timeframe, parse_time
from rtrade.exchange.pace import Pace
from rtrade.exchange.venues import Venue, open_venue
from rtrade.testing import FakeExchange

H1 = Timeframe(HOUR)
SYMBOL = "BTC/USDT"
START = parse_time("2021-01-01")
# How many times as fast as real a client waits, and the exchange's clock runs.
SPEED = 10.0


def fast() -> Pace:
    """A pace at which a client that has to wait a minute waits six seconds."""
    return Pace(lambda: time.monotonic() * SPEED, lambda seconds: time.sleep(seconds / SPEED))


def history(seed: int, count: int = 4000, outages: int = 5) -> Bars:
    """Return hourly bars from START on, from which a few stretches are missing."""
    draw = np.random.default_rng(seed)
    close = np.round(30_000 * np.exp(np.cumsum(draw.normal(0, 0.004, count))), 2)
    opens = np.concatenate(([30_000.0], close[:-1]))
    reach = np.round(np.abs(draw.normal(0, 0.002, (2, count))) * close, 2)
    bars = Bars(
        SYMBOL,
        H1,
        START + np.arange(count, dtype=np.int64) * HOUR,
        opens,
        np.round(np.maximum(opens, close) + reach[0], 2),
        np.round(np.minimum(opens, close) - reach[1], 2),
        close,
        np.round(draw.gamma(2, 40, count), 5),
    )
    kept = np.ones(count, dtype=bool)
    for _ in range(outages):
        at, length = int(draw.integers(1, count - 1)), int(draw.choice([1, 2, 7, 33, 1500]))
        kept[at : min(at + length, count - 1)] = False
    return replace(bars, **{name: getattr(bars, name)[kept] for name in COLUMNS})


def make_workspace(folder: Path, url: str, **more: str) -> Path:
    """Write a workspace whose source `binance` speaks to the stand-in at `url`."""
    (folder / "datasources").mkdir(parents=True)
    (folder / "strategies").mkdir()
    lines = ["rtrade: 1", "kind: exchange", "exchange: binance", f"base_url: {url}"]
    lines += [f"{key}: {value}" for key, value in more.items()]
    text = "\n".join([*lines, ""])
    (folder / "datasources" / "binance.yaml").write_text(text, encoding="utf-8")
    return folder


def open_fast(workspace: Path) -> Venue:
    """Open the exchange of a workspace, waiting fast."""
    source = load_source(find_source("binance", workspace))
    return open_venue(source, workspace, pace=fast())


def same_bars(left: Bars, right: Bars) -> bool:
    """Whether two series hold the same bars, to the bit."""
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in COLUMNS)


def requests_for_bars(exchange: FakeExchange) -> int:
    """How often the stand-in was asked for bars."""
    return sum(one.path.endswith("/klines") for one in exchange.requests)
