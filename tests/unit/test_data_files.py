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
from rtrade.core.bars import Bars
from rtrade.core.diagnostics import Span
from rtrade.core.errors import WorldError
from rtrade.data.files import read_file
from unit.data_support import (
    HEADER,
    assert_same,
    bars_at,
    csv_lines,
    findings_of,
    frame,
    read,
    source_of,
    steps,
    write,
    write_parquet,
)

HOURS = bars_at(steps(30, "1h"), "1h")
HOUR = 3_600_000


# The same bars in any clothes


@pytest.mark.parametrize("name", ["bars.csv", "bars.csv.gz", "bars.txt"])
def test_a_csv_file_plain_or_packed_gives_the_bars_to_the_bit(tmp_path, name):
    assert_same(read(write(tmp_path / name, csv_lines(HOURS))), HOURS)


@pytest.mark.parametrize("name", ["bars.parquet", "bars.parquet.gz"])
def test_a_parquet_file_plain_or_packed_gives_the_bars_to_the_bit(tmp_path, name):
    assert_same(read(write_parquet(tmp_path / name, HOURS), kind="parquet"), HOURS)


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
    assert_same(read(write_parquet(folder / "bars.parquet", bars), kind="parquet"), bars)


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
    assert ["put one before it" in each.help for each in found] == [True]


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
    path = write_parquet(tmp_path / "b.parquet", HOURS, **{name: pa.array([[1.0]] * len(HOURS))})
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
    "html": (b"<!DOCTYPE html>\n<html></html>", "RT304", "one column only"),
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
    path = write_parquet(tmp_path / "bars.csv", HOURS)
    (found,) = findings_of(path)
    assert "kind: parquet" in found.help
    (found,) = findings_of(write(tmp_path / "b.parquet", csv_lines(HOURS)), kind="parquet")
    assert "kind: csv" in found.help


def test_damaged_and_empty_parquet(tmp_path):
    path = write_parquet(tmp_path / "b.parquet", HOURS)
    whole = path.read_bytes()
    for content in (whole[:-10], whole[:200], b"PAR1", b"PAR1" + b"x" * 300 + b"PAR1"):
        (found,) = findings_of(write(path, content), kind="parquet")
        assert found.code == "RT302"
    assert findings_of(write(path, b""), kind="parquet")[0].code == "RT303"
    (found,) = findings_of(write_parquet(path, HOURS.slice(0, 0)), kind="parquet")
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
