"""Reading CSV and Parquet files: what is read, and what is refused with which words."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.config.definitions import Columns, FileSeries, SourceDef
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.diagnostics import Span
from rtrade.core.errors import WorldError
from rtrade.core.timeframes import iso
from rtrade.data.files import read_file
from unit.data_support import (
    HEADER,
    T0,
    assert_same,
    bars_at,
    csv_lines,
    findings_of,
    frame,
    read,
    source_of,
    steps,
    write,
)

HOURS = bars_at(steps(30, "1h"), "1h")
HOUR = 3_600_000


def parquet(path: Path, bars: Bars, **columns) -> Path:
    names = {"ts": bars.time} | {name: getattr(bars, name) for name in COLUMNS[1:]} | columns
    pq.write_table(pa.table(names), path)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(path.read_bytes()))
    return path


def with_times(cells) -> list[str]:
    header, *rows = csv_lines(HOURS)
    pairs = zip(cells, rows, strict=True)
    return [header, *(f"{cell},{row.split(',', 1)[1]}" for cell, row in pairs)]


# The same bars in any clothes


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz", "bars.txt"])
def test_a_csv_file_plain_or_packed_gives_the_bars_to_the_bit(tmp_path, name):
    assert_same(read(write(tmp_path / name, csv_lines(HOURS))), HOURS)


@pytest.mark.parametrize("name", ["bars.parquet", "bars.parquet.gz"])
def test_a_parquet_file_plain_or_packed_gives_the_bars_to_the_bit(tmp_path, name):
    assert_same(read(parquet(tmp_path / name, HOURS), kind="parquet"), HOURS)


finite = st.floats(1e-9, 1e12, allow_subnormal=False)


@given(st.lists(st.tuples(st.lists(finite, min_size=4, max_size=4), finite), min_size=1))
def test_csv_and_parquet_agree_on_any_prices_to_the_bit(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    prices = np.array([sorted(row[0]) for row in rows]).T
    low, opens, close, high = (np.ascontiguousarray(line) for line in prices)
    volume = np.array([row[1] for row in rows])
    time = np.array(steps(len(rows), "1h"), dtype=np.int64)
    bars = Bars("BTC/USDT", frame("1h"), time, opens, high, low, close, volume)
    assert_same(read(write(folder / "bars.csv", csv_lines(bars))), bars)
    assert_same(read(write(folder / "bars.csv.gz", csv_lines(bars))), bars)
    assert_same(read(parquet(folder / "bars.parquet", bars), kind="parquet"), bars)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: "\r\n".join([*lines, ""]).encode(),
        lambda lines: "\n".join(lines).encode(),
        lambda lines: b"\xef\xbb\xbf" + "\n".join(lines).encode(),
        lambda lines: "\n\n".join([*lines, "", ""]).encode(),
        lambda lines: "\n".join(lines).replace(",", ";").encode(),
        lambda lines: "\n".join(lines).replace(",", "\t").encode(),
        lambda lines: "\n".join(lines).replace(",", " , ").encode(),
        lambda lines: "\n".join(f'"{line}"'.replace(",", '","') for line in lines).encode(),
        lambda lines: "\n".join(f"BTC,{line},x" for line in lines).encode(),
        lambda lines: "\n".join(lines).replace("open,high", "Open,HIGH").encode(),
    ],
    ids=[
        "CRLF", "no last newline", "byte order mark", "blank lines", "semicolons", "tabs",
        "spaces", "quotes", "further columns", "upper case",
    ],
)  # fmt: skip
def test_csv_dialects(tmp_path, change):
    assert_same(read(write(tmp_path / "bars.csv", change(csv_lines(HOURS)))), HOURS)


# Times

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
    assert_same(read(parquet(tmp_path / "b.parquet", HOURS, ts=time), kind="parquet"), HOURS)


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
    path = parquet(tmp_path / "b.parquet", HOURS, ts=convert(HOURS.time))
    assert_same(read(path, kind="parquet"), HOURS)


def test_parquet_dates(tmp_path):
    days = bars_at(steps(30, "1d"), "1d")
    dates = pa.array((days.time // 86_400_000).astype(np.int32), pa.int32()).cast(pa.date32())
    path = parquet(tmp_path / "b.parquet", days, ts=dates)
    assert_same(read(path, kind="parquet", timeframe="1d"), days)


def test_parquet_decimals_and_whole_numbers(tmp_path):
    whole = pa.array(HOURS.volume.astype(np.int64))
    decimal = pa.array(HOURS.open).cast(pa.decimal128(20, 4))
    path = parquet(tmp_path / "b.parquet", HOURS, volume=whole, open=decimal)
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


# Columns


def renamed(header: str, tmp_path: Path) -> Path:
    return write(tmp_path / "bars.csv", [header, *csv_lines(HOURS)[1:]])


@pytest.mark.parametrize(
    "name", ["ts", "time", "timestamp", "Date", "datetime", "open_time", "Open time"]
)
def test_the_time_is_found_by_its_usual_names(tmp_path, name):
    assert_same(read(renamed(f"{name},open,high,low,close,volume", tmp_path)), HOURS)


def test_columns_are_called_as_stated(tmp_path):
    columns = Columns("t", "o", "h", "l", "c", "v")
    assert_same(read(renamed("t,o,h,l,c,v", tmp_path), columns=columns), HOURS)


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    found = findings_of(renamed("ts,open,hihg,low,close,Vol", tmp_path))
    assert [each.code for each in found] == ["RT304", "RT304"]
    assert "`high`" in found[0].message
    assert "did you mean `hihg`?" in found[0].help
    assert "`ts`, `open`, `hihg`, `low`, `close`, `Vol`" in found[0].help
    assert "`volume`" in found[1].message
    assert found[0].span == Span(str(tmp_path / "bars.csv"), 1, 1, 1, 27)
    assert found[0].source == "ts,open,hihg,low,close,Vol"


@pytest.mark.parametrize(
    "header", ["when,open,high,low,close,volume", "tiem,open,high,low,close,volume"]
)
def test_no_time_column(tmp_path, header):
    (found,) = findings_of(renamed(header, tmp_path))
    assert found.code == "RT304"
    assert "columns: {time: ...}" in found.help


def test_two_columns_that_could_be_the_time(tmp_path):
    lines = [
        "unix,date," + HEADER.split(",", 1)[1],
        *(f"1,{line}" for line in csv_lines(HOURS)[1:]),
    ]
    (found,) = findings_of(write(tmp_path / "bars.csv", lines))
    assert "`unix` and `date`" in found.message


def test_two_columns_of_one_name(tmp_path):
    lines = [HEADER + ",close", *(f"{line},1" for line in csv_lines(HOURS)[1:])]
    (found,) = findings_of(write(tmp_path / "bars.csv", lines))
    assert found.message.endswith("2 columns are called `close`")


def test_a_file_without_a_header_is_told_from_one_with_other_names(tmp_path):
    found = findings_of(write(tmp_path / "bars.csv", csv_lines(HOURS)[1:]))
    assert all("put a header before it" in each.help for each in found)


def test_parquet_columns_are_found_alike(tmp_path):
    path = tmp_path / "b.parquet"
    pq.write_table(
        pa.table({"ts": [1], "Open": [1.0], "hgh": [1.0], "low": [1.0], "close": [1.0]}), path
    )
    found = findings_of(path, kind="parquet")
    assert ["`high`" in found[0].message, "`volume`" in found[1].message] == [True, True]
    assert "did you mean `hgh`?" in found[0].help


@pytest.mark.parametrize("name", ["ts", "open"])
def test_parquet_columns_of_an_unfit_type(tmp_path, name):
    path = parquet(tmp_path / "b.parquet", HOURS, **{name: pa.array([[1.0]] * len(HOURS))})
    (found,) = findings_of(path, kind="parquet")
    assert "list<" in found.message


# Files that are no files of bars


def test_a_file_that_is_not_there(tmp_path):
    write(tmp_path / "BTCUSDT_1h.csv", csv_lines(HOURS))
    place = Span("sources/mine.yaml", 4, 50, 4, 65)
    series = FileSeries("BTC/USDT", frame("1h"), tmp_path / "BTCUSDT_1H.csv", place)
    source = SourceDef("mine", "csv", (series,))
    with pytest.raises(Exception, match="there is no file") as caught:
        read_file(source, series)
    (found,) = caught.value.diagnostics
    assert (found.code, found.span) == ("RT301", place)
    assert "did you mean `BTCUSDT_1h.csv`?" in found.help


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder(tmp_path, kind):
    (found,) = findings_of(tmp_path, kind=kind)
    assert found.code == "RT301"
    assert "is a folder" in found.message


def test_a_folder_that_is_not_there(tmp_path):
    (found,) = findings_of(tmp_path / "no" / "such.csv")
    assert found.code == "RT301"


UNREADABLE = {
    "empty": (b"", "RT303", "is empty"),
    "header only": (HEADER.encode(), "RT303", "no rows"),
    "header and blank lines": (HEADER.encode() + b"\n\n \n", "RT303", "no rows"),
    "binary": (bytes(range(256)) * 10, "RT302", "binary"),
    "UTF-16": ("\n".join(csv_lines(HOURS)).encode("utf-16"), "RT302", "binary"),
    "latin-1 header": (b"ts,\xf6pen\n1,2\n", "RT302", "UTF-8"),
    "one endless line": (b"x" * 70_000, "RT302", "does not end"),
    "packed binary": (gzip.compress(bytes(range(256)) * 10), "RT302", "binary"),
    "prose": (b"All happy families are alike;\nevery unhappy one\n", "RT304", "no column"),
    "html": (b"<!DOCTYPE html>\n<html></html>", "RT304", "no column"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_csv_is_refused(tmp_path, case):
    content, code, words = UNREADABLE[case]
    found = findings_of(write(tmp_path / "bars.csv", content))
    assert found[0].code == code
    assert words in found[0].message


def test_gzip_that_ends_early_or_is_damaged(tmp_path):
    packed = gzip.compress("\n".join(csv_lines(HOURS)).encode())
    for content in (packed[:-20], packed[:-6] + b"000000", packed[:30] + b"\xff" * 40):
        (found,) = findings_of(write(tmp_path / "bars.csv", content))
        assert found.code == "RT302"
        assert "damaged or cut off" in found.message


def test_each_kind_recognises_the_other(tmp_path):
    path = parquet(tmp_path / "bars.csv", HOURS)
    (found,) = findings_of(path)
    assert "kind: parquet" in found.help
    (found,) = findings_of(write(tmp_path / "b.parquet", csv_lines(HOURS)), kind="parquet")
    assert "kind: csv" in found.help


def test_damaged_and_empty_parquet(tmp_path):
    path = parquet(tmp_path / "b.parquet", HOURS)
    whole = path.read_bytes()
    for content in (whole[:-10], whole[:200], b"PAR1", b"PAR1" + b"x" * 300 + b"PAR1"):
        (found,) = findings_of(write(path, content), kind="parquet")
        assert found.code == "RT302"
    assert findings_of(write(path, b""), kind="parquet")[0].code == "RT303"
    (found,) = findings_of(parquet(path, HOURS.slice(0, 0)), kind="parquet")
    assert found.code == "RT303"


def test_a_large_text_is_refused_by_its_first_line(tmp_path):
    """Sparse, so that it takes no room: reading it whole would show in memory, not only time."""
    path = write(tmp_path / "bars.csv", b"Call me Ishmael. Some years ago\n")
    os.truncate(path, 100 * 1024**3)
    assert findings_of(path)[0].code == "RT304"


def test_a_file_that_may_not_be_read_is_the_worlds_fault(tmp_path, monkeypatch):
    path = write(tmp_path / "bars.csv", csv_lines(HOURS))

    def refuse(*_args, **_settings):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    source = source_of(path)
    with pytest.raises(WorldError, match="Permission denied") as caught:
        read_file(source, source.series[0])
    assert caught.value.hint
