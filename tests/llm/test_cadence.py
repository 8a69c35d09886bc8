"""When a model is asked, and for how long its answer applies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars
from rtrade.core.timeframes import Timeframe, iso, parse_time
from rtrade.llm.cadence import applying, points_at, points_every, spread


def bars(times: list[int], timeframe: str = "1h") -> Bars:
    time = np.array(times, dtype=np.int64)
    value = np.ones(len(time))
    frame = Timeframe.parse(timeframe)
    return Bars("BTC/USDT", frame, time, value, value, value, value, value)


def grid(start: str, count: int, timeframe: str = "1h") -> list[int]:
    first = parse_time(start)
    return [first + n * Timeframe.parse(timeframe).ms for n in range(count)]


def closes(series: Bars, points: np.ndarray) -> list[str]:
    return [iso(int(series.time[point]) + series.timeframe.ms) for point in points]


def test_every_24_bars_of_an_hour_is_midnight() -> None:
    series = bars(grid("2024-01-01T05:00", 60))
    found = closes(series, points_every(series, 24))
    assert found == ["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"]


def test_the_first_close_past_a_multiple_where_its_bar_is_missing() -> None:
    times = grid("2024-01-01T20:00", 12)
    del times[3:6]  # 23:00, 00:00, 01:00: the closes at 00:00, 01:00 and 02:00
    series = bars(times)
    assert closes(series, points_every(series, 24)) == ["2024-01-02T03:00:00Z"]


def test_a_hole_over_several_multiples_is_one_point() -> None:
    times = grid("2024-01-01T22:00", 2) + grid("2024-01-04T10:00", 3)
    series = bars(times)
    assert closes(series, points_every(series, 24)) == [
        "2024-01-02T00:00:00Z", "2024-01-04T11:00:00Z",
    ]  # fmt: skip


def test_every_bar_and_weeks() -> None:
    series = bars(grid("2024-01-01", 10))
    assert list(points_every(series, 1)) == list(range(10))
    weeks = bars(grid("2024-01-01", 9, "1w"), "1w")  # Mondays
    numbers = [(parse_time("2024-01-08") // (7 * 86_400_000) + n) for n in range(9)]
    assert list(points_every(weeks, 4)) == [n for n in range(9) if numbers[n] % 4 == 0]


@st.composite
def series_of(draw: st.DrawFn) -> Bars:
    timeframe = draw(st.sampled_from(["1m", "5m", "1h", "4h", "1d", "1w"]))
    frame = Timeframe.parse(timeframe)
    start = frame.floor(draw(st.integers(0, 2 * 10**12)))
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 5, 30]), min_size=1, max_size=80))
    return bars([start + frame.ms * sum(steps[:n]) for n in range(len(steps))], timeframe)


@given(series_of(), st.integers(1, 30))
def test_points_are_the_first_closes_at_or_past_each_multiple(series: Bars, count: int) -> None:
    length = count * series.timeframe.ms
    ends = [int(time) + series.timeframe.ms for time in series.time]
    wanted = []
    for index in range(1, len(ends)):
        multiple = ends[index] // length * length
        if ends[index - 1] < multiple <= ends[index]:
            wanted.append(index)
    assert [point for point in points_every(series, count) if point] == wanted


@given(series_of(), st.integers(1, 30), st.integers(0, 79))
def test_moving_the_start_moves_no_decision(series: Bars, count: int, first: int) -> None:
    everything = closes(series, points_every(series, count))
    later = closes(series, points_every(series, count, first))
    assert later == everything[len(everything) - len(later) :]
    # Neither does beginning the data later, except at a first bar that follows a hole.
    cut = series.slice(min(first, len(series) - 1))
    kept = closes(cut, points_every(cut, count))
    start = int(cut.time[0]) + cut.timeframe.ms
    known = [moment for moment in everything if parse_time(moment) > start]
    assert [moment for moment in kept if parse_time(moment) > start] == known


def test_points_at_a_condition() -> None:
    condition = np.array([0, 2, 1, 2, 2, 0], dtype=np.int8)
    assert list(points_at(condition)) == [1, 3, 4]
    assert list(points_at(condition, 2)) == [3, 4]


@pytest.mark.parametrize(
    ("valid_for", "expected"),
    [
        (None, [-1, -1, 0, 0, 0, 1, 1, 1]), (1, [-1, -1, 0, -1, -1, 1, -1, -1]),
        (2, [-1, -1, 0, 0, -1, 1, 1, -1]), (100, [-1, -1, 0, 0, 0, 1, 1, 1]),
    ],
)  # fmt: skip
def test_how_long_an_answer_applies(valid_for: int | None, expected: list[int]) -> None:
    assert list(applying(np.array([2, 5]), 8, valid_for)) == expected


def test_without_points_nothing_applies() -> None:
    assert list(applying(np.array([], dtype=np.int64), 3, 2)) == [-1, -1, -1]
    assert np.isnan(spread(np.array([]), np.nan, np.array([-1, -1]))).all()


@given(st.lists(st.integers(0, 40), unique=True, max_size=10).map(sorted),
       st.integers(1, 41), st.none() | st.integers(1, 20))  # fmt: skip
def test_an_answer_applies_from_its_close_on(
    points: list[int], length: int, valid_for: int | None
) -> None:
    places = applying(np.array(points, dtype=np.int64), length, valid_for)
    for close, place in enumerate(places):
        past = [n for n, point in enumerate(points) if point <= close]
        fresh = past and (valid_for is None or close - points[past[-1]] < valid_for)
        assert place == (past[-1] if fresh else -1)


def test_an_abstention_makes_values_unknown() -> None:
    places = applying(np.array([1, 3]), 5)
    found = spread(np.array([60.0, np.nan]), np.nan, places)
    np.testing.assert_array_equal(found, [np.nan, 60, 60, np.nan, np.nan])
    codes = spread(np.array([2, -1]), -1, places)
    assert list(codes) == [-1, 2, 2, -1, -1]
