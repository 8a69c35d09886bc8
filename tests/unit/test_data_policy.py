"""What a quality policy makes of bars: kept, filled, repaired, dropped, flagged, refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import OutlierDef, QualityDef
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.errors import QualityError
from rtrade.core.quality import (
    CORRECTED,
    FILLED,
    HALT,
    OUTLIER,
    REPAIRED,
    QualitySummary,
)
from rtrade.core.timeframes import iso, parse_time
from rtrade.core.units import parse_length
from rtrade.data.policy import apply, clean, lead, longest_gap
from unit.data_support import (
    T0,
    assert_same,
    bars_at,
    csv_lines,
    findings_of,
    frame,
    places_of,
    read,
    steps,
    write,
)

HOUR = 3_600_000
KEEP = QualityDef(outliers=OutlierDef(action="keep"))
FILL = replace(KEEP, gaps="fill")


def rows(text: str) -> Bars:
    """Rows of `hour open high low close volume`, hours from 2024-01-01 00:00 UTC on."""
    cells = [line.split() for line in text.splitlines() if line.strip()]
    time = np.array([T0 + int(row[0]) * HOUR for row in cells], dtype=np.int64)
    columns = np.array([[float(cell) for cell in row[1:]] for row in cells]).reshape(-1, 5).T
    return Bars("X/Y", frame("1h"), time, *columns.copy())


# Holes

HOLED = rows(
    """
    0  10 12  9 11  1
    1  11 15 10 14  2
    4  14 14  8  9  3
    6   9 10  9 10  4
    """
)


def test_holes_are_kept_by_default():
    cleaned = apply(HOLED, QualityDef())
    assert_same(cleaned.bars, HOLED)
    assert not cleaned.flags.any()
    assert cleaned.summary == QualitySummary(
        gaps=2, missing=3, longest_gap=2, examples={"gaps": (T0 + 4 * HOUR, T0 + 6 * HOUR)}
    )


def test_a_hole_is_filled_with_the_close_before_and_no_volume():
    cleaned = apply(HOLED, FILL)
    assert_same(
        cleaned.bars,
        rows(
            """
            0  10 12  9 11  1
            1  11 15 10 14  2
            2  14 14 14 14  0
            3  14 14 14 14  0
            4  14 14  8  9  3
            5   9  9  9  9  0
            6   9 10  9 10  4
            """
        ),
    )
    assert cleaned.flags.tolist() == [0, 0, FILLED, FILLED, 0, FILLED, 0]
    assert cleaned.summary == QualitySummary(
        filled=3, examples={"filled": (T0 + 2 * HOUR, T0 + 3 * HOUR, T0 + 5 * HOUR)}
    )


@pytest.mark.parametrize("longest", ["1 bars", "1h", "119m"])
def test_a_hole_longer_than_the_longest_is_left_whole(longest):
    cleaned = apply(HOLED, replace(FILL, max_gap=parse_length(longest)))
    assert cleaned.flags.tolist() == [0, 0, 0, FILLED, 0]
    assert cleaned.summary.gaps == 1
    assert cleaned.summary.missing == 2


def test_a_duration_counts_the_whole_bars_in_it():
    assert longest_gap(replace(FILL, max_gap=parse_length("6h")), frame("4h")) == 1
    assert longest_gap(replace(FILL, max_gap=parse_length("6h")), frame("1h")) == 6
    assert longest_gap(FILL, frame("1h")) is None


def test_holes_that_are_errors_are_named_with_a_way_out():
    with pytest.raises(QualityError) as caught:
        apply(HOLED, replace(KEEP, gaps="error"))
    assert str(caught.value) == (
        "X/Y 1h at 2024-01-01T04:00:00Z: 2 bars are missing before this one (`quality.gaps`); "
        "and 1 more"
    )
    assert "max_gap" in caught.value.hint
    assert caught.value.exit_code == 4


def test_holes_up_to_the_longest_are_tolerated():
    strict = replace(KEEP, gaps="error", max_gap=parse_length("2 bars"))
    assert_same(apply(HOLED, strict).bars, HOLED)
    _, found = clean(HOLED, replace(strict, max_gap=parse_length("1 bars")))
    assert [(each.code, each.row, each.message) for each in found] == [
        ("RT316", 2, "2 bars are missing before this one, more than 1")
    ]


def test_a_hole_of_millions_is_not_filled():
    bars = bars_at([T0, T0 + 50_000 * 3_600_000], "1s")
    with pytest.raises(QualityError, match="179999999 before"):
        apply(bars, FILL)
    capped = replace(FILL, max_gap=parse_length("6 bars"))
    assert_same(apply(bars, capped).bars, bars)


def test_weeks_are_filled_with_weeks():
    monday = parse_time("2024-01-01")
    bars = bars_at([monday, monday + 3 * 7 * 24 * HOUR], "1w")
    assert [iso(at) for at in apply(bars, FILL).bars.time.tolist()] == [
        "2024-01-01T00:00:00Z",
        "2024-01-08T00:00:00Z",
        "2024-01-15T00:00:00Z",
        "2024-01-22T00:00:00Z",
    ]


# Duplicates and inconsistent prices

TWICE = rows(
    """
    0  10 12  9 11  1
    1  11 15 10 14  2
    1  11 16 10 13  2
    1  11 16 10 12  3
    2  12 12  8  9  3
    """
)


@pytest.mark.parametrize(("which", "kept"), [("first", [0, 1, 4]), ("last", [0, 3, 4])])
def test_of_rows_with_one_time_the_first_or_the_last_is_kept(which, kept):
    cleaned = apply(TWICE, replace(KEEP, duplicates=which))
    expected = replace(TWICE, **{name: getattr(TWICE, name)[kept] for name in COLUMNS})
    assert_same(cleaned.bars, expected)
    assert cleaned.dropped["duplicate"].tolist() == [T0 + HOUR, T0 + HOUR]
    assert cleaned.summary.dropped == 2


def test_rows_with_one_time_are_an_error_by_default():
    with pytest.raises(QualityError, match="2024-01-01T01:00:00Z: the time stands there twice"):
        apply(TWICE, KEEP)


ODD = rows(
    """
    0  10 12  9 11  1
    1  11 10 10 14  2
    2  14 14 15  9  3
    3   9  8 10  9  3
    4   9 10  9 10  4
    """
)


def test_repaired_prices_hold_one_another():
    cleaned = apply(ODD, replace(KEEP, ohlc="repair"))
    assert_same(
        cleaned.bars,
        rows(
            """
            0  10 12  9 11  1
            1  11 14 10 14  2
            2  14 15  9  9  3
            3   9 10  8  9  3
            4   9 10  9 10  4
            """
        ),
    )
    assert cleaned.flags.tolist() == [0, REPAIRED, REPAIRED, REPAIRED, 0]


def test_bars_with_inconsistent_prices_are_dropped():
    cleaned = apply(ODD, replace(KEEP, ohlc="drop"))
    assert_same(cleaned.bars, replace(ODD, **{n: getattr(ODD, n)[[0, 4]] for n in COLUMNS}))
    assert (cleaned.summary.dropped, cleaned.summary.missing) == (3, 3)
    assert cleaned.summary.examples["dropped"] == (T0 + HOUR, T0 + 2 * HOUR, T0 + 3 * HOUR)


def test_dropped_bars_leave_holes_that_are_filled_or_refused():
    assert apply(ODD, replace(FILL, ohlc="drop")).summary.filled == 3
    with pytest.raises(QualityError, match="3 bars are missing"):
        apply(ODD, replace(KEEP, ohlc="drop", gaps="error"))


def test_a_part_counts_its_own():
    cleaned = apply(ODD, replace(KEEP, ohlc="repair"))
    part = cleaned.part(1, 3)
    assert_same(part.bars, cleaned.bars.slice(1, 3))
    assert (part.summary.repaired, cleaned.summary.repaired) == (2, 3)
    twice = apply(TWICE, replace(KEEP, duplicates="last"))
    assert (twice.part(0, 2).summary.dropped, twice.part(2, 3).summary.dropped) == (2, 0)


def test_inconsistent_prices_are_an_error_by_default():
    with pytest.raises(QualityError, match="a high below, or a low above") as caught:
        apply(ODD, KEEP)
    assert "repair" in caught.value.hint


# Flags


def test_a_bar_of_one_price_without_volume_is_a_halt_and_a_filled_one_is_not():
    bars = rows(
        """
        0  10 12  9 11  1
        1  11 11 11 11  0
        2  11 11 11 11  5
        3  11 12 11 11  0
        5  11 12 11 11  2
        """
    )
    cleaned = apply(bars, FILL)
    assert cleaned.flags.tolist() == [0, HALT, 0, 0, FILLED, 0]


def test_corrected_bars_are_marked_where_they_are():
    cleaned = apply(HOLED, KEEP, corrected=np.array([T0 + HOUR, T0 + 2 * HOUR]))
    assert cleaned.flags.tolist() == [0, CORRECTED, 0, 0]


def spiked() -> Bars:
    bars = bars_at(steps(90, "1h"), "1h")
    high = bars.high.copy()
    high[70] = 500.0
    return replace(bars, high=high)


def test_outliers_are_flagged_and_kept_by_default():
    cleaned = apply(spiked(), QualityDef())
    assert np.flatnonzero(cleaned.flags).tolist() == [70]
    assert cleaned.flags[70] == OUTLIER
    assert_same(cleaned.bars, spiked())


def test_outliers_are_dropped_where_the_policy_says_so():
    cleaned = apply(spiked(), QualityDef(outliers=OutlierDef(action="drop")))
    assert cleaned.dropped["outlier"].tolist() == [T0 + 70 * HOUR]
    assert cleaned.bars.gaps() == (1, 1)
    assert not cleaned.flags.any()


# For any rows and any policy

policies = st.builds(
    QualityDef,
    gaps=st.sampled_from(["keep", "fill"]),
    max_gap=st.sampled_from([None, parse_length("2 bars"), parse_length("90m")]),
    duplicates=st.sampled_from(["first", "last"]),
    ohlc=st.sampled_from(["repair", "drop"]),
    outliers=st.builds(
        OutlierDef,
        action=st.sampled_from(["flag", "drop", "keep"]),
        k=st.sampled_from([1.0, 4.0]),
        window=st.sampled_from([3, 8]),
    ),
)
prices = st.integers(1, 30).map(float)
some_rows = st.lists(
    st.tuples(st.sampled_from([0, 1, 1, 1, 1, 2, 5]), prices, prices, prices, prices,
              st.sampled_from([0.0, 1.0])),
    max_size=40,
)  # fmt: skip


def drawn(found: list[tuple]) -> Bars:
    time = T0 + HOUR * np.cumsum([row[0] for row in found], dtype=np.int64)
    columns = np.array([row[1:] for row in found], dtype=np.float64).reshape(-1, 5).T
    return Bars("X/Y", frame("1h"), time.astype(np.int64), *columns.copy())


@given(some_rows, policies, st.integers(0, 40))
def test_what_the_first_rows_come_to_does_not_depend_on_later_ones(found, policy, cut):
    # Which of two rows of one time is the last is known once the next time has come.
    bars = drawn(found)
    while 0 < cut < len(bars) and bars.time[cut] == bars.time[cut - 1]:
        cut += 1
    part, whole = apply(bars.slice(0, cut), policy), apply(bars, policy)
    count = len(part.bars)
    assert_same(part.bars, whole.bars.slice(0, count))
    assert (part.flags == whole.flags[:count]).all()
    rest = whole.bars.time[count:]
    assert not len(rest) or not count or rest[0] > part.bars.time[-1]


@given(some_rows, policies)
def test_the_rows_given_stay_as_they_are_and_those_kept_are_theirs(found, policy):
    bars = drawn(found)
    before = bars.digest()
    cleaned = apply(bars, policy)
    assert bars.digest() == before
    given = {tuple(row) for row in zip(*(getattr(bars, n) for n in COLUMNS), strict=True)}
    columns = zip(*(getattr(cleaned.bars, n) for n in COLUMNS), strict=True)
    for row, flags in zip(columns, cleaned.flags.tolist(), strict=True):
        if not flags & (FILLED | REPAIRED):
            assert tuple(row) in given
    if len(cleaned.bars):
        assert not cleaned.flags[0] & FILLED
        assert not cleaned.flags[-1] & FILLED


@given(some_rows, policies)
def test_what_comes_out_are_bars(found, policy):
    cleaned = apply(drawn(found), policy)
    bars = cleaned.bars
    assert (np.diff(bars.time) > 0).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    summary = cleaned.summary
    assert bars.gaps() == (summary.gaps, summary.missing)
    rows_left = len(found) - sum(map(len, cleaned.dropped.values()))
    assert len(bars) == rows_left + summary.filled


@given(some_rows, policies, st.integers(0, 40))
def test_bars_from_the_lead_on_do_not_depend_on_where_reading_began(found, policy, start):
    # Rows that are dropped or repaired first are no bars that could be counted beforehand.
    bars = apply(drawn(found), QualityDef(duplicates="last", ohlc="repair")).bars
    whole, later = apply(bars, policy), apply(bars.slice(start), policy)
    if start + lead(policy) < len(bars):
        since = int(bars.time[start + lead(policy)])
        one, other = (
            each.part(int(np.searchsorted(each.bars.time, since)), len(each.bars))
            for each in (whole, later)
        )
        assert_same(one.bars, other.bars)
        assert (one.flags == other.flags).all()


def test_the_lead_is_what_outliers_need():
    assert lead(QualityDef()) == 501
    assert lead(FILL) == 1
    assert lead(KEEP) == 0


# Files


def file_of(bars: Bars, tmp_path):
    return write(tmp_path / "bars.csv", csv_lines(bars))


def test_files_obey_the_policy(tmp_path):
    path = file_of(TWICE, tmp_path)
    assert len(read(path, quality=replace(KEEP, duplicates="last"))) == 3
    path = file_of(ODD, tmp_path)
    assert len(read(path, quality=replace(KEEP, ohlc="drop"))) == 2
    path = file_of(HOLED, tmp_path)
    assert len(read(path, quality=FILL)) == 7


def test_holes_in_a_file_are_findings_by_line(tmp_path):
    found = findings_of(file_of(HOLED, tmp_path), quality=replace(KEEP, gaps="error"))
    assert places_of(found) == [("RT316", 4), ("RT316", 5)]
    assert found[0].message.endswith(
        "line 4, 2024-01-01T04:00:00Z: 2 bars are missing before this one"
    )


def test_lines_are_those_of_the_file_after_rows_were_left_out(tmp_path):
    strict = replace(KEEP, gaps="error", ohlc="drop")
    (found,) = findings_of(file_of(ODD, tmp_path), quality=strict)
    assert (found.code, found.span.line) == ("RT316", 6)


def test_rows_out_of_order_stay_an_error(tmp_path):
    mixed = replace(TWICE, time=TWICE.time[[0, 1, 2, 4, 3]])
    found = findings_of(file_of(mixed, tmp_path), quality=replace(KEEP, duplicates="last"))
    assert places_of(found) == [("RT308", 6)]


# Real bars


@pytest.mark.realdata
def test_the_outages_of_the_real_hours(real_data):
    bars = read(real_data / "BTCUSDT_1h_2017_2024.csv.gz")
    summary = apply(bars, QualityDef()).summary
    assert (summary.gaps, summary.missing, summary.longest_gap) == (28, 128, 33)
    assert [iso(at) for at in summary.examples["halts"]] == [
        "2017-09-06T16:00:00Z",
        "2019-06-07T21:00:00Z",
        "2021-02-11T03:00:00Z",
        "2023-03-24T12:00:00Z",
    ]
    assert (summary.halts, summary.filled, summary.dropped) == (4, 0, 0)


@pytest.mark.realdata
def test_the_outages_filled(real_data):
    bars = read(real_data / "BTCUSDT_1h_2017_2024.csv.gz")
    cleaned = apply(bars, QualityDef(gaps="fill"))
    assert cleaned.bars.gaps() == (0, 0)
    assert (cleaned.summary.filled, cleaned.summary.halts) == (128, 4)
    assert len(cleaned.bars) == 58_419 + 128
    short = apply(bars, QualityDef(gaps="fill", max_gap=parse_length("6h")))
    assert short.summary.longest_gap == 33
    assert short.summary.filled + short.summary.missing == 128
