"""A line of cells that shows how much of each stretch of time a series has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rtrade.core.bars import IntArray
from rtrade.core.intervals import Interval, subtract
from rtrade.core.timeframes import Timeframe

# From nothing to everything; a cell is only full where not one bar is missing.
LEVELS = "▁▂▃▄▅▆▇█"
NEVER = "·"
NONE = "x"
LEGEND = (
    f"{LEVELS[-1]} all bars   {LEVELS[0]}{LEVELS[3]}{LEVELS[-2]} some   "
    f"{NONE} there are none   {NEVER} never asked for"
)


def picture(
    time: IntArray,
    timeframe: Timeframe,
    covered: Sequence[Interval] | None,
    span: Interval,
    *,
    cells: int = 60,
) -> str:
    """Return `cells` characters for the equal parts of `span`, oldest first.

    `time` are the open times of the bars (ms, ascending), `covered` as in `data.holes`.
    """
    edges = np.linspace(span.start, span.end, cells + 1).astype(np.int64)
    return "".join(
        _cell(time, timeframe, covered, Interval(start, end))
        for start, end in pairwise(edges.tolist())
        if start < end
    )


def _cell(
    time: IntArray, timeframe: Timeframe, covered: Sequence[Interval] | None, part: Interval
) -> str:
    low, high = np.searchsorted(time, [part.start, part.end])
    have = int(high - low)
    due = timeframe.count(part.start, part.end)
    if have == 0:
        unasked = [] if covered is None else subtract(part, covered)
        return NEVER if 2 * sum(left.ms for left in unasked) > part.ms else NONE
    if have >= due:
        return LEVELS[-1]
    return LEVELS[min(len(LEVELS) - 2, have * (len(LEVELS) - 1) // due)]
