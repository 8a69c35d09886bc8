"""What comes of kernels: numbers or NaN, one for each bar, known from the warm-up on."""

import numpy as np
import pytest

from rtrade.catalog.builtin import builtin
from rtrade.catalog.registry import Entry, Input, Kind, Output, Param, Unit
from rtrade.signals import indicators, kernels, windows
from rtrade.signals.kernels import IN_BLOCKS, compute, finite, names

NAN, INF = float("nan"), float("inf")


def entry_of(kernel, outputs=("value",)):
    return Entry(
        name="tried",
        group="tried",
        doc="A kernel to try.",
        outputs=tuple(Output(name, Unit.PRICE) for name in outputs),
        warmup=lambda params: int(params["n"]) - 1,
        settle=lambda _: 0,
        inputs=(Input("x", "numbers"), Input("y", "numbers")),
        params=(Param("n", "bars", 1, 100, 2),),
        words="tried",
        source="made up",
        kernel=kernel,
    )


def shown(x, y, n=2, dtype=np.float64):
    entry = entry_of(lambda x, y, n: ((x + y)[n - 1 :]).astype(dtype))
    found = compute(entry, [np.array(x, dtype=float), np.array(y, dtype=float)], {"n": n})["value"]
    assert found.dtype == np.float64
    return found


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], [NAN, 3, 4, 5]),
        ([1, 2, 3, 4], [1, 1, NAN, 1], [NAN, 3, NAN, NAN]),
        ([NAN, 2, 3, 4], [1, 1, 1, 1], [NAN, NAN, 4, 5]),
        ([1, 2, 3, NAN], [NAN, 1, 1, 1], [NAN, NAN, 4, NAN]),
        ([NAN, NAN], [1, 1], [NAN, NAN]),
        ([1], [1], [NAN]),
        ([], [], []),
    ],
)
def test_each_stretch_without_gaps_has_a_warm_up_of_its_own(x, y, wanted):
    np.testing.assert_array_equal(shown(x, y), wanted)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_beyond_the_range_of_numbers_is_unknown(dtype):
    found = shown([1, 3e38, 3, -3e38, 5], [1, 3e38, 1, -3e38, NAN], dtype=dtype)
    large = 6e38 if dtype is np.float64 else NAN
    np.testing.assert_array_equal(found, [NAN, large, 4, -large, NAN])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, INF, -INF], [1, NAN, NAN]),
        ([NAN, INF, 2], [NAN, NAN, 2]),
        ([NAN, 1, 2], [NAN, 1, 2]),
        ([-INF], [NAN]),
        ([], []),
    ],
)
def test_the_infinite_is_unknown(values, wanted):
    np.testing.assert_array_equal(finite(np.array(values, dtype=float)), wanted)
    assert finite(np.array(3.0)).item() == 3.0
    assert np.isnan(finite(np.array(INF)))


def test_what_a_plug_in_keeps_for_itself_is_not_written_to():
    mine = np.arange(5.0)
    entry = entry_of(lambda x, y, n: mine[n - 1 :])
    inputs = [np.ones(5), np.ones(5)]
    for _ in range(2):
        found = compute(entry, inputs, {"n": 3})["value"]
        np.testing.assert_array_equal(found, [NAN, NAN, 2, 3, 4])
    np.testing.assert_array_equal(mine, np.arange(5.0))


@pytest.mark.parametrize("name", names())
def test_inputs_are_not_written_to(name):
    """Kernels whose first values look back, at bars that other nodes read too."""
    entry = builtin().get(name)
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 1000)))
    prices = {"close": close, "open": close * 1.001, "high": close * 1.01, "low": close * 0.99}
    whole = [
        np.where(close > 100, 2, 0).astype(np.int8) if one.kind is Kind.BOOLEAN else close
        for one in entry.inputs
    ] + [prices.get(name, close) for name in entry.prices]
    # As they come from bars that were read: parts of longer arrays.
    before = [values.copy() for values in whole]
    params = {one.name: one.example for one in entry.params}
    compute(entry, whole, params)
    compute(entry, [values[5:] for values in whole], params)
    for values, was in zip(whole, before, strict=True):
        np.testing.assert_array_equal(values, was)


@pytest.mark.parametrize("name", sorted(IN_BLOCKS))
def test_blocks_of_bars_do_not_show(name, monkeypatch):
    """What is computed on some bars at a time has the bits of what is computed on all at once."""
    entry = builtin().get(name)
    rng = np.random.default_rng(2)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.01, 900))), 1)
    close[200:260] = 7.0
    prices = {
        "close": close,
        "high": close + rng.integers(0, 3, 900) / 10,
        "low": close - rng.integers(0, 3, 900) / 10,
        "volume": np.round(rng.lognormal(2, 2, 900), 5) * rng.integers(0, 2, 900),
    }
    prices["open"] = np.roll(close, 1)
    inputs = [close, prices["volume"]][: len(entry.inputs)]
    inputs += [prices[name] for name in entry.prices]
    defaults = {one.name: one.example for one in entry.params}
    for n in (2, 21, 250) if "n" in defaults else (None,):
        params = defaults if n is None else {**defaults, "n": n}
        with monkeypatch.context() as patched:
            patched.setattr(kernels, "IN_BLOCKS", frozenset())
            whole = compute(entry, inputs, params)
        with monkeypatch.context() as patched:
            patched.setattr(windows, "_STRETCH", 100)
            blocks = compute(entry, inputs, params)
        assert whole.keys() == blocks.keys()
        for output, values in whole.items():
            np.testing.assert_array_equal(blocks[output], values, strict=True)
            signs = (np.signbit(np.nan_to_num(one)) for one in (blocks[output], values))
            np.testing.assert_array_equal(*signs)


@pytest.mark.parametrize("before", [0, 1, 37])
@pytest.mark.parametrize("after", [0, 1, 50])
def test_a_stretch_without_movement_is_found_wherever_it_lies(before, after, monkeypatch):
    """From the bar on when it has been as long as it takes for an average to forget."""
    monkeypatch.setattr(indicators, "fade", lambda *_: 5)
    for n in (1, 2, 9):
        long = n + 5
        for still in (long - 1, long, 3 * long):
            moved = np.ones(before + still + after, dtype=bool)
            moved[before : before + still] = False
            bars = np.arange(len(moved))
            last = np.maximum.accumulate(np.where(moved, bars, 0))
            wanted = (bars - last >= long) | (np.cumsum(moved) == 0)
            np.testing.assert_array_equal(indicators.unmoved(moved, n), wanted)
