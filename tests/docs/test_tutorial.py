"""The tutorial, walked from its first line to its last: files, commands, outputs, numbers in prose.

A `yaml` block holds top-level keys of the reader's file: a key that the file has is replaced, a
new one goes to its end; the last block is the whole file. A `console` block holds commands and what
they print; a line `...` stands for lines left out, and `...` within a line for a part of it.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from integration.test_cli import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
FILE = Path("strategies", "my_trend.yaml")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """The top-level keys of a YAML text with all that stands under them, in order."""
    found = re.findall(r"^(\w+):((?:.*\n)(?: .*\n|\n)*)", text, re.MULTILINE)
    parts = {key: f"{key}:{rest}" for key, rest in found}
    assert "".join(parts.values()) == text, "a block of the tutorial is not made of top-level keys"
    return parts


def put_into(text: str, piece: str) -> str:
    """Put the keys of a piece into a file, as the tutorial tells its reader to."""
    old, new = sections(text), sections(piece)
    kept = {
        key: new[key].strip("\n") + section[len(section.rstrip("\n")) :] if key in new else section
        for key, section in old.items()
    }
    added = "".join(section for key, section in new.items() if key not in old)
    return "".join(kept.values()) + ("\n" if kept and added else "") + added


def exchanges(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output shown below it."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)


def shows(shown: str, printed: str) -> bool:
    """Say whether an output shown is the one printed, but for `...` and empty lines at its end."""
    pattern = ""
    for line in shown.rstrip("\n").splitlines():
        parts = (re.escape(part) for part in line.split("..."))
        pattern += r"(?:.*\n)+?" if line == "..." else ".+".join(parts) + r"\n"
    lines = printed.rstrip("\n").splitlines()
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def expected_code(shown: str) -> int:
    """The exit code that goes with an output: findings of a file, findings of a check, or none."""
    if re.search(r"^error\[", shown, re.MULTILINE):
        return 3
    return 1 if re.search(r"^\S+: \d+ findings?$", shown, re.MULTILINE) else 0


class Shell:
    """A shell in which `rtrade` is this checkout's, that remembers where it is and how it went."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.code = folder, 0
        self._where = folder / "where"
        programs = folder / "bin"
        programs.mkdir()
        program = programs / "rtrade"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rtrade.cli.main "$@"')
        program.chmod(0o755)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RTRADE")},
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "framework"),
        }

    def type(self, command: str) -> str:
        """Run a command as if typed; return what it prints, both streams in their order."""
        lines = (f"(exit {self.code})", command, "code=$?", f"pwd > {self._where}", "exit $code")
        done = subprocess.run(
            ["bash", "-c", "\n".join(lines)],
            cwd=self.folder, env=self._environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        self.code = done.returncode
        self.folder = Path(self._where.read_text(encoding="utf-8").strip())
        return done.stdout


def difference(command: str, shown: str, printed: str) -> str:
    lines = difflib.unified_diff(
        shown.splitlines(), printed.splitlines(), "shown", "printed", lineterm="", n=0
    )
    return "\n".join((f"$ {command}", *lines))


def test_the_tutorial_says_what_happens(tmp_path: Path) -> None:
    shell, wrong = Shell(tmp_path), []
    blocks = FENCED.findall(PAGE)
    last = max(at for at, (kind, _) in enumerate(blocks) if kind == "yaml")
    for at, (kind, block) in enumerate(blocks):
        if kind == "yaml":
            file = shell.folder / FILE
            before = file.read_text(encoding="utf-8")
            assert at < last or block == before, "the whole file is not the one built before"
            file.write_text(put_into(before, block), encoding="utf-8")
            continue
        assert kind == "console", f"the tutorial has a block of `{kind}` that nothing tests"
        for command, shown in exchanges(block):
            printed = shell.type(command)
            if not shows(shown, printed):
                wrong.append(difference(command, shown, printed))
            elif shell.code != expected_code(shown):
                wrong.append(f"$ {command}\nexit code {shell.code}")
    assert not wrong, "\n\n".join(wrong)


def test_percentages_in_the_prose_stand_in_an_output() -> None:
    printed = "\n".join(block for kind, block in FENCED.findall(PAGE) if kind == "console")
    named = re.findall(r"[-+]?\d[\d,.]* %", FENCED.sub("", PAGE))
    assert len(named) >= 10
    assert [number for number in named if number not in printed] == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\nc\n", "a\nb\nc\n", False),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a\n...\n", "a\n", False),
        ("page: ...x.html\n", "page: /home/x.html\n", True),
        ("page: ...x.html\n", "page: /home/y.html\n", False),
        ("1 % (a)\n", "1 % (a)\n", True),
        ("", "a\n", False),
        ("", "", True),
        ("a\n", "a\n\n", True),
        ("a\n\nb\n", "a\nb\n", False),
    ],
)
def test_only_what_is_left_out_may_differ(shown: str, printed: str, same: bool) -> None:
    assert shows(shown, printed) is same


def test_a_piece_goes_where_the_tutorial_says() -> None:
    file = put_into("", "rtrade: 1\nname: a\n\ndata:\n  source: b\n")
    file = put_into(file, "rules:\n  enter_long: c\n\ncosts: {}\n")
    assert file == (
        "rtrade: 1\nname: a\n\ndata:\n  source: b\n\nrules:\n  enter_long: c\n\ncosts: {}\n"
    )
    assert put_into(file, "data:\n  source: d\n  # why\n  end: e\n") == file.replace(
        "source: b", "source: d\n  # why\n  end: e"
    )
