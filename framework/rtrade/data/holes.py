"""Where a stored series has no bars, and why: the exchange has none, or nobody ever asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rtrade.core.bars import IntArray
from rtrade.core.intervals import Interval, subtract
from rtrade.core.timeframes import Timeframe

Reason = Literal["exchange", "never asked", "source"]


@dataclass(frozen=True)
class Hole:
    """Bars that a series lacks between its first and its last one.

    `reason` is `exchange` where the exchange answered, twice, that it has none, `never asked` where
    no answer covers the time, and `source` where the bars come from files or a generator. `bars`
    counts the bars that are missing.
    """

    start: int
    end: int
    bars: int
    reason: Reason


def holes(time: IntArray, timeframe: Timeframe, covered: Sequence[Interval] | None) -> list[Hole]:
    """Return the holes between bars with the open times `time` (ms, ascending), in order.

    `covered` are the stretches that an exchange has answered for; None: not from an exchange.
    """
    if not len(time):
        return []
    closes = timeframe.closes(time)
    at = np.flatnonzero(time[1:] > closes[:-1])
    found: list[Hole] = []
    for start, end in zip(closes[at].tolist(), time[at + 1].tolist(), strict=True):
        hole = Interval(start, end)
        if covered is None:
            found.append(Hole(start, end, timeframe.count(start, end), "source"))
        else:
            found.extend(_explained(hole, timeframe, covered))
    return found


def _explained(hole: Interval, timeframe: Timeframe, covered: Sequence[Interval]) -> list[Hole]:
    """Split a hole into what was answered and what was never asked for."""
    near = [part for part in covered if part.start < hole.end and part.end > hole.start]
    unknown = subtract(hole, near)
    known = subtract(hole, unknown)
    parts = [*((part, "exchange") for part in known), *((part, "never asked") for part in unknown)]
    return [
        Hole(part.start, part.end, timeframe.count(part.start, part.end), reason)  # type: ignore[arg-type]  # the two literals above
        for part, reason in sorted(parts)
    ]
