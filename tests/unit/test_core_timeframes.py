"""Where bars of a timeframe open and close, months among them, one by one and in arrays."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars
from rtrade.core.timeframes import DAY, HOUR, WEEK, YEAR, Timeframe, iso, parse_time
from rtrade.core.units import parse_length

MONTHS = ["1M", "2M", "3M", "4M", "6M", "12M"]
frames = st.sampled_from(
    ["1s", "5m", "1h", "4h", "1d", "3d", "1w", "2w", *MONTHS]
).map(Timeframe.parse)  # fmt: skip
moments = st.integers(-(10**12), 4 * 10**12)
MONTH = Timeframe.parse("1M")


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
    assert frame.close(start) == frame.ahead(start, 1)


@given(frames, st.lists(moments, max_size=20))
def test_arrays_are_as_one_by_one(frame, times):
    array = np.array(times, dtype=np.int64)
    opens = frame.floors(array)
    assert opens.tolist() == [frame.floor(time) for time in times]
    numbers = frame.numbers(array)
    assert frame.opens(numbers).tolist() == opens.tolist()
    assert frame.opens(numbers + 1).tolist() == frame.closes(opens).tolist()
    assert opens.dtype == numbers.dtype == np.int64


@given(st.sampled_from(MONTHS), moments)
def test_months_are_those_of_the_calendar(text, time):
    count = int(text[:-1])
    date = datetime.fromtimestamp(time / 1000, UTC)
    first = (date.month - 1) // count * count + 1
    opening = datetime(date.year, first, 1, tzinfo=UTC)
    assert Timeframe.parse(text).floor(time) == int(opening.timestamp()) * 1000


def test_a_month_has_the_days_that_it_has():
    opens = [parse_time(f"2024-{month:02d}-01") for month in range(1, 13)]
    closes = MONTH.closes(np.array(opens))
    assert ((closes - np.array(opens)) // DAY).tolist() == [
        31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
    ]  # fmt: skip
    assert iso(MONTH.ahead(opens[0], -1)) == "2023-12-01T00:00:00Z"
    assert iso(Timeframe.parse("3M").floor(opens[7])) == "2024-07-01T00:00:00Z"


def test_months_have_a_place_among_timeframes():
    order = ["1d", "1w", "4w", "1M", "5w", "3M", "52w", "12M"]
    assert sorted(map(Timeframe.parse, reversed(order))) == list(map(Timeframe.parse, order))
    assert str(MONTH) == "1M"
    assert str(Timeframe.parse("12M")) == "12M"
    assert MONTH.per_year == 12
    assert Timeframe(YEAR // 12) != MONTH
    assert str(Timeframe(YEAR // 12)) == "730h"


@pytest.mark.parametrize("text", ["5M", "7M", "24M"])
def test_months_that_do_not_divide_a_year_are_no_timeframe(text):
    with pytest.raises(ValueError, match="divide a year"):
        Timeframe.parse(text)


def test_a_month_is_no_duration_and_no_number_of_other_bars():
    with pytest.raises(ValueError, match="months differ in length"):
        parse_length("1M")
    with pytest.raises(ValueError, match="not a whole number"):
        parse_length("730h").in_bars(MONTH)


@pytest.mark.parametrize(
    ("fine", "coarse", "fills"),
    [
        ("5m", "1h", True), ("1h", "1h", False), ("1h", "5m", False), ("25m", "1h", False),
        ("1d", "1w", True), ("1h", "2w", True), ("3d", "3w", False),
        ("1d", "1M", True), ("8h", "1M", True), ("1h", "12M", True), ("5h", "1M", False),
        ("3d", "1M", False), ("1w", "1M", False), ("1M", "3M", True), ("2M", "3M", False),
        ("1M", "1M", False), ("1M", "52w", False), ("1M", "12M", True),
    ],
)  # fmt: skip
def test_which_bars_fill_which(fine, coarse, fills):
    assert Timeframe.parse(fine).fills(Timeframe.parse(coarse)) is fills


def test_gaps_between_months_are_counted_in_months():
    opens = [parse_time(text) for text in ("2024-01-01", "2024-02-01", "2024-05-01")]
    ones = np.ones(3)
    bars = Bars("X/Y", MONTH, np.array(opens), ones, ones, ones, ones, ones)
    assert bars.gaps() == (1, 2)


def test_weeks_and_hours_are_what_they_were():
    assert (Timeframe.parse("1w").ms, Timeframe.parse("1h").ms) == (WEEK, HOUR)
    assert (Timeframe(WEEK).months, Timeframe(WEEK).origin) == (0, 4 * DAY)
