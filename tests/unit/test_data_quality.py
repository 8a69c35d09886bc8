"""Rows that are no bars: each kind is found on its line, and nothing is repaired."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.codes import CODES
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import iso, parse_time
from unit.data_support import (
    HEADER,
    T0,
    assert_same,
    bars_at,
    csv_lines,
    findings_of,
    places_of,
    read,
    steps,
    write,
)

HOUR = 3_600_000
HOURS = bars_at(steps(30, "1h"), "1h")
# The row at index 9 stands on line 11: open 109, high 111, low 103, close 109, volume 10.
ROW = {
    "ts": T0 + 9 * HOUR,
    "open": 109.0,
    "high": 111.0,
    "low": 103.0,
    "close": 109.0,
    "volume": 10.0,
}


def changed(tmp_path, **cells):
    """A file of 30 good bars but for the cells of line 11."""
    lines = csv_lines(HOURS)
    lines[10] = ",".join(str(cell) for cell in (ROW | cells).values())
    return write(tmp_path / "bars.csv", lines)


BAD_CELLS = [
    ({"high": 108.5}, "RT312", "the high 108.5 is below the open 109.0"),
    ({"close": 111.5}, "RT312", "the high 111.0 is below the close 111.5"),
    ({"low": 109.5}, "RT312", "the low 109.5 is above the open 109.0"),
    ({"close": 102.0}, "RT312", "the low 103.0 is above the close 102.0"),
    ({"low": 0}, "RT313", "low is 0.0"),
    ({"low": -3}, "RT313", "low is -3.0"),
    ({"low": 1e-13}, "RT313", "low is 1e-13"),
    ({"high": 1e16}, "RT313", "high is 1e+16"),
    ({"volume": -0.5}, "RT314", "volume is -0.5"),
    ({"open": "nan"}, "RT307", "open is `nan`, not a number|open is nan"),
    ({"high": "inf"}, "RT307", "high is `inf`, not a number|high is inf"),
    ({"high": "1e999"}, "RT307", "high is inf"),
    ({"close": ""}, "RT307", "close is empty"),
    ({"close": "n/a"}, "RT307", "close is `n/a`, not a number"),
    ({"close": "1_09"}, "RT307", "close is `1_09`, not a number"),
    ({"close": "0x6d"}, "RT307", "close is `0x6d`, not a number"),
    ({"volume": '"1,5"'}, "RT307", "volume is `1,5`, not a number"),
    ({"volume": "10,5"}, "RT315", "7 cells where the header has 6"),
]


@pytest.mark.parametrize(("cells", "code", "words"), BAD_CELLS)
def test_a_bad_cell_is_found_on_its_line_with_its_time(tmp_path, cells, code, words):
    (found,) = findings_of(changed(tmp_path, **cells))
    assert (found.code, found.span.line, found.span.column) == (code, 11, 1)
    assert any(found.message.endswith(word) for word in words.split("|"))
    assert "bars.csv line 11" in found.message
    if code != "RT315":
        assert "2024-01-01T09:00:00Z" in found.message
    assert found.source.startswith(str(T0 + 9 * HOUR))
    assert found.span.end_column == len(found.source) + 1
    assert found.help
    assert found.code in CODES


def test_a_missing_cell(tmp_path):
    lines = csv_lines(HOURS)
    lines[10] = lines[10].rsplit(",", 1)[0]
    (found,) = findings_of(write(tmp_path / "bars.csv", lines))
    assert (found.code, found.span.line) == ("RT315", 11)


def test_lines_are_counted_with_the_blank_ones(tmp_path):
    lines = csv_lines(HOURS)
    lines[10] = lines[10].replace("111.0", "11.0")
    lines.insert(4, "")
    (found,) = findings_of(write(tmp_path / "bars.csv.gz", lines))
    assert (found.code, found.span.line, found.source) == ("RT312", 12, lines[11])


def test_everything_wrong_in_a_file_is_said_at_once(tmp_path):
    lines = csv_lines(HOURS)
    lines[3] = f"{T0 + 2 * HOUR},10,x,1e999,10,1"
    lines[5] = f"{T0 + 4 * HOUR},10,9,8,10,-1"
    lines[8] = f"{T0 + 6 * HOUR + 1},10,11,8,10,1"
    lines[12] = lines[11]
    found = findings_of(write(tmp_path / "bars.csv", lines))
    assert places_of(found) == [
        ("RT307", 4),
        ("RT307", 4),
        ("RT314", 6),
        ("RT312", 6),
        ("RT310", 9),
        ("RT309", 13),
    ]


def test_a_row_out_of_order_and_a_duplicate(tmp_path):
    lines = csv_lines(HOURS)
    lines[10], lines[11] = lines[11], lines[10]
    (found,) = findings_of(write(tmp_path / "bars.csv", lines))
    assert (found.code, found.span.line) == ("RT308", 12)
    lines = csv_lines(HOURS)
    lines.append(lines[5])
    found = findings_of(write(tmp_path / "bars.csv", lines))
    assert sorted(places_of(found)) == [("RT308", 32), ("RT309", 32)]
    assert "26 rows before" in " ".join(each.message for each in found)


def test_a_file_from_new_to_old_is_one_finding(tmp_path):
    header, *rows = csv_lines(HOURS)
    (found,) = findings_of(write(tmp_path / "bars.csv", [header, *reversed(rows)]))
    assert found.code == "RT308"
    assert "newest to the oldest" in found.message


@pytest.mark.parametrize(("stated", "needed"), [("15m", "1h"), ("4h", "1h"), ("1d", "1h")])
def test_a_timeframe_stated_wrongly_is_one_finding(tmp_path, stated, needed):
    (found,) = findings_of(write(tmp_path / "bars.csv", csv_lines(HOURS)), timeframe=stated)
    assert found.code == "RT311"
    assert "1h apart" in found.message
    assert f"`timeframe: {needed}`" in found.help


@pytest.mark.parametrize("shift", [HOUR // 2, HOUR - 1, 1])
def test_times_that_are_all_beside_the_grid_are_one_finding(tmp_path, shift):
    path = write(
        tmp_path / "bars.csv",
        csv_lines(bars_at([time + shift for time in HOURS.time.tolist()], "1h")),
    )
    (found,) = findings_of(path)
    assert found.code == "RT310"
    assert "every row" in found.message


def test_days_of_a_local_zone(tmp_path):
    days = bars_at(steps(30, "1d", start=T0 - 2 * HOUR), "1d")
    (found,) = findings_of(write(tmp_path / "bars.csv", csv_lines(days)), timeframe="1d")
    assert "every row is 22h off" in found.message
    assert "local" in found.help


def test_weeks_from_monday_are_on_the_grid_and_from_sunday_are_not(tmp_path):
    weeks = bars_at(steps(10, "1w"), "1w")
    assert len(read(write(tmp_path / "bars.csv", csv_lines(weeks)), timeframe="1w")) == 10
    sundays = bars_at(steps(10, "1w", start=T0 - 24 * HOUR), "1w")
    (found,) = findings_of(write(tmp_path / "bars.csv", csv_lines(sundays)), timeframe="1w")
    assert found.code == "RT310"


def test_gaps_are_no_findings(tmp_path):
    times = [time for at, time in enumerate(HOURS.time.tolist()) if at % 5]
    assert read(write(tmp_path / "bars.csv", csv_lines(bars_at(times, "1h")))).gaps() == (5, 5)


def test_a_thin_market_with_more_gaps_than_bars_is_no_other_timeframe(tmp_path):
    times = [T0 + hour * HOUR for hour in (0, 3, 7, 8, 13, 19, 25, 31)]
    assert len(read(write(tmp_path / "bars.csv", csv_lines(bars_at(times, "1h"))))) == 8


def test_one_bar_and_two_bars_are_bars(tmp_path):
    for count in (1, 2):
        path = write(tmp_path / "bars.csv", csv_lines(HOURS.slice(0, count)))
        assert len(read(path)) == count


def test_zero_volume_is_allowed(tmp_path):
    assert read(changed(tmp_path, volume=0)).volume[9] == 0.0


def test_twenty_findings_are_shown_and_the_rest_is_counted(tmp_path):
    rows = [f"{T0 + at * HOUR},10,9,8,10,-1" for at in range(30)]
    found = findings_of(write(tmp_path / "bars.csv", [HEADER, *rows]))
    assert len(found) == 21
    assert found[0].span.line == 2
    assert found[-1].code == "RT320"
    assert "40 more" in found[-1].message
    assert "RT312" in found[-1].message
    assert "RT314" in found[-1].message


def test_a_file_that_is_garbage_below_its_header_is_given_up_on(tmp_path):
    found = findings_of(write(tmp_path / "bars.csv", [HEADER, *["lorem ipsum"] * 5000]))
    assert len(found) == 21
    assert "at least 980 more" in found[-1].message


def test_parquet_rows_are_counted_from_one(tmp_path):
    columns = {
        "ts": [T0, T0 + HOUR, None],
        "open": [10.0, None, 10.0],
        "high": [11.0, 11.0, 11.0],
        "low": [9.0, 9.0, 10.5],
        "close": [10.0, 10.0, 10.0],
        "volume": [1.0, float("nan"), 0.0],
    }
    pq.write_table(pa.table(columns), tmp_path / "b.parquet")
    found = findings_of(tmp_path / "b.parquet", kind="parquet")
    assert places_of(found) == [("RT307", 2), ("RT307", 2), ("RT305", 3), ("RT312", 3)]
    assert f"b.parquet row 2, {iso(T0 + HOUR)}: open is empty" in found[0].message


@given(
    row=st.integers(0, 29),
    name=st.sampled_from(["ts", "open", "high", "low", "close", "volume"]),
    cell=st.text(st.characters(codec="utf-8", exclude_characters='\r\n"'), max_size=12),
)
def test_no_cell_can_crash_the_reader(tmp_path_factory, row, name, cell):
    """Whatever stands in a cell, the file is read or refused on that line."""
    lines = csv_lines(HOURS)
    cells = lines[row + 1].split(",")
    cells[HEADER.split(",").index(name)] = cell
    lines[row + 1] = ",".join(cells)
    path = write(tmp_path_factory.mktemp("cell") / "bars.csv", lines)
    # A time that was moved shows at the row below it, too.
    assert lines_refused(path) <= {row + 2, row + 3}


def lines_refused(path):
    try:
        read(path)
    except InvalidInput as refused:
        return {each.span.line for each in refused.diagnostics}
    return set()


# Months

MONTHS = [parse_time(f"{2020 + at // 12}-{at % 12 + 1:02d}-01") for at in range(30)]


def test_months_are_a_timeframe_of_files(tmp_path):
    bars = bars_at(MONTHS, "1M")
    assert_same(read(write(tmp_path / "bars.csv", csv_lines(bars)), timeframe="1M"), bars)
    holed = bars_at(MONTHS[:3] + MONTHS[9:], "1M")
    assert_same(read(write(tmp_path / "bars.csv", csv_lines(holed)), timeframe="1M"), holed)


def test_a_month_that_opens_on_the_second_is_off_the_grid(tmp_path):
    times = [*MONTHS[:9], MONTHS[9] + 86_400_000, *MONTHS[10:]]
    found = findings_of(
        write(tmp_path / "bars.csv", csv_lines(bars_at(times, "1M"))), timeframe="1M"
    )
    assert places_of(found) == [("RT310", 11)]
    assert "no 1M bar opens at this time" in found[0].message


@pytest.mark.parametrize(("stated", "advised"), [("1d", "1M"), ("1w", "1M"), ("3M", "1M")])
def test_months_under_another_name(tmp_path, stated, advised):
    path = write(tmp_path / "bars.csv", csv_lines(bars_at(MONTHS, "1M")))
    found = findings_of(path, timeframe=stated)
    assert [each.code for each in found] == ["RT311"]
    assert f"`timeframe: {advised}`" in found[0].help


def test_days_stated_as_months(tmp_path):
    days = bars_at(steps(60, "1d"), "1d")
    (found,) = findings_of(write(tmp_path / "bars.csv", csv_lines(days)), timeframe="1M")
    assert (found.code, "`timeframe: 1d`" in found.help) == ("RT311", True)
