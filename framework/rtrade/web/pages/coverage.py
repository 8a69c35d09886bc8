"""Pictures of what there is of a series: stretches on a common scale, and cells of how much."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from rtrade.core.intervals import Interval
from rtrade.core.timeframes import iso, parse_time
from rtrade.data.coverage_picture import LEVELS, NEVER, NONE

_WIDE, _TALL = 1000, 14
_CELLS_TALL = 44
_WORDS = {NEVER: "never", NONE: "none", LEVELS[-1]: "all"}


def strip(covered: Sequence[Interval], span: Interval) -> Markup:
    """Return the stretches that were asked for and answered, on the scale of `span`."""
    parts = Markup("").join(
        Markup('<rect x="{}" width="{}" height="{}"/>').format(
            _place(one.start, span), f"{max(_share(one, span), 1.5):.1f}", _TALL
        )
        for one in covered
        if one.end > span.start and one.start < span.end
    )
    return Markup(
        '<svg class="strip" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        "{}</svg>"
    ).format(_WIDE, _TALL, parts)


def _place(moment: int, span: Interval) -> str:
    return f"{max(0.0, (moment - span.start) / span.ms * _WIDE):.1f}"


def _share(one: Interval, span: Interval) -> float:
    inside = min(one.end, span.end) - max(one.start, span.start)
    return inside / span.ms * _WIDE


def years(span: Interval) -> list[tuple[str, str]]:
    """Return the years that begin in a span, each with its place; six at most."""
    first, last = int(iso(span.start)[:4]) + 1, int(iso(span.end)[:4])
    step = max(1, -(-(last - first + 1) // 6))
    starts = [(year, parse_time(f"{year}-01-01")) for year in range(first, last + 1, step)]
    return [(str(year), f"{(at - span.start) / span.ms * 100:.1f}%") for year, at in starts]


def cells(picture: str, span: Interval) -> Markup:
    """Draw a picture of `data.coverage_picture`: as high as there are bars, empty where none is.

    Each cell says in words what it stands for, when it is pointed at.
    """
    count = max(len(picture), 1)
    width = _WIDE / count
    edges = [span.start + span.ms * at // count for at in range(count + 1)]
    parts = Markup("").join(
        _cell(one, at * width, width - 1, since, until)
        for at, (one, (since, until)) in enumerate(zip(picture, pairwise(edges), strict=False))
    )
    return Markup(
        '<svg class="cells" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        "{}</svg>"
    ).format(_WIDE, _CELLS_TALL, parts)


def _cell(one: str, left: float, width: float, since: int, until: int) -> Markup:
    kind = _WORDS.get(one, "some")
    level = LEVELS.index(one) + 1 if one in LEVELS else len(LEVELS)
    height = _CELLS_TALL * level / len(LEVELS)
    said = {"never": "never asked for", "none": "no bars", "all": "all bars", "some": "some bars"}
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{} to {}: {}</title></rect>"
    ).format(kind, left, _CELLS_TALL - height, width, height, iso(since)[:10], iso(until)[:10],
             said[kind])  # fmt: skip
