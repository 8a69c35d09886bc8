"""The pages say what the program does: generated ones are current, examples run, links lead."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from docs.test_tutorial import put_into
from integration.test_cli import ROOT, rtrade
from markets.support import history, make_workspace
from rtrade.cli.generating import generated
from rtrade.core.timeframes import HOUR
from rtrade.testing import FakeExchange, VirtualClock

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a page in `language`, dedented; fences are paired in order."""
    fences = re.findall(r"^( *)```(\w*)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(body) for _, tag, body in fences if tag == language]


@pytest.mark.parametrize("path", generated(ROOT), ids=lambda path: path.name)
def test_generated_files_are_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated(ROOT)[path], "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme") / "ws"
    assert rtrade("init", folder, cwd=folder.parent).returncode == 0
    example = blocks(README, "yaml")[0]
    (folder / "strategies" / "my_first.yaml").write_text(example, encoding="utf-8")
    return folder


def test_the_readme_strategy_runs(workspace: Path) -> None:
    done = rtrade("run", "strategies/my_first.yaml", "--last", "90d", cwd=workspace)
    assert done.returncode == 0, done.stderr


def test_the_readme_model_is_one_that_can_be_asked(workspace: Path) -> None:
    first, *others = blocks(README, "yaml")
    text = put_into(first, next(block for block in others if "llm:" in block))
    path = workspace / "strategies" / "asking.yaml"
    path.write_text(text, encoding="utf-8")
    done = rtrade("validate", path, cwd=workspace)
    assert done.returncode == 0, done.stderr


def test_the_readme_error_is_what_is_printed(workspace: Path) -> None:
    shown = next(block for block in blocks(README, "") if block.startswith("error["))
    text = blocks(README, "yaml")[0].replace("stop_loss", "stop_los")
    (workspace / "strategies" / "my_first.yaml").write_text(text, encoding="utf-8")
    done = rtrade("validate", "strategies/my_first.yaml", cwd=workspace)
    (workspace / "strategies" / "my_first.yaml").write_text(
        blocks(README, "yaml")[0], encoding="utf-8"
    )
    assert done.returncode == 3
    assert shown.strip() in done.stderr


def readme_commands(*, exchange: bool = False) -> list[str]:
    lines = [line for block in blocks(README, "") for line in block.splitlines()]
    commands = [line.split("#")[0].strip().removeprefix(".venv/bin/") for line in lines]
    own = ("rtrade init", "rtrade run strategies/sma_btc.yaml --source mine")
    named = [line for line in commands if line.startswith("rtrade ") and not line.startswith(own)]
    return [line for line in named if (" binance" in line) is exchange]


@pytest.mark.parametrize("command", readme_commands())
def test_readme_commands_work(command: str, workspace: Path) -> None:
    done = rtrade(*shlex.split(command)[1:], cwd=workspace)
    assert done.returncode == 0, done.stderr


def test_readme_commands_on_an_exchange_work_on_its_stand_in(tmp_path: Path) -> None:
    bars = history(1, count=2000, outages=2)
    clock = VirtualClock(int(bars.time[-1]) + HOUR, 0)
    with FakeExchange([bars], clock=clock, weight_limit=None) as stand_in:
        workspace = make_workspace(tmp_path / "ws", stand_in.url)
        strategy = (ROOT / "strategies" / "sma_btc.yaml").read_bytes()
        (workspace / "strategies" / "sma_btc.yaml").write_bytes(strategy)
        codes = {
            command.split(" binance")[0]: rtrade(
                *shlex.split(command)[1:], cwd=workspace, RTRADE_LOOPBACK="1"
            ).returncode
            for command in readme_commands(exchange=True)
        }
    # What the check finds, the outages, is the answer no.
    assert codes == {
        "rtrade data sync": 0,
        "rtrade data check": 1,
        "rtrade run strategies/sma_btc.yaml --source": 0,
    }


def test_the_readme_source_loads_the_users_bars(workspace: Path) -> None:
    rows = ["ts,open,high,low,close,volume"]
    rows += [f"{1_600_000_000_000 // 3_600_000 * 3_600_000 + hour * 3_600_000},10,12,9,"
             f"{10 + hour % 2},5" for hour in range(200)]  # fmt: skip
    folder = workspace / "datasources"
    source = next(block for block in blocks(README, "yaml") if "kind: csv" in block)
    (folder / "mine.yaml").write_text(source.replace(".csv.gz", ".csv"), encoding="utf-8")
    (folder / "BTCUSDT_1h.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = rtrade("run", "strategies/sma_btc.yaml", "--source", "mine", cwd=workspace)
    assert done.returncode == 0, done.stderr
