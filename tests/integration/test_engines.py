"""Two engines from the command line: equal runs, `--verify`, `--trace`, kept kernels."""

from __future__ import annotations

import csv
import dataclasses
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from diagnostics.cases import call
from integration.test_cli import rtrade
from rtrade.analysis.schema import result_schema
from rtrade.analysis.trace import TRACE_COLUMNS
from rtrade.config.definitions import CostsDef
from rtrade.core.errors import EngineFault
from rtrade.execution import bt, compiled

STRATEGY = "strategies/long_short_momentum.yaml"
RANGE = ("--last", "120d")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engines") / "ws"
    done = rtrade("init", folder, "--quiet", cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    return folder


def run(workspace: Path, out: str, *options: str) -> dict[str, Any]:
    done = rtrade("run", STRATEGY, *RANGE, "--json", "--out", out, *options, cwd=workspace)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    Draft7Validator(result_schema()).validate(document)
    return document


def files(document: dict[str, Any]) -> dict[str, bytes]:
    folder = Path(document["report"]).parent
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "run.lock"}


@pytest.fixture(scope="module")
def plain(workspace: Path) -> dict[str, Any]:
    return run(workspace, "plain")


def test_the_compiled_engine_makes_the_same_run_under_another_id(
    workspace: Path, plain: dict[str, Any]
) -> None:
    other = run(workspace, "compiled", "--engine", "compiled")
    assert (plain["engine"], other["engine"]) == ("backtrader", "compiled")
    assert plain["run_id"] != other["run_id"]
    apart = ("engine", "run_id", "report")
    for document in (plain, other):
        assert len(document["trades"]) >= 10
    assert {key: plain[key] for key in plain if key not in apart} == {
        key: other[key] for key in other if key not in apart
    }
    for name in ("trades.csv", "equity.csv", "plan.json"):
        assert files(plain)[name] == files(other)[name]


@pytest.mark.parametrize("engine", ["backtrader", "compiled"])
def test_a_verified_run_is_the_run_and_says_so(
    engine: str, workspace: Path, plain: dict[str, Any]
) -> None:
    out, options = f"verified-{engine}", ("--verify", "--engine", engine)
    document = run(workspace, out, *options)
    verified = document["verified"]
    assert verified["engines"] == [engine, *{"backtrader", "compiled"} - {engine}]
    assert verified["equal"] is True
    assert verified["difference"] is None
    assert verified["bars"] == document["data"]["bars"] == 2880
    closed = [trade for trade in document["trades"] if trade["exit_time"] is not None]
    assert verified["fills"] == len(document["trades"]) + len(closed)
    assert {**document, "engine": "", "run_id": "", "report": ""} == {
        **plain, "engine": "", "run_id": "", "report": "", "verified": verified,
    }  # fmt: skip
    first = files(document)
    said = f"{engine} and {verified['engines'][1]}, 2,880 bars, {verified['fills']} fills, equal to"
    assert f"Verified: two engines, {said} the bit." in first["report.html"].decode()
    assert 'class="invalid"' not in first["report.html"].decode()
    # The same again, and by the page's own command.
    done = rtrade("run", STRATEGY, *RANGE, "--out", out, *options, cwd=workspace)
    assert done.returncode == 0
    assert f"verified: {said} the bit\n" in done.stdout
    assert files(document) == first
    Path(document["report"]).unlink()
    again = rtrade("report", document["run_id"], "--out", out, cwd=workspace)
    assert again.returncode == 0, again.stderr
    assert files(document) == first


def test_both_engines_tell_of_the_same_fills(workspace: Path) -> None:
    one, other = (
        run(workspace, "both", "--verify", "--engine", engine)["verified"]["sha256"]
        for engine in ("backtrader", "compiled")
    )
    assert one == other


def test_a_check_finds_the_same_on_both(workspace: Path) -> None:
    found = []
    for engine in ("backtrader", "compiled"):
        done = rtrade("check", STRATEGY, "--last", "60d", "--json", "--engine", engine,
                      cwd=workspace)  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert found[0]["causality"]["runs"] >= 2


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the compiled engine charge a little more than is agreed."""

    def wrong(program: Any, bars: Any) -> Any:
        taker, maker, slippage = dataclasses.astuple(program.costs)
        costs = CostsDef(taker * (1 + 1e-12), maker, slippage)
        result = bt.run(dataclasses.replace(program, costs=costs), bars)
        return dataclasses.replace(result, engine="compiled")

    monkeypatch.setattr(compiled, "run", wrong)


@pytest.mark.usefixtures("broken")
def test_a_difference_is_named_and_the_run_marked_invalid(
    workspace: Path, plain: dict[str, Any]
) -> None:
    command = ["run", STRATEGY, *RANGE, "--verify", "--out", "broken"]
    code, out, err = call(command, workspace)
    assert (code, err) == (1, "")
    first = plain["trades"][0]
    bar = first["entry_time"]
    assert "NOT VERIFIED: the engines differ, so this result cannot be believed\n" in out
    said = f"backtrader and compiled first differ in the bar {bar}: the commission of fill 1 "
    said += f"({first['entry_reason']}) is "
    fee = first["size"] * first["entry_price"] * 0.001
    assert f"warning: INVALID: {said}{fee!r} by backtrader and " in out

    code, printed, _ = call([*command, "--json"], workspace)
    assert code == 1
    document = json.loads(printed)
    Draft7Validator(result_schema()).validate(document)
    assert document["warnings"][0].startswith(f"INVALID: {said}")
    assert document["warnings"][1:] == plain["warnings"]
    difference = document["verified"]["difference"]
    assert (difference["time"], difference["what"]) == (
        bar, f"the commission of fill 1 ({first['entry_reason']})",
    )  # fmt: skip
    assert len(set(difference["values"])) == 2
    stored = json.loads(files(document)["result.json"])
    assert stored == {key: value for key, value in document.items() if key != "report"}
    assert stored["trades"] == plain["trades"]
    page = files(document)["report.html"].decode()
    assert f"<strong>INVALID</strong> {said}" in page
    assert page.index('class="invalid"') < page.index('class="verdict')
    assert "Verified: two engines" not in page


def test_an_engine_that_fails_is_named_with_the_strategy(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(program: Any, bars: Any) -> Any:
        raise EngineFault("the bars of BTC/USDT have a bad `close` at 2023-09-04T00:00:00Z: 0.0")

    monkeypatch.setattr(compiled, "run", failing)
    command = ["run", STRATEGY, *RANGE, "--engine", "compiled", "--out", "failing"]
    code, out, err = call(command, workspace)
    assert (code, out) == (4, "")
    assert err.startswith(
        "error: `long_short_momentum` on the engine `compiled`: the bars of BTC/USDT have a bad "
        "`close` at 2023-09-04T00:00:00Z: 0.0\n"
    )
    assert not (workspace / "failing").exists()
    # As the second of two engines it differs from the first, which has a result.
    verifying = ["run", STRATEGY, *RANGE, "--verify", "--no-assumptions", "--out", "failing"]
    code, out, _ = call(verifying, workspace)
    assert code == 1
    assert "backtrader and compiled differ: the run is a result by backtrader and a fault (" in out


@pytest.mark.parametrize("options", [("--verify",), ()], ids=["verified", "alone"])
def test_a_trace_changes_nothing_and_has_every_bar(
    options: tuple[str, ...], workspace: Path
) -> None:
    out = "traced" + "".join(options)
    before = files(run(workspace, out, *options))
    assert "trace.csv" not in before
    document = run(workspace, out, *options, "--trace")
    traced = files(document)
    trace = traced.pop("trace.csv").decode()
    assert traced == before
    rows = list(csv.DictReader(trace.splitlines()))
    assert tuple(rows[0]) == TRACE_COLUMNS
    equity = list(csv.DictReader(traced["equity.csv"].decode().splitlines()))
    for name in ("time", "equity", "position"):
        assert [float_or(row[name]) for row in rows] == [float_or(row[name]) for row in equity]
    refused = [row["refused"] for row in rows if row["refused"]]
    assert {reason: refused.count(reason) for reason in refused} == document["refused"]
    reasons = [reason for row in rows for reason in row["fills"].split()]
    assert sorted(reasons) == sorted(
        reason
        for trade in document["trades"]
        for reason in (trade["entry_reason"], trade["exit_reason"])
        if reason is not None
    )
    entry = document["trades"][0]
    (decided,) = [row for row, after in pairwise(rows)
                  if after["time"] == entry["entry_time"]]  # fmt: skip
    assert entry["entry_reason"] in decided["rules"].split()
    assert decided["decision"].split()[-1] == entry["entry_reason"]


def float_or(text: str) -> float | str:
    return text if text.endswith("Z") else float(text)


def test_kernels_are_compiled_once_and_the_first_run_says_so(
    workspace: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"

    def asked(*arguments: str) -> tuple[str, str]:
        done = rtrade(*arguments, cwd=workspace, RTRADE_CACHE=str(cache))
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    def kept() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb*")}

    assert f"{cache}/kernels/" in asked("doctor")[0]
    assert "none yet" in asked("doctor")[0]
    assert not cache.exists()
    run = ("run", STRATEGY, *RANGE, "--engine", "compiled", "--out", "cold")
    note = "compiling kernels of the engine `compiled`, once for this installation\n"
    plain = ("run", STRATEGY, *RANGE, "--out", "cold")
    assert asked(*plain, "--no-assumptions")[1] == ""
    assert kept() == {}
    assert asked(*run)[1] == note
    first = kept()
    assert first
    # Another strategy, other bars, another range: nothing is compiled any more.
    other = ("run", "strategies/turtle.yaml", "--set", "data.timeframe=4h", "--engine", "compiled")
    assert asked(*run)[1] == asked(*other)[1] == asked(*plain)[1] == ""
    assert kept() == first
    assert f"{len([*cache.rglob('*.nbi')])} kept" in asked("doctor")[0].partition("kernels: ")[2]


def test_a_folder_that_kernels_cannot_be_kept_in_is_a_finding_of_doctor(
    workspace: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    done = rtrade("doctor", cwd=workspace, RTRADE_CACHE=str(file))
    assert done.returncode == 1
    assert f"FAIL kernels: {file}/kernels/" in done.stdout
    assert "RTRADE_CACHE" in done.stdout.partition("FAIL kernels")[2]
