"""The command line as a user meets it: documents, streams and exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Those that ask a model have tests of their own: test_llm_runs.py.
SHIPPED = sorted(
    path
    for path in (ROOT / "strategies").glob("*.yaml")
    if "llm:" not in path.read_text(encoding="utf-8")
)


def rtrade(
    *arguments: str | Path, cwd: Path, hash_seed: str = "0", **environment: str
) -> subprocess.CompletedProcess[str]:
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("RTRADE")}
    surroundings |= {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT / "framework")}
    return subprocess.run(
        [sys.executable, "-m", "rtrade.cli.main", *map(str, arguments)],
        cwd=cwd, env=surroundings | environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    done = rtrade("init", tmp_path / "ws", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "ws"


def test_help_names_commands_and_settings(tmp_path: Path) -> None:
    done = rtrade("--help", cwd=tmp_path)
    assert done.returncode == 0
    for word in ("run", "validate", "explain", "init", "doctor", "RTRADE_OUT", "RTRADE_LOG"):
        assert word in done.stdout


def test_unknown_command_has_a_suggestion_and_exit_2(tmp_path: Path) -> None:
    done = rtrade("vaildate", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean `validate`?" in done.stderr


def test_later_commands_are_refused_by_name(tmp_path: Path) -> None:
    done = rtrade("optimize", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert "`optimize` is not available in this version" in done.stderr


def test_a_run_prints_metrics_and_the_report(workspace: Path) -> None:
    done = rtrade("run", "strategies/sma_btc.yaml", "--last", "180d", cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert "Sharpe" in done.stdout
    report = Path(done.stdout.strip().splitlines()[-1].removeprefix("report: "))
    assert report.is_file()
    names = {path.name for path in report.parent.iterdir()}
    assert names == {"report.html", "result.json", "trades.csv", "equity.csv", "strategy.yaml",
                     "plan.json", "run.lock"}  # fmt: skip
    shipped = (workspace / "strategies" / "sma_btc.yaml").read_bytes()
    assert (report.parent / "strategy.yaml").read_bytes() == shipped


def test_on_a_terminal_the_title_of_a_run_is_one_line(workspace: Path) -> None:
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "rtrade.cli.main", "run", "strategies/sma_btc.yaml",
               "--last", "60d"]  # fmt: skip
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "framework")}
    printed = b""
    with subprocess.Popen(command, cwd=workspace, env=surroundings, stdout=theirs) as running:
        os.close(theirs)
        # The other end of a terminal that nobody writes to any more reads as an error.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                printed += part
    os.close(ours)
    assert running.returncode == 0
    assert printed.decode().splitlines()[0] == (
        "sma_btc: BTC/USDT 1h, 2023-11-02T00:00:00Z to 2024-01-01T00:00:00Z, 1,440 bars  "
        "(SYNTHETIC DATA)"
    )
    assert "Final equity" in printed.decode()


def test_json_is_result_json_plus_the_report(workspace: Path) -> None:
    done = rtrade("run", "strategies/sma_btc.yaml", "--last", "90d", "--json", cwd=workspace)
    document = json.loads(done.stdout)
    report = Path(document.pop("report"))
    assert report.is_absolute()
    assert document == json.loads((report.parent / "result.json").read_text(encoding="utf-8"))
    assert list(document) == [
        "run_id", "fingerprint", "strategy", "engine", "data", "metrics", "trades", "refused",
        "warnings", "diagnoses", "assumptions",
    ]  # fmt: skip
    assert report.parent.name == document["run_id"]


@pytest.mark.parametrize("strategy", SHIPPED, ids=lambda path: path.stem)
def test_shipped_strategies_run_and_trade(strategy: Path, workspace: Path) -> None:
    document = json.loads(rtrade("run", strategy, "--json", "--out", workspace / "o",
                                 cwd=workspace).stdout)  # fmt: skip
    assert document["strategy"] == strategy.stem
    assert document["metrics"]["trades"] >= 30
    assert document["data"]["symbol"] == "BTC/USDT"
    assert document["data"]["timeframe"] == "1h"
    assert document["data"]["synthetic"] is True


@pytest.mark.parametrize("strategy", SHIPPED, ids=lambda path: path.stem)
def test_shipped_strategies_run_on_other_timeframes(strategy: Path, workspace: Path) -> None:
    done = rtrade("run", strategy, "--set", "data.timeframe=15m", "--last", "60d", "--json",
                  "--out", workspace / "o", cwd=workspace)  # fmt: skip
    assert json.loads(done.stdout)["data"]["timeframe"] == "15m"


def test_equal_inputs_give_equal_bytes(workspace: Path) -> None:
    results = []
    for seed in ("0", "1", "12345"):
        done = rtrade("run", "strategies/donchian_breakout.yaml", "--last", "120d", "--json",
                      "--out", workspace / seed, cwd=workspace, hash_seed=seed)  # fmt: skip
        folder = Path(json.loads(done.stdout)["report"]).parent
        results.append((folder.name, *((folder / name).read_bytes() for name in (
            "result.json", "trades.csv", "equity.csv", "plan.json", "report.html"))))  # fmt: skip
    assert results[0] == results[1] == results[2]


def test_renaming_and_reordering_keep_the_fingerprint(workspace: Path) -> None:
    original = workspace / "strategies" / "sma_btc.yaml"
    text = original.read_text(encoding="utf-8")
    changed = text.replace("name: sma_btc", "name: other").replace("fast_ma", "quick")
    other = workspace / "strategies" / "other.yaml"
    other.write_text(changed + "\n# a remark\n", encoding="utf-8")
    prints = [
        json.loads(rtrade("run", path, "--last", "60d", "--json", cwd=workspace).stdout)
        for path in (original, other)
    ]
    assert prints[0]["fingerprint"] == prints[1]["fingerprint"]
    assert prints[0]["run_id"].startswith("sma_btc-")
    assert prints[1]["run_id"].startswith("other-")


def test_costs_change_the_fingerprint(workspace: Path) -> None:
    prints = {
        json.loads(rtrade("run", "strategies/sma_btc.yaml", "--last", "60d", "--json", "--set",
                          f"costs.slippage={slippage}", cwd=workspace).stdout)["fingerprint"]
        for slippage in ("5 bps", "6 bps")
    }  # fmt: skip
    assert len(prints) == 2


def test_findings_go_to_stderr_with_exit_3(workspace: Path) -> None:
    bad = workspace / "strategies" / "bad.yaml"
    text = (workspace / "strategies" / "sma_btc.yaml").read_text(encoding="utf-8")
    bad.write_text(text.replace("sizing:", "sizng:"), encoding="utf-8")
    for command in ("run", "validate", "explain"):
        done = rtrade(command, "strategies/bad.yaml", cwd=workspace)
        assert done.returncode == 3
        assert "error[RT021]" in done.stderr
        assert "strategies/bad.yaml:" in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
    assert not (workspace / "runs").exists()


def test_findings_as_json(workspace: Path) -> None:
    bad = workspace / "strategies" / "bad.yaml"
    text = (workspace / "strategies" / "sma_btc.yaml").read_text(encoding="utf-8")
    bad.write_text(text.replace("crosses_above", "croses_above"), encoding="utf-8")
    done = rtrade("run", "strategies/bad.yaml", "--json", cwd=workspace)
    assert done.returncode == 3
    finding = json.loads(done.stdout)["diagnostics"][0]
    assert finding["code"].startswith("RT1")
    assert finding["line"] > 1
    assert "crosses_above" in finding["help"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "strategies/nothing.yaml"], 3, "nothing.yaml"),
        (["run", "strategies/sma_btc.yaml", "--source", "binnace"], 3, "binnace"),
        (["run", "strategies/sma_btc.yaml", "--symbol", "DOGE/USDT"], 4, "DOGE/USDT"),
        (["run", "strategies/sma_btc.yaml", "--start", "2050-01-01"], 4, "2050"),
        (["run", "strategies/sma_btc.yaml", "--start", "tomorrow"], 3, "tomorrow"),
        (["run", "strategies/sma_btc.yaml", "--engine", "compiled", "--trace"], 2, "no trace"),
        (["run", "strategies/sma_btc.yaml", "--engine", "magic"], 2, "magic"),
        (["run", "strategies/sma_btc.yaml", "--set", "params.fsat=3"], 3, "fast"),
        (["run", "strategies/sma_btc.yaml", "--set", "risk.stop_loss=0.03"], 3, "3%"),
        (["run"], 2, "FILE"),
        (["validate"], 2, "FILE"),
        (["init", "."], 2, "not an empty folder"),
        (["run", "strategies/sma_btc.yaml", "--log-level", "loud"], 2, "loud"),
    ],
)
def test_bad_requests(workspace: Path, arguments: list[str], code: int, words: str) -> None:
    done = rtrade(*arguments, cwd=workspace)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_validate_reads_strategies_and_sources(workspace: Path) -> None:
    files = [
        *(workspace / "strategies").glob("*.yaml"),
        *(workspace / "datasources").glob("*.yaml"),
    ]
    done = rtrade("validate", *files, cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": valid") == len(files)


def test_explain_says_what_a_strategy_does(workspace: Path) -> None:
    done = rtrade("explain", "strategies/sma_btc.yaml", "--set", "params.fast=12", cwd=workspace)
    assert done.returncode == 0, done.stderr
    assert "crosses above" in done.stdout
    assert "--set" in done.stdout
    assert json.loads(rtrade("explain", "strategies/sma_btc.yaml", "--json", cwd=workspace).stdout)


def test_explain_knows_finding_codes(tmp_path: Path) -> None:
    done = rtrade("explain", "RT021", cwd=tmp_path)
    assert done.returncode == 0
    assert "unknown key" in done.stdout


def test_catalog_lists_and_shows(tmp_path: Path) -> None:
    everything = rtrade("catalog", cwd=tmp_path)
    assert everything.returncode == 0
    assert "sma(close, 20)" in everything.stdout
    one = rtrade("catalog", "rsi", cwd=tmp_path)
    assert one.stdout.startswith("rsi(close, 14)\n")
    assert "from 0 to 100" in one.stdout
    assert "after 14 bars" in one.stdout
    listed = json.loads(rtrade("catalog", "--json", cwd=tmp_path).stdout)
    assert len(listed) >= 40
    wrong = rtrade("catalog", "rsii", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean `rsi`?" in wrong.stderr


def test_new_begins_from_a_strategy_that_works(workspace: Path) -> None:
    done = rtrade("new", "mine", "--from", "turtle", "--json", cwd=workspace)
    assert done.returncode == 0, done.stderr
    path = Path(json.loads(done.stdout)["file"])
    text = (workspace / "strategies" / "turtle.yaml").read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text.replace("name: turtle", "name: mine")
    assert rtrade("validate", "strategies/mine.yaml", cwd=workspace).returncode == 0
    again = rtrade("new", "mine2", "--from", "mine", cwd=workspace / "strategies")
    assert again.stdout.splitlines()[-1] == "next: rtrade run mine2.yaml"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sma_btc"], "is there already"),
        (["a/b"], "cannot name a strategy"),
        (["mine", "--from", "turtel"], "did you mean `turtle`?"),
        (["mine", "--from", "../x"], "there is no strategy"),
    ],
)
def test_new_refuses(workspace: Path, arguments: list[str], words: str) -> None:
    before = sorted(workspace.rglob("*"))
    done = rtrade("new", *arguments, cwd=workspace)
    assert done.returncode == 2
    assert words in done.stderr
    assert sorted(workspace.rglob("*")) == before


def test_doctor_is_well(workspace: Path) -> None:
    done = rtrade("doctor", "--json", cwd=workspace)
    assert done.returncode == 0, done.stdout
    assert all(check["ok"] for check in json.loads(done.stdout)["checks"])


def test_out_wins_over_the_variable_over_env_file(workspace: Path) -> None:
    arguments = ("run", "strategies/sma_btc.yaml", "--last", "30d", "--json")
    (workspace / ".env").write_text(f"RTRADE_OUT={workspace / 'a'}\n", encoding="utf-8")
    first = json.loads(rtrade(*arguments, cwd=workspace).stdout)["report"]
    second = json.loads(rtrade(*arguments, cwd=workspace, RTRADE_OUT=str(workspace / "b")).stdout)[
        "report"
    ]
    third = json.loads(rtrade(*arguments, "--out", workspace / "c", cwd=workspace).stdout)["report"]
    assert [Path(path).parents[1].name for path in (first, second, third)] == ["a", "b", "c"]


def test_logs_are_structured_and_on_stderr(workspace: Path) -> None:
    done = rtrade("run", "strategies/sma_btc.yaml", "--last", "30d", "--log-level", "info",
                  cwd=workspace)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "level=info" in done.stderr
    assert "bars=720" in done.stderr
    assert "level=" not in done.stdout


def test_a_folder_that_cannot_be_written_is_one_line(workspace: Path) -> None:
    blocked = workspace / "file"
    blocked.write_text("", encoding="utf-8")
    done = rtrade("run", "strategies/sma_btc.yaml", "--last", "30d", "--out", blocked,
                  cwd=workspace)  # fmt: skip
    assert done.returncode == 4
    assert "help:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_workspace_is_found_from_the_strategy_file(workspace: Path, tmp_path: Path) -> None:
    shutil.copy(workspace / "datasources" / "sample.yaml", workspace / "datasources" / "mine.yaml")
    done = rtrade("run", workspace / "strategies" / "sma_btc.yaml", "--source", "mine", "--last",
                  "30d", "--json", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert Path(json.loads(done.stdout)["report"]).is_relative_to((workspace / "runs").resolve())


def test_init_refuses_to_overwrite(workspace: Path) -> None:
    before = sorted(workspace.rglob("*"))
    assert rtrade("init", workspace, cwd=workspace).returncode == 2
    assert sorted(workspace.rglob("*")) == before


def test_doctor_does_not_show_the_password_of_the_database(workspace: Path) -> None:
    address = "postgresql://trader:canary-7f3@db.example/market"
    done = rtrade("doctor", "--json", cwd=workspace, DATABASE_URL=address)
    assert "canary-7f3" not in done.stdout + done.stderr
    [check] = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "DATABASE_URL"]
    assert check["seen"] == "set, not shown (environment)"
