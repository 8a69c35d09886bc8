"""Klines against a slow model, and the semantics that pagers rely on, one by one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.testing import FakeExchange, ManualClock
from rtrade.testing.candles import Candles
from rtrade.testing.frames import FRAMES
from rtrade.testing.markets import Rules, make_markets
from testing_exchange.serving import HOUR, MINUTE, START, Raw, hourly, make_bars
from testing_exchange.slow_klines import Kline, asked, known

DAY = 24 * HOUR


def served(candles: Candles, start: int | None, end: int | None, limit: int, now: int) -> list[Any]:
    rows: list[Any] = json.loads(candles.page(start, end, limit, now))
    return rows


def plain(row: list[Any]) -> tuple[Any, ...]:
    """What the model knows about a row: times, prices, volume, trades."""
    numbers = [Decimal(text) for text in row[1:6]]
    return row[0], row[6] + 1, *numbers, row[8]


def expected(row: Kline) -> tuple[Any, ...]:
    prices = [Decimal(repr(price)) for price in (row.open, row.high, row.low, row.close)]
    return row.start, row.end, *prices, row.volume, row.trades


moments = st.integers(-3 * HOUR, 80 * HOUR).map(lambda offset: START + offset)


@given(
    missing=st.sets(st.integers(0, 59), max_size=40),
    still=st.sets(st.integers(0, 10), max_size=4),
    interval=st.sampled_from(["1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]),
    start=st.none() | moments,
    end=st.none() | moments,
    limit=st.sampled_from([1, 2, 7, 500, 1000]),
    now=moments,
)
def test_a_page_is_what_a_slow_model_says(
    missing: set[int], still: set[int], interval: str, start: int | None, end: int | None,
    limit: int, now: int,
) -> None:  # fmt: skip
    bars = hourly(60, sorted(missing), still=[at for at in still if at < 60 - len(missing)])
    candles = make_markets([bars], Rules())["BTCUSDT"].candles(interval)
    assert candles is not None
    rows = served(candles, start, end, limit, now)
    model = asked(known(bars, interval, now), start, end, limit)
    assert [plain(row) for row in rows] == [expected(row) for row in model]


def test_months_and_weeks_follow_the_calendar() -> None:
    bars = make_bars([START + at * DAY for at in range(400)], "1d")
    market = make_markets([bars], Rules())["BTCUSDT"]
    now = START + 380 * DAY + 5 * HOUR
    for interval in ("3d", "1w", "1M"):
        candles = market.candles(interval)
        assert candles is not None
        rows = served(candles, None, None, 1000, now)
        model = asked(known(bars, interval, now), None, None, 1000)
        if interval == "3d":  # Counted from 1970, not from the month.
            model = [row for row in model if row.start % (3 * DAY) == 0]
        assert [plain(row) for row in rows] == [expected(row) for row in model]
    months = market.candles("1M")
    assert months is not None
    assert len(served(months, None, None, 1000, now)) == 13


def test_pages_meet_across_blocks_and_every_text_is_the_exact_number() -> None:
    dice = np.random.default_rng(3)
    bars = hourly(5000)
    # Prices of many magnitudes and with more than eight places, which no step explains.
    wild = dice.uniform(0.5, 1.5, 5000) * 10.0 ** dice.integers(-9, 9, 5000)
    bars.open[:], bars.close[:] = wild, wild * 1.0000001
    bars.high[:], bars.low[:] = wild * 2, wild / 2
    candles = make_markets([bars], Rules())["BTCUSDT"].candles("1h")
    assert candles is not None
    now = START + 10_000 * HOUR
    rows: list[list[Any]] = []
    start = START
    while found := served(candles, start, None, 999, now):
        rows += found
        start = found[-1][0] + 1
    assert [row[0] for row in rows] == bars.time.tolist()
    for column, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        texts = [row[column] for row in rows]
        assert not any("e" in text.lower() for text in texts)
        assert [float(text) for text in texts] == getattr(bars, name).tolist()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + 100 * HOUR + 7)


def test_an_outage_is_empty_with_an_end_and_jumped_over_without(clock: ManualClock) -> None:
    gone = range(20, 40)
    with FakeExchange([hourly(90, gone)], clock=clock) as exchange:
        raw = Raw(exchange)
        hole = {"startTime": START + 22 * HOUR, "endTime": START + 30 * HOUR}
        assert raw.klines(**hole) == []
        assert raw.klines(startTime=START + 22 * HOUR, limit=1)[0][0] == START + 40 * HOUR
        assert raw.klines(startTime=START + 200 * HOUR) == []
        assert raw.klines(startTime=START - 999 * HOUR, limit=1)[0][0] == START
        assert raw.klines(startTime=START + 9, endTime=START + 3) == []


def test_the_newest_bar_is_open_and_forms(clock: ManualClock) -> None:
    clock.set(START + 50 * HOUR)
    with FakeExchange([hourly(90)], clock=clock) as exchange:
        raw = Raw(exchange)
        seen = []
        for minutes in (0, 10, 30, 59):
            clock.set(START + 50 * HOUR + minutes * MINUTE)
            rows = raw.klines(limit=2)
            assert [row[0] for row in rows] == [START + 49 * HOUR, START + 50 * HOUR]
            assert rows[1][6] > clock.now() > rows[0][6]
            seen.append(float(rows[1][5]))
        assert seen == sorted(seen)
        assert len(exchange.truth("BTC/USDT", "1h")) == 50
        clock.advance(MINUTE)
        closed = raw.klines(endTime=START + 50 * HOUR, limit=1)[0]
        truth = exchange.truth("BTC/USDT", "1h")
        assert [float(text) for text in closed[1:6]] == [
            float(column[50])
            for column in (truth.open, truth.high, truth.low, truth.close, truth.volume)
        ]


def test_limits_and_defaults(clock: ManualClock) -> None:
    clock.set(START + 5000 * HOUR)
    with FakeExchange([hourly(3000)], clock=clock) as exchange:
        raw = Raw(exchange)
        assert len(raw.klines()) == 500
        assert len(raw.klines(limit=1000)) == len(raw.klines(limit=9999)) == 1000
        row = raw.klines(limit=1)[0]
        assert len(row) == 12
        assert [type(cell) for cell in row] == [int, *[str] * 5, int, str, int, str, str, str]


def test_an_interval_comes_from_the_coarsest_series_that_fills_it() -> None:
    minutes = make_bars([START + at * MINUTE for at in range(300)], "1m", seed=5)
    market = make_markets([hourly(5), minutes], Rules())["BTCUSDT"]
    two_hours, five_minutes = market.candles("2h"), market.candles("5m")
    assert two_hours is not None
    assert five_minutes is not None
    assert two_hours.base.frame.text == "1h"
    assert five_minutes.base.frame.text == "1m"
    assert market.candles("1s") is None
    assert market.candles("1m") is market.finest


def test_a_frame_holds_only_what_fills_it() -> None:
    assert FRAMES["1w"].holds(FRAMES["1d"])
    assert not FRAMES["1w"].holds(FRAMES["3d"])
    assert not FRAMES["1M"].holds(FRAMES["1w"])
    assert not FRAMES["8h"].holds(FRAMES["6h"])
    assert not FRAMES["1h"].holds(FRAMES["1h"])


@pytest.mark.realdata
def test_real_outages_are_served_as_they_were(real_data: Path) -> None:
    series = f"BTC/USDT,1h,{real_data / 'BTCUSDT_1h_2017_2024.csv.gz'}"
    clock = ManualClock(1_720_000_000_000)
    with FakeExchange([series], clock=clock, weight_limit=None) as exchange:
        raw, start, times = Raw(exchange), 0, []
        while page := raw.klines(startTime=start, limit=1000):
            times += [row[0] for row in page]
            start = page[-1][0] + 1
        truth = exchange.truth("BTC/USDT", "1h")
    assert times == truth.time.tolist()
    assert len(times) == 58_419
    assert truth.gaps() == (28, 128)
