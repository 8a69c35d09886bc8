"""What the real market files hold, read through sources of our own."""

from __future__ import annotations

import gzip

import pytest

from rtrade.config.definitions import FileSeries, SourceDef
from rtrade.core.timeframes import iso, parse_time
from rtrade.data.loading import load
from rtrade.plan.plan import SeriesNeed
from unit.data_support import assert_same, findings_of, frame, read

pytestmark = pytest.mark.realdata

HOURS = "BTCUSDT_1h_2017_2024.csv.gz"


def source(folder, timeframe: str = "1h") -> SourceDef:
    return SourceDef("real", "csv", (FileSeries("BTC/USDT", frame(timeframe), folder / HOURS),))


def needs(timeframe: str = "1h", lookback: int = 0) -> list[SeriesNeed]:
    return [SeriesNeed("", "BTC/USDT", frame(timeframe), lookback)]


def test_the_hours_have_28_gaps_of_128_bars(real_data):
    data = load(source(real_data), needs(), start=None, end=None)
    assert len(data.bars) == 58_419
    assert data.bars.gaps() == (28, 128)
    assert iso(int(data.bars.time[0])) == "2017-08-17T04:00:00Z"
    assert iso(int(data.bars.time[-1])) == "2024-04-21T14:00:00Z"
    assert (data.warnings, data.synthetic) == ((), False)


def test_a_year_of_hours_with_its_look_back(real_data):
    data = load(
        source(real_data),
        needs(lookback=200),
        start=parse_time("2023-01-01"),
        end=parse_time("2024-01-01"),
    )
    assert len(data.bars) == 365 * 24 - 1  # one bar is missing on 2023-03-24
    assert data.first == 200
    assert data.warnings == ()


def test_days_made_of_hours_are_those_that_the_exchange_made(real_data):
    """Days that lack hours may differ; the archives agree on the rest."""
    made = load(source(real_data), needs("1d"), start=parse_time("2017-08-18"), end=None).bars
    days = read(real_data / "BTCUSDT_1d_2017_2025.csv.gz", timeframe="1d")
    first = days.time.tolist().index(int(made.time[0]))
    days = days.slice(first, first + len(made))
    assert days.time.tolist() == made.time.tolist()
    for name in ("open", "high", "low", "close"):
        differ = getattr(days, name) != getattr(made, name)
        assert differ.sum() <= 28


def test_the_other_files_are_clean(real_data):
    for name in ("BTCUSDT_5m_2024.csv.gz", "ETHUSDT_5m_2024.csv.gz"):
        assert len(read(real_data / name, timeframe="5m")) == 71_769


def test_hours_unpacked_are_the_same_hours(real_data, tmp_path):
    packed = real_data / HOURS
    plain = tmp_path / "hours.csv"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    assert_same(read(plain), read(packed))


def test_hours_stated_as_quarters(real_data):
    (found,) = findings_of(real_data / HOURS, timeframe="15m")
    assert found.code == "RT311"


def test_funding_rates_are_not_bars(real_data):
    found = findings_of(real_data / "BTCUSDT_funding_2019_2026.csv", timeframe="8h")
    assert {each.code for each in found} == {"RT304"}
