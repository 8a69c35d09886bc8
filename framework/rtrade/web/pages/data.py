"""The data: what there is of each series, what is missing or odd in it, and a start of a sync."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from rtrade.core.errors import DataUnavailable, InvalidInput, UsageError
from rtrade.core.intervals import Interval
from rtrade.core.quality import QualitySummary
from rtrade.core.timeframes import DAY, Timeframe, iso
from rtrade.report.formatting import moment
from rtrade.store.listing import SeriesInfo
from rtrade.web.api.job_schemas import SYNC_REQUEST
from rtrade.web.api.jobs import queue_sync
from rtrade.web.endpoints import Body
from rtrade.web.pages import frame
from rtrade.web.pages.coverage import cells, strip, years
from rtrade.web.pages.times import moment_of
from rtrade.web.problems import Problem, invalid_parameters
from rtrade.web.site import site
from rtrade.workflow.inspecting import Inspection, inspect_source

pages = Blueprint("data", __name__)
AT = "/data"
_BODY = Body(SYNC_REQUEST, "What the form asks for.")
_HOLES = 200
# Bytes of a bar as numbers: a time, four prices and a volume.
_BYTES = 48
_QUALITY = {
    "filled": "made where the source has none, at the close before",
    "halts": "without trade: one price, no volume",
    "outliers": "far from what the bars before them were like",
    "partial": "put together from finer bars, not all of which are there",
    "corrected": "changed by the exchange after they were stored",
    "repaired": "whose high or low was moved to hold the other prices",
    "dropped": "rows that were left out",
}


@dataclass(frozen=True)
class Stored:
    """A stored series as the list has it; `source` is None where no file names its exchange."""

    source: str | None
    info: SeriesInfo
    strip: Markup
    first: str
    last: str
    since: str


@dataclass(frozen=True)
class Sync:
    """The form that starts a sync: what was written into it, and why it was refused."""

    given: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""

    def text(self, name: str) -> str:
        """Return what a field of the form holds."""
        return self.given.get(name, "")


@pages.get("/data")
def data() -> Response:
    """Show what there is of every series."""
    return _page(Sync())


def _page(sync: Sync, status: int = 200) -> Response:
    markets = site().markets
    found = markets.coverage(None, None, None)
    span = _span([info for _, info in found])
    with site().store.opened() as store:
        size = store.size()
    sources = markets.sources.all()
    return frame.show(
        "data.html.j2",
        at=AT,
        status=status,
        stored=[_stored(name, info, span) for name, info in found],
        years=years(span),
        size=_bytes(size),
        sources=[one for one in sources if one.venue is None],
        exchanges=[one.name for one in sources if one.venue is not None],
        sync=sync,
    )


def _span(found: Sequence[SeriesInfo]) -> Interval:
    """Return the time that all series are drawn on: from the first of all bars to now."""
    now = int(time() * 1000)
    starts = [part.start for one in found for part in one.coverage]
    return Interval(min([now - DAY, *starts]), now)


def _stored(source: str | None, info: SeriesInfo, span: Interval) -> Stored:
    first, last = (None if at is None else iso(at) for at in (info.first, info.last))
    return Stored(
        source, info, strip(info.coverage, span), moment(first), moment(last), (first or "")[:10]
    )


@dataclass(frozen=True)
class Oddity:
    """Bars with a flag: how many, what it means, and the first few of them."""

    count: int
    words: str
    examples: tuple[str, ...]


@pages.get("/data/series")
def series() -> Response:
    """Show one series: how much there is, where it lacks bars, what is odd in it."""
    source, symbol, frame_name = (request.args.get(name, "").strip()[:64]
                                  for name in ("source", "symbol", "timeframe"))  # fmt: skip
    timeframe = _timeframe(frame_name)
    name = site().markets.sources.named(source).name
    found = inspect_source(name, site().workspace, symbols=[symbol], timeframe=timeframe)
    if not found:
        raise DataUnavailable(f"there is no series {symbol} {timeframe} of `{source}`")
    one = found[0]
    return frame.show(
        "series.html.j2",
        at=AT,
        one=one,
        picture=None if one.span is None else cells(one.picture, one.span),
        years=[] if one.span is None else years(one.span),
        first="" if one.span is None else moment(iso(one.span.start)),
        until="" if one.span is None else moment(iso(one.span.end)),
        size=_bytes(one.bars * _BYTES),
        missing=sum(hole.bars for hole in one.holes),
        holes=[(moment(iso(hole.start)), moment(iso(hole.end)), hole) for hole in
               one.holes[:_HOLES]],
        odd=_oddities(one.quality),
        exchange=one.covered is not None,
        since=_since(one),
    )  # fmt: skip


def _since(one: Inspection) -> str:
    return "" if one.span is None else iso(one.span.start)[:10]


def _timeframe(text: str) -> Timeframe:
    try:
        return Timeframe.parse(text)
    except ValueError as wrong:
        raise invalid_parameters([{"name": "timeframe", "detail": str(wrong)}]) from None


def _oddities(quality: QualitySummary) -> list[Oddity]:
    return [
        Oddity(
            count,
            words,
            tuple(moment(iso(at)) for at in quality.examples.get(name, ())),
        )
        for name, words in _QUALITY.items()
        if (count := getattr(quality, name))
    ]


@pages.post("/data/syncs")
def sync() -> AnyResponse:
    """Start a sync as the form says; its job is where one is sent."""
    given = {key: value.strip() for key, value in request.form.items()}
    try:
        body = _body(given)
        _BODY.check(body)
        job = queue_sync(body)
    except (InvalidInput, UsageError) as wrong:
        hint = f"; {wrong.hint}" if wrong.hint else ""
        return _page(Sync(given, f"{wrong.message}{hint}"), 422)
    except Problem as problem:
        if problem.status != 422:
            raise
        return _page(Sync(given, problem.detail), 422)
    return frame.go(f"/jobs/{job.id}")


def _body(given: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form asks for, as the API is asked."""
    body: dict[str, Any] = {
        "source": given.get("source", ""),
        "symbols": [one for one in re.split(r"[\s,]+", given.get("symbols", "")) if one],
        "timeframe": given.get("timeframe", ""),
    }
    for key in ("from", "to"):
        if given.get(key):
            body[key] = moment_of(key, given[key])
    return body


def _bytes(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:,.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:,.1f} {unit}"
