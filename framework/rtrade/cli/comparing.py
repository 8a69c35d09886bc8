"""Print where a page is, and what two runs differ in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_json, print_table
from rtrade.core.errors import WorldError

if TYPE_CHECKING:
    from rtrade.analysis.comparison import Comparison
    from rtrade.workflow.comparing import Compared


def show_page(page: Path, *, show: bool, as_json: bool, quiet: bool) -> None:
    """Print the path of a report, and open it where that was asked."""
    if as_json:
        print_json({"run_id": page.parent.name, "report": str(page)})
    elif not quiet:
        click.echo(f"report: {page}")
    if show:
        _open(page)


def show_comparison(compared: Compared, *, show: bool, as_json: bool, quiet: bool) -> None:
    """Print metrics side by side, what differs, and where the page is."""
    found, page = compared.found, compared.page
    if as_json:
        print_json({**_document(found), "page": str(page)})
    elif not quiet:
        _print(found)
        click.echo(f"page: {page}")
    if show:
        _open(page)


def _print(found: Comparison) -> None:
    from rtrade.report import comparison, formatting

    plain = formatting.ascii_text
    first, second = found.runs
    rows = [comparison.metric_row(pair) for pair in found.metrics]
    print_table(
        f"A {first.run_id}, B {second.run_id}",
        ("metric", "A", "B", "B less A"),
        [(row.title, plain(row.first), plain(row.second), plain(row.change)) for row in rows],
    )
    for one in (comparison.difference_row(difference) for difference in found.differences):
        click.echo(f"differs: {one.title}: {plain(one.first)} | {plain(one.second)}")
    click.echo(comparison.shared(found))
    for note in found.notes:
        click.echo(f"note: {note}")


def _document(found: Comparison) -> dict[str, Any]:
    first, second = found.runs
    return {
        "runs": [first.run_id, second.run_id],
        "notes": list(found.notes),
        "metrics": {
            pair.metric.name: {"a": pair.first, "b": pair.second, "change": pair.change}
            for pair in found.metrics
        },
        "differences": [asdict(one) for one in found.differences],
        "yaml": list(found.yaml),
        "trades": {
            "shared": found.shared,
            "ended_otherwise": found.ended,
            "only_a": list(found.only[0]),
            "only_b": list(found.only[1]),
        },
    }


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.as_uri()):
        raise WorldError("no browser could be started", hint=f"open {page}, or set BROWSER to one")
