"""Read the corpus of bad files, make them, and ask rtrade about them.

A case of `corpus/*.txt` changes a workspace that is right (`base/`) in one thing:

    === what is wrong                  the title
    @ datasources/own.yaml             the file to change, if not example.yaml
    - line                             a line to take out; the ones after `+` come in its place
    + line
    = line                             or: the whole file, line by line
    ! name                             or: what `making.py` makes, where text cannot say it
    $ run --last 30d                   the command and options, if not `validate`
    > RT021 14:1 message               what must be found, at line and column (`-`: the file)
    >> help                            and what is said to help

`WORLD` and `USAGE` stand for errors that are not findings in a file.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from diagnostics import making
from rtrade.cli.main import main

HERE = Path(__file__).parent
STRATEGY = "example.yaml"
_COMMANDS = ("run", "validate", "check", "explain")
_KINDS = {"WorldError": "WORLD", "DataUnavailable": "WORLD", "UsageError": "USAGE"}


@dataclass(frozen=True)
class Found:
    """A finding: code, `line:column` or `-`, message, help."""

    code: str
    place: str
    message: str
    help: str = ""

    def __str__(self) -> str:
        return f"> {self.code} {self.place} {self.message}" + (
            f"\n>> {self.help}" if self.help else ""
        )


@dataclass
class Case:
    """A bad file and what must be said of it."""

    family: str
    title: str
    file: str = STRATEGY
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    whole: list[str] | None = None
    maker: str = ""
    command: list[str] = field(default_factory=list)
    expected: list[Found] = field(default_factory=list)

    def make(self, folder: Path) -> None:
        """Make the workspace of the case."""
        shutil.copytree(HERE / "base", folder, dirs_exist_ok=True)
        path = folder / self.file
        if self.whole is not None:
            path.write_text("\n".join(self.whole), encoding="utf-8")
        elif self.removed or self.added:
            path.write_text(self._changed(path.read_text(encoding="utf-8")), encoding="utf-8")
        if self.maker:
            getattr(making, self.maker)(path)

    def _changed(self, text: str) -> str:
        lines = text.splitlines()
        if not self.removed:
            return "\n".join([*lines, *self.added, ""])
        at = lines.index(self.removed[0])
        for line in self.removed:
            # One after the other: a list of lines may leave some of the file between them.
            lines.remove(line)
        return "\n".join([*lines[:at], *self.added, *lines[at:], ""])

    def arguments(self) -> list[str]:
        """Return the command line."""
        given = self.command if self.command[:1] and self.command[0] in _COMMANDS else [
            "validate", *self.command
        ]  # fmt: skip
        return [given[0], STRATEGY, *given[1:]]


def read_cases() -> list[Case]:
    """Return the whole corpus."""
    return [case for path in sorted((HERE / "corpus").glob("*.txt")) for case in _read(path)]


def _read(path: Path) -> list[Case]:
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "===":
            cases.append(Case(path.stem, rest))
            continue
        if not line:
            continue
        case = cases[-1]
        if mark == "@":
            case.file = rest
        elif mark == "-":
            case.removed.append(rest)
        elif mark == "+":
            case.added.append(rest)
        elif mark == "=":
            case.whole = [*(case.whole or ()), rest]
        elif mark == "!":
            case.maker = rest
        elif mark == "$":
            case.command = shlex.split(rest)
        elif mark == ">":
            case.expected.append(Found(*rest.split(" ", 2)))
        elif mark == ">>":
            last = case.expected[-1]
            case.expected[-1] = Found(last.code, last.place, last.message, rest)
        else:
            raise ValueError(f"{path.name}: {line}")
    return cases


@dataclass(frozen=True)
class Answer:
    """What rtrade said: exit code, findings, and both streams of the answer in words."""

    exit_code: int
    found: list[Found]
    text: str


def ask(case: Case, folder: Path) -> Answer:
    """Run the command of a case twice, for people and for programs."""
    code, out, err = call(case.arguments(), folder)
    again, printed, _ = call([*case.arguments(), "--json"], folder)
    assert again == code, (code, again)
    return Answer(code, _found(printed.replace(str(folder), "FOLDER")), out + err)


def call(arguments: list[str], folder: Path) -> tuple[int, str, str]:
    """Run rtrade in this process; return exit code, stdout and stderr."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(folder)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "argv", ["rtrade", *arguments]),
        ):
            main()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 1
    finally:
        os.chdir(before)
    return code, out.getvalue(), err.getvalue()


def _found(printed: str) -> list[Found]:
    if not printed.strip():
        return []
    document = json.loads(printed)
    diagnostics = document.get("diagnostics") or [
        one for file in document.get("files", ()) for one in file["diagnostics"]
    ]
    if not diagnostics and (error := document.get("error")):
        kind = _KINDS.get(error["kind"], error["kind"])
        return [Found(kind, "-", error["message"], error["hint"] or "")]
    return [
        Found(
            one["code"] if one["severity"] == "error" else f"{one['severity']}:{one['code']}",
            "-" if one.get("line") is None else f"{one['line']}:{one['column']}",
            one["message"],
            one.get("help") or "",
        )
        for one in diagnostics
    ]
