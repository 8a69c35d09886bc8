"""One window of bars that can be believed.

An answer is believed when nothing speaks against it. What does: a bar that is missing, a first bar
that differs from the one known from the window before. Then the same question is asked anew until
two separate answers agree to the bit; only so does a hole count as the exchange's own. The bars
that have just closed are asked for twice in any case.
"""

from __future__ import annotations

from collections.abc import Callable

from rtrade.core.errors import MalformedAnswer
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import Timeframe
from rtrade.exchange.rows import Rows, join, moment

# Returns the checked bars of a stretch, from one question.
Ask = Callable[[Interval], Rows]

# How often two answers may differ before it is an error.
ROUNDS = 6
# How many of the bars that closed last are asked for twice.
LATEST = 2


def read_window(
    ask: Ask, timeframe: Timeframe, window: Interval, *, known: Rows | None, closed: int
) -> Rows:
    """Return the bars of `window`, confirmed.

    One bar more is asked for on either side: what errs at the ends of an answer errs outside of
    the window. `known` is the bar just before the window, from an earlier answer, or None; where
    the exchange has changed it since, it comes first in the result. What closes by `closed` (ms)
    has closed. Raises MalformedAnswer where answers go on to differ.
    """
    before, after = timeframe.ahead(window.start, -1), timeframe.ahead(window.end, 1)
    latest = after > closed
    asked = Interval(max(before, 0), window.end if latest else after)
    rows = ask(asked)
    if not _whole(rows, timeframe, window) or not _agrees(rows, known):
        rows = _agreed(ask, asked, [rows])
    if latest and len(rows):
        rows = _confirm_latest(ask, timeframe, asked, rows)
    inside = rows.inside(window)
    found = rows.at(before)
    # A bar that is no longer answered is not taken back: it was there, and confirmed.
    if known is None or found is None or found.same(known):
        return inside
    return join([found, inside])


def _whole(rows: Rows, timeframe: Timeframe, window: Interval) -> bool:
    return len(rows.inside(window)) == timeframe.count(window.start, window.end)


def _agrees(rows: Rows, known: Rows | None) -> bool:
    if known is None:
        return True
    found = rows.at(int(known.time[0]))
    return found is not None and found.same(known)


def _agreed(ask: Ask, asked: Interval, answers: list[Rows]) -> Rows:
    """Ask until two answers are the same."""
    for _ in range(ROUNDS):
        again = ask(asked)
        if any(again.same(one) for one in answers):
            return again
        answers.append(again)
    raise MalformedAnswer(
        f"no two of {len(answers)} answers agree on the bars from {moment(asked.start)} to "
        f"{moment(asked.end)}",
        hint="the exchange changes its bars right now; try again later",
    )


def _confirm_latest(ask: Ask, timeframe: Timeframe, asked: Interval, rows: Rows) -> Rows:
    start = max(asked.start, timeframe.ahead(asked.end, -LATEST))
    again = ask(Interval(start, asked.end))
    if again.same(rows.inside(Interval(start, asked.end))):
        return rows
    return _agreed(ask, asked, [rows])
