"""`rtrade why`: what a run did at a bar, and why it did not do something else."""

from __future__ import annotations

from pathlib import Path

import click

from rtrade.cli.options import json_option, out_option


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--at",
    required=True,
    metavar="TIME",
    help="A time in the bar, UTC; or entry:3, exit:3 (by the number of a trade), or last.",
)
@out_option
@click.option("--offline", is_flag=True, help="Fetch nothing from an exchange: use what is stored.")
@json_option
def why(run: str, *, at: str, out: Path | None, offline: bool, json: bool) -> int:
    """Say why a run did or did not trade at a bar: RUN is its folder, or the beginning of its id.

    Exits with 1 where the run does not come out again as it was, which is then said first.
    """
    from rtrade.analysis.stored import find_run
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.markets import Fetching
    from rtrade.workflow.running import output_root
    from rtrade.workflow.why import why as explain

    folder = find_run(run, output_root(find_workspace(None), out))
    found = explain(folder, at, Fetching(offline=offline))
    if json:
        from rtrade.cli.output import print_json
        from rtrade.report.why import document

        print_json(document(found))
    else:
        from rtrade.report.why import as_text

        click.echo(as_text(found))
    return 1 if found.differs else 0
