"""What the user sees: tables and text on a terminal, plain lines in a pipe, JSON on request.

Results go to stdout, everything else to stderr. Piped output is never wrapped or coloured.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from rtrade.core.diagnostics import Diagnostic, Severity
from rtrade.core.errors import InvalidInput, RtradeError


def print_json(document: Any) -> None:
    """Print one JSON document on stdout; NaN is never printed."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def print_findings(diagnostics: Sequence[Diagnostic]) -> None:
    """Print findings with their source lines on stderr."""
    from rtrade.core.rendering import render

    for found in diagnostics:
        click.echo(render(found), err=True)
        click.echo(err=True)


def print_fault(fault: RtradeError, *, as_json: bool) -> None:
    """Print an error of ours: findings where it has them, else one line and a hint."""
    from rtrade.core.rendering import as_dict

    findings = fault.diagnostics if isinstance(fault, InvalidInput) else ()
    if as_json:
        kind = type(fault).__name__
        error = {"kind": kind, "message": fault.message, "hint": fault.hint}
        print_json({"error": error, "diagnostics": [as_dict(found) for found in findings]})
        return
    if findings:
        print_findings(findings)
        errors = sum(found.severity is Severity.ERROR for found in findings)
        click.echo(f"{errors} error{'s' if errors != 1 else ''}", err=True)
        return
    click.echo(f"error: {fault.message}", err=True)
    if fault.hint:
        click.echo(f"  help: {fault.hint}", err=True)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with rules on a terminal, as aligned columns in a pipe."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        # Printed as a line: a title of the table would be wrapped to the table's own width.
        click.echo(title)
        table = Table(show_edge=False)
        for number, name in enumerate(header):
            table.add_column(name, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        return
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    click.echo(title)
    for row in (header, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        click.echo("  ".join(cells).rstrip())
