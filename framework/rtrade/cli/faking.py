"""`rtrade fake-exchange`: options to a stand-in, until a signal stops it."""

from __future__ import annotations

import signal
import threading
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
    "--now",
    metavar="TIME",
    callback=_moment,
    help="The exchange's time at the start, UTC; default: the real clock.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    metavar="X",
    help="How many times as fast as real its clock runs; 0: it stands still.",
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
def fake_exchange(
    *,
    series: tuple[str, ...],
    now: int | None,
    speed: float,
    lot: str,
    min_notional: str,
    tick: str | None,
    weight_limit: int,
    limits: bool,
    port: int,
) -> int:
    """Serve stored bars as Binance would, over real sockets on this machine, until stopped."""
    from rtrade.testing import FakeExchange, VirtualClock
    from rtrade.testing.markets import Rules

    exchange = FakeExchange(
        series,
        clock=VirtualClock(now, speed),
        rules=Rules(lot=lot, min_notional=min_notional, tick=tick),
        weight_limit=weight_limit if limits else None,
        port=port,
    )
    serve(exchange)
    return 0


def serve(exchange: FakeExchange) -> None:
    """Run `exchange` until SIGTERM or SIGINT."""
    stopped = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with exchange:
        click.echo(f"listening on {exchange.url}")
        stopped.wait()
