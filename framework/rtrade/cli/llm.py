"""`rtrade llm`: the local model, and what models have answered."""

from __future__ import annotations

import click

from rtrade.cli.options import json_option


@click.group()
def llm() -> None:
    """Install the local model."""


@llm.command()
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def install(*, quiet: bool, json: bool) -> int:
    """Bring the local model (98 MB) into this environment, with pip and a fixed hash."""
    from rtrade.cli.output import print_json
    from rtrade.cli.progress import display
    from rtrade.workflow.installing import install_model

    with display(shown=not (json or quiet)) as shown:
        shown.tell("installing the local model")
        done = install_model()
    if json:
        print_json({"weights": str(done.weights), "engine": done.engine, "present": done.present})
    elif not quiet:
        what = "is installed already" if done.present else "is installed"
        click.echo(f"the local model {what}: {done.weights}")
    return 0
