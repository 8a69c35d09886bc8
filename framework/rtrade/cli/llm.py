"""`rtrade llm`: the local model, what models are asked, and what they have answered."""

from __future__ import annotations

from pathlib import Path

import click

from rtrade.cli.options import (
    Common,
    at_option,
    common_options,
    json_option,
    signal_option,
)


@click.group()
def llm() -> None:
    """Language models: the local one, what is asked, what was answered, and how far to trust it."""


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


@llm.command()
@click.argument("file", type=click.Path(path_type=Path))
@at_option(required=True)
@signal_option
@common_options
def prompt(file: Path, *, at: int, signal: str | None, common: Common) -> int:
    """Show what is asked at the decision point at or before a time; needs no key and no model."""
    from rtrade.cli.llm_showing import show_prompt
    from rtrade.cli.progress import display, fetching
    from rtrade.workflow.prompting import prompt_at

    with display(shown=not (common.json or common.quiet)) as shown:
        found = prompt_at(
            file,
            common.overrides(),
            at,
            signal=signal,
            fetching=fetching(shown, offline=common.offline),
        )
    show_prompt(found, as_json=common.json)
    return 0


@llm.command()
@click.argument("name", metavar="FILE|RUN")
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="PATH",
              help="The file to write: one answer a line (JSONL).")  # fmt: skip
@common_options
def export(name: str, *, output: Path, common: Common) -> int:
    """Write the answers that a strategy or a run rests on to a file, for others to replay.

    Exit code 1 where some of them are not stored.
    """
    from rtrade.cli.llm_showing import show_exported
    from rtrade.cli.progress import display, fetching
    from rtrade.workflow.exchanging import export_answers

    with display(shown=not (common.json or common.quiet)) as shown:
        done = export_answers(
            name,
            output,
            common.overrides(),
            out=common.out,
            fetching=fetching(shown, offline=common.offline),
        )
    show_exported(done, as_json=common.json, quiet=common.quiet)
    return 0 if done.whole else 1


@llm.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def import_(file: Path, *, quiet: bool, json: bool) -> int:
    """Add the answers of a file that `export` wrote to the store; those that are there stay."""
    from rtrade.cli.llm_showing import show_imported
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.exchanging import import_answers

    show_imported(import_answers(file, find_workspace(None)), as_json=json, quiet=quiet)
    return 0


@llm.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--points", type=click.IntRange(2, 10_000), default=20, show_default=True,
              help="How many decision points to ask at.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True,
              help="Which points, and the order of shuffled bars.")  # fmt: skip
@signal_option
@common_options
def probe(file: Path, *, points: int, seed: int, signal: str | None, common: Common) -> int:
    """Ask the same under disguises: does the model judge the market, or remember it?

    Exit code 1 where too much went unanswered to say.
    """
    from rtrade.cli.llm_probing import show_probed
    from rtrade.cli.progress import display, fetching
    from rtrade.workflow.probing_llm import probe_model

    with display(shown=not (common.json or common.quiet)) as shown:
        probed = probe_model(
            file,
            common.overrides(),
            signal=signal,
            points=points,
            seed=seed,
            fetching=fetching(shown, offline=common.offline),
        )
    show_probed(probed, as_json=common.json, quiet=common.quiet)
    return 1 if probed.failed else 0


@llm.command()
@click.argument("name", metavar="FILE|RUN")
@at_option()
@click.option("--output", type=click.Path(path_type=Path), metavar="PATH",
              help="The file to write; default: in analyses/ of the folder of runs.")  # fmt: skip
@signal_option
@common_options
def analyze(
    name: str, *, at: int | None, output: Path | None, signal: str | None, common: Common
) -> int:
    """Let a strategy's model analyse the market at the close of a bar: trend, levels, risk.

    The analysis of a run goes into its folder and its report.

    Exit code 1 where the model gives no valid answer; then no file is written.
    """
    from rtrade.cli.llm_showing import show_analysed
    from rtrade.cli.progress import display, fetching
    from rtrade.workflow.analysing import analyse_market

    with display(shown=not (common.json or common.quiet)) as shown:
        done = analyse_market(
            name,
            common.overrides(),
            at=at,
            signal=signal,
            output=output,
            out=common.out,
            fetching=fetching(shown, offline=common.offline),
        )
    show_analysed(done, as_json=common.json, quiet=common.quiet)
    return 1 if done.file is None else 0
