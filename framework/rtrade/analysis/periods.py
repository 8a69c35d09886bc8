"""A run by calendar: returns of months and years, and the falls from peak to recovery."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rtrade.analysis.metrics import drawdown
from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.timeframes import DAY


@dataclass(frozen=True)
class PeriodReturn:
    """What a month (`month` 1 to 12) or year (`month` 0) made; `whole` where all of it was run.

    Returns are fractions, from the last close before the period (the starting cash, for the
    first) to the last one in it; None where equity was not above 0.
    """

    year: int
    month: int
    strategy: float | None
    benchmark: float | None
    whole: bool


@dataclass(frozen=True)
class Fall:
    """A stretch of closes under the peak before. Times are closes in ms; None while it lasts.

    `peak` is the close of the peak (the open of the run, for the starting cash), `bars` the
    number of closes below it, `depth` a positive fraction of the peak.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    bars: int


def by_month(
    bars: Bars, equity: FloatArray, benchmark: FloatArray, cash: float
) -> list[PeriodReturn]:
    """Return the months that hold bars, in order."""
    return _by(bars, equity, benchmark, cash, "M")


def by_year(
    bars: Bars, equity: FloatArray, benchmark: FloatArray, cash: float
) -> list[PeriodReturn]:
    """Return the years that hold bars, in order."""
    return _by(bars, equity, benchmark, cash, "Y")


def _by(
    bars: Bars, equity: FloatArray, benchmark: FloatArray, cash: float, unit: str
) -> list[PeriodReturn]:
    if not len(bars):
        return []
    time = bars.time.astype("datetime64[ms]")
    periods = time.astype(f"datetime64[{unit}]")
    ends = np.append(np.flatnonzero(periods[1:] != periods[:-1]), len(bars) - 1)
    frame = bars.timeframe
    before, after = frame.ahead(int(bars.time[0]), -1), frame.close(int(bars.time[-1]))
    begun = np.datetime64(before, "ms") < periods[0].astype("datetime64[ms]")
    ended = np.datetime64(after, "ms") >= (periods[-1] + 1).astype("datetime64[ms]")
    returns = [_returns(line, ends, cash) for line in (equity, benchmark)]
    found = []
    for place, at in enumerate(ends.tolist()):
        month = periods[at].astype("datetime64[M]").astype(int)
        whole = (place > 0 or bool(begun)) and (place < len(ends) - 1 or bool(ended))
        number = month % 12 + 1 if unit == "M" else 0
        found.append(
            PeriodReturn(1970 + month // 12, number, returns[0][place], returns[1][place], whole)
        )
    return found


def _returns(line: FloatArray, ends: IntArray, cash: float) -> list[float | None]:
    values = [cash, *line[ends].tolist()]
    return [
        after / before - 1 if before > 0 and after > 0 else None
        for before, after in pairwise(values)
    ]


def falls(bars: Bars, equity: FloatArray, cash: float, most: int = 10) -> list[Fall]:
    """Return the deepest falls of equity, the deepest first."""
    under = drawdown(equity, cash)
    below = np.concatenate(([False], under > 0, [False]))
    starts, stops = (np.flatnonzero(np.diff(below.view(np.int8)) == sign) for sign in (1, -1))
    closes = bars.timeframe.closes(bars.time)
    found = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        trough = start + int(under[start:stop].argmax())
        found.append(
            Fall(
                depth=float(under[trough]),
                peak=int(closes[start - 1]) if start else int(bars.time[0]),
                trough=int(closes[trough]),
                recovery=int(closes[stop]) if stop < len(equity) else None,
                bars=stop - start,
            )
        )
    return sorted(found, key=lambda fall: (-fall.depth, fall.peak))[:most]


def by_day(bars: Bars, equity: FloatArray, cash: float) -> tuple[IntArray, FloatArray]:
    """Return the UTC days that hold bars (ms of their start) and the return of each."""
    days = bars.time // DAY
    ends = np.flatnonzero(np.append(days[1:] != days[:-1], True)[: len(bars)])
    values = np.concatenate(([cash], equity[ends]))
    with np.errstate(all="ignore"):
        returns = values[1:] / values[:-1] - 1
    return days[ends] * DAY, np.where(values[:-1] > 0, returns, np.nan)
