"""The page on engines says what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from docs.test_pages import blocks
from integration.test_cli import ROOT, rtrade
from rtrade.analysis.trace import TRACE_COLUMNS
from rtrade.analysis.verification import Difference, Verification
from rtrade.core.timeframes import parse_time
from rtrade.execution.compiled.sweep import SweepTable

PAGE = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
COMMANDS, RT201, VERIFIED, DIFFERENT = blocks(PAGE, "")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("engines-page") / "ws"
    assert rtrade("init", folder, cwd=folder.parent).returncode == 0
    return folder


def test_its_commands_work_and_verify_prints_what_it_shows(workspace: Path) -> None:
    commands = [line.split("#")[0].strip() for line in COMMANDS.splitlines()]
    assert len(commands) == 3
    printed = ""
    for command in commands:
        done = rtrade(*shlex.split(command)[1:], cwd=workspace)
        assert done.returncode == 0, done.stderr
        printed += done.stdout
    assert VERIFIED in printed


def test_its_sweep_runs(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = blocks(PAGE, "python")
    monkeypatch.chdir(workspace)
    names: dict[str, SweepTable] = {}
    exec(compile(program, "engines.md", "exec"), names)
    found = names["found"]
    assert len(found) == 3
    assert not found.problems
    assert found.trades.min() > 10


def test_the_refusal_is_what_is_printed(workspace: Path) -> None:
    prompt = workspace / "strategies" / "prompts" / "analyst.j2"
    prompt.write_text("{{ position }}", encoding="utf-8")
    text = (workspace / "strategies" / "llm_btc.yaml").read_text(encoding="utf-8")
    asking = workspace / "strategies" / "asking.yaml"
    asking.write_text(text.replace("prompts/outlook.j2", "prompts/analyst.j2"), encoding="utf-8")
    done = rtrade("validate", "strategies/asking.yaml", "--engine", "compiled", cwd=workspace)
    assert done.returncode == 3
    assert RT201.strip() in done.stderr


def test_a_difference_reads_as_it_shows() -> None:
    first, second = DIFFERENT.splitlines()
    time = re.search(r"in the bar (\S+):", second)
    values = re.search(r"fill 17 is (.*) by backtrader and (.*) by compiled$", second)
    assert time is not None
    assert values is not None
    found = Difference("fill 17", (values[1], values[2]), 0, parse_time(time[1]))
    verification = Verification(("backtrader", "compiled"), 1, 1, "", found)
    assert second == f"warning: {verification.warnings()[0]}"
    assert first == "NOT VERIFIED: the engines differ, so this result cannot be believed"


def test_the_columns_of_a_trace_are_those_that_are_written() -> None:
    table = PAGE.partition("| column | meaning |")[2].partition("\n\n")[0]
    names = [
        name
        for row in table.strip().splitlines()[1:]
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    assert tuple(names) == TRACE_COLUMNS
