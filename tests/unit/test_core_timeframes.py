import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.timeframes import Timeframe

frames = st.sampled_from(["1s", "5m", "1h", "4h", "1d", "3d", "1w", "2w"]).map(Timeframe.parse)
moments = st.integers(-(10**12), 4 * 10**12)


@given(frames, moments)
def test_a_time_lies_between_its_floor_and_its_ceil(frame, time):
    floor, ceil = frame.floor(time), frame.ceil(time)
    assert floor <= time <= ceil
    assert ceil == (floor if floor == time else frame.ahead(floor, 1))


@given(frames, moments, st.integers(0, 50))
def test_bars_are_counted_by_the_times_they_open_at(frame, time, bars):
    start = frame.floor(time)
    end = frame.ahead(start, bars)
    assert frame.count(start, end) == bars
    assert frame.count(start + 1, end + 1) == bars
    assert frame.ahead(end, -bars) == start
    assert frame.count(end, start) == 0


@given(frames, moments)
def test_a_bar_closes_where_the_next_one_opens(frame, time):
    start = frame.floor(time)
    assert frame.closes(np.array([start])).tolist() == [frame.ahead(start, 1)]
