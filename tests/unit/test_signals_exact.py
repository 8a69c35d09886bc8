"""Sums and means over windows are those of `math.fsum`, to the bit, whatever came before."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.catalog.builtin import builtin
from rtrade.core import exact
from rtrade.signals import windows
from rtrade.signals.kernels import compute


def slow(x, n):
    values = x.tolist()
    return np.array([math.fsum(values[i : i + n]) for i in range(len(values) - n + 1)])


def check(x, n):
    np.testing.assert_array_equal(exact.window_sums(x, n), slow(x, n), strict=True)


def walk(count, rng):
    return 30_000 * np.exp(np.cumsum(rng.normal(0, 1e-3, count)))


RNG = np.random.default_rng(5)
SERIES = {
    "cents": np.round(walk(5000, RNG), 2),
    "full digits": walk(5000, RNG),
    "small prices": np.round(walk(5000, RNG) * 1e-9, 9),
    "volumes": np.round(RNG.lognormal(2, 2, 5000), 5),
    "both signs": RNG.normal(size=5000),
    "many sizes": RNG.normal(size=5000) * 10 ** RNG.uniform(-15, 15, 5000),
    "all sizes": RNG.normal(size=1000) * 10 ** RNG.uniform(-300, 300, 1000),
    "halves": RNG.integers(0, 2**53, 5000).astype(float) + 0.0,
    "one power of two": RNG.uniform(1, 2, 5000),
    "both ends of a power": np.where(RNG.random(5000) < 0.5, 1.0, np.nextafter(2.0, 1.0)),
    "below zero": -np.round(walk(5000, RNG), 2),
    "milliseconds": 1.7e12 + np.arange(5000.0) * 60_000,
    "large and tiny": np.where(RNG.random(1000) < 0.5, 1e250, 5e-324) * RNG.choice([1, -1], 1000),
    "zeros": np.zeros(100),
    "tiny": RNG.normal(size=1000) * 1e-310,
    "huge": RNG.normal(size=1000) * 1e300,
}


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("n", [1, 2, 3, 20, 64, 97])
def test_sums_are_rounded_once(name, n):
    check(SERIES[name], n)


@pytest.mark.parametrize("n", [511, 512, 513, 1024, 1025, 2048, 2049])
@pytest.mark.parametrize("name", ["one power of two", "both ends of a power", "cents", "volumes"])
def test_sums_of_long_windows_are_rounded_once(name, n):
    check(SERIES[name][: n + 50], n)


def test_means_are_sums_over_the_count():
    for x in SERIES.values():
        for n in (1, 3, 20, 64):
            sums = exact.window_sums(x, n)
            (means,) = exact.window_means(x, n)
            np.testing.assert_array_equal(means, sums / n, strict=True)


@pytest.mark.parametrize("block", [64, 32768])
@pytest.mark.parametrize("name", SERIES)
def test_means_of_several_lengths_are_those_of_each(name, block, monkeypatch):
    monkeypatch.setattr(exact, "_BLOCK", block)
    x = SERIES[name]
    lengths = (50, 3, 1, len(x), 20, 3, len(x) - 1)
    for n, means in zip(lengths, exact.window_means(x, *lengths), strict=True):
        np.testing.assert_array_equal(means, exact.window_means(x, n)[0], strict=True)
        np.testing.assert_array_equal(means, exact.window_sums(x, n) / n, strict=True)


def test_windows_reach_over_blocks(monkeypatch):
    monkeypatch.setattr(exact, "_BLOCK", 64)
    for n in (1, 20, 63, 64, 65, 500):
        check(SERIES["cents"], n)
        check(SERIES["many sizes"], n)


def test_blocks_do_not_show(monkeypatch):
    """How many bars are gone through at a time changes no bit."""
    x = SERIES["cents"]
    means = windows.mean(x, 20)

    def walked():
        return (
            windows.deviation(x, means, 20, 0),
            windows.distance(x, means, 20),
            windows.total(x, 20),
            windows.weighted_mean(x, 20),
            windows.slope(x, means, 20),
            windows.share_below(x, 20),
            windows.extreme(x, 20, np.maximum),
            windows.extreme(x, 300, np.minimum),
        )

    at_once = walked()
    monkeypatch.setattr(windows, "_BLOCK", 64)
    for whole, blocked in zip(at_once, walked(), strict=True):
        np.testing.assert_array_equal(whole, blocked, strict=True)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 63, 64, 65, 200])
@pytest.mark.parametrize("block", [16, 16384])
def test_extremes_are_those_of_each_window(n, block, monkeypatch):
    monkeypatch.setattr(windows, "_BLOCK", block)
    holed = SERIES["both signs"][:400].copy()
    holed[[50, 51, 333]] = np.nan
    for x in (SERIES["cents"][:400], holed, RNG.integers(0, 3, 400).astype(np.int8)):
        before, view = x.copy(), np.lib.stride_tricks.sliding_window_view(x, n)
        found = windows.extreme(x, n, np.maximum)
        np.testing.assert_array_equal(found, view.max(axis=1), strict=True)
        found = windows.extreme(x, n, np.minimum)
        np.testing.assert_array_equal(found, view.min(axis=1), strict=True)
        np.testing.assert_array_equal(x, before)
        assert not np.may_share_memory(found, x)


@pytest.mark.parametrize("n", [1, 254, 255, 256, 600])
def test_shares_are_counted_in_windows_of_any_length(n):
    """Counts are kept in bytes on the way, and a falling series has all n above each value."""
    for x in (SERIES["cents"][:900], np.arange(900.0), -np.arange(900.0)):
        slowly = [100 * sum(value < x[i] for value in x[i - n : i]) / n for i in range(n, 900)]
        np.testing.assert_array_equal(windows.share_below(x, n), slowly)


@given(
    st.lists(st.floats(-1e290, 1e290), min_size=1, max_size=60),
    st.integers(1, 60),
)
def test_any_floats(values, n):
    if n <= len(values):
        check(np.array(values), n)


@given(
    st.lists(st.integers(-(2**62), 2**62), min_size=3, max_size=60),
    st.integers(1, 8),
    st.integers(-60, 60),
)
def test_ties_go_to_even(values, n, exponent):
    """Whole multiples of one power of two meet halfway cases often."""
    x = np.array([math.ldexp(float(v), exponent) for v in values])
    check(x, min(n, len(x)))


def test_a_sum_beyond_the_largest_float_is_infinite():
    x = np.array([1.5e308, 1.5e308, 1.0])
    assert exact.window_sums(x, 2).tolist() == [math.inf, 1.5e308]


def test_the_average_is_the_correctly_rounded_sum_over_n():
    """So it crosses where an average crosses that adds up each window anew."""
    x = np.round(walk(40_000, np.random.default_rng(1)), 2)
    for n in (20, 50):
        found = compute(builtin().get("sma"), [x], {"n": n})["value"]
        np.testing.assert_array_equal(found[n - 1 :], slow(x, n) / n)


@given(st.floats(1e-12, 1e12), st.integers(1, 300), st.integers(0, 40))
def test_the_average_of_equal_values_is_their_value(price, n, more):
    x = np.concatenate(([price * 1.7], np.full(n + more, price)))
    assert (windows.mean(x, n)[1:] == price).all()
    assert (windows.weighted_mean(x, n)[1:] == price).all()
    if n > 1:
        assert (windows.deviation(x, windows.mean(x, n), n, 0)[1:] == 0).all()


def test_a_storm_leaves_nothing_behind():
    """A running sum would keep the rounding errors of the large values for good."""
    calm = np.full(1000, 0.1)
    x = np.concatenate((calm, np.full(3, 1e15), calm))
    found = compute(builtin().get("sma"), [x], {"n": 10})["value"]
    assert (found[1013:] == 0.1).all()
    flat = compute(builtin().get("stddev"), [x], {"n": 10})["value"]
    assert (flat[1013:] == 0).all()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 40))
def test_extremes_double_their_window(values, n):
    x = np.array(values, dtype=float)
    if n <= len(values):
        wanted = [max(values[i : i + n]) for i in range(len(values) - n + 1)]
        assert windows.extreme(x, n, np.maximum).tolist() == wanted
