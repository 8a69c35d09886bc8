"""Bars: what there is of them, page by page, and as a level of detail."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from rtrade import __version__
from rtrade.core.bars import COLUMNS, Bars
from rtrade.core.timeframes import Timeframe
from rtrade.web.api import market_schemas as schemas
from rtrade.web.api.spelling import market, source
from rtrade.web.endpoints import Answer, Api, Given, json_of
from rtrade.web.parameters import choice, integer, moment, timeframe
from rtrade.web.problems import invalid_parameters
from rtrade.web.replies import NOW, REVALIDATE, data_reply, json_reply, tag_of, unchanged
from rtrade.web.site import site
from rtrade.web.tables import FORMATS, arrow_table, csv_table, json_table
from rtrade.workflow.shelving import (
    Page,
    Shelved,
    Version,
    Window,
    is_complete,
    settled,
)

api = Api("markets", "Bars, trades, order books and tickers of markets, from the store and live.")

# A day, not for ever: an import may correct bars that no sync asks for again.
CLOSED = "private, max-age=86400, immutable"
MOST_BARS, MOST_POINTS = 10_000, 10_000
_CACHES: Mapping[str, str] = {"closed": CLOSED, "kept": REVALIDATE, "open": NOW}
# The length of a bar on the scale of points, and how many bars there are, of answers without JSON.
SPAN_HEADER, COUNT_HEADER = "Rtrade-Level-Span", "Rtrade-Level-Bars"


@api.get(
    "/symbols",
    "Every symbol that there are bars of: stored ones, and those of files and generators.",
    query=(source(),),
    answer=json_of(schemas.SYMBOLS),
)
def symbols(given: Given) -> Response:
    """Answer symbols with their sources and timeframes."""
    if given["source"] is not None:
        site().markets.sources.named(given["source"])
    found = [
        {
            "symbol": one.symbol,
            "source": one.source,
            "kind": one.kind,
            "timeframes": [str(frame) for frame in one.timeframes],
        }
        for one in site().markets.symbols()
        if given["source"] in (None, one.source)
    ]
    return json_reply({"symbols": found})


@api.get(
    "/coverage",
    "The stored series of exchanges, with what was asked for and answered.",
    query=(market(required=False), timeframe(), source()),
    answer=json_of(schemas.COVERAGE),
)
def coverage(given: Given) -> Response:
    """Answer series with their coverage."""
    found = site().markets.coverage(given["symbol"], given["timeframe"], given["source"])
    series = [
        {
            "symbol": one.key.symbol,
            "timeframe": str(one.key.timeframe),
            "source": name,
            "bars": one.bars,
            "first": one.first,
            "last": one.last,
            "missing": one.missing,
            "corrected": one.corrected,
            "covered": [{"from": part.start, "to": part.end} for part in one.coverage],
        }
        for name, one in found
    ]
    return json_reply({"series": series})


@api.get(
    "/candles",
    "Closed bars of a market: a page of them, or all of a stretch as a level of detail.",
    query=(
        market(),
        timeframe(required=True),
        source(),
        moment("from", "Bars that open at this time or later. Without it, the last `limit` bars."),
        moment("to", "Bars that open before this time."),
        moment("after", "Bars that open later than this: the `next` of the page before."),
        integer("limit", "Bars of a page, without `max_points`.", 1, MOST_BARS),
        integer(
            "max_points",
            "All bars of the stretch; where there are more, points that stand for several and keep "
            "their highs and lows. `level` then says so.",
            10,
            MOST_POINTS,
        ),
        choice(
            "format",
            "JSON, CSV, or a stream of Arrow. The last two have what else there is to say in "
            f"headers: `Link` with the page that follows, `{SPAN_HEADER}`, `{COUNT_HEADER}`.",
            tuple(FORMATS),
            default="json",
        ),
    ),
    answer=Answer(
        "Bars in time order. A stretch of the past that is complete is immutable; one that is "
        "still filling is not to be stored; all else has a tag to ask again with.",
        {
            "application/json": schemas.CANDLES,
            "text/csv": {"type": "string"},
            "application/vnd.apache.arrow.stream": {},
        },
    ),
)
def candles(given: Given) -> Response:
    """Answer bars in the format that is asked for."""
    window = _window(given)
    markets = site().markets
    shelved, version = markets.shelf.find(given["symbol"], given["timeframe"], given["source"])
    asked = {name: given[name] for name in ("from", "to", "after", "limit", "max_points", "format")}
    tag = _tag(shelved, version, asked)
    known = unchanged(tag)
    if known is not None:
        return known
    page = markets.shelf.read(shelved, version, window)
    if page.version.token != version.token:
        tag = _tag(shelved, page.version, asked)
    answered = _Answered(shelved, page, window, given["max_points"], given["format"])
    return answered.reply(tag)


def _window(given: Given) -> Window:
    """Return the window that parameters mean; raise Problem where they contradict one another."""
    start, end, after = given["from"], given["to"], given["after"]
    wrong = []
    if start is not None and end is not None and start >= end:
        wrong.append({"name": "to", "detail": "is not later than `from`"})
    if given["max_points"] is None:
        limit = 1000 if given["limit"] is None else given["limit"]
    else:
        limit = None
        wrong += [
            {"name": name, "detail": "pages through bars; with `max_points` there is one page"}
            for name in ("limit", "after")
            if given[name] is not None
        ]
    if wrong:
        raise invalid_parameters(wrong)
    return Window(start, end, after, limit)


def _tag(shelved: Shelved, version: Version, asked: Mapping[str, Any]) -> str:
    """Return the tag of an answer: it names the bars by their version, not by reading them."""
    parts = "" if version.coverage is None else ";".join(
        f"{one.start}-{one.end}" for one in version.coverage
    )  # fmt: skip
    series = f"{shelved.source_name}|{shelved.key}|{shelved.timeframe}"
    return tag_of(__version__, series, version.token, parts, repr(sorted(asked.items())))


class _Answered:
    """Bars that are to be answered, in one of the formats."""

    def __init__(
        self, shelved: Shelved, page: Page, window: Window, points: int | None, form: str
    ) -> None:
        self._shelved = shelved
        self._page = page
        self._window = window
        self._form = form
        self._bars, self._span = page.bars, None
        if points is not None:
            self._bars, self._span = _reduced(page.bars, points)

    @property
    def _next(self) -> int | None:
        return int(self._page.bars.time[-1]) if self._page.more and len(self._page.bars) else None

    def reply(self, tag: str) -> Response:
        """Return the answer; it is encoded, and compressed, once for all who ask for it."""
        cache = _CACHES[settled(self._shelved, self._page, self._window)]
        packed = request.accept_encodings["gzip"] > 0 and self._form != "arrow"
        bodies = site().markets.bodies
        body = bodies.get((tag, packed))
        if body is None:
            body = self._body()
            # No clock in the header: equal bytes are to stay equal.
            body = gzip.compress(body, 1, mtime=0) if packed else body
            bodies.put((tag, packed), body, len(body))
        name = f"{tag}-gzip" if packed else tag
        response = data_reply(body, FORMATS[self._form], cache=cache, tag=name)
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        self._say(response)
        return response

    def _body(self) -> bytes:
        columns = {name: getattr(self._bars, name) for name in COLUMNS}
        if self._form == "csv":
            return csv_table(columns)
        facts = self._facts()
        if self._form == "arrow":
            return arrow_table(columns, {name: str(value) for name, value in facts.items()})
        level = None
        if self._span is not None:
            level = {"bars": len(self._page.bars), "span": str(self._span)}
        return json_table({**facts, "bars": columns, "level": level})

    def _facts(self) -> dict[str, Any]:
        shelved = self._shelved
        finer = shelved.resampled_from
        return {
            "symbol": shelved.symbol,
            "timeframe": str(shelved.timeframe),
            "source": shelved.source_name,
            "next": self._next,
            "complete": is_complete(shelved, self._page, self._window),
            "resampled_from": None if finer is None else str(finer),
        }

    def _say(self, response: Response) -> None:
        """Set the headers that say what a table cannot."""
        if self._next is not None:
            query = {**request.args.to_dict(), "after": str(self._next)}
            response.headers["Link"] = f'<{request.path}?{urlencode(query)}>; rel="next"'
        if self._span is not None:
            response.headers[SPAN_HEADER] = str(self._span)
            response.headers[COUNT_HEADER] = str(len(self._page.bars))
        if self._form == "csv":
            name = f"{self._shelved.symbol}_{self._shelved.timeframe}.csv"
            safe = "".join(one if one.isalnum() or one in "._-" else "-" for one in name)
            response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'


def _reduced(bars: Bars, points: int) -> tuple[Bars, Timeframe | None]:
    """Return at most `points` bars, and the length that each stands for; None: as they are."""
    from rtrade.report.levels import candles as grouped
    from rtrade.report.levels import group

    if len(bars) <= points:
        return bars, None
    grouping = group(bars, points)
    return grouped(bars, grouping), grouping.timeframe
