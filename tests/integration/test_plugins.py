"""Plug-ins as users install them: a distribution with an entry point, through the real pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration.test_cli import ROOT

PACKAGES = ROOT / "tests" / "plugins"
STRATEGY = """\
rtrade: 1
name: choppy
data: {source: sample, symbol: BTC/USDT, timeframe: 1h}
rules:
  enter_long: crosses_above(close, sma(close, 20)) and RULE
  exit_long: crosses_below(close, sma(close, 20))
sizing: {equity: 50%}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example and the broken one."""
    folder = tmp_path_factory.mktemp("site")
    sources = tmp_path_factory.mktemp("sources")
    for name in ("rtrade_example", "rtrade_broken"):
        shutil.copytree(PACKAGES / name, sources / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--disable-pip-version-check", "--target", folder,
         sources / "rtrade_example", sources / "rtrade_broken"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def rtrade(site: Path, tmp_path: Path) -> Any:
    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(site), str(ROOT / "framework")])
        return subprocess.run(
            [sys.executable, "-m", "rtrade.cli.main", *map(str, arguments)],
            capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    return call


def write(folder: Path, rule: str) -> Path:
    path = folder / "choppy.yaml"
    path.write_text(STRATEGY.replace("RULE", rule), encoding="utf-8")
    return path


def test_its_indicator_is_in_the_catalog(rtrade: Any) -> None:
    done = rtrade("catalog", "choppiness")
    assert done.returncode == 0, done.stderr
    assert "Choppiness index" in done.stdout
    assert "from 0 to 100" in done.stdout
    assert "choppiness(14)" in rtrade("catalog").stdout


def test_its_indicator_is_checked_like_every_other(rtrade: Any, tmp_path: Path) -> None:
    done = rtrade("validate", write(tmp_path, "choppiness(1) < 50"))
    assert done.returncode == 3
    assert "RT115" in done.stderr
    done = rtrade("validate", write(tmp_path, "choppines(14) < 50"))
    assert "did you mean `choppiness`?" in done.stderr
    done = rtrade("validate", write(tmp_path, "choppiness(14) > 120"))
    assert "never true" in done.stderr


def test_a_run_with_it_names_its_version(rtrade: Any, tmp_path: Path) -> None:
    done = rtrade("run", write(tmp_path, "choppiness(14) < 50"), "--last", "90d", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    lock = json.loads((Path(document["report"]).parent / "run.lock").read_text(encoding="utf-8"))
    assert lock["plugins"] == ["rtrade-broken==0.1", "rtrade-example==1.2"]


def test_another_version_is_another_run(rtrade: Any, tmp_path: Path, site: Path) -> None:
    """A plug-in that a plan does not use does not count; one that it uses does."""
    used, unused = write(tmp_path, "choppiness(14) < 50"), tmp_path / "plain.yaml"
    unused.write_text(STRATEGY.replace("RULE", "close > open"), encoding="utf-8")

    def ids() -> list[str]:
        return [
            json.loads(rtrade("run", path, "--last", "30d", "--json").stdout)["run_id"]
            for path in (used, unused)
        ]

    before = ids()
    folder = next(site.glob("rtrade_example-*.dist-info"))
    metadata = folder / "METADATA"
    text = metadata.read_text(encoding="utf-8")
    metadata.write_text(text.replace("Version: 1.2", "Version: 1.3"), encoding="utf-8")
    after = ids()
    metadata.write_text(text, encoding="utf-8")
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_its_check_is_that_of_every_strategy(rtrade: Any, tmp_path: Path) -> None:
    done = rtrade("check", write(tmp_path, "choppiness(14) < 50"), "--last", "90d")
    assert (done.returncode, done.stderr) == (0, "")


def test_doctor_tells_what_is_left_out_and_why(rtrade: Any) -> None:
    done = rtrade("doctor")
    assert done.returncode == 1
    assert "ok   plug-in example: rtrade-example==1.2 adds choppiness, scaled" in done.stdout
    assert "FAIL plug-in fails: rtrade-broken==0.1 is left out: RuntimeError: no lic" in done.stdout
    assert "FAIL plug-in missing:" in done.stdout
    assert "left out: ValueError: `rsi` is the name of another function" in done.stdout
    assert "help: upgrade it, or take it away: pip uninstall rtrade-broken" in done.stdout


def test_a_broken_plug_in_keeps_nothing_else_from_working(rtrade: Any, tmp_path: Path) -> None:
    assert rtrade("--help").returncode == 0
    assert rtrade("validate", write(tmp_path, "rsi(close, 14) < 50")).returncode == 0


def test_a_function_that_fails_is_named(rtrade: Any, tmp_path: Path) -> None:
    done = rtrade("run", write(tmp_path, "late(close) > 3"), "--last", "30d")
    assert done.returncode == 4
    assert "error: `late` must return 1 arrays of 740 values, but returned 1 of" in done.stderr
    assert "Traceback" not in done.stderr
