"""The walk through fetching, as it stands in the docs, against the stand-in that it starts."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from docs.test_tutorial import FENCED, Shell, difference, exchanges, shows
from integration.test_cli import ROOT

PAGE = (ROOT / "docs" / "fetching.md").read_text(encoding="utf-8")
PORT = "8123"


@pytest.fixture
def port() -> str:
    """A port that was free a moment ago, since the page has to name one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def serve(command: str, folder: Path) -> subprocess.Popen[str]:
    """Start a command that the page leaves running behind `&`."""
    arguments = command.removesuffix("&").split()[1:]
    return subprocess.Popen(
        [sys.executable, "-m", "rtrade.cli.main", *arguments],
        cwd=folder, stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(ROOT / "framework"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_the_walk_says_what_happens(
    tmp_path: Path, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    shell, wrong, running = Shell(tmp_path), [], []
    try:
        for kind, block in FENCED.findall(PAGE.replace(PORT, port)):
            if kind == "yaml":
                name, _, text = block.removeprefix("# ").partition("\n")
                (shell.folder / name).write_text(text, encoding="utf-8")
                continue
            for command, shown in exchanges(block):
                if command.endswith("&"):
                    running.append(serve(command, shell.folder))
                    assert running[-1].stdout is not None
                    printed = running[-1].stdout.readline()
                else:
                    printed = shell.type(command)
                if not shows(shown, printed):
                    wrong.append(difference(command, shown, printed))
                assert shell.code == (1 if " data check " in command else 0), printed
    finally:
        for server in running:
            server.terminate()
            server.communicate(timeout=20)
    assert [server.returncode for server in running] == [0]
    assert not wrong, "\n\n".join(wrong)
