"""Print what `rtrade validate` found: for people, for programs, and for GitHub's workflows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from rtrade.cli.output import print_findings, print_json
from rtrade.core.errors import UsageError

if TYPE_CHECKING:
    from rtrade.config.overrides import Overrides
    from rtrade.core.diagnostics import Diagnostic
    from rtrade.workflow.validating import Validation


def show_validations(found: Sequence[Validation], *, form: str, quiet: bool) -> None:
    """Print findings, and one line for each valid file; `form` is text, json or github."""
    if form == "json":
        _print_document(found)
        return
    for validation in found:
        if form == "github":
            for one in validation.diagnostics:
                click.echo(annotation(one))
        else:
            print_findings(validation.diagnostics)
        if validation.valid and not quiet:
            click.echo(f"{validation.path}: valid")


def watch_files(files: Sequence[Path], overrides: Overrides, engine: str, *, form: str) -> NoReturn:
    """Check files again whenever they or their sources change, until a signal."""
    from rtrade.workflow.validating import files_of, validate
    from rtrade.workflow.watching import again

    if form != "text":
        raise UsageError(
            f"`--watch` prints for people, not as {form}", hint="leave one of the two away"
        )

    def check(read: Sequence[Path]) -> None:
        found = validate(files, overrides, engine)
        show_validations(found, form=form, quiet=False)
        wrong = sum(not validation.valid for validation in found)
        state = f"{wrong} of {len(found)} wrong" if wrong else "all valid"
        count = f"{len(read)} file{'s' if len(read) != 1 else ''}"
        click.echo(f"{state}; watching {count}, Ctrl-C ends")

    again(lambda: files_of(files, overrides), check)
    raise AssertionError("only a signal ends this")


def annotation(found: Diagnostic) -> str:
    """Return a finding as a workflow command of GitHub.

    docs.github.com/actions/reference/workflow-commands-for-github-actions: percent signs and line
    ends are escaped, in properties colons and commas too.
    """
    properties = {"title": found.code}
    if (span := found.span) is not None:
        place = {"file": span.file, "line": span.line, "endLine": span.end_line,
                 "col": span.column, "endColumn": span.end_column}  # fmt: skip
        properties = {name: str(value) for name, value in place.items()} | properties
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = found.message if found.help is None else f"{found.message}\nhelp: {found.help}"
    return f"::{found.severity} {listed}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _print_document(found: Sequence[Validation]) -> None:
    from rtrade.core.rendering import as_dict

    files = [
        {
            "file": str(validation.path),
            "valid": validation.valid,
            "diagnostics": [as_dict(entry) for entry in validation.diagnostics],
        }
        for validation in found
    ]
    print_json({"valid": all(validation.valid for validation in found), "files": files})
