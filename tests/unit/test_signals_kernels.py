"""What comes of kernels: numbers or NaN, one for each bar, known from the warm-up on."""

import numpy as np
import pytest

from rtrade.catalog.registry import Entry, Input, Output, Param, Unit
from rtrade.signals.kernels import compute, finite

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
