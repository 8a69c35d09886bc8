"""The generated bars: fixed for ever, consistent, and like those of a market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import SyntheticSeries
from rtrade.core.bars import Bars
from rtrade.core.timeframes import parse_time
from rtrade.data.resample import resample
from rtrade.data.synthetic import generate
from unit.data_support import assert_same, frame

# What datasources/sample.yaml says; test_data_sources compares the two.
SAMPLE = SyntheticSeries(
    "BTC/USDT", frame("5m"), parse_time("2021-01-01"), 315_360, price=29_000.0, volatility=0.65
)
SEED = 14
DIGEST = "48d86aae9d99ed6edd688ebb19234f0684b9b7da58d1e16404d14c8fadb2d908"


@pytest.fixture(scope="module")
def sample() -> Bars:
    return generate(SAMPLE, SEED)


def small(**changes) -> SyntheticSeries:
    values = {
        "symbol": "BTC/USDT", "timeframe": frame("1h"), "start": parse_time("2024-01-01"),
        "bars": 500, "price": 100.0, "volatility": 0.5,
    }  # fmt: skip
    return SyntheticSeries(**(values | changes))


def log_returns(bars: Bars) -> np.ndarray:
    return np.diff(np.log(bars.close))


def correlation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def test_the_sample_never_changes(sample):
    """Whoever changes it changes every number in the tutorial; bump nothing, choose anew."""
    assert sample.digest() == DIGEST


def test_the_sample_is_three_whole_years_without_gaps(sample):
    assert sample.time[0] == parse_time("2021-01-01")
    assert sample.time[-1] + 300_000 == parse_time("2024-01-01")
    assert sample.gaps() == (0, 0)


def test_the_sample_moves_like_a_large_crypto_currency(sample):
    assert sample.low.min() > 15_000
    assert sample.high.max() < 90_000
    for timeframe, per_year in (("1h", 8760), ("1d", 365)):
        yearly = log_returns(resample(sample, frame(timeframe))).std() * per_year**0.5
        assert 0.55 < yearly < 0.75


def test_volatility_comes_in_clusters_and_returns_cannot_be_foretold(sample):
    returns = log_returns(sample)
    assert correlation(np.abs(returns), 1) > 0.15
    assert correlation(np.abs(returns), 288) > 0.08
    hourly = log_returns(resample(sample, frame("1h")))
    assert abs(correlation(hourly, 1)) < 0.03


def test_returns_have_fat_tails_and_volume_goes_with_them(sample):
    hourly = resample(sample, frame("1h"))
    returns = log_returns(hourly)
    kurtosis = ((returns - returns.mean()) ** 4).mean() / returns.var() ** 2
    assert kurtosis > 6
    assert np.corrcoef(np.abs(returns), hourly.volume[1:])[0, 1] > 0.4


def test_new_york_is_busier_than_the_small_hours_and_weekends_are_quiet(sample):
    moves = np.abs(log_returns(sample))
    hour = sample.time[1:] // 3_600_000 % 24
    assert moves[hour == 14].mean() > 1.4 * moves[hour == 4].mean()
    weekday = (sample.time[1:] // 86_400_000 + 3) % 7
    assert moves[weekday >= 5].mean() < 0.85 * moves[weekday < 5].mean()


def assert_bars(bars: Bars, tick: float) -> None:
    prices = np.array([bars.open, bars.high, bars.low, bars.close])
    assert np.isfinite(prices).all()
    assert prices.min() >= tick
    assert (bars.high == prices.max(axis=0)).all()
    assert (bars.low == prices.min(axis=0)).all()
    assert (bars.volume > 0).all()
    assert (np.diff(bars.time) == bars.timeframe.ms).all()
    # A price is the float nearest to a whole number of ticks.
    digits = round(-np.log10(tick))
    assert (np.rint(prices * 10**digits) / 10**digits == prices).all()


def test_the_sample_consists_of_bars(sample):
    assert_bars(sample, tick=0.01)


@given(
    timeframe=st.sampled_from(["1s", "1m", "5m", "1h", "4h", "1d", "1w"]),
    bars=st.integers(1, 400),
    price=st.sampled_from([0.002, 0.5, 30.0, 2500.0, 60_000.0]),
    volatility=st.sampled_from([0.0, 0.1, 0.65, 2.0, 5.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_is_asked_for_consists_of_bars(timeframe, bars, price, volatility, seed):
    series = small(timeframe=frame(timeframe), bars=bars, price=price, volatility=volatility)
    made = generate(series, seed)
    assert len(made) == bars
    assert_bars(made, tick=10.0 ** -max(2, 5 - int(np.floor(np.log10(price)))))


def test_the_same_seed_gives_the_same_bars_and_another_gives_others():
    assert_same(generate(small(), 7), generate(small(), 7))
    assert generate(small(), 7).digest() != generate(small(), 8).digest()


def test_each_symbol_and_timeframe_is_a_stream_of_its_own():
    first = generate(small(), 7)
    other = generate(small(symbol="ETH/USDT"), 7)
    assert abs(np.corrcoef(log_returns(first), log_returns(other))[0, 1]) < 0.2
    assert not np.array_equal(first.close, generate(small(timeframe=frame("4h")), 7).close)


def test_a_start_off_the_grid_moves_to_the_next_bar():
    made = generate(small(start=parse_time("2024-01-03T00:20"), timeframe=frame("1w")), 1)
    assert made.time[0] == parse_time("2024-01-08")
