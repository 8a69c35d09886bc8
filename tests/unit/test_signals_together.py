"""Calls that are computed together have the values that each has alone, to the bit."""

import numpy as np
import pytest

from rtrade.catalog.builtin import builtin
from rtrade.execution.compiled.binding import bind
from rtrade.signals import exact_loops, loops, windows
from rtrade.signals.kernels import compute, compute_together, sharing
from rtrade.signals.together import TOGETHER, Asked

RNG = np.random.default_rng(17)
BARS = 700
LENGTHS = (50, 3, 2, BARS - 1, 20, 3, 7, 257)


def bars(close):
    count = len(close)
    return {
        "close": close,
        "high": close * (1 + RNG.integers(0, 3, count) / 100),
        "low": close * (1 - RNG.integers(0, 3, count) / 100),
        "volume": np.round(RNG.lognormal(2, 2, count), 5),
    }


HOLED = np.round(RNG.uniform(90, 110, BARS), 2)
HOLED[[0, 300, 301]] = np.nan
SERIES = {
    "prices": bars(np.round(30_000 * np.exp(np.cumsum(RNG.normal(0, 1e-3, BARS))), 2)),
    "few values": bars(RNG.integers(1, 4, BARS) / 10),
    "steps": bars(np.repeat(np.round(RNG.uniform(1, 2, BARS // 10), 1), 10)),
    "flat": bars(np.full(BARS, 0.1)),
    "gaps": bars(HOLED),
    "many sizes": bars(10 ** RNG.uniform(-250, 250, BARS)),
    "tiny": bars(RNG.uniform(0.5, 1, BARS) * 1e-305),
}


@pytest.fixture(scope="module")
def compiled():
    bound, found = {}, {}
    for module in (loops, exact_loops):
        bind(module, bound, kept=module.LOOPS)
        found.update({name: bound[getattr(module, name)] for name in module.LOOPS})
    return found


@pytest.fixture(params=["arrays", "loops", "a few at a time"])
def way(request, compiled, monkeypatch):
    if request.param != "arrays":
        windows.use(compiled)
    if request.param == "a few at a time":
        monkeypatch.setattr(windows, "_STRETCH", 64)
        monkeypatch.setattr(windows, "_BLOCK", 32)
    yield
    windows.use({})


def inputs_of(entry, series):
    return [series["close"] for _ in entry.inputs] + [series[name] for name in entry.prices]


def bits(values):
    return np.where(np.isnan(values), np.nan, values).view(np.int64)


@pytest.mark.parametrize("name", sorted(TOGETHER))
@pytest.mark.parametrize("of", SERIES)
@pytest.mark.usefixtures("way")
def test_several_are_as_each_is_alone(name, of):
    entry = builtin().get(name)
    assert sharing(entry)
    inputs = inputs_of(entry, SERIES[of])
    before = [values.copy() for values in inputs]
    others = {one.name: one.example for one in entry.params}
    every = frozenset(output.name for output in entry.outputs)
    asked = [Asked({**others, "n": n}, every) for n in LENGTHS]
    found = compute_together(entry, inputs, asked)
    for one, values in zip(asked, found, strict=True):
        alone = compute(entry, inputs, one.params)
        assert values.keys() == alone.keys()
        for output, wanted in alone.items():
            assert values[output].shape == (BARS,)
            np.testing.assert_array_equal(bits(values[output]), bits(wanted), str(one.params))
    for values, was in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(values, was)


@pytest.mark.parametrize("name", [*TOGETHER, "stddev", "plus_dm", "minus_dm"])
@pytest.mark.parametrize("of", SERIES)
def test_loops_and_arrays_have_the_same_values(name, of, compiled):
    entry = builtin().get(name)
    inputs = inputs_of(entry, SERIES[of])
    others = {one.name: one.example for one in entry.params}
    for n in (2, 3, 50, BARS - 1):
        windows.use({})
        wanted = compute(entry, inputs, {**others, "n": n})
        windows.use(compiled)
        found = compute(entry, inputs, {**others, "n": n})
        windows.use({})
        for output, values in wanted.items():
            np.testing.assert_array_equal(bits(found[output]), bits(values), f"{n} {output}")


OUTPUTS = [{"upper"}, {"middle"}, {"lower"}, {"upper", "lower"}, {"upper", "middle", "lower"}]


@pytest.mark.usefixtures("way")
def test_bands_of_one_length_and_several_widths_and_only_those_asked_for():
    entry, close = builtin().get("bbands"), SERIES["prices"]["close"]
    asked = [
        Asked({"n": n, "k": k}, frozenset(outputs))
        for n in (20, 5)
        for k, outputs in zip((2, 0.5, 2.5, 1, 2), OUTPUTS, strict=True)
    ]
    # Those of one length need not come one after the other.
    asked = [asked[place] for place in RNG.permutation(len(asked))]
    found = compute_together(entry, [close], asked)
    for one, values in zip(asked, found, strict=True):
        assert values.keys() == one.outputs
        alone = compute(entry, [close], one.params)
        for output, wanted in values.items():
            np.testing.assert_array_equal(bits(wanted), bits(alone[output]))


def test_too_few_bars_for_the_longest_leave_the_others_as_they_are():
    entry, close = builtin().get("wma"), SERIES["prices"]["close"][:30]
    asked = [Asked({"n": n}, frozenset({"value"})) for n in (5, 31)]
    short, long = (one["value"] for one in compute_together(entry, [close], asked))
    np.testing.assert_array_equal(short, compute(entry, [close], {"n": 5})["value"])
    assert np.isnan(long).all()
