"""Source files, and what a source's name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtrade.config.definitions import (
    Columns,
    FileSeries,
    FiltersDef,
    SyntheticSeries,
)
from rtrade.config.loading import find_source, find_workspace, load_source, load_strategy
from rtrade.config.overrides import Overrides
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import HOUR, MINUTE, Timeframe, parse_time
from unit.config_strategies import MINIMAL, ROOT, marked, minimal

CSV = """\
rtrade: 1
kind: csv
series:
  - {symbol: BTC/USDT, timeframe: 1h, path: bars/btc.csv.gz}
  - {symbol: ETH/USDT, timeframe: 1h, path: /data/eth.csv}
columns: {time: ts}
time_unit: ms
filters: {lot: 1e-5, tick: 0.010, min_notional: 5 USDT}
"""
SYNTHETIC = """\
rtrade: 1
kind: synthetic
seed: 14
series:
  - {symbol: BTC/USDT, timeframe: 5m, start: 2021-01-01, bars: 10, price: 20000, volatility: 60%}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def findings(folder: Path, text: str) -> list[Diagnostic]:
    with pytest.raises(InvalidInput) as caught:
        load_source(written(folder, text))
    return list(caught.value.diagnostics)


def test_a_source_of_files(tmp_path):
    source = load_source(written(tmp_path, CSV))
    hour = Timeframe(HOUR)
    assert (source.name, source.kind, source.time_unit, source.seed) == ("mine", "csv", "ms", None)
    assert source.series == (
        FileSeries("BTC/USDT", hour, tmp_path / "bars" / "btc.csv.gz"),
        FileSeries("ETH/USDT", hour, Path("/data/eth.csv")),
    )
    assert source.columns == Columns(time="ts")
    assert source.filters == FiltersDef(lot="0.00001", tick="0.01", min_notional=5.0)


def test_paths_count_from_the_source_file_wherever_one_stands(tmp_path, monkeypatch):
    written(tmp_path, CSV)
    monkeypatch.chdir(tmp_path)
    assert load_source(Path("mine.yaml")).series[0].path == tmp_path / "bars" / "btc.csv.gz"


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    text = CSV.replace("bars/btc.csv.gz", "~/btc.csv")
    assert load_source(written(tmp_path, text)).series[0].path == tmp_path / "btc.csv"


def test_a_generated_source(tmp_path):
    source = load_source(written(tmp_path, SYNTHETIC))
    assert (source.kind, source.seed, source.filters) == ("synthetic", 14, None)
    start = parse_time("2021-01-01")
    assert source.series == (
        SyntheticSeries("BTC/USDT", Timeframe(5 * MINUTE), start, 10, 20000.0, 0.6),
    )


@pytest.mark.parametrize("path", sorted(ROOT.glob("datasources/*.yaml")), ids=lambda p: p.stem)
def test_shipped_sources_are_decoded(path):
    assert load_source(path).name == path.stem


@pytest.mark.parametrize("step", ["0.00001", "1e-5", "0.000010", "1.0E-5"])
def test_a_step_is_exactly_what_is_written(tmp_path, step):
    source = load_source(written(tmp_path, CSV.replace("lot: 1e-5", f"lot: {step}")))
    assert source.filters.lot == "0.00001"
    long = "0.1234567890123456789"
    source = load_source(written(tmp_path, CSV.replace("tick: 0.010", f"tick: {long}")))
    assert source.filters.tick == long


@pytest.mark.parametrize(
    ("lot", "problem"),
    [
        ("0.1234567890123456", "has more than 15 digits, or 18 after the point"),
        ("1.0001e-15", "has more than 15 digits, or 18 after the point"),
    ],
)
def test_a_lot_that_sizes_cannot_be_counted_in_is_refused(tmp_path, lot, problem):
    with pytest.raises(InvalidInput) as refused:
        load_source(written(tmp_path, CSV.replace("lot: 1e-5", f"lot: {lot}")))
    [finding] = refused.value.diagnostics
    assert (finding.code, finding.message) == ("RT026", f"`lot` {problem}: {lot}")


CASES = [
    (CSV, "kind: csv", "kind: cvs", "cvs", "RT023", "`kind` cannot be `cvs`",
     "did you mean `csv`?"),
    (CSV, "time_unit: ms", "time_unit: MS", "MS", "RT023", "`time_unit` cannot be `MS`",
     "did you mean `ms`?"),
    (CSV, "time_unit: ms", "seed: 3", "seed", "RT021",
     "`seed` has no meaning in a source of `kind: csv`", "remove it"),
    (CSV, ", path: /data/eth.csv", ", path: x, price: 3", "price", "RT021",
     "`price` has no meaning in a source of `kind: csv`", "remove it"),
    (CSV, ", path: /data/eth.csv", "", "{symbol: ETH/USDT, timeframe: 1h}", "RT022",
     "the key `path` is missing in `series`", "add `path: BTCUSDT_1h.csv.gz`"),
    (CSV, "path: /data/eth.csv", "pth: x", "pth", "RT021", "unknown key `pth` in `series`",
     "did you mean `path`?"),
    (CSV, "{time: ts}", "{tme: ts}", "tme", "RT021", "unknown key `tme` in `columns`",
     "did you mean `time`?"),
    (CSV, "ETH/USDT", "BTC/USDT", "{symbol: BTC/USDT, timeframe: 1h, path: /data/eth.csv}",
     "RT029", "BTC/USDT at 1h is given twice; the first is item 1", "remove one of the two"),
    (CSV, "/data/eth.csv", '"${env:HOME}/eth.csv"', '"${env:HOME}/eth.csv"', "RT028",
     "`path` reads the environment; only `api_key` and `secret` may", "write the value out"),
    (CSV, "5 USDT", "5 EUR", "5 EUR", "RT029",
     "`min_notional` is in EUR, and the symbol is quoted in USDT", "write the amount in USDT"),
    (CSV, "lot: 1e-5", "lot: 0", "0", "RT026",
     "`lot` must be at least 0.000000000000001, not `0`", None),
    (SYNTHETIC, "seed: 14\n", "", "r", "RT022", "the key `seed` is missing", "add `seed: 14`"),
    (SYNTHETIC, "bars: 10", "bars: 0", "0", "RT026",
     "`bars` must be at least 1 and at most 10000000, not `0`", None),
    (SYNTHETIC, "60%", "0.6", "0.6", "RT024", "`volatility` needs a unit: `0.6` has none",
     "write `60%` or `0.6%`, whichever is meant"),
    (SYNTHETIC, "timeframe: 5m", "timeframe: 1M", "1M", "RT029",
     "bars of 1M cannot be generated: months differ in length",
     "generate `1d`; months are put together from days where they are asked for"),
    (SYNTHETIC, "2021-01-01", "2021-01-01T00:03Z", "2021-01-01T00:03Z", "RT029",
     "`start` is not the open time of a 5m bar", "write `2021-01-01T00:00:00Z`"),
    (SYNTHETIC, "seed: 14", "seed: 14\ntime_unit: s", "time_unit", "RT021",
     "`time_unit` has no meaning in a source of `kind: synthetic`", "remove it"),
    (CSV, "rtrade: 1", "rtrade: 1\nweather: x", "weather", "RT021",
     "unknown key `weather` in the file",
     "the keys are `rtrade`, `kind`, `series`, `columns`, `time_unit`, `filters`, `quality`"),
    (CSV, "rtrade: 1", "rtrade: 1\napi_key: ${env:KEY}", "api_key", "RT021",
     "`api_key` has no meaning in a source of `kind: csv`", "remove it"),
    (CSV, "series:\n", "serie:\n", "serie", "RT021", "unknown key `serie` in the file",
     "did you mean `series`?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "old", "new", "mark", "code", "message", "remedy"),
    CASES,
    ids=[case[5] for case in CASES],
)
def test_a_mistake_is_named_marked_and_mended(
    tmp_path, text, old, new, mark, code, message, remedy
):
    assert old in text
    [found] = findings(tmp_path, text.replace(old, new))
    assert (found.code, found.message, found.help) == (code, message, remedy)
    assert marked(found) == mark


# Names.


def workspace(folder: Path) -> Path:
    (folder / "datasources").mkdir()
    (folder / "datasources" / "mine.yaml").write_text(CSV)
    return folder


def refused(name: str, folder: Path, **given) -> Diagnostic:
    with pytest.raises(InvalidInput) as caught:
        find_source(name, folder, **given)
    [found] = caught.value.diagnostics
    return found


def test_a_name_means_the_workspaces_file_then_the_shipped_one(tmp_path):
    folder = workspace(tmp_path)
    assert find_source("mine", folder) == folder / "datasources" / "mine.yaml"
    assert find_source("sample", folder) == ROOT / "datasources" / "sample.yaml"
    (folder / "datasources" / "sample.yaml").write_text(SYNTHETIC)
    assert find_source("sample", folder) == folder / "datasources" / "sample.yaml"


@pytest.mark.parametrize("path", ["x.yaml", "a/b", "/a/b.yaml", "../up"])
def test_a_path_is_a_path(tmp_path, path):
    assert find_source(path, tmp_path) == Path(path)


def test_an_unknown_name_shows_the_closest(tmp_path):
    found = refused("smaple", workspace(tmp_path))
    assert (found.code, found.message) == ("RT031", "there is no source `smaple`")
    assert found.help == "did you mean `sample`?"
    names = "`binance`, `csv`, `local_llm`, `mine`, `openai`, `parquet`, `sample`"
    assert refused("qqq", tmp_path).help == (
        f"there are {names}; add your own in `{tmp_path / 'datasources'}`"
    )


@pytest.mark.parametrize("name", ["", "..", ".", "a b", "x\0y", "ä"])
def test_what_is_no_name_is_refused(tmp_path, name):
    assert refused(name, tmp_path).code == "RT025"


def test_a_name_does_not_lead_out_of_the_workspace(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    workspace(inside)
    target = written(outside, CSV)
    (inside / "datasources" / "far.yaml").symlink_to(target)
    (inside / "datasources" / "near.yaml").symlink_to(inside / "datasources" / "mine.yaml")
    found = refused("far", inside)
    assert found.code == "RT032"
    assert found.message == "the source `far` is a link that leads out of the workspace"
    assert found.help == f"`--source {target}` takes it from there"
    assert find_source("near", inside).name == "near.yaml"


def test_an_unknown_name_is_shown_where_it_was_given(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(minimal(data="{source: nowhere, symbol: BTC/USDT, timeframe: 1h}"))
    definition = load_strategy(path)
    assert marked(refused("nowhere", tmp_path, document=definition.document)) == "nowhere"
    definition = load_strategy(path, Overrides(source="elsewhere"))
    found = refused("elsewhere", tmp_path, document=definition.document)
    assert (found.span.file, marked(found)) == ("--source", "elsewhere")


def test_the_workspace_is_the_nearest_folder_with_strategies_or_sources(tmp_path, monkeypatch):
    inner = tmp_path / "a" / "strategies" / "deep"
    inner.mkdir(parents=True)
    assert find_workspace(inner / "x.yaml") == tmp_path / "a"
    monkeypatch.chdir(inner)
    assert find_workspace(Path("x.yaml")) == tmp_path / "a"
    assert find_workspace(Path("../x.yaml")) == tmp_path / "a"
    assert find_workspace(None) == tmp_path / "a"


def test_a_file_outside_any_workspace_belongs_to_the_working_folder(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    assert find_workspace(there / "x.yaml") == here
    assert find_workspace(None) == here


def test_a_linked_strategy_belongs_to_where_the_link_is(tmp_path):
    folder = workspace(tmp_path)
    (folder / "strategies").mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.yaml").write_text(MINIMAL)
    link = folder / "strategies" / "x.yaml"
    link.symlink_to(other / "x.yaml")
    assert find_workspace(link) == folder


def test_a_strategy_is_loaded_from_its_path(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(MINIMAL)
    assert load_strategy(path).name == "small"
    assert load_strategy(path, Overrides(sets=("name=other",))).name == "other"
    with pytest.raises(InvalidInput):
        load_strategy(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted(ROOT.glob("strategies/*.yaml")), ids=lambda p: p.stem)
def test_shipped_strategies_are_loaded(path):
    assert load_strategy(path).name == path.stem
