import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.intervals import Interval, holds, subtract, union

intervals = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(
    lambda pair: Interval(pair[0], pair[0] + pair[1])
)


def times(parts):
    return {at for part in parts for at in range(part.start, part.end)}


@given(st.lists(intervals))
def test_a_union_holds_the_same_times_in_order_and_apart(parts):
    found = union(parts)
    assert times(found) == times(parts)
    assert all(left.end < right.start for left, right in itertools.pairwise(found))


@given(intervals, st.lists(intervals))
def test_what_is_left_is_what_no_part_holds(whole, parts):
    left = subtract(whole, parts)
    assert times(left) == times([whole]) - times(parts)
    assert left == union(left)
    assert holds(parts, whole) == (not left)


def test_an_interval_holds_at_least_one_time():
    with pytest.raises(ValueError, match="no time"):
        Interval(5, 5)
