"""Loops over windows as machine code give the very bits that arrays give."""

import numpy as np
import pytest

from rtrade.core import exact
from rtrade.core.exact import window_means
from rtrade.execution.compiled.binding import bind
from rtrade.signals import exact_loops, loops, windows

LISTED = {name: getattr(module, name) for module in (loops, exact_loops) for name in module.LOOPS}
RNG = np.random.default_rng(11)
CLOSE = np.round(30_000 * np.exp(np.cumsum(RNG.normal(0, 1e-3, 3000))), 2)
SERIES = {
    "prices": (CLOSE, np.round(CLOSE * RNG.uniform(0.99, 1.01, 3000), 2)),
    "both signs": (RNG.normal(size=3000), -RNG.normal(size=3000)),
    "many sizes": (RNG.lognormal(0, 9, 3000), RNG.lognormal(0, 9, 3000) * -1e-9),
    "flat": (np.full(1500, 0.1), np.zeros(1500)),
    "steps": (
        np.repeat(np.round(RNG.uniform(0.1, 0.3, 30), 2), 50),
        np.repeat(RNG.normal(size=15), 100),
    ),
    "few values": (RNG.integers(0, 3, 1500) / 10, RNG.integers(-1, 2, 1500) * 0.1),
    "one outlier": (np.where(np.arange(1500) == 700, 1e90, 0.1), np.full(1500, -0.0)),
    "huge": (RNG.uniform(1e306, 1e308, 1200), np.full(1200, 1.5e308)),
    "tiny": (RNG.normal(size=1200) * 1e-310, np.full(1200, 5e-324)),
    "large and tiny": (np.where(RNG.random(1200) < 0.5, 1e200, 5e-324), RNG.normal(size=1200)),
}


@pytest.fixture(scope="module")
def compiled():
    bound = {}
    for module in (loops, exact_loops):
        bind(module, bound, kept=module.LOOPS)
    return {name: bound[function] for name, function in LISTED.items()}


@pytest.fixture(autouse=True)
def as_it_was():
    yield
    windows.use({})


def same(found, wanted):
    """Hold the values of both to be the same to the bit, the sign of zero included."""
    assert found.keys() == wanted.keys()
    for what, values in wanted.items():
        both = (
            np.where(np.isnan(one), np.nan, one).view(np.int64) for one in (found[what], values)
        )
        np.testing.assert_array_equal(*both, err_msg=what, strict=True)


def sums(x, y, n):
    (means,), (others,) = window_means(x, n), window_means(y, n)
    with np.errstate(all="ignore"):
        return computed(x, y, means, others, n)


def computed(x, y, means, others, n):
    rises, falls = windows.sided(x, y, x)
    return {
        "rises": rises,
        "falls": falls,
        "faded": windows.faded(x, n),
        "sums": exact.window_sums(x, n),
        "means of both": means + others,
        "level": windows.mean(y, n),
        "mean": windows.mean(x, n),
        "deviation": windows.deviation(x, means, n, 0),
        "distance": windows.distance(x, means, n),
        "total": windows.total(x, n),
        "weighted_mean": windows.weighted_mean(x, n),
        "share_below": windows.share_below(x, n),
        "slope": windows.slope(x, means, n) if n > 1 else means,
        "covariance": windows.covariance(x, y, means, others, n),
    }


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 21, 250, 1100, None])
def test_compiled_loops_give_the_same_bits(name, n, compiled):
    x, y = SERIES[name]
    n = len(x) if n is None else n
    wanted = sums(x, y, n)
    windows.use(compiled)
    same(sums(x, y, n), wanted)


@pytest.mark.parametrize("name", SERIES)
def test_how_many_windows_are_added_up_at_a_time_does_not_show(name, compiled, monkeypatch):
    """Some pieces of a series may be added up by the loop where others need more than two parts."""
    x, lengths = SERIES[name][0][:900], (3, 1, 40, 200, 900)
    wanted = exact.several_sums(x, *lengths)
    windows.use(compiled)
    monkeypatch.setattr(exact, "_LOOPED", 64)
    monkeypatch.setattr(exact, "_ROOM", 10)
    found = exact.several_sums(x, *lengths)
    names = list(map(str, lengths))
    same(dict(zip(names, found, strict=True)), dict(zip(names, wanted, strict=True)))


@pytest.mark.parametrize("size", [1.0, 2.0**-700, 2.0**700])
def test_values_are_whole_or_of_two_parts_or_of_more(size, compiled):
    """Else this would not try what it is to try."""
    windows.use(compiled)
    near = size * RNG.uniform(0.1, 1000, 300)
    far = np.append(near, size * 2.0**-90)
    answers = []

    def noting(name):
        def loop(*given):
            answers.append((name, compiled[name](*given)))
            return answers[-1][1]

        return loop

    whole = size * RNG.integers(2**52, 2**54, 300) * 1.0
    for x in (whole, near, far):
        exact.use({name: noting(name) for name in ("whole_sums", "sums")})
        (found,) = window_means(x, 20)
        exact.use({})
        np.testing.assert_array_equal(found, window_means(x, 20)[0])
    assert answers == [
        ("whole_sums", True),
        ("whole_sums", False),
        ("sums", True),
        ("whole_sums", False),
        ("sums", False),
    ]


def test_series_that_are_parts_of_tables_or_not_to_be_written_to_are_taken(compiled):
    table = np.stack(SERIES["prices"], axis=1)
    wanted = sums(*SERIES["prices"], 20)
    table.flags.writeable = False
    windows.use(compiled)
    same(sums(table[:, 0], table[:, 1], 20), wanted)
    # One type of arrays, whatever came: nothing was compiled a second time.
    assert {len(loop.signatures) for loop in compiled.values()} == {1}


def test_every_loop_is_used(compiled):
    called = []

    def noting(name):
        def loop(*given):
            called.append(name)
            return compiled[name](*given)

        return loop

    windows.use({name: noting(name) for name in LISTED})
    for name in ("prices", "both signs"):
        sums(*SERIES[name], 5)
    assert set(called) == LISTED.keys()


def test_the_loops_say_in_plain_python_what_they_do():
    x, y = (values[:70] for values in SERIES["prices"])
    wanted = sums(x, y, 6)
    windows.use(LISTED)
    same(sums(x, y, 6), wanted)
    x, y = (values[:70] for values in SERIES["both signs"])
    found = sums(x, y, 6)
    windows.use({})
    same(found, sums(x, y, 6))
