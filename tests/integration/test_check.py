"""`rtrade check`: planted faults are found, each at its place; clean strategies raise nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from integration.planted import CLEAN, FAULTY, PLANTED, strategy
from integration.test_cli import ROOT, rtrade
from rtrade.catalog.installed import registry
from rtrade.config.overrides import Overrides
from rtrade.core.diagnostics import Diagnostic
from rtrade.workflow.checking import Checked, check_strategy

SOURCE = """\
rtrade: 1
kind: synthetic
seed: 7
series:
  - {symbol: BTC/USDT, timeframe: 1h, start: 2024-01-01, bars: 3000, price: 40000, volatility: 60%}
"""
SHIPPED = sorted((ROOT / "strategies").glob("*.yaml"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    (folder / "strategies").mkdir()
    (folder / "datasources").mkdir()
    (folder / "datasources" / "bars.yaml").write_text(SOURCE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module", autouse=True)
def faulty() -> Iterator[None]:
    """Functions at fault, in the catalog for as long as these tests run."""
    for entry, kernel in FAULTY.values():
        registry().add(replace(entry, kernel=kernel))
    yield
    for name in FAULTY:
        del registry()._entries[name]


def check(workspace: Path, text: str) -> Checked:
    path = workspace / "strategies" / "it.yaml"
    path.write_text(text, encoding="utf-8")
    return check_strategy(path, Overrides(), engine="backtrader")


def shown(found: Diagnostic) -> str:
    """The text of a file that a finding points at."""
    assert found.span is not None
    assert found.source is not None
    return found.source[found.span.column - 1 : found.span.end_column - 1]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found_at_its_place(fault: str, workspace: Path) -> None:
    text, code, place = PLANTED[fault]
    checked = check(workspace, text)
    found = [one for one in checked.findings if one.code == code]
    assert found, [one.message for one in checked.findings]
    assert any(place in shown(one) for one in found)


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_strategy_raises_nothing(name: str, workspace: Path) -> None:
    checked = check(workspace, CLEAN[name])
    assert [(one.code, one.message) for one in checked.findings] == []
    assert checked.causality.cuts >= 40
    assert checked.causality.runs == 6
    assert checked.startup.starts == 5


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_clean(path: Path, workspace: Path) -> None:
    assert check_strategy(path, Overrides(last="120d"), engine="backtrader").clean


def test_enough_is_planted_and_enough_is_clean() -> None:
    assert len(PLANTED) >= 30
    assert len(CLEAN) >= 100


def test_a_leak_is_told_once_where_it_begins(workspace: Path) -> None:
    text = strategy("sma(tomorrow(close, 1), 5) > close and ema(tomorrow(close, 1), 9) > close")
    checked = check(workspace, text)
    assert [(one.code, shown(one)) for one in checked.findings] == [("RT151", "tomorrow(close, 1)")]


def test_the_command_finds_and_exits_with_1(workspace: Path) -> None:
    path = workspace / "strategies" / "bad.yaml"
    path.write_text(strategy("close > open[1] and hour > 20 and hour < 8"), encoding="utf-8")
    done = rtrade("check", path, cwd=workspace)
    assert done.returncode == 1
    assert (
        "warning[RT156]: `close > open[1] and hour > 20 and hour < 8` is never true" in done.stderr
    )
    assert "bad.yaml: 1 finding\n" in done.stdout
    as_json = rtrade("check", path, "--json", cwd=workspace)
    assert as_json.returncode == 1
    document = json.loads(as_json.stdout)
    assert document["clean"] is False
    assert [found["code"] for found in document["findings"]] == ["RT156"]
    assert document["rules"][0] == {"rule": "enter_long", "true": 0, "unknown": 0, "closes": 3000}


def test_the_command_is_content_with_a_clean_file(workspace: Path) -> None:
    path = workspace / "strategies" / "good.yaml"
    path.write_text(CLEAN["macd-5-0"], encoding="utf-8")
    done = rtrade("check", path, cwd=workspace)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing found" in done.stdout
    assert "no value before them changed; 6 of 6 runs made the same fills before" in done.stdout
    assert rtrade("check", path, "--quiet", cwd=workspace).stdout == ""


def test_a_file_that_does_not_compile_is_a_wrong_file(workspace: Path) -> None:
    path = workspace / "strategies" / "wrong.yaml"
    path.write_text(strategy("close > smaa(close, 5)"), encoding="utf-8")
    assert rtrade("check", path, cwd=workspace).returncode == 3


def test_too_few_bars_are_said(workspace: Path) -> None:
    path = workspace / "strategies" / "good.yaml"
    path.write_text(strategy("crosses_above(close, sma(close, 2990))"), encoding="utf-8")
    done = rtrade("check", path, cwd=workspace)
    assert "not tried: that takes more bars than the" in done.stdout
