"""The record of a run: what identifies it, what is written, and that it is the same every time."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from rtrade.analysis.benchmark import benchmark_equity
from rtrade.analysis.fingerprint import fingerprint, run_id
from rtrade.analysis.metrics import measure
from rtrade.analysis.record import RunRecord, build, to_json
from rtrade.analysis.schema import result_schema
from rtrade.analysis.warnings import warnings_of
from rtrade.config.schema_parts import dump
from rtrade.core.bars import Filters, MarketData
from rtrade.core.errors import EngineFault
from rtrade.core.quality import QualitySummary
from rtrade.core.timeframes import Timeframe, iso
from unit.analysis_cases import FREE, bars_of, fill_of, market_of, plan_of, result_of, trade_of

ROOT = Path(__file__).parents[2]
FILTERS = Filters(lot=Decimal("0.00001"), tick=Decimal("0.01"), min_notional=5.0)


def example_record(market: MarketData | None = None) -> RunRecord:
    plan = plan_of()
    market = market or market_of(
        bars_of([90.0, 100.0, 101.5, 99.0], skip={3: 2}), first=1, filters=FILTERS
    )
    bars = market.bars
    result = replace(
        result_of(
            [1000.1, 1030.0, 970.0],
            position=[0.5, -0.25, -0.0],
            trades=[trade_of(30.0, 0.3), trade_of(-1.0, -0.01, closed=False)],
            fills=[fill_of(0.5, 100.0, 99.9, fee=0.05)],
        ),
        refused={"below_minimum": 2, "conflict": 1, "cooldown": 0},
    )
    metrics = measure(result, bars, cash=1000.0, costs=FREE, filters=market.filters)
    return build(
        plan,
        market,
        result,
        metrics,
        fingerprint=fingerprint(b"{}", market, fill_rules=1, kernels="1"),
        benchmark=benchmark_equity(bars, 1000.0, FREE, market.filters),
        warnings=warnings_of(plan, market, result, metrics),
    )


# Identity


def market(**changes) -> MarketData:
    return market_of(bars_of([1.0, 2.0, 3.0]), filters=FILTERS, **changes)


def print_of(where: MarketData, plan: bytes = b"{}", **versions) -> str:
    return fingerprint(plan, where, **{"fill_rules": 1, "kernels": "1"} | versions)


def test_whatever_can_change_a_result_changes_the_fingerprint() -> None:
    other = bars_of([5.0, 6.0], symbol="ETH/USDT")
    prints = [
        print_of(market()),
        print_of(market(), plan=b"[]"),
        print_of(market(), fill_rules=2),
        print_of(market(), kernels="2"),
        print_of(market(), answers="0" * 64),
        print_of(market(source="other")),
        print_of(market(first=1)),
        print_of(replace(market(), filters=Filters())),
        print_of(replace(market(), filters=replace(FILTERS, tick=None))),
        print_of(replace(market(), filters=replace(FILTERS, min_notional=None))),
        print_of(replace(market(), base=bars_of([1.0, 2.0, 3.000000001]))),
        print_of(replace(market(), base=bars_of([1.0, 2.0, 3.0], symbol="ETH/USDT"))),
        print_of(replace(market(), base=bars_of([1.0, 2.0, 3.0], timeframe=Timeframe.parse("1h")))),
        print_of(market(quality=QualitySummary(filled=1))),
        print_of(market(quality=QualitySummary(outliers=1))),
        print_of(market(quality=QualitySummary(partial=1))),
        print_of(market(quality=QualitySummary(repaired=1))),
        print_of(market(quality=QualitySummary(dropped=1))),
        print_of(market(others={"eth": other})),
        print_of(market(others={"eth": bars_of([5.0, 6.5], symbol="ETH/USDT")})),
    ]
    assert len(set(prints)) == len(prints)
    assert all(len(text) == 64 and int(text, 16) >= 0 for text in prints)


def test_how_it_is_written_does_not_change_the_fingerprint() -> None:
    a, b = bars_of([1.0], symbol="A/USDT"), bars_of([2.0], symbol="B/USDT")
    assert print_of(market(others={"a": a, "b": b})) == print_of(market(others={"b": b, "a": a}))
    same = replace(FILTERS, lot=Decimal("1.0e-5"))
    assert print_of(replace(market(), filters=same)) == print_of(market())
    told = market(warnings=("something",), resampled_from=Timeframe.parse("1m"))
    assert print_of(told) == print_of(market())
    # What the bars say themselves, and what the result does not say.
    shown = QualitySummary(gaps=1, missing=2, longest_gap=2, halts=3, corrected=4)
    assert print_of(market(quality=shown)) == print_of(market())


def test_bars_before_the_run_count() -> None:
    base = bars_of([9.0, 2.0, 3.0])
    assert print_of(replace(market(first=1), base=base)) != print_of(market(first=1))


def test_run_ids_name_strategy_fingerprint_and_engine() -> None:
    # sha256("abcbacktrader") and sha256("abccompiled"), as `sha256sum` prints them.
    assert run_id("sma", "abc", "backtrader") == "sma-1e531581f1"
    assert run_id("sma", "abc", "compiled") == "sma-0d1c3f4e3f"


# The document


def test_the_document_has_the_keys_of_the_contract_in_order() -> None:
    document = example_record().document()
    assert list(document) == [
        "run_id", "fingerprint", "strategy", "engine", "data", "metrics", "trades", "refused",
        "warnings", "diagnoses",
    ]  # fmt: skip
    assert list(document["data"]) == [
        "source", "symbol", "timeframe", "start", "end", "bars", "gaps", "missing", "quality",
        "filters", "sha256", "synthetic",
    ]  # fmt: skip
    assert list(document["trades"][0]) == [
        "symbol", "side", "entry_time", "entry_price", "exit_time", "exit_price", "size", "pnl",
        "return", "fees", "bars", "entry_reason", "exit_reason",
    ]  # fmt: skip
    assert list(document["metrics"])[:3] == ["final_equity", "total_return", "cagr"]


def test_the_data_of_the_run() -> None:
    record = example_record()
    data = record.document()["data"]
    # Four bars are read, the first of them before the run; two days are missing before the last.
    assert (data["bars"], data["gaps"], data["missing"]) == (3, 1, 2)
    assert (data["start"], data["end"]) == ("2024-01-02T00:00:00Z", "2024-01-07T00:00:00Z")
    assert list(data["quality"].values()) == [0, 0, 0, 0, 0, 0, 2]
    assert data["filters"] == {"lot": 0.00001, "tick": 0.01, "min_notional": 5.0}
    assert data["sha256"] == bars_of([90.0, 100.0, 101.5, 99.0], skip={3: 2}).digest()


def test_refusals_are_listed_where_there_are_any() -> None:
    assert example_record().document()["refused"] == {"conflict": 1, "below_minimum": 2}
    assert list(example_record().document()["refused"]) == ["conflict", "below_minimum"]


def test_documents_fit_the_schema() -> None:
    document = json.loads(example_record().result_json())
    check = jsonschema.Draft7Validator(result_schema())
    check.validate(document)
    check.validate(document | {"report": "/somewhere/report.html"})
    empty = market_of(bars_of([]))
    result = result_of([])
    metrics = measure(result, empty.bars, cash=1.0, costs=FREE, filters=empty.filters)
    bare = build(
        plan_of(), empty, result, metrics, fingerprint="0" * 64, benchmark=np.zeros(0), warnings=()
    )
    check.validate(json.loads(bare.result_json()))
    for broken in (
        document | {"more": 1},
        document | {"metrics": {}},
        document | {"refused": {"because": 1}},
        document | {"fingerprint": "short"},
    ):
        assert not check.is_valid(broken)


def test_the_schema_is_valid_current_and_describes_everything() -> None:
    schema = result_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    path = ROOT / "schemas" / "result.schema.json"
    assert path.read_text(encoding="utf-8") == dump(schema), "run `make docs`"

    def described(part: dict) -> None:
        assert part["description"]
        for child in part.get("properties", {}).values():
            described(child)
        if "items" in part:
            described(part["items"])

    described(schema)


# The bytes


def test_json_is_plain_utf8_and_round_trips() -> None:
    text = to_json({"b": 0.1, "a": 1e-8, "é": "→"})
    assert text == '{\n  "b": 0.1,\n  "a": 1e-08,\n  "é": "→"\n}\n'.encode()
    assert json.loads(to_json({"x": "\ud800"})) == {"x": "\ud800"}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_refuses_what_is_not_a_number(number: float) -> None:
    with pytest.raises(EngineFault, match="not finite"):
        to_json({"x": number})


def test_equal_runs_are_equal_bytes_in_every_process() -> None:
    record = example_record()
    here = [record.result_json(), record.trades_csv().encode(), record.equity_csv().encode()]
    script = (
        "import sys; from unit.test_analysis_record import example_record as r; r = r();"
        "sys.stdout.buffer.write(r.result_json() + r.trades_csv().encode()"
        " + r.equity_csv().encode())"
    )
    for seed in ("0", "4242"):
        env = os.environ | {
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "framework"), str(ROOT / "tests")]),
        }
        there = subprocess.run(
            [sys.executable, "-c", script], env=env, check=True, capture_output=True
        ).stdout
        assert there == b"".join(here)


def test_the_result_names_no_place_time_or_machine() -> None:
    text = example_record().result_json().decode()
    for word in (str(ROOT), str(Path.home()), sys.version.split()[0]):
        assert word not in text


# The tables


def test_trades_csv_has_the_trades_of_the_result() -> None:
    record = example_record()
    text = record.trades_csv()
    assert "\r" not in text
    assert text.endswith("\n")
    rows = list(csv.DictReader(io.StringIO(text)))
    trades = record.document()["trades"]
    assert [list(row) for row in rows] == [list(trade) for trade in trades]
    for row, trade in zip(rows, trades, strict=True):
        for key, value in trade.items():
            assert row[key] == (
                "" if value is None else value if isinstance(value, str) else repr(value)
            )
    assert (rows[1]["exit_time"], rows[1]["pnl"]) == ("", "-1.0")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_spreadsheets_run_nothing(start: str) -> None:
    evil = f'{start}HYPERLINK("x"),1'
    record = example_record()
    record = replace(record, trades=(record.trades[0]._replace(symbol=evil),))
    row = next(csv.DictReader(io.StringIO(record.trades_csv(), newline="")))
    assert row["symbol"] == f"'{evil}"
    assert row["side"] == "long"


def test_equity_csv_keeps_every_digit() -> None:
    record = example_record()
    lines = record.equity_csv().split("\n")
    assert lines[0] == "time,equity,position,benchmark"
    assert lines[1].startswith("2024-01-02T00:00:00Z,1000.1,0.5,")
    assert lines[3].split(",")[2] == "0.0"  # not -0.0
    assert lines[4:] == [""]
    for line, value in zip(lines[1:4], record.benchmark, strict=True):
        assert float(line.split(",")[3]) == value


def test_equity_csv_repeats_what_stays() -> None:
    record = example_record()
    columns = {
        "equity": [0.1, 0.1, 0.30000000000000004],
        "position": [0.0, -0.0, 1e22],
        "benchmark": [5e-324, 5e-324, 5e-324],
    }
    record = replace(record, **{name: np.array(values) for name, values in columns.items()})
    rows = list(csv.DictReader(io.StringIO(record.equity_csv())))
    for name, values in columns.items():
        assert [row[name] for row in rows] == [repr(value + 0.0) for value in values]


@pytest.mark.parametrize("offset", [0, 1, 250])
def test_times_of_the_equity_table_are_those_of_the_result(offset: int) -> None:
    record = example_record()
    record = replace(record, time=record.time + offset)
    times = [line.split(",")[0] for line in record.equity_csv().split("\n")[1:4]]
    assert times == [iso(at) for at in record.time.tolist()]


def test_the_quality_of_the_bars_stands_in_the_document() -> None:
    found = QualitySummary(filled=1, halts=2, outliers=3, partial=4, repaired=5, dropped=6)
    base = bars_of([1.0, 2.0, 3.0], skip={2: 7})
    where = market_of(base, quality=replace(found, corrected=9))
    record = example_record(where)
    assert record.document()["data"]["quality"] == {
        "filled": 1, "halts": 2, "outliers": 3, "partial": 4, "repaired": 5, "dropped": 6,
        "longest_gap": 7,
    }  # fmt: skip
