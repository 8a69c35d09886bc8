"""Bars written to files and read back."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtrade.core.bars import Bars
from rtrade.core.errors import UsageError, WorldError
from rtrade.core.limits import LEAST_PRICE, MOST_PRICE
from rtrade.data.exporting import ENDINGS, export, write_columns
from unit.data_support import T0, assert_same, bars_at, frame, read, steps

HOURS = bars_at(steps(30, "1h"), "1h")


def kind(ending: str) -> str:
    return ending.split(".")[1]


def back(path: Path, timeframe: str = "1h") -> Bars:
    return read(path, kind=kind("." + path.name.split(".", 1)[1]), timeframe=timeframe)


@pytest.mark.parametrize("ending", ENDINGS)
def test_bars_come_back_to_the_bit(tmp_path, ending):
    path = tmp_path / f"bars{ending}"
    export(HOURS, path)
    assert_same(back(path), HOURS)


positive = st.floats(min_value=LEAST_PRICE, max_value=MOST_PRICE)


@given(
    st.lists(
        st.tuples(st.lists(positive, min_size=4, max_size=4).map(sorted), st.floats(0.0, 1.7e308)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(ENDINGS),
)
def test_any_numbers_come_back_to_the_bit(tmp_path_factory, rows, ending):
    low, opens, close, high = np.array([row[0] for row in rows]).T.copy()
    volume = np.array([row[1] for row in rows])
    time = np.array(steps(len(rows), "1h"))
    bars = Bars("BTC/USDT", frame("1h"), time, opens, high, low, close, volume)
    path = tmp_path_factory.mktemp("any") / f"bars{ending}"
    export(bars, path)
    assert_same(back(path), bars)


def test_csv_is_what_everybody_reads(tmp_path):
    path = tmp_path / "bars.csv"
    export(HOURS.slice(0, 2), path)
    assert path.read_text() == (
        f"ts,open,high,low,close,volume\n{T0},100,102,98,101,1\n{T0 + 3_600_000},101,104,98,101,2\n"
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_equal_bars_make_equal_bytes(tmp_path, ending):
    one, other = tmp_path / f"one{ending}", tmp_path / f"other{ending}"
    export(HOURS, one)
    export(HOURS, other)
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes().startswith(b"\x1f\x8b") == ending.endswith(".gz")


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "bars.csv.gz"
    path.write_text("something else")
    export(HOURS, path)
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 31
    assert [each.name for each in tmp_path.iterdir()] == ["bars.csv.gz"]


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match=r"bars\.xlsx") as caught:
        export(HOURS, tmp_path / "bars.xlsx")
    assert ".parquet" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path):
    with pytest.raises(WorldError, match="cannot write") as caught:
        export(HOURS, tmp_path / "nowhere" / "bars.csv")
    assert caught.value.hint
    (tmp_path / "bars.csv").mkdir()
    with pytest.raises(WorldError, match="cannot write"):
        export(HOURS, tmp_path / "bars.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["bars.csv"]


def test_no_bars_are_a_header(tmp_path):
    path = tmp_path / "bars.csv"
    export(HOURS.slice(0, 0), path)
    assert path.read_text() == "ts,open,high,low,close,volume\n"


def test_what_is_unknown_is_an_empty_cell(tmp_path):
    columns = {"ts": np.array([1, 2]), "vwap": np.array([np.nan, 0.1])}
    write_columns(tmp_path / "vwap.csv", columns)
    assert (tmp_path / "vwap.csv").read_text() == "ts,vwap\n1,\n2,0.1\n"
    write_columns(tmp_path / "vwap.parquet", columns)
    assert pq.read_table(tmp_path / "vwap.parquet").column("vwap").to_pylist() == [None, 0.1]


@pytest.mark.realdata
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_real_hours_come_back_to_the_bit(real_data, tmp_path, ending):
    bars = read(real_data / "BTCUSDT_1h_2017_2024.csv.gz")
    path = tmp_path / f"bars{ending}"
    export(bars, path)
    assert_same(back(path), bars)
