"""Print which series are stored, and what was found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rtrade.cli.output import print_json, print_table
from rtrade.core.quality import FLAGS
from rtrade.core.timeframes import iso

if TYPE_CHECKING:
    from rtrade.core.intervals import Interval
    from rtrade.store.listing import SeriesInfo
    from rtrade.workflow.inspecting import Inspection

# Holes of each series that are printed one by one.
SHOWN = 40


def show_series(found: Sequence[SeriesInfo], *, as_json: bool) -> None:
    """Print the stored series as a table, or as one JSON document."""
    if as_json:
        print_json({"series": [_series(one) for one in found]})
        return
    if not found:
        click.echo("nothing is stored yet; `rtrade data sync` fetches")
        return
    header = ("series", "bars", "missing", "corrected", "first", "last", "fetched")
    rows = [
        (
            f"{one.key.venue} {one.key.symbol} {one.key.timeframe}",
            f"{one.bars:,}",
            f"{one.missing:,}",
            f"{one.corrected:,}",
            "-" if one.first is None else iso(one.first),
            "-" if one.last is None else iso(one.last),
            ", ".join(_stretch(part) for part in one.coverage) or "-",
        )
        for one in found
    ]
    print_table("stored series", header, rows)


def show_inspections(found: Sequence[Inspection], *, as_json: bool, quiet: bool) -> None:
    """Print a table, a picture and the holes of each series; or one JSON document."""
    if as_json:
        print_json({"clean": all(one.clean for one in found), "series": [*map(_document, found)]})
        return
    if quiet:
        return
    header = ("series", "bars", "holes", "missing", "never asked", "halts", "outliers", "corrected")
    print_table("what was found", header, [_row(one) for one in found])
    from rtrade.data.coverage_picture import LEGEND

    for one in found:
        _show_picture(one)
    click.echo(f"\n{LEGEND}")
    for one in found:
        _show_holes(one)


def _row(one: Inspection) -> tuple[str, ...]:
    unasked = sum(hole.bars for hole in one.holes if hole.reason == "never asked")
    missing = sum(hole.bars for hole in one.holes) - unasked
    holes = sum(hole.reason != "never asked" for hole in one.holes)
    marks = (one.quality.halts, one.quality.outliers, one.quality.corrected)
    counts = (one.bars, holes, missing, unasked, *marks)
    return (_name(one), *(f"{count:,}" for count in counts))


def _show_picture(one: Inspection) -> None:
    if one.span is not None:
        click.echo(f"\n{_name(one)}  {iso(one.span.start)} to {iso(one.span.end)}")
        click.echo(f"  {one.picture}")


def _show_holes(one: Inspection) -> None:
    if one.holes:
        click.echo(f"\nholes in {_name(one)}:")
    for hole in one.holes[:SHOWN]:
        bars = "1 bar" if hole.bars == 1 else f"{hole.bars:,} bars"
        why = {
            "exchange": "the exchange has none",
            "never asked": "never asked for",
            "source": "not in the source",
        }[hole.reason]
        click.echo(f"  {iso(hole.start)} to {iso(hole.end)}  {bars}  {why}")
    if len(one.holes) > SHOWN:
        click.echo(f"  and {len(one.holes) - SHOWN:,} more; --json has all")
    for name in FLAGS:
        if (count := getattr(one.quality, name)) and name != "partial":
            times = [iso(at) for at in one.quality.examples.get(name, ())]
            more = ", ..." if count > len(times) else ""
            click.echo(f"{name} in {_name(one)}: {count:,} ({', '.join(times)}{more})")


def _name(one: Inspection) -> str:
    return f"{one.symbol} {one.timeframe}"


def _stretch(part: Interval) -> str:
    start = "the first bar" if part.start <= 0 else iso(part.start)
    return f"{start} to {iso(part.end)}"


def _series(one: SeriesInfo) -> dict[str, Any]:
    return {
        "venue": one.key.venue,
        "symbol": one.key.symbol,
        "timeframe": str(one.key.timeframe),
        "bars": one.bars,
        "missing": one.missing,
        "corrected": one.corrected,
        "first": None if one.first is None else iso(one.first),
        "last": None if one.last is None else iso(one.last),
        "coverage": [_interval(part) for part in one.coverage],
    }


def _interval(part: Interval) -> dict[str, str]:
    return {"from": iso(part.start), "to": iso(part.end)}


def _document(one: Inspection) -> dict[str, Any]:
    quality = asdict(one.quality)
    examples = {name: [*map(iso, times)] for name, times in quality.pop("examples").items()}
    return {
        "source": one.source,
        "symbol": one.symbol,
        "timeframe": str(one.timeframe),
        "clean": one.clean,
        "bars": one.bars,
        "from": None if one.span is None else iso(one.span.start),
        "to": None if one.span is None else iso(one.span.end),
        "coverage": None if one.covered is None else [*map(_interval, one.covered)],
        "holes": [
            {"from": iso(hole.start), "to": iso(hole.end), "bars": hole.bars, "reason": hole.reason}
            for hole in one.holes
        ],
        "quality": {**quality, "examples": examples},
        "picture": one.picture,
    }
