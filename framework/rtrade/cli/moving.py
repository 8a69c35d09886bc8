"""Print what was exported, imported, averaged and pruned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rtrade.cli.output import print_json, print_table
from rtrade.core.timeframes import iso

if TYPE_CHECKING:
    from rtrade.workflow.averaging import AveragePrice
    from rtrade.workflow.moving import Moved, Pruned

# Values that are printed without --output.
_LAST = 10


def show_moved(moved: Moved, *, as_json: bool, quiet: bool) -> None:
    """Print what went from or to files."""
    first, last = (None if at is None else iso(at) for at in (moved.first, moved.last))
    if as_json:
        document = {
            "symbol": moved.symbol,
            "timeframe": str(moved.timeframe),
            "places": list(moved.places),
            "bars": moved.bars,
            "first": first,
            "last": last,
        }
        if moved.added is not None:
            document |= {"added": moved.added, "corrected": moved.corrected}
        print_json(document)
    elif not quiet:
        what = f"{moved.bars:,} bars of {moved.symbol} {moved.timeframe}"
        span = f", {first} to {last}" if first else ""
        if moved.added is None:
            click.echo(f"{moved.places[0]}: {what}{span}")
        else:
            news = f"{moved.added:,} new, {moved.corrected:,} corrected"
            click.echo(f"read {what}{span}: {news}")


def show_vwap(found: AveragePrice, *, as_json: bool, quiet: bool) -> None:
    """Print the last average prices, or where all of them were written; as JSON all of them."""
    if as_json:
        pairs = zip(found.time.tolist(), found.values.tolist(), strict=True)
        print_json(
            {
                "source": found.source,
                "symbol": found.symbol,
                "timeframe": str(found.timeframe),
                "window": str(found.window),
                "values": [
                    {"time": iso(at), "vwap": None if math.isnan(value) else value}
                    for at, value in pairs
                ],
            }
        )
    elif quiet:
        return
    elif found.file is not None:
        click.echo(f"{found.file}: {len(found.values):,} values")
    else:
        rows = [
            (iso(at), "unknown" if math.isnan(value) else f"{value:,.8g}")
            for at, value in zip(
                found.time[-_LAST:].tolist(), found.values[-_LAST:].tolist(), strict=True
            )
        ]
        title = f"vwap of {found.symbol} over {found.window}, from bars of {found.timeframe}"
        print_table(title, ("bar", "vwap"), rows)


def show_pruned(found: Sequence[Pruned], *, as_json: bool, quiet: bool) -> None:
    """Print what was deleted, or would be."""
    if as_json:
        print_json(
            {
                "series": [
                    {
                        "venue": one.key.venue,
                        "symbol": one.key.symbol,
                        "timeframe": str(one.key.timeframe),
                        "before": iso(one.before),
                        "bars": one.bars,
                        "deleted": one.done,
                    }
                    for one in found
                ]
            }
        )
        return
    if quiet:
        return
    for one in found:
        verb = "deleted" if one.done else "would delete"
        bars = f"{one.bars:,} bars before {iso(one.before)}"
        click.echo(f"{one.key.symbol} {one.key.timeframe} of {one.key.venue}: {verb} {bars}")
    if not found:
        click.echo("nothing is stored")
