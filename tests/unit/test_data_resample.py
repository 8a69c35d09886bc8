"""Coarser bars from finer ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars
from rtrade.core.timeframes import iso, parse_time
from rtrade.data.resample import can_resample, resample, resample_counting
from unit.data_support import T0, assert_same, bars_at, frame, steps

MINUTE = 60_000


def table(timeframe: str, text: str) -> Bars:
    """Rows of `hour:minute open high low close volume` on 2024-01-01 UTC."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    time = [parse_time(f"2024-01-01T{row[0]}") for row in rows]
    columns = np.array([[float(cell) for cell in row[1:]] for row in rows]).reshape(-1, 5).T.copy()
    return Bars("X/Y", frame(timeframe), np.array(time, dtype=np.int64), *columns)


CASES = {
    "first open, highest high, lowest low, last close, sum of volume": (
        """
        00:00  10 12  9 11  1
        00:15  11 15 10 14  2
        00:30  14 14  8  9  3
        00:45   9 10  9 10  4
        """,
        "00:00  10 15  8 10 10",
    ),
    "a bar missing inside makes a bar of what there is": (
        """
        00:00  10 12  9 11  1
        00:45  11 11  7  8  6
        """,
        "00:00  10 12  7  8  7",
    ),
    "data that ends before the close: the last bar is not whole": (
        """
        00:00  10 12  9 11  1
        00:15  11 15 10 14  2
        00:30  14 14  8  9  3
        00:45   9 10  9 10  4
        01:00  10 10 10 10  5
        01:15  10 10 10 10  5
        01:30  10 10 10 10  5
        """,
        "00:00  10 15  8 10 10",
    ),
    "data that starts inside a bar: the first one is not whole": (
        """
        00:15  11 15 10 14  2
        00:30  14 14  8  9  3
        00:45   9 10  9 10  4
        01:00  10 11 10 11  5
        01:45  11 12 11 12  6
        """,
        "01:00  10 12 10 12 11",
    ),
    "an hour without any bar is a gap": (
        """
        00:00  10 12  9 11  1
        00:45  11 11  7  8  6
        02:00  20 22 19 21  2
        02:45  21 23 20 22  3
        """,
        """
        00:00  10 12  7  8  7
        02:00  20 23 19 22  5
        """,
    ),
    "less than one whole bar is none": ("00:00  10 12  9 11  1", ""),
    "no bars, no bars": ("", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_hours_from_quarters(case):
    quarters, hours = CASES[case]
    assert_same(resample(table("15m", quarters), frame("1h")), table("1h", hours))


def test_weeks_open_on_monday():
    # 2024-01-01 is a Monday.
    days = bars_at(steps(20, "1d", start=T0 - 2 * 86_400_000), "1d")
    weeks = resample(days, frame("1w"))
    assert [iso(time) for time in weeks.time.tolist()] == [
        "2024-01-01T00:00:00Z",
        "2024-01-08T00:00:00Z",
    ]
    assert weeks.open[0] == days.open[2]
    assert weeks.close[0] == days.close[8]


def test_bars_made_from_fewer_than_they_should_have_are_marked():
    times = steps(12, "15m")
    del times[5]
    _, partial = resample_counting(bars_at(times, "15m"), frame("1h"))
    assert partial.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("fine", "coarse"), [("1h", "15m"), ("1h", "1h"), ("25m", "1h"), ("3d", "3w"), ("1h", "90m")]
)
def test_timeframes_whose_edges_do_not_meet_are_refused(fine, coarse):
    assert not can_resample(frame(fine), frame(coarse))
    with pytest.raises(ValueError, match="cannot be put together"):
        resample(bars_at(steps(10, fine), fine), frame(coarse))


def holed(kept: list[bool], start: int) -> Bars:
    """5m bars from the `start`-th of a day on, without those not `kept`.

    Volumes are whole numbers: sums of others depend on their order by an ulp.
    """
    times = [T0 + (start + at) * 5 * MINUTE for at, there in enumerate(kept) if there]
    return bars_at(times, "5m")


@given(st.lists(st.booleans(), min_size=10, max_size=300), st.sampled_from(["15m", "30m"]))
def test_the_way_to_an_hour_does_not_matter(kept, middle):
    kept = [True, *kept]
    kept += [False] * (-len(kept) % 12)
    kept[-1] = True
    fine = holed(kept, start=0)
    assert_same(resample(fine, frame("1h")), resample(resample(fine, frame(middle)), frame("1h")))


@given(st.lists(st.booleans(), max_size=300), st.integers(0, 40), st.sampled_from(["15m", "30m"]))
def test_ragged_edges_cost_bars_but_change_none(kept, start, middle):
    fine = holed(kept, start)
    direct = resample(fine, frame("1h"))
    stepped = resample(resample(fine, frame(middle)), frame("1h"))
    first = int(np.searchsorted(direct.time, stepped.time[0])) if len(stepped) else 0
    assert_same(stepped, direct.slice(first, first + len(stepped)))


@given(st.lists(st.booleans(), max_size=100), st.integers(0, 40))
def test_bars_equal_those_of_a_plain_loop(kept, start):
    fine = holed(kept, start)
    groups: dict[int, list[int]] = {}
    for at, time in enumerate(fine.time.tolist()):
        groups.setdefault(frame("1h").floor(time), []).append(at)
    rows = [
        (time, fine.open[at[0]], max(fine.high[at]), min(fine.low[at]), fine.close[at[-1]])
        for time, at in groups.items()
        if time >= fine.time[0] and time + 60 * MINUTE <= fine.time[-1] + 5 * MINUTE
    ]
    hours = resample(fine, frame("1h"))
    assert rows == list(
        zip(hours.time, hours.open, hours.high, hours.low, hours.close, strict=True)
    )


def test_volume_is_summed_from_left_to_right():
    fine = bars_at(steps(288, "5m"), "5m")
    volume = np.random.RandomState(1).random_sample(288)
    fine = Bars(*(getattr(fine, name) for name in ("symbol", "timeframe", "time", "open", "high")),
                fine.low, fine.close, volume)  # fmt: skip
    total = 0.0
    for each in volume.tolist():
        total += each
    assert resample(fine, frame("1d")).volume.tolist() == [total]
