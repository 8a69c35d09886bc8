"""`rtrade validate` for workflows and for people who edit: annotations, and checking again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from integration.test_cli import ROOT, rtrade
from rtrade.cli.validating import annotation
from rtrade.core.diagnostics import Diagnostic, Severity, Span

GALLERY = ROOT / "docs" / "diagnostics" / "base"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "datasources").mkdir()
    for name in ("example.yaml", "datasources/own.yaml", "datasources/bars.csv"):
        (tmp_path / name).write_bytes((GALLERY / name).read_bytes())
    return tmp_path


def test_annotations_name_file_lines_columns_and_code(workspace: Path) -> None:
    text = (workspace / "example.yaml").read_text()
    (workspace / "example.yaml").write_text(text.replace("{equity: 95%}", "{equity: 0.95}"))
    done = rtrade(
        "validate", "example.yaml", "datasources/own.yaml", "--format", "github", cwd=workspace
    )
    assert done.returncode == 3
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        (
            "::error file=example.yaml,line=14,endLine=14,col=18,endColumn=22,title=RT024::"
            "`equity` needs a unit: `0.95` has none%0Ahelp: write `95%25` or `0.95%25`, "
            "whichever is meant"
        ),
        "datasources/own.yaml: valid",
    ]


def test_annotations_are_escaped_as_github_documents() -> None:
    span = Span("a,b:c%.yaml", 1, 2, 3, 4)
    found = Diagnostic("RT001", "50 %\r\nof a: b, c", span, None, Severity.WARNING)
    assert annotation(found) == (
        "::warning file=a%2Cb%3Ac%25.yaml,line=1,endLine=3,col=2,endColumn=4,title=RT001::"
        "50 %25%0D%0Aof a: b, c"
    )
    assert annotation(Diagnostic("RT201", "x")) == "::error title=RT201::x"


def test_json_is_the_format_json(workspace: Path) -> None:
    first = rtrade("validate", "example.yaml", "--json", cwd=workspace)
    second = rtrade("validate", "example.yaml", "--format", "json", cwd=workspace)
    assert first.stdout == second.stdout != ""


def test_a_format_that_is_not_there_is_refused(workspace: Path) -> None:
    done = rtrade("validate", "example.yaml", "--format", "xml", cwd=workspace)
    assert done.returncode == 2
    watched = rtrade("validate", "example.yaml", "--format", "json", "--watch", cwd=workspace)
    assert watched.returncode == 2
    assert "`--watch` prints for people" in watched.stdout + watched.stderr


def test_watching_checks_again_when_a_file_or_its_source_changes(workspace: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "rtrade.cli.main", "validate", "example.yaml", "--watch"],
        cwd=workspace, env=os.environ | {"PYTHONPATH": str(ROOT / "framework")}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None

    def wait_for(*words: str) -> None:
        """Read whole answers until one has all the words: a file may be seen half written."""
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if line.endswith("Ctrl-C ends\n"):
                if all(word in "".join(seen) for word in words):
                    return
                seen.clear()
        raise AssertionError(words)

    try:
        wait_for("all valid; watching 2 files")
        strategy = workspace / "example.yaml"
        right = strategy.read_text()
        strategy.write_text(right.replace("sma(close, fast)", "smaa(close, fast)"))
        wait_for("unknown function `smaa`", "1 of 1 wrong")
        strategy.write_text(right)
        wait_for("all valid")
        source = workspace / "datasources" / "own.yaml"
        kept = source.read_text()
        source.write_text(kept.replace("csv", "cvs", 1))
        wait_for("did you mean `csv`?")
        # As many editors save: another file takes the name.
        fresh = source.with_suffix(".new")
        fresh.write_text(kept)
        fresh.replace(source)
        wait_for("all valid")
        strategy.unlink()
        wait_for("there is no file")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()
