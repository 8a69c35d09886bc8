"""Order statistics of windows against sorting each."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtrade.data.ranks import smallest

numbers = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 2.0]))


@given(st.lists(numbers, min_size=1, max_size=60), st.data())
def test_each_window_as_if_sorted(values, data):
    count = len(values)
    windows = data.draw(
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(1, count)).map(
                lambda pair: (pair[0], min(count, pair[0] + pair[1]))
            ),
            max_size=20,
        )
    )
    k = [data.draw(st.integers(0, stop - start - 1)) for start, stop in windows]
    start = np.array([one[0] for one in windows], dtype=np.int64)
    stop = np.array([one[1] for one in windows], dtype=np.int64)
    found = smallest(np.array(values), start, stop, np.array(k, dtype=np.int64))
    slow = [sorted(values[one:other])[at] for (one, other), at in zip(windows, k, strict=True)]
    assert found.tolist() == slow
