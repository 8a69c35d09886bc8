"""The example sources that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtrade.config.loading import load_source
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import YEAR, parse_time
from rtrade.data.loading import load
from rtrade.plan.plan import SeriesNeed
from unit.data_support import csv_lines, frame
from unit.test_data_synthetic import SAMPLE, SEED

SOURCES = Path(__file__).parents[2] / "datasources"


def needs(timeframe: str) -> list[SeriesNeed]:
    return [SeriesNeed("", "BTC/USDT", frame(timeframe), 10)]


def test_the_sample_is_the_series_whose_content_is_fixed():
    source = load_source(SOURCES / "sample.yaml")
    assert (source.kind, source.seed, source.series) == ("synthetic", SEED, (SAMPLE,))


@pytest.mark.parametrize(
    ("timeframe", "bars"),
    [("5m", 315_360), ("15m", 105_120), ("1h", 26_280), ("4h", 6570), ("1d", 1095), ("1w", 156)],
)
def test_the_sample_serves_every_usual_timeframe(timeframe, bars):
    data = load(load_source(SOURCES / "sample.yaml"), needs(timeframe), start=None, end=None)
    assert len(data.bars) == bars
    assert data.bars.gaps() == (0, 0)
    assert data.warnings == ()
    assert data.synthetic
    assert data.filters_stated


def test_the_sample_says_what_it_has():
    source = load_source(SOURCES / "sample.yaml")
    data = load(source, needs("1h"), start=None, end=None, last=YEAR)
    assert (data.bars.time[0], data.first) == (parse_time("2023-01-01"), 10)
    assert data.resampled_from == frame("5m")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_file_examples_decode_and_miss_only_their_file(kind):
    source = load_source(SOURCES / f"{kind}.yaml")
    assert source.kind == kind
    with pytest.raises(InvalidInput) as caught:
        load(source, needs("1h"), start=None, end=None)
    (found,) = caught.value.diagnostics
    assert found.code == "RT301"
    assert found.span.file.endswith(f"{kind}.yaml")
    assert "path: ../data/" in found.source


def test_the_csv_example_reads_a_file_put_in_its_place(tmp_path):
    (tmp_path / "datasources").mkdir()
    (tmp_path / "data").mkdir()
    path = tmp_path / "datasources" / "csv.yaml"
    path.write_text((SOURCES / "csv.yaml").read_text().replace(".csv.gz", ".csv"))
    sample = load(load_source(SOURCES / "sample.yaml"), needs("1h"), start=None, end=None).bars
    (tmp_path / "data" / "BTCUSDT_1h.csv").write_text("\n".join(csv_lines(sample)))
    mine = load(load_source(path), needs("1h"), start=None, end=None)
    assert mine.bars.digest() == sample.digest()
    assert (mine.source, mine.synthetic) == ("csv", False)
