import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.intervals import Interval
from rtrade.core.timeframes import HOUR, Timeframe
from rtrade.data.coverage_picture import LEVELS, NEVER, NONE, picture
from rtrade.data.holes import Hole, holes

H1 = Timeframe(HOUR)


def hours(*numbers):
    return np.array(numbers, dtype=np.int64) * HOUR


def stretch(start, end):
    return Interval(start * HOUR, end * HOUR)


def test_what_was_answered_is_the_exchange_s_and_the_rest_was_never_asked():
    found = holes(hours(0, 1, 4, 9), H1, [stretch(0, 5), stretch(6, 8)])
    assert found == [
        Hole(2 * HOUR, 4 * HOUR, 2, "exchange"),
        Hole(5 * HOUR, 6 * HOUR, 1, "never asked"),
        Hole(6 * HOUR, 8 * HOUR, 2, "exchange"),
        Hole(8 * HOUR, 9 * HOUR, 1, "never asked"),
    ]


def test_a_file_has_holes_of_its_own():
    assert holes(hours(3, 5), H1, None) == [Hole(4 * HOUR, 5 * HOUR, 1, "source")]
    assert holes(hours(3), H1, None) == holes(hours(), H1, None) == []


@given(
    st.sets(st.integers(0, 60), min_size=1),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20))),
)
def test_holes_are_the_bars_that_are_not_there(present, parts):
    covered = [stretch(start, start + length) for start, length in parts]
    found = holes(hours(*sorted(present)), H1, covered)
    missing = {
        (at, "exchange" if any(p.start <= at * HOUR < p.end for p in covered) else "never asked")
        for at in range(min(present), max(present))
        if at not in present
    }
    seen = {(at // HOUR, hole.reason) for hole in found for at in range(hole.start, hole.end, HOUR)}
    assert seen == missing
    assert sum(hole.bars for hole in found) == len(missing)


def test_a_picture_shows_all_some_none_and_never_asked():
    time = hours(*range(10), 10, 12, 14, 16)
    covered = [stretch(0, 30)]
    shown = picture(time, H1, covered, stretch(0, 40), cells=4)
    assert shown == f"{LEVELS[-1]}{LEVELS[2]}{NONE}{NEVER}"
    assert picture(hours(0), H1, None, stretch(0, 2), cells=2) == f"{LEVELS[-1]}{NONE}"


def test_a_cell_that_lacks_one_bar_is_not_full():
    time = np.delete(np.arange(1000, dtype=np.int64), 500) * HOUR
    shown = picture(time, H1, None, stretch(0, 1000), cells=2)
    assert shown == f"{LEVELS[-1]}{LEVELS[-2]}"
