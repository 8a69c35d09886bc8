"""Volume-weighted average prices: the catalog's numbers, exact sums, trades."""

from __future__ import annotations

import gzip
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.catalog.builtin import builtin
from rtrade.core.bars import Bars
from rtrade.data.vwap import rolling_vwap, vwap_of_trades
from rtrade.signals.kernels import compute
from unit.data_support import bars_at, frame, read, steps

FIELDS = ("high", "low", "close", "volume")


def of_the_catalog(bars: Bars, n: int) -> np.ndarray:
    inputs = [getattr(bars, name) for name in FIELDS]
    return compute(builtin().get("vwap"), inputs, {"n": n})["value"]


def drawn(rows: list[tuple]) -> Bars:
    table = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    time = np.array(steps(table.shape[1], "1m"), dtype=np.int64)
    high, low, close, volume = table.copy()
    return Bars("X/Y", frame("1m"), time, close, high, low, close, volume)


price = st.floats(0.001, 1e6)
rows = st.lists(
    st.tuples(price, price, price, st.one_of(st.just(0.0), st.floats(1e-9, 1e9))), max_size=60
)


@given(rows, st.integers(1, 40))
def test_the_numbers_are_those_of_the_catalog(found, n):
    bars = drawn(found)
    np.testing.assert_array_equal(rolling_vwap(bars, n), of_the_catalog(bars, n))


@given(rows, st.integers(1, 40))
def test_the_numbers_are_those_of_exact_sums(found, n):
    bars = drawn(found)
    typical = (bars.high + bars.low + bars.close) / 3
    worth = (typical * bars.volume).tolist()
    volume = bars.volume.tolist()
    for at, value in enumerate(rolling_vwap(bars, n).tolist()):
        window = slice(at - n + 1, at + 1)
        if at < n - 1 or not math.fsum(volume[window]):
            assert math.isnan(value)
        elif len(set(typical[window].tolist())) == 1:
            assert value == typical[at]
        else:
            assert value == math.fsum(worth[window]) / math.fsum(volume[window])


def test_an_hour_of_minutes_by_hand():
    bars = replace(bars_at(steps(3, "1m"), "1m"), volume=np.array([1.0, 0.0, 3.0]))
    first, last = ((bars.high + bars.low + bars.close) / 3)[[0, 2]]
    values = rolling_vwap(bars, 3)
    assert np.isnan(values[:2]).all()
    assert values[2] == (first + 3 * last) / 4


def test_trades_by_hand():
    time = np.array([0, 500, 1000, 1000, 2500])
    prices = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    amounts = np.array([1.0, 3.0, 1.0, 1.0, 2.0])
    closes = np.array([1000, 2000, 3000, 4000])
    values = vwap_of_trades(time, prices, amounts, closes, 1000)
    assert values.tolist()[:3] == [17.5, 35.0, 50.0]
    assert math.isnan(values[3])
    assert vwap_of_trades(time, prices, amounts, closes[2:3], 3000).tolist() == [
        (10 + 60 + 70 + 100) / 8
    ]


@pytest.mark.realdata
def test_real_minutes(real_data):
    bars = read(real_data / "BTCUSDT_5m_2024.csv.gz", timeframe="5m")
    np.testing.assert_array_equal(rolling_vwap(bars, 12), of_the_catalog(bars, 12))


@pytest.mark.realdata
def test_real_trades_lie_within_their_prices(real_data):
    packed = (real_data / "BTCUSDT_trades_20240808_2354.csv.gz").read_bytes()
    _, *lines = gzip.decompress(packed).decode().split()
    cells = np.array([line.split(",")[1:4] for line in lines], dtype=np.float64).T
    time, prices, amounts = cells[0].astype(np.int64), cells[1], cells[2]
    closes = np.arange(time[0] // 60_000 + 1, time[-1] // 60_000 + 2) * 60_000
    values = vwap_of_trades(time, prices, amounts, closes, 60_000)
    assert len(values) == 12
    for close, value in zip(closes.tolist(), values.tolist(), strict=True):
        inside = (time >= close - 60_000) & (time < close)
        assert prices[inside].min() < value < prices[inside].max()
