"""What is wrong in a data file, row by row, and how it becomes diagnostics.

Readers and checks speak of rows (0 is the first bar of the file). A `RowPlaces` knows which line
of the file a row stands on, and is asked only where there is something to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rtrade.core.bars import IntArray
from rtrade.core.diagnostics import Diagnostic, Span
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import iso

MAX_SHOWN = 20
# Reading stops here; nobody corrects more by hand, and a file of this kind is broken as a whole.
MAX_COLLECTED = 1000

_HELP = {
    "RT305": "a time is a whole number in the file's unit, or ISO-8601; `time_unit` states which",
    "RT306": "write all times in one unit, or split the file",
    "RT307": "every cell needs a finite number; leave a bar without data out altogether",
    "RT308": "sort the rows by time, oldest first",
    "RT309": "keep one row for each time, or write `quality: {duplicates: last}`, or `first`",
    "RT310": "times are those at which bars open, in UTC",
    "RT312": "take the row from its origin again: a high is the highest, a low the lowest price; "
    "or write `quality: {ohlc: repair}`, or `drop`",
    "RT313": "prices are above 0; leave a bar without trades out, or repeat the last close",
    "RT314": "volumes are 0 or more",
    "RT315": "every row needs a cell for each column of the header",
    "RT316": "write `quality: {gaps: keep}` in the source file, raise `max_gap`, or add the bars",
}


@dataclass(frozen=True)
class Finding:
    """Something wrong with a row, or with the file as a whole where `row` is None.

    `column` is set where it is about a single price or volume.
    """

    code: str
    row: int | None
    message: str
    help: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class RowPlaces:
    """Where rows stand: `locate` maps rows to (number, text) in units of `word`."""

    path: Path
    word: str
    locate: Callable[[Sequence[int]], Sequence[tuple[int, str | None]]]


def broken(
    path: Path, code: str, message: str, help: str, source: str | None = None
) -> InvalidInput:
    """Return the error for a file that cannot be read at all."""
    span = Span(str(path), 1, 1, 1, len(source or "") + 1)
    return InvalidInput([Diagnostic(code, f"{path.name}: {message}", span, help, source=source)])


def diagnose(
    findings: Iterable[Finding], places: RowPlaces, times: IntArray | None
) -> list[Diagnostic]:
    """Return the first findings in the order of the file, and a count of the rest.

    `times` (ms, one a row) are given where they can be believed.
    """
    ordered = sorted(findings, key=lambda found: -1 if found.row is None else found.row)
    shown, rest = ordered[:MAX_SHOWN], ordered[MAX_SHOWN:]
    rows = [found.row for found in shown if found.row is not None]
    located = dict(zip(rows, places.locate(rows), strict=True))
    diagnostics = [_diagnostic(found, places, located, times) for found in shown]
    if rest:
        diagnostics.append(_remainder(rest, places, complete=len(ordered) < MAX_COLLECTED))
    return diagnostics


def _diagnostic(
    found: Finding,
    places: RowPlaces,
    located: dict[int, tuple[int, str | None]],
    times: IntArray | None,
) -> Diagnostic:
    help_text = found.help or _HELP.get(found.code)
    if found.row is None:
        span = Span(str(places.path), 1, 1, 1, 1)
        return Diagnostic(found.code, f"{places.path.name}: {found.message}", span, help_text)
    number, text = located[found.row]
    moment = "" if times is None or times[found.row] < 0 else f", {iso(int(times[found.row]))}"
    message = f"{places.path.name} {places.word} {number}{moment}: {found.message}"
    span = Span(str(places.path), number, 1, number, len(text or "") + 1)
    return Diagnostic(found.code, message, span, help_text, source=text)


def _remainder(rest: Sequence[Finding], places: RowPlaces, *, complete: bool) -> Diagnostic:
    counts = ", ".join(f"{count} {code}" for code, count in Counter(f.code for f in rest).items())
    at_least = "" if complete else "at least "
    message = f"{places.path.name}: {at_least}{len(rest)} more findings are not shown ({counts})"
    span = Span(str(places.path), 1, 1, 1, 1)
    return Diagnostic("RT320", message, span, "correct those above first, then run again")
