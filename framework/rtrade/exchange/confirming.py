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
    ask: Ask, timeframe: Timeframe, window: Interval, *, known: Rows | None, latest: bool
) -> Rows:
    """Return the bars of `window`, confirmed.

    `known` is the bar just before the window, from an earlier answer, or None: it is asked for
    again, and comes first in the result where the exchange has changed it since. `latest` tells
    that the last bar of the window closed just now. Raises MalformedAnswer where answers go on
    to differ.
    """
    begin = window.start if known is None else int(known.time[0])
    asked = Interval(begin, window.end)
    rows = ask(asked)
    if not _whole(rows, timeframe, window) or not _agrees(rows, known):
        rows = _agreed(ask, asked, [rows])
    if latest and len(rows):
        rows = _confirm_latest(ask, timeframe, asked, rows)
    inside = rows.inside(window)
    if known is None:
        return inside
    before = rows.at(begin)
    # A bar that is no longer answered is not taken back: it was there, and confirmed.
    return inside if before is None or before.same(known) else join([before, inside])


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
