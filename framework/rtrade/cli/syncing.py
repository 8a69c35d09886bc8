"""Print what a sync did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_json, print_table
from rtrade.core.timeframes import iso

if TYPE_CHECKING:
    from rtrade.workflow.syncing import SyncedSeries


def show_synced(source: str, found: Sequence[SyncedSeries], *, as_json: bool, quiet: bool) -> None:
    """Print what a sync did, a line for each series; or one JSON document."""
    if as_json:
        print_json({"source": source, "series": [_document(one) for one in found]})
        return
    if quiet:
        return
    header = ("series", "from", "to", "bars", "new", "corrected", "holes", "missing")
    print_table(f"synced from {source}", header, [_row(one) for one in found])
    for one in found:
        if one.synced.asked is None:
            series = f"{one.synced.key.symbol} {one.synced.key.timeframe}"
            click.echo(f"{series}: not one bar has closed in the range")


def _row(one: SyncedSeries) -> tuple[str, ...]:
    done = one.synced
    key = f"{done.key.symbol} {done.key.timeframe}"
    ends = ("-", "-") if done.asked is None else (iso(done.asked.start), iso(done.asked.end))
    counts = (one.bars, done.added, done.corrected, one.holes, one.missing)
    return (key, *ends, *(f"{count:,}" for count in counts))


def _document(one: SyncedSeries) -> dict[str, Any]:
    done = one.synced
    return {
        "symbol": done.key.symbol,
        "timeframe": str(done.key.timeframe),
        "from": None if done.asked is None else iso(done.asked.start),
        "to": None if done.asked is None else iso(done.asked.end),
        "bars": one.bars,
        "added": done.added,
        "corrected": done.corrected,
        "holes": one.holes,
        "missing": one.missing,
        "windows": done.windows,
        "first": None if done.first is None else iso(done.first),
        "last": None if done.last is None else iso(done.last),
        "seconds": round(one.seconds, 3),
    }
