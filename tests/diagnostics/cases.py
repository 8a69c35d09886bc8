"""Make the bad files of `docs/diagnostics`, and ask rtrade about them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from diagnostics import making
from rtrade.cli.main import main
from rtrade.core.codes.examples import Example, Said, parse

GALLERY = Path(__file__).parents[2] / "docs" / "diagnostics"
_KINDS = {"WorldError": "WORLD", "DataUnavailable": "WORLD", "UsageError": "USAGE"}


def read_cases() -> list[Example]:
    """Return all examples."""
    return [
        case
        for path in sorted(GALLERY.glob("*.txt"))
        for case in parse(path.stem, path.read_text(encoding="utf-8"))
    ]


def make(case: Example, folder: Path) -> None:
    """Make the workspace of a case."""
    shutil.copytree(GALLERY / "base", folder, dirs_exist_ok=True)
    path = folder / case.file
    path.write_text(case.changed(path.read_text(encoding="utf-8")), encoding="utf-8")
    if case.maker:
        getattr(making, case.maker)(path)


@dataclass(frozen=True)
class Answer:
    """What rtrade said: exit code, findings, and both streams of the answer in words."""

    exit_code: int
    said: list[Said]
    text: str


def ask(case: Example, folder: Path) -> Answer:
    """Run the command of a case twice, for people and for programs."""
    code, out, err = call(case.arguments(), folder)
    again, printed, _ = call([*case.arguments(), "--json"], folder)
    assert again == code, (code, again)
    return Answer(code, _said(printed.replace(str(folder), "FOLDER")), out + err)


def call(arguments: list[str], folder: Path) -> tuple[int, str, str]:
    """Run rtrade in this process; return exit code, stdout and stderr."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(folder)
    code = 1
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


def _said(printed: str) -> list[Said]:
    if not printed.strip():
        return []
    document = json.loads(printed)
    diagnostics = [
        *document.get("diagnostics", ()),
        *document.get("findings", ()),
        *(one for file in document.get("files", ()) for one in file["diagnostics"]),
    ]
    if not diagnostics and (error := document.get("error")):
        kind = _KINDS.get(error["kind"], error["kind"])
        return [Said(kind, "-", error["message"], error["hint"] or "")]
    return [
        Said(
            one["code"] if one["severity"] == "error" else f"{one['severity']}:{one['code']}",
            "-" if one.get("line") is None else f"{one['line']}:{one['column']}",
            one["message"],
            one.get("help") or "",
        )
        for one in diagnostics
    ]
