"""The command line: parse, call workflow, print, exit code. Heavy imports stay inside commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rtrade import __version__
from rtrade.cli.data import data
from rtrade.cli.explaining import why
from rtrade.cli.faking import fake_exchange
from rtrade.cli.llm import llm
from rtrade.cli.options import (
    Common,
    assumptions_option,
    common_options,
    json_option,
    open_option,
    out_option,
    trace_option,
    verify_option,
)
from rtrade.cli.serving import serve
from rtrade.core.errors import RtradeError
from rtrade.core.settings import SETTINGS

Command = TypeVar("Command", bound=Callable[..., Any])

# Commands of the design that later versions bring; refused by name instead of "no such command".
_LATER = (
    "optimize", "collect", "trade",
)  # fmt: skip

_EPILOG = "\b\nSettings (environment, or .env of the workspace):\n" + "\n".join(
    f"  {setting.name:<15} {setting.help}" for setting in SETTINGS
)


class _Group(click.Group):
    """Commands with a did-you-mean, and the later ones refused by name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        name = args[0]
        if self.get_command(ctx, name) is None:
            if name in _LATER:
                ctx.fail(f"`{name}` is not available in this version of rtrade.")
            close = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            ctx.fail(f"No such command `{name}`.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rtrade")
def cli() -> None:
    """Trading strategies as data: one YAML file in, a backtest out that can be believed."""


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@verify_option
@trace_option
@assumptions_option
@common_options
def run(file: Path, *, verify: bool, trace: bool, assumptions: bool | None, common: Common) -> int:
    """Run a strategy file and write its report."""
    from rtrade.cli.progress import display, fetching
    from rtrade.cli.showing import show_run
    from rtrade.workflow.executing import Manner
    from rtrade.workflow.running import run_strategy

    manner = Manner(common.engine, verify=verify, trace=trace, assumptions=assumptions)
    with display(shown=not (common.json or common.quiet)) as shown:
        outcome = run_strategy(
            file,
            common.overrides(),
            manner=manner,
            out=common.out,
            fetching=fetching(shown, offline=common.offline),
            progress=shown.tell,
        )
    show_run(outcome, as_json=common.json, quiet=common.quiet)
    return 0 if outcome.valid else 1


@cli.command()
@click.argument(
    "files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE..."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to print findings; github: annotations of a workflow.",
)
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@common_options
def validate(files: tuple[Path, ...], *, form: str, watch: bool, common: Common) -> int:
    """Check strategy and source files without running them."""
    from rtrade.cli.validating import show_validations, watch_files
    from rtrade.workflow.validating import validate as validate_files

    form = "json" if common.json else form
    if watch:
        watch_files(files, common.overrides(), common.engine, form=form)
    found = validate_files(files, common.overrides(), common.engine)
    show_validations(found, form=form, quiet=common.quiet)
    return 0 if all(validation.valid for validation in found) else 3


@cli.command()
@click.argument("file", metavar="FILE|CODE")
@common_options
def explain(file: str, common: Common) -> int:
    """Say in plain words what a strategy file does, or what a code means."""
    from rtrade.cli.showing import show_code, show_explanation
    from rtrade.workflow.explaining import code_of, explain_strategy

    code = code_of(file)
    if code is not None:
        show_code(code, as_json=common.json)
    else:
        show_explanation(explain_strategy(Path(file), common.overrides()), as_json=common.json)
    return 0


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@common_options
def check(file: Path, common: Common) -> int:
    """Look for what a strategy can never do, sees too early or remembers too long."""
    from rtrade.cli.checking import show_checked
    from rtrade.cli.progress import display, fetching
    from rtrade.workflow.checking import check_strategy

    with display(shown=not (common.json or common.quiet)) as shown:
        checked = check_strategy(
            file,
            common.overrides(),
            engine=common.engine,
            fetching=fetching(shown, offline=common.offline),
            progress=shown.tell,
        )
    show_checked(checked, as_json=common.json, quiet=common.quiet)
    return 0 if checked.clean else 1


@cli.command()
@click.argument("run", metavar="RUN")
@out_option
@open_option
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def report(run: str, *, out: Path | None, show: bool, quiet: bool, json: bool) -> int:
    """Write the report of a run anew: RUN is its folder, or the beginning of its id."""
    from rtrade.analysis.stored import find_run
    from rtrade.cli.comparing import show_page
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.reporting import write_report
    from rtrade.workflow.running import output_root

    page = write_report(find_run(run, output_root(find_workspace(None), out)))
    show_page(page, show=show, as_json=json, quiet=quiet)
    return 0


@cli.command()
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@out_option
@open_option
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def compare(
    first: str, second: str, *, out: Path | None, show: bool, quiet: bool, json: bool
) -> int:
    """Set two runs beside each other: what differs in their making, and in what they made."""
    from rtrade.cli.comparing import show_comparison
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.comparing import compare_runs
    from rtrade.workflow.running import output_root

    found = compare_runs(first, second, output_root(find_workspace(None), out))
    show_comparison(found, show=show, as_json=json, quiet=quiet)
    return 0


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--templates", is_flag=True, help="Copy the report templates too.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def init(folder: Path, *, templates: bool, quiet: bool, json: bool) -> int:
    """Make a workspace of your own with the example strategies."""
    from rtrade.cli.showing import show_workspace
    from rtrade.workflow.initialising import initialise

    show_workspace(folder, initialise(folder, templates=templates), as_json=json, quiet=quiet)
    return 0


@cli.command()
@click.argument("name")
@click.option(
    "--from",
    "template",
    default="sma_btc",
    show_default=True,
    metavar="STRATEGY",
    help="The strategy to begin from, of the workspace or shipped.",
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@json_option
def new(name: str, template: str, *, quiet: bool, json: bool) -> int:
    """Begin a strategy of your own from one that works."""
    from rtrade.cli.showing import show_new
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.creating import create_strategy

    path = create_strategy(name, template, find_workspace(None))
    show_new(path, as_json=json, quiet=quiet)
    return 0


@cli.command()
@click.argument("name", required=False)
@json_option
def catalog(name: str | None, *, json: bool) -> int:
    """List the functions and indicators, or show one."""
    from rtrade.cli.showing import show_cards
    from rtrade.workflow.cataloguing import card, cards

    show_cards([card(name)] if name else cards(), single=name is not None, as_json=json)
    return 0


@cli.command()
@json_option
def doctor(*, json: bool) -> int:
    """Check this installation, its libraries, its settings and the workspace."""
    from rtrade.cli.showing import show_checks
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.diagnosing import diagnose

    checks = diagnose(find_workspace(None))
    show_checks(checks, as_json=json)
    return 0 if all(check.ok for check in checks) else 1


cli.add_command(data)
cli.add_command(fake_exchange)
cli.add_command(llm)
cli.add_command(serve)
cli.add_command(why)


def main() -> None:
    """Run the command line and leave with its exit code; no traceback without --debug."""
    arguments = sys.argv[1:]
    try:
        code = cli.main(arguments, prog_name="rtrade", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except RtradeError as fault:
        _show_traceback(arguments)
        from rtrade.cli.output import print_fault

        print_fault(fault, as_json="--json" in arguments)
        sys.exit(fault.exit_code)
    except click.ClickException as fault:
        fault.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`rtrade ... | head`); there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as fault:  # noqa: BLE001  the edge: a bug is one line, --debug shows it all
        _show_traceback(arguments)
        click.echo(f"internal error: {type(fault).__name__}: {fault}", err=True)
        click.echo("  help: this is a bug of rtrade; --debug shows where", err=True)
        sys.exit(4)


def _show_traceback(arguments: list[str]) -> None:
    if "--debug" in arguments:
        import traceback

        traceback.print_exc()


if __name__ == "__main__":
    main()
