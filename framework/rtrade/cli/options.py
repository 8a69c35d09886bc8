"""Options that commands share, declared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from rtrade.config.overrides import Overrides
from rtrade.core.timeframes import parse_time

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Common:
    """The common options as given."""

    sets: tuple[str, ...]
    source: str | None
    symbol: str | None
    start: str | None
    end: str | None
    last: str | None
    engine: str
    out: Path | None
    offline: bool
    json: bool
    quiet: bool

    def overrides(self) -> Overrides:
        """Return what the command line says instead of the strategy file."""
        return Overrides(
            sets=self.sets,
            source=self.source,
            symbol=self.symbol,
            start=self.start,
            end=self.end,
            last=self.last,
        )


json_option = click.option("--json", is_flag=True, help="Print one JSON document on stdout.")
out_option = click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
                          help="The folder of the runs, if not the workspace's runs/.")  # fmt: skip
open_option = click.option("--open", "show", is_flag=True, help="Show the page in the browser.")

signal_option = click.option("--signal", metavar="NAME",
                             help="Which signal, where several ask a model.")  # fmt: skip


verify_option = click.option("--verify", is_flag=True,
                             help="Run the other engine too and compare to the bit; exit 1 where "
                             "they differ.")  # fmt: skip
trace_option = click.option("--trace", is_flag=True,
                            help="Look at every bar, and write each to trace.csv.")  # fmt: skip

assumptions_option = click.option("--assumptions/--no-assumptions", default=None,
                                  help="Make the run again under other costs, delays and starts, "
                                  "however long it is; or not at all.")  # fmt: skip


def as_time(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Read a time of the command line as milliseconds."""
    if value is None:
        return None
    try:
        return parse_time(value)
    except ValueError as error:
        advice = "write `2023-01-01` or `2023-01-01T12:00Z` (UTC)"
        raise click.BadParameter(f"`{value}` is not a time: {advice}.") from error


def at_option(*, required: bool = False) -> Callable[[Function], Function]:
    """Return the option that names a bar by a time at or after its open."""
    default = "" if required else "; default: the last one"
    explained = f"The last bar that opens at or before this, UTC{default}."
    return click.option("--at", callback=as_time, required=required, metavar="TIME", help=explained)


_OPTIONS = (
    click.option("--set", "sets", multiple=True, metavar="KEY=VALUE",
                 help="Override a value, e.g. params.fast=12 (repeatable)."),
    click.option("--source", metavar="NAME|PATH", help="Take the bars from another source."),
    click.option("--symbol", metavar="SYMBOL", help="Trade another symbol."),
    click.option("--start", metavar="TIME", help="First bar, UTC, inclusive."),
    click.option("--end", metavar="TIME", help="End of the range, UTC, exclusive."),
    click.option("--last", metavar="LENGTH", help="The last stretch of the data, e.g. 30d."),
    click.option("--engine", type=click.Choice(["backtrader", "compiled"]), default="backtrader",
                 show_default=True, help="What turns decisions into fills."),
    click.option("--out", type=click.Path(path_type=Path), metavar="DIR",
                 help="Make run folders in DIR instead of the workspace's runs/."),
    click.option("--offline", is_flag=True,
                 help="Fetch nothing from an exchange: use what is stored."),
    json_option,
    click.option("--quiet", is_flag=True, help="Print nothing but errors."),
    click.option("--debug", is_flag=True, help="Show tracebacks; log everything."),
    click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error (stderr)."),
)  # fmt: skip


def common_options(command: Function) -> Function:
    """Add the common options to a command and hand them over as one `Common`."""

    @wraps(command)
    def wrapper(*args: Any, debug: bool, log_level: str | None, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name) for name in Common.__dataclass_fields__}
        _prepare_logs("debug" if debug else log_level)
        return command(*args, common=Common(**given), **kwargs)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]  # click's decorators keep the type of callables


def _prepare_logs(level: str | None) -> None:
    from rtrade.config.loading import find_workspace
    from rtrade.core.settings import load_settings

    chosen = level or load_settings(find_workspace(None))["RTRADE_LOG"]
    # The logger is only loaded where it says something: start-up time is a feature.
    if chosen != "warning":
        from rtrade.cli.logs import configure_logs

        configure_logs(chosen)
