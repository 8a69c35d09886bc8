"""`rtrade data ...`: fetch, list, check, move and prune stored market data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from rtrade.cli.options import as_time, json_option
from rtrade.core.errors import UsageError
from rtrade.core.timeframes import Timeframe

Command = TypeVar("Command", bound=Callable[..., Any])

_AGE = re.compile(r"([1-9][0-9]{0,5})([smhdw])")

quiet_option = click.option("--quiet", is_flag=True, help="Print nothing but errors.")


def _as_timeframe(_: click.Context, __: click.Parameter, value: str | None) -> Timeframe | None:
    if value is None:
        return None
    try:
        return Timeframe.parse(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}: write `5m`, `1h` or `1d`.") from error


def _as_age(_: click.Context, __: click.Parameter, value: str) -> int:
    """Read how long ago, in ms; unlike a timeframe it may be years."""
    match = _AGE.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter(f"`{value}` is not a length of time: write `365d` or `12h`.")
    return int(match[1]) * Timeframe.parse(f"1{match[2]}").ms


def _timeframe(*, required: bool) -> Callable[[Command], Command]:
    return click.option("--timeframe", callback=_as_timeframe, required=required,
                        metavar="TIMEFRAME", help="Length of a bar, such as 1h.")  # fmt: skip


def _since(*, required: bool = False) -> Callable[[Command], Command]:
    return click.option("--since", callback=as_time, required=required, metavar="TIME",
                        help="First bar, UTC, inclusive.")  # fmt: skip


_until = click.option("--until", callback=as_time, metavar="TIME",
                      help="End, UTC, exclusive; default: the last closed bar.")  # fmt: skip


@click.group()
def data() -> None:
    """Fetch market data, and see what there is of it."""


@data.command()
@click.argument("source")
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@_timeframe(required=True)
@_since(required=True)
@_until
@quiet_option
@json_option
def sync(
    source: str,
    symbols: tuple[str, ...],
    *,
    timeframe: Timeframe,
    since: int,
    until: int | None,
    quiet: bool,
    json: bool,
) -> int:
    """Fetch the bars that the store lacks from an exchange.

    What was fetched once is not fetched again; an interrupted sync goes on where it stopped.
    SYMBOL is written as ccxt writes it, such as BTC/USDT.
    """
    from rtrade.cli.progress import display
    from rtrade.cli.syncing import show_synced
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.syncing import sync_symbols

    if until is not None and until <= since:
        raise UsageError("--until is not after --since", hint="--since is inclusive, --until not")
    with display(shown=not (json or quiet)) as shown:
        found = sync_symbols(
            source, symbols, timeframe, find_workspace(None),
            since=since, until=until, watch=shown.watch,
        )  # fmt: skip
    show_synced(source, found, as_json=json, quiet=quiet)
    return 0


@data.command("list")
@click.argument("source", required=False)
@json_option
def list_(source: str | None, *, json: bool) -> int:
    """List the stored series: bars, range, and how much of it was fetched."""
    from rtrade.cli.inspecting import show_series
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.inspecting import list_series

    show_series(list_series(source, find_workspace(None)), as_json=json)
    return 0


@data.command()
@click.argument("source")
@click.argument("symbols", nargs=-1, metavar="[SYMBOL...]")
@_timeframe(required=False)
@_since()
@_until
@quiet_option
@json_option
def check(
    source: str,
    symbols: tuple[str, ...],
    *,
    timeframe: Timeframe | None,
    since: int | None,
    until: int | None,
    quiet: bool,
    json: bool,
) -> int:
    """Look for holes, halts, outliers and corrected bars; exit 1 where there are any.

    Of an exchange, what is stored is looked at, and nothing is fetched.
    """
    from rtrade.cli.inspecting import show_inspections
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.inspecting import inspect_source

    found = inspect_source(
        source, find_workspace(None), symbols=symbols, timeframe=timeframe, since=since, until=until
    )
    show_inspections(found, as_json=json, quiet=quiet)
    return 0 if all(one.clean for one in found) else 1


@data.command()
@click.argument("source")
@click.argument("symbol")
@_timeframe(required=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="A .csv, .csv.gz or .parquet file; one that is there is replaced.",
)
@_since()
@_until
@click.option("--offline", is_flag=True, help="Fetch nothing.")
@quiet_option
@json_option
def export(
    source: str,
    symbol: str,
    *,
    timeframe: Timeframe,
    output: Path,
    since: int | None,
    until: int | None,
    offline: bool,
    quiet: bool,
    json: bool,
) -> int:  # fmt: skip
    """Write bars to a file: columns ts, open, high, low, close, volume; ts in ms."""
    from rtrade.cli.moving import show_moved
    from rtrade.cli.progress import display, fetching
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.moving import export_bars

    with display(shown=not (json or quiet)) as shown:
        moved = export_bars(
            source, symbol, timeframe, output, find_workspace(None),
            since=since, until=until, fetching=fetching(shown, offline=offline),
        )  # fmt: skip
    show_moved(moved, as_json=json, quiet=quiet)
    return 0


@data.command("import")
@click.argument("source")
@click.argument("symbol")
@click.argument("places", nargs=-1, required=True, metavar="FILE|FOLDER|URL...")
@_timeframe(required=True)
@quiet_option
@json_option
def import_(
    source: str,
    symbol: str,
    places: tuple[str, ...],
    *,
    timeframe: Timeframe,
    quiet: bool,
    json: bool,
) -> int:
    """Store bars from CSV or Parquet files, or from Binance's public archive (.zip).

    A FOLDER or URL is the top of an archive. Holes in the files are not taken for holes of the
    exchange: a later sync asks for them.
    """
    from rtrade.cli.moving import show_moved
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.moving import import_bars

    moved = import_bars(source, symbol, timeframe, places, find_workspace(None))
    show_moved(moved, as_json=json, quiet=quiet)
    return 0


@data.command()
@click.argument("symbol")
@click.option(
    "--window",
    callback=_as_timeframe,
    required=True,
    metavar="LENGTH",
    help="How far back each value looks, such as 60m.",
)
@click.option(
    "--source",
    metavar="NAME|PATH",
    default="binance",
    show_default=True,
    help="Where the bars come from.",
)
@_timeframe(required=False)
@_since()
@_until
@click.option("--offline", is_flag=True, help="Fetch nothing.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write all values to a .csv file; default: print the last ones.",
)
@quiet_option
@json_option
def vwap(
    symbol: str,
    *,
    window: Timeframe,
    source: str,
    timeframe: Timeframe | None,
    since: int | None,
    until: int | None,
    offline: bool,
    output: Path | None,
    quiet: bool,
    json: bool,
) -> int:  # fmt: skip
    """Work out the volume-weighted average price over a rolling window.

    The same numbers as `vwap(n)` in a strategy. Without --timeframe: bars of 1m, or the finest
    stored ones that fit the window a whole number of times.
    """
    from rtrade.cli.moving import show_vwap
    from rtrade.cli.progress import display, fetching
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.averaging import average_price

    with display(shown=not (json or quiet)) as shown:
        found = average_price(
            source, symbol, window, find_workspace(None), timeframe=timeframe,
            since=since, until=until, output=output, fetching=fetching(shown, offline=offline),
        )  # fmt: skip
    show_vwap(found, as_json=json, quiet=quiet)
    return 0


@data.command()
@click.argument("source", required=False)
@click.argument("symbols", nargs=-1, metavar="[SYMBOL...]")
@_timeframe(required=False)
@click.option(
    "--older-than",
    "age",
    callback=_as_age,
    required=True,
    metavar="LENGTH",
    help="Delete bars that opened longer ago than this, such as 365d.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@quiet_option
@json_option
def prune(
    source: str | None,
    symbols: tuple[str, ...],
    *,
    timeframe: Timeframe | None,
    age: int,
    dry_run: bool,
    quiet: bool,
    json: bool,
) -> int:  # fmt: skip
    """Delete old bars from the store; what they covered counts as never fetched again."""
    from time import time_ns

    from rtrade.cli.moving import show_pruned
    from rtrade.config.loading import find_workspace
    from rtrade.workflow.moving import prune_series

    found = prune_series(
        source, find_workspace(None), symbols=symbols, timeframe=timeframe, age=age,
        now=time_ns() // 1_000_000, dry=dry_run,
    )  # fmt: skip
    show_pruned(found, as_json=json, quiet=quiet)
    return 0
