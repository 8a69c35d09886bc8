"""Times of files: units, ISO-8601, timestamps, and what is no time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from rtrade.core.timeframes import iso
from unit.data_support import (
    T0,
    assert_same,
    bars_at,
    csv_lines,
    findings_of,
    read,
    steps,
    write,
    write_parquet,
)

HOURS = bars_at(steps(30, "1h"), "1h")
HOUR = 3_600_000


def with_times(cells) -> list[str]:
    header, *rows = csv_lines(HOURS)
    pairs = zip(cells, rows, strict=True)
    return [header, *(f"{cell},{row.split(',', 1)[1]}" for cell, row in pairs)]


SPELLINGS = {
    "s": lambda ms: ms // 1000,
    "ms": lambda ms: ms,
    "us": lambda ms: ms * 1000,
    "ns": lambda ms: ms * 1_000_000,
    "float seconds": lambda ms: f"{ms // 1000}.0",
    "scientific": lambda ms: f"{ms // 100_000}e5",
    "iso Z": iso,
    "iso without offset": lambda ms: iso(ms)[:-1],
    "iso with a space": lambda ms: iso(ms)[:-1].replace("T", " "),
    "iso to the minute": lambda ms: iso(ms)[:16],
    "iso +00:00": lambda ms: iso(ms)[:-1] + "+00:00",
    "iso +02:00": lambda ms: iso(ms + 2 * HOUR)[:-1] + "+02:00",
    "iso basic": lambda ms: iso(ms).replace("-", "").replace(":", ""),
    "iso milliseconds": lambda ms: iso(ms)[:-1] + ".000Z",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_times_in_any_unit_are_told_by_their_form_and_magnitude(tmp_path, spelling):
    cells = [SPELLINGS[spelling](time) for time in HOURS.time.tolist()]
    assert_same(read(write(tmp_path / "bars.csv", with_times(cells))), HOURS)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_stated_unit_is_taken_at_its_word(tmp_path, unit):
    early = bars_at([time - T0 for time in HOURS.time.tolist()], "1h")
    lines = csv_lines(early)
    cells = [SPELLINGS[unit](time) for time in early.time.tolist()]
    lines = [
        lines[0],
        *(f"{c},{line.split(',', 1)[1]}" for c, line in zip(cells, lines[1:], strict=True)),
    ]
    assert_same(read(write(tmp_path / "bars.csv", lines), time_unit=unit), early)


def test_mixed_offsets_are_moments_all_the_same(tmp_path):
    cells = [
        (iso(t) if at % 2 else SPELLINGS["iso +02:00"](t))
        for at, t in enumerate(HOURS.time.tolist())
    ]
    assert_same(read(write(tmp_path / "bars.csv", with_times(cells))), HOURS)


@pytest.mark.parametrize("kind", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_parquet_timestamps(tmp_path, kind, zone):
    time = pa.array(HOURS.time).cast(pa.timestamp("ms", tz=zone)).cast(pa.timestamp(kind, tz=zone))
    assert_same(read(write_parquet(tmp_path / "b.parquet", HOURS, ts=time), kind="parquet"), HOURS)


@pytest.mark.parametrize(
    "convert",
    [
        lambda time: pa.array(time // 1000, pa.int32()),
        lambda time: pa.array((time // 1000).astype(np.float64)),
        lambda time: pa.array([iso(each) for each in time.tolist()]),
        lambda time: pa.array([iso(each) for each in time.tolist()], pa.large_string()),
    ],
    ids=["int32 seconds", "double seconds", "text", "large text"],
)
def test_other_parquet_times(tmp_path, convert):
    path = write_parquet(tmp_path / "b.parquet", HOURS, ts=convert(HOURS.time))
    assert_same(read(path, kind="parquet"), HOURS)


def test_parquet_dates(tmp_path):
    days = bars_at(steps(30, "1d"), "1d")
    dates = pa.array((days.time // 86_400_000).astype(np.int32), pa.int32()).cast(pa.date32())
    path = write_parquet(tmp_path / "b.parquet", days, ts=dates)
    assert_same(read(path, kind="parquet", timeframe="1d"), days)


def test_parquet_decimals_and_whole_numbers(tmp_path):
    whole = pa.array(HOURS.volume.astype(np.int64))
    decimal = pa.array(HOURS.open).cast(pa.decimal128(20, 4))
    path = write_parquet(tmp_path / "b.parquet", HOURS, volume=whole, open=decimal)
    assert_same(read(path, kind="parquet"), HOURS)


def test_units_that_change_inside_a_file_are_refused(tmp_path):
    cells = [time if at < 20 else time * 1000 for at, time in enumerate(HOURS.time.tolist())]
    (found,) = findings_of(write(tmp_path / "bars.csv", with_times(cells)))
    assert (found.code, found.span.line) == ("RT306", 22)
    assert "in us" in found.message
    assert "in ms" in found.message


def test_a_unit_stated_wrongly_is_one_finding_with_the_right_one(tmp_path):
    path = write(tmp_path / "bars.csv", csv_lines(HOURS))
    (found,) = findings_of(path, time_unit="s")
    assert found.code == "RT305"
    assert "`time_unit: ms`" in found.help
    (found,) = findings_of(path, time_unit="us")
    assert found.code == "RT311"
    assert "time_unit" in found.help


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "empty"),
        ("soon", "`soon`"),
        ("20240101", "not between 1970 and 2200"),
        ("99999999999999999999999", "RT30"),
        ("2024-13-01", "2024-13-01"),
        (f"{T0}.5", "not a whole number"),
    ],
)
def test_a_time_that_is_none_is_shown_with_its_line(tmp_path, cell, words):
    cells = HOURS.time.tolist()
    cells[7] = cell
    (found,) = findings_of(write(tmp_path / "bars.csv", with_times(cells)))
    assert found.code in ("RT305", "RT306")
    assert found.span.line == 9
    assert words in found.message or words in found.code


def test_a_bad_moment_among_iso_times(tmp_path):
    cells = [iso(time) for time in HOURS.time.tolist()]
    cells[3], cells[4] = "2024-01-01T03:00:00.0001Z", "1066-10-14"
    found = findings_of(write(tmp_path / "bars.csv", with_times(cells)))
    assert [(each.code, each.span.line) for each in found] == [("RT305", 5), ("RT305", 6)]
