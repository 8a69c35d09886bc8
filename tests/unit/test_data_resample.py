"""Coarser bars from finer ones."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars
from rtrade.core.intervals import Interval
from rtrade.core.quality import FILLED, HALT, OUTLIER, PARTIAL, REPAIRED
from rtrade.core.timeframes import iso, parse_time
from rtrade.data.resample import (
    bars_of_trades,
    can_resample,
    resample,
    resample_counting,
    resample_flags,
)
from unit.data_support import T0, assert_same, bars_at, frame, read, steps

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
    ("fine", "coarse"),
    [("1h", "15m"), ("1h", "1h"), ("25m", "1h"), ("3d", "3w"), ("1h", "90m"), ("1w", "1M")],
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


# Months


def test_months_are_those_of_the_calendar():
    days = bars_at(steps(100, "1d", start=parse_time("2023-12-31")), "1d")
    months, partial = resample_counting(days, frame("1M"))
    assert [iso(at) for at in months.time.tolist()] == [
        "2024-01-01T00:00:00Z",
        "2024-02-01T00:00:00Z",
        "2024-03-01T00:00:00Z",
    ]
    assert months.open.tolist() == days.open[[1, 32, 61]].tolist()
    assert months.close.tolist() == days.close[[31, 60, 91]].tolist()
    assert months.volume[1] == days.volume[32:61].sum()
    assert not partial.any()


def test_a_quarter_of_months_is_one_of_days():
    days = bars_at(steps(400, "1d", start=parse_time("2023-01-01")), "1d")
    stepped = resample(resample(days, frame("1M")), frame("3M"))
    assert_same(resample(days, frame("3M")), stepped)
    assert len(stepped) == 4


def test_a_month_that_lacks_a_day_is_marked():
    times = steps(91, "1d")
    del times[40]
    _, partial = resample_counting(bars_at(times, "1d"), frame("1M"))
    assert partial.tolist() == [False, True, False]


# Flags


def test_flags_of_what_a_bar_is_made_of():
    quarters = table(
        "15m",
        """
        00:00  10 12  9 11  1
        00:15  11 15 10 14  2
        00:30  14 14  8  9  3
        00:45   9 10  9 10  4
        01:00  10 10 10 10  0
        01:15  10 10 10 10  0
        01:30  10 10 10 10  0
        01:45  10 10 10 10  0
        02:00  10 10 10 10  0
        02:15  10 12 10 12  1
        02:30  12 12 11 12  1
        02:45  12 12 11 12  1
        03:00  12 12 11 12  1
        03:45  12 12 12 12  0
        04:00  12 12 12 12  0
        04:15  12 12 12 12  0
        04:30  12 12 12 12  0
        04:45  12 12 12 12  0
        05:00  12 99 12 12  0
        """,
    )
    flags = np.zeros(len(quarters), dtype=np.uint8)
    flags[4:8] = FILLED
    flags[8] = FILLED
    flags[9] = OUTLIER
    flags[10] = REPAIRED
    flags[13:18] = HALT
    flags[18] = OUTLIER
    hours, found = resample_flags(quarters, flags, frame("1h"))
    assert_same(hours, resample(quarters, frame("1h")))
    assert found.tolist() == [0, FILLED, PARTIAL | OUTLIER | REPAIRED, PARTIAL, HALT]


@given(st.lists(st.booleans(), max_size=300), st.integers(0, 40))
def test_without_flags_only_missing_bars_are_marked(kept, start):
    fine = holed(kept, start)
    hours, partial = resample_counting(fine, frame("1h"))
    same, flags = resample_flags(fine, np.zeros(len(fine), dtype=np.uint8), frame("1h"))
    assert_same(same, hours)
    assert flags.tolist() == (PARTIAL * partial).tolist()


def test_a_day_of_filled_minutes_is_filled():
    day = bars_at(steps(1440, "1m"), "1m")
    _, flags = resample_flags(day, np.full(1440, FILLED, dtype=np.uint8), frame("1d"))
    assert flags.tolist() == [FILLED]


# Trades

trade = st.tuples(st.integers(0, 600), st.integers(1, 9), st.floats(0.001, 5.0))


def made(trades, covered, timeframe="1m", ids=None):
    count = len(trades)
    return bars_of_trades(
        "X/Y",
        frame(timeframe),
        id=np.arange(count) if ids is None else np.array(ids, dtype=np.int64),
        time=T0 + 1000 * np.array([one[0] for one in trades], dtype=np.int64),
        price=np.array([one[1] for one in trades], dtype=np.float64),
        amount=np.array([one[2] for one in trades], dtype=np.float64),
        covered=covered,
    )


@given(st.lists(trade, max_size=60), st.lists(st.tuples(st.integers(0, 600), st.integers(1, 400))))
def test_bars_of_trades_equal_those_of_a_plain_loop(trades, stretches):
    trades = sorted(trades, key=lambda one: one[0])
    covered = [Interval(T0 + 1000 * at, T0 + 1000 * (at + n)) for at, n in stretches]
    minutes: dict[int, list[tuple]] = {}
    for one in trades:
        opening = T0 + one[0] // 60 * MINUTE
        if all(
            any(p.start <= t < p.end for p in covered)
            for t in range(opening, opening + MINUTE, 1000)
        ):
            minutes.setdefault(opening, []).append(one)
    rows = [
        (at, own[0][1], max(o[1] for o in own), min(o[1] for o in own), own[-1][1],
         math.fsum(o[2] for o in own))
        for at, own in minutes.items()
    ]  # fmt: skip
    bars = made(trades, covered)
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    assert list(zip(*columns, strict=True)) == rows


def test_the_order_of_trades_is_that_of_their_times_and_ids():
    trades = [(5, 3, 1.0), (5, 1, 1.0), (2, 2, 1.0), (5, 9, 1.0), (5, 9, 1.0)]
    bars = made(trades, [Interval(T0, T0 + MINUTE)], ids=[4, 3, 7, 5, 5])
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (2, 9, 1, 9)
    assert bars.volume.tolist() == [4.0]


def test_an_interval_without_a_trade_has_no_bar():
    bars = made([(0, 1, 1.0), (130, 2, 1.0)], [Interval(T0, T0 + 4 * MINUTE)])
    assert bars.time.tolist() == [T0, T0 + 2 * MINUTE]


def test_trades_without_coverage_make_no_bars():
    assert len(made([(0, 1, 1.0)], [])) == 0
    assert len(made([], [Interval(T0, T0 + MINUTE)])) == 0
    assert len(made([(5, 1, 1.0)], [Interval(T0, T0 + MINUTE)], "1M")) == 0


@pytest.mark.realdata
def test_real_trades_make_the_bar_that_the_exchange_made(real_data):
    packed = (real_data / "BTCUSDT_trades_20240808_2354.csv.gz").read_bytes()
    _, *lines = gzip.decompress(packed).decode().split()
    rows = [line.split(",") for line in lines]
    column = np.array([row[2:4] for row in rows], dtype=np.float64).T
    time = np.array([int(row[1]) for row in rows])
    bars = bars_of_trades(
        "BTC/USDT",
        frame("5m"),
        id=np.array([int(row[0]) for row in rows]),
        time=time,
        price=column[0],
        amount=column[1],
        covered=[Interval(int(time[0]) + 1, int(time[-1]))],
    )
    fives = read(real_data / "BTCUSDT_5m_2024.csv.gz", timeframe="5m")
    at = fives.time.tolist().index(int(bars.time[-1]))
    assert [iso(opening) for opening in bars.time.tolist()] == [
        "2024-08-08T23:55:00Z",
        "2024-08-09T00:00:00Z",
    ]
    assert_same(bars, fives.slice(at - 1, at + 1))


@pytest.mark.realdata
def test_real_days_make_weeks_and_months(real_data):
    days = read(real_data / "BTCUSDT_1d_2017_2025.csv.gz", timeframe="1d")
    months, partial = resample_counting(days, frame("1M"))
    assert (iso(int(months.time[0])), iso(int(months.time[-1]))) == (
        "2017-09-01T00:00:00Z",
        "2025-07-01T00:00:00Z",
    )
    assert months.gaps() == (0, 0)
    assert not partial.any()
    weeks = resample(days, frame("1w"))
    assert all((at // 86_400_000 + 3) % 7 == 0 for at in weeks.time.tolist())
