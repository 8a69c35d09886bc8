"""The rule for outliers, against a plain loop, and by cases that it is for."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import OutlierDef
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.timeframes import iso
from rtrade.data.outliers import LEAST, lead, outliers
from unit.data_support import frame, read, steps

RULE = OutlierDef(k=6.0, window=40)


def slow(bars: Bars, rule: OutlierDef) -> list[bool]:
    """The definition, bar by bar."""
    closes, highs, lows = bars.close.tolist(), bars.high.tolist(), bars.low.tolist()

    def size(one: float, other: float) -> float:
        return math.log(max(one, other) / min(one, other))

    found = [False] * len(closes)
    for i in range(1, len(closes)):
        moves = [
            size(closes[j], closes[j - 1])
            for j in range(max(1, i - rule.window), i)
            if closes[j] != closes[j - 1]
        ]
        if len(moves) < min(LEAST, rule.window):
            continue
        step = size(closes[i], closes[i - 1])
        if i > 1:
            step = min(step, size(closes[i], closes[i - 2]))
        above = math.log(highs[i] / max(closes[i], highs[i - 1]))
        below = math.log(min(closes[i], lows[i - 1]) / lows[i])
        limit = rule.k * 1.4826 * statistics.median(moves)
        found[i] = max(step, above, below) > limit
    return found


def walk(count: int, seed: int, *, size: float = 0.002, still: float = 0.0) -> Bars:
    """Bars of a random walk; a share `still` of them does not move."""
    draw = np.random.RandomState(seed)
    moves = draw.standard_normal(count) * size * (draw.random_sample(count) >= still)
    close = 100.0 * np.exp(np.cumsum(moves))
    opens = np.concatenate(([100.0], close[:-1]))
    reach = np.exp(np.abs(draw.standard_normal((2, count))) * size / 2)
    return Bars(
        "X/Y",
        frame("1h"),
        np.array(steps(count, "1h")),
        opens,
        np.maximum(opens, close) * reach[0],
        np.minimum(opens, close) / reach[1],
        close,
        np.ones(count),
    )


def changed(bars: Bars, at: int, **prices: float) -> Bars:
    columns = {name: getattr(bars, name).copy() for name in COLUMNS}
    for name, value in prices.items():
        columns[name][at] = value
    return replace(bars, **columns)


def flagged(bars: Bars, rule: OutlierDef = RULE) -> list[int]:
    return np.flatnonzero(outliers(bars, rule)).tolist()


@given(
    st.integers(0, 150),
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.5, 0.97]),
    st.sampled_from([0.5, 1.0, 3.0, 6.0]),
    st.sampled_from([1, 2, 20, 40, 45, 200]),
)
def test_the_rule_is_its_definition(count, seed, still, k, window):
    bars = walk(count, seed, still=still)
    rule = OutlierDef(k=k, window=window)
    assert outliers(bars, rule).tolist() == slow(bars, rule)


@given(st.integers(2, 150), st.integers(0, 1000), st.integers(0, 150))
def test_a_bar_is_judged_by_those_up_to_itself(count, seed, cut):
    bars = walk(count, seed)
    rule = OutlierDef(k=2.0, window=35)
    assert (outliers(bars, rule)[:cut] == outliers(bars.slice(0, cut), rule)).all()


@given(st.integers(60, 150), st.integers(0, 1000), st.integers(0, 20))
def test_a_bar_is_judged_by_no_more_than_the_lead(count, seed, start):
    bars = walk(count, seed)
    rule = OutlierDef(k=2.0, window=35)
    later = outliers(bars.slice(start), rule)
    assert (later[lead(rule) :] == outliers(bars, rule)[start + lead(rule) :]).all()


def test_a_spike_that_closes_back_is_the_only_bar_found():
    bars = walk(200, 1)
    for name, price in (("high", 105.0), ("low", 95.0)):
        spike = changed(bars, 120, **{name: float(bars.close[120]) * price / 100})
        assert flagged(spike) == [120]


def test_a_bad_open_shows_in_the_high():
    bars = walk(200, 1)
    bad = float(bars.close[120]) * 1.05
    assert flagged(changed(bars, 120, open=bad, high=bad)) == [120]


def test_a_bad_close_is_found_and_the_bar_that_comes_back_is_not():
    bars = walk(200, 1)
    price = float(bars.close[120]) * 1.05
    bad = changed(changed(bars, 120, close=price, high=price), 121, open=price, high=price)
    assert flagged(bad) == [120]


def test_a_fall_that_stays_is_found_once():
    bars = walk(200, 1)
    factor = np.where(np.arange(200) >= 120, 0.8, 1.0)
    fallen = replace(bars, **{name: getattr(bars, name) * factor for name in COLUMNS[1:5]})
    # The bar of the fall still opened above.
    fallen = changed(fallen, 120, open=float(bars.open[120]), high=float(bars.high[120]))
    assert flagged(fallen) == [120]


def test_bars_without_a_move_make_nothing_unusual():
    """Most bars of a thin market do not move; those that do are compared with such."""
    bars = walk(600, 3, still=0.9)
    assert flagged(bars, OutlierDef(k=6.0, window=500)) == []


def test_nothing_is_judged_before_enough_returns():
    bars = walk(LEAST + 20, 1)
    early = changed(bars, LEAST, high=float(bars.close[LEAST]) * 2)
    assert flagged(early) == []
    ready = changed(bars, LEAST + 1, high=float(bars.close[LEAST + 1]) * 2)
    assert flagged(ready) == [LEAST + 1]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_short_series(count):
    assert not outliers(walk(count, 1), RULE).any()


@pytest.mark.realdata
def test_the_fall_of_2020_is_found_in_the_hours(real_data):
    bars = read(real_data / "BTCUSDT_1h_2017_2024.csv.gz")
    found = outliers(bars, OutlierDef())
    times = [iso(at) for at in bars.time[found].tolist()]
    assert "2020-03-12T10:00:00Z" in times
    assert len(times) == 122


@pytest.mark.realdata
def test_bad_wicks_put_into_real_hours_are_found(real_data):
    """Wicks of 10 % at every 97th bar: all but those in the wildest stretches stand out."""
    bars = read(real_data / "BTCUSDT_1h_2017_2024.csv.gz")
    at = np.arange(1000, len(bars), 97)
    columns = {name: getattr(bars, name).copy() for name in COLUMNS}
    columns["low"][at] = np.minimum(bars.open, bars.close)[at] * 0.9
    found = outliers(replace(bars, **columns), OutlierDef())
    assert found[at].mean() > 0.8
    assert found.sum() - found[at].sum() < 130


@pytest.mark.realdata
def test_the_days_have_one(real_data):
    bars = read(real_data / "BTCUSDT_1d_2017_2025.csv.gz", timeframe="1d")
    times = bars.time[outliers(bars, OutlierDef())].tolist()
    assert [iso(at) for at in times] == ["2020-03-12T00:00:00Z"]
