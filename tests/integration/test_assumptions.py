"""Other assumptions of a run are runs that a user could have made, the same each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from integration.test_cli import ROOT, rtrade
from rtrade.analysis import assumptions
from rtrade.config.overrides import Overrides
from rtrade.execution.preparing import prepare
from rtrade.signals.evaluate import evaluate
from rtrade.workflow.assuming import assume
from rtrade.workflow.compiling import compile_strategy
from rtrade.workflow.markets import FETCHED, plan_data

SMA = ROOT / "strategies" / "sma_btc.yaml"
RANGE = ("--start", "2022-01-01", "--end", "2022-04-01")


def made(folder: Path, *options: str) -> tuple[dict[str, Any], bytes, str]:
    """Run the strategy, and return its result, result.json and report."""
    done = rtrade("run", SMA, "--json", "--out", folder, *options, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report = Path(json.loads(done.stdout)["report"])
    content = (report.parent / "result.json").read_bytes()
    return json.loads(content), content, report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], bytes, str]:
    return made(tmp_path_factory.mktemp("runs"), *RANGE)


def one(cases: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    found = [case for case in cases if wanted.items() <= case.items()]
    assert len(found) == 1
    return found[0]


def same(case: dict[str, Any], metrics: dict[str, Any]) -> None:
    for name in ("total_return", "benchmark_return", "max_drawdown", "trades"):
        assert case[name] == metrics[name], name


def test_costs_are_those_of_a_run_with_these_costs(run, tmp_path):
    document = run[0]
    dear, _, _ = made(tmp_path, *RANGE, "--set", "costs.slippage=20 bps", "--no-assumptions")
    cases = document["assumptions"]["costs"]
    same(one(cases, slippage=0.002, taker=0.001), dear["metrics"])
    same(one(cases, slippage=0.0005, taker=0.001), document["metrics"])
    free = ("--set", "costs.commission=0%", "--set", "costs.slippage=0%")
    cheap, _, _ = made(tmp_path, *RANGE, *free, "--no-assumptions")
    same(one(cases, slippage=0.0, taker=0.0), cheap["metrics"])


def test_a_later_start_is_a_run_from_then_on(run, tmp_path):
    starts = run[0]["assumptions"]["starts"]
    assert len(starts) == 4
    for case in starts[1::2]:
        later, _, _ = made(tmp_path, "--start", case["start"], *RANGE[2:], "--no-assumptions")
        same(case, later["metrics"])


def test_a_run_says_the_same_again_and_on_the_other_engine(run, tmp_path):
    document, content, page = run
    assert made(tmp_path, *RANGE)[1:] == (content, page)
    other, _, _ = made(tmp_path, *RANGE, "--engine", "compiled")
    assert other["assumptions"] == document["assumptions"]
    assert other["diagnoses"] == document["diagnoses"]


def test_without_assumptions_the_rest_is_the_same(run, tmp_path):
    document, _, page = made(tmp_path, *RANGE, "--no-assumptions")
    assert "assumptions" not in document
    assert document["run_id"] == run[0]["run_id"]
    needing = {"RT505", "RT506", "RT507", "RT508"}
    kept = [found for found in run[0]["diagnoses"] if found["code"] not in needing]
    assert document["diagnoses"] == kept
    assert "left out with" in page


def test_a_report_written_anew_is_the_same(run, tmp_path):
    _, _, page = made(tmp_path, *RANGE)
    folder = next(path for path in tmp_path.iterdir() if path.is_dir())
    (folder / "report.html").unlink()
    assert rtrade("report", folder, "--quiet", cwd=ROOT).returncode == 0
    assert (folder / "report.html").read_text(encoding="utf-8") == page


def test_a_run_too_long_is_made_again_only_where_asked(monkeypatch):
    compiled = compile_strategy(SMA, Overrides(start="2022-01-01", end="2022-02-01"))
    market = plan_data(compiled, FETCHED)
    program = prepare(compiled.plan, market, evaluate(compiled.plan, market))
    bars, plan = market.bars, compiled.plan
    monkeypatch.setattr(assumptions, "MOST_BARS", len(bars))
    assert assume(program, bars, plan, wanted=None).left_out is None
    monkeypatch.setattr(assumptions, "MOST_BARS", len(bars) - 1)
    said = assume(program, bars, plan, wanted=None)
    assert said.costs == ()
    assert said.left_out.startswith(f"the run has {len(bars):,} bars, more than")
    assert assume(program, bars, plan, wanted=True).left_out is None
    assert assume(program, bars, plan, wanted=False) is None


def test_a_fault_under_other_assumptions_is_said_and_leaves_the_run_alone():
    compiled = compile_strategy(SMA, Overrides(start="2022-01-01", end="2022-02-01"))
    market = plan_data(compiled, FETCHED)
    program = prepare(compiled.plan, market, evaluate(compiled.plan, market))
    broken = market.bars.slice(0, len(market.bars))
    broken.open[:] = np.where(np.arange(len(broken)) == 50, -1.0, broken.open)
    said = assume(program, broken, compiled.plan, wanted=True)
    assert said.left_out.startswith("a run under other assumptions failed: ")


def test_the_terminal_names_the_gravest_diagnoses(tmp_path):
    free = ("--set", "costs.commission=0%", "--set", "costs.slippage=0%")
    done = rtrade("run", SMA, "--out", tmp_path, *RANGE, *free, cwd=ROOT)
    assert "\ndiagnosis[RT503]: No costs. " in done.stdout
    assert "\ndiagnosed too: " in done.stdout
    assert rtrade("explain", "RT503", cwd=ROOT).stdout.startswith("RT503: No costs\n")
