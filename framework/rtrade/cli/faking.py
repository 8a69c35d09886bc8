"""`rtrade fake-exchange`: options to a stand-in, until a signal stops it."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from rtrade.core.timeframes import parse_time

if TYPE_CHECKING:
    from rtrade.testing import FakeExchange


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return parse_time(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"`{text}` is no time: write `2024-01-31T09:00Z` or milliseconds since 1970"
        ) from None


@click.command("fake-exchange")
@click.option(
    "--series",
    multiple=True,
    metavar="SYMBOL,TIMEFRAME,FILE",
    help="Bars to serve, CSV or Parquet, e.g. BTC/USDT,1h,bars.csv.gz (repeatable).",
)
@click.option(
    "--recording",
    type=click.Path(),
    metavar="FILE",
    help="Raw stream messages to tell again, lines of `<receive ns> <message>`.",
)
@click.option(
    "--funding",
    multiple=True,
    metavar="SYMBOL,FILE",
    help="Funding rates of a perpetual contract, CSV of time and rate (repeatable).",
)
@click.option(
    "--faults",
    metavar="SEED|FILE",
    help="What goes wrong: drawn from a number, or written in a YAML or JSON file.",
)
@click.option(
    "--now",
    metavar="TIME",
    callback=_moment,
    help="The exchange's time at the start, UTC; default: the real time, or the recording's start.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 1e6),
    default=1.0,
    show_default=True,
    metavar="X",
    help="How many times as fast as real its clock runs; 0: it stands still.",
)
@click.option(
    "--wait-for-streams",
    type=click.IntRange(0),
    metavar="N",
    help="Its clock stands still until so many streams are subscribed to; default: 1 "
    "with a recording, else 0.",
)
@click.option("--lot", default="0.00001", show_default=True, metavar="X", help="Size step.")
@click.option(
    "--min-notional",
    default="5",
    show_default=True,
    metavar="X",
    help="Least worth of an order, in the quote currency.",
)
@click.option("--tick", metavar="X", help="Price step; default: as fine as the prices.")
@click.option(
    "--weight-limit",
    type=click.IntRange(1),
    default=6000,
    show_default=True,
    metavar="N",
    help="Request weight allowed in a minute.",
)
@click.option(
    "--limits/--no-limits", default=True, show_default=True, help="Whether weight is limited."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    metavar="N",
    help="Port on 127.0.0.1; 0: any free one.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def fake_exchange(
    *,
    series: tuple[str, ...],
    recording: str | None,
    funding: tuple[str, ...],
    faults: str | None,
    now: int | None,
    speed: float,
    wait_for_streams: int | None,
    port: int,
    weight_limit: int,
    limits: bool,
    debug: bool,
    lot: str,
    min_notional: str,
    tick: str | None,
) -> int:
    """Serve stored bars as Binance would, over real sockets on this machine, until stopped."""
    from rtrade.testing.exchange import FakeExchange, start_clock
    from rtrade.testing.faults import SeededScript
    from rtrade.testing.markets import make_rules
    from rtrade.testing.recording import read_recording

    del debug  # looked for among the arguments where an error arrives
    if not (series or recording or funding):
        raise click.UsageError("There is nothing to serve: give --series, --recording or --funding")
    told = None if recording is None else read_recording(Path(recording))
    waiting = int(told is not None) if wait_for_streams is None else wait_for_streams
    exchange = FakeExchange(
        series,
        clock=start_clock(told, now, speed, held=waiting > 0),
        recording=told,
        funding=funding,
        faults=faults,
        rules=make_rules(lot, min_notional, tick),
        weight_limit=weight_limit if limits else None,
        wait_for_streams=waiting,
        port=port,
        tell=_tell,
    )
    if isinstance(exchange.faults, SeededScript):
        _tell(f"faults are drawn from the seed {exchange.faults.seed}")
    _serve(exchange)
    return 0


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _serve(exchange: FakeExchange) -> None:
    """Run `exchange` until SIGTERM or SIGINT."""

    def stop(_: int, __: FrameType | None) -> None:
        exchange.stop_soon()

    exchange.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    click.echo(f"listening on {exchange.url}")
    exchange.wait()
