"""What a source's quality policy makes of its bars. The bars given stay as they are.

1. Of rows with the same time one is kept; inconsistent prices are repaired, or the bar is dropped.
2. Outliers are flagged, or dropped (`data.outliers`).
3. Holes that are left are judged, and filled: open, high, low and close are the close before, the
   volume is 0. A hole has a bar on both sides, so nothing is filled before the first bar or after
   the last.

Every step sees a bar and those before it, so what the first bars come to does not depend on later
ones: cut the rows anywhere, and the result is the beginning of the whole one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rtrade.config.definitions import QualityDef
from rtrade.core.bars import COLUMNS, Bars, BoolArray, FloatArray, IntArray
from rtrade.core.errors import QualityError
from rtrade.core.quality import (
    CORRECTED,
    FILLED,
    FLAGS,
    HALT,
    OUTLIER,
    REPAIRED,
    FlagArray,
    QualitySummary,
)
from rtrade.core.timeframes import Timeframe, iso
from rtrade.data import outliers
from rtrade.data.findings import Finding
from rtrade.data.resample import flat, resample_flags

EXAMPLES = 5
# More than this is a wrong time or a wrong timeframe, and would not fit into memory.
MOST_FILLED = 20_000_000
# Why rows are left out, in the order in which it is judged.
DUPLICATE, INCONSISTENT, FAR = "duplicate", "inconsistent", "outlier"


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Bars as a policy leaves them, with a set of flags (uint8) for each.

    `dropped` has the times (ms) of the rows left out, by the reason.
    """

    bars: Bars
    flags: FlagArray
    dropped: Mapping[str, IntArray] = field(default_factory=dict)

    def part(self, start: int, stop: int) -> Cleaned:
        """Return bars `start:stop` as views, with their flags."""
        return replace(self, bars=self.bars.slice(start, stop), flags=self.flags[start:stop])

    @property
    def summary(self) -> QualitySummary:
        """Counts over all bars, and the rows left out between the first of them and the last."""
        return summarise(self.bars, self.flags, self.dropped)


def lead(policy: QualityDef) -> int:
    """Return how many bars before a bar decide what becomes of it."""
    if policy.outliers.action != "keep":
        return outliers.lead(policy.outliers)
    # A hole is filled from the bar before it.
    return int(policy.gaps == "fill")


def apply(bars: Bars, policy: QualityDef, *, corrected: IntArray | None = None) -> Cleaned:
    """Return the bars as `policy` leaves them; `bars` are in order, equal times are duplicates.

    `corrected` are open times (ms) of bars that the exchange has changed. Raises QualityError for
    what the policy calls an error.
    """
    cleaned, findings = clean(bars, policy, corrected=corrected)
    findings = [*_duplicates(bars, policy), *_inconsistencies(bars, policy), *findings]
    if findings:
        raise _refused(bars, findings)
    return cleaned


def clean(
    rows: Bars, policy: QualityDef, *, corrected: IntArray | None = None
) -> tuple[Cleaned, list[Finding]]:
    """Return the bars as `policy` leaves them, and the holes that it calls errors, by row.

    Duplicates and inconsistent prices that it calls errors are for the caller to find; they stay.
    """
    work = _Work(rows, np.zeros(len(rows), dtype=np.uint8), np.arange(len(rows)), {})
    work = _one_of_each(work, policy)
    work = _consistent(work, policy)
    work = _judged(work, policy)
    findings = _holes(work, policy)
    if findings:
        return Cleaned(work.bars, work.flags, work.dropped), findings
    bars, flags = _filled(work, policy)
    flags = flags | HALT * (flat(bars) & (flags & FILLED == 0))
    if corrected is not None:
        flags = flags | CORRECTED * np.isin(bars.time, corrected)
    return Cleaned(bars, flags.astype(np.uint8, copy=False), work.dropped), []


def coarser(cleaned: Cleaned, timeframe: Timeframe, policy: QualityDef) -> Cleaned:
    """Return the bars put together to a coarser timeframe; outliers are judged anew among them."""
    bars, flags = resample_flags(cleaned.bars, cleaned.flags, timeframe)
    if policy.outliers.action == "flag":
        far = outliers.outliers(bars, policy.outliers)
        flags = np.where(far, flags | OUTLIER, flags & ~np.uint8(OUTLIER)).astype(np.uint8)
    return Cleaned(bars, flags, cleaned.dropped)


def summarise(
    bars: Bars, flags: FlagArray, dropped: Mapping[str, IntArray] | None = None
) -> QualitySummary:
    """Count over bars; of the rows left out, those between the first bar and the last."""
    missing = bars.missing()
    holes = np.flatnonzero(missing)
    left_out = _within(bars, dropped or {})
    times = {name: bars.time[flags & bit != 0] for name, bit in FLAGS.items()}
    times |= {"gaps": bars.time[holes + 1], "dropped": left_out}
    return QualitySummary(
        gaps=len(holes),
        missing=int(missing.sum()),
        longest_gap=int(missing.max(initial=0)),
        dropped=len(left_out),
        **{name: len(times[name]) for name in FLAGS},
        examples={name: tuple(at[:EXAMPLES].tolist()) for name, at in times.items() if len(at)},
    )


_REASONS = {
    DUPLICATE: ("a time that another row has too", "duplicates"),
    INCONSISTENT: ("inconsistent prices", "ohlc: drop"),
    FAR: ("being unlike the bars before", "outliers: {action: drop}"),
}


def said_of(read: Cleaned, resampled_from: Timeframe | None) -> list[str]:
    """Return, in sentences, what was done to bars that are read; nothing of what is only marked."""
    bars, summary = read.bars, read.summary
    said = []

    def some(count: int, noun: str) -> str:
        return f"{count} {noun}{'' if count == 1 else 's'} of {bars.symbol}"

    bar = f"{bars.timeframe} bar"
    if summary.partial:
        said.append(
            f"made of fewer {resampled_from} bars than there should be, since some are missing: "
            f"{some(summary.partial, bar)}, {_first(summary.examples['partial'])}"
        )
    if summary.filled:
        said.append(
            f"filled in where the source has none (`quality.gaps: fill`): "
            f"{some(summary.filled, bar)}, {_first(summary.examples['filled'])}"
        )
    if summary.repaired:
        said.append(
            f"high or low moved to hold the other prices (`quality.ohlc: repair`): "
            f"{some(summary.repaired, bar)}, {_first(summary.examples['repaired'])}"
        )
    for reason, (why, setting) in _REASONS.items():
        times = _within(bars, {reason: read.dropped[reason]} if reason in read.dropped else {})
        if len(times):
            said.append(
                f"left out for {why} (`quality.{setting}`): "
                f"{some(len(times), 'row')}, {_first(times.tolist())}"
            )
    return said


def _first(times: Sequence[int]) -> str:
    return f"the first at {iso(times[0])}"


def _within(bars: Bars, dropped: Mapping[str, IntArray]) -> IntArray:
    if not dropped or not len(bars):
        return np.empty(0, dtype=np.int64)
    times = np.sort(np.concatenate(list(dropped.values())))
    inside: IntArray = times[(times >= bars.time[0]) & (times <= bars.time[-1])]
    return inside


@dataclass(frozen=True, eq=False)
class _Work:
    """Rows on their way: `row` is where each stood among those given."""

    bars: Bars
    flags: FlagArray
    row: IntArray
    dropped: dict[str, IntArray]

    def without(self, bad: BoolArray, reason: str) -> _Work:
        if not bad.any():
            return self
        good = ~bad
        return _Work(
            replace(self.bars, **{name: getattr(self.bars, name)[good] for name in COLUMNS}),
            self.flags[good],
            self.row[good],
            self.dropped | {reason: self.bars.time[bad]},
        )


def _one_of_each(work: _Work, policy: QualityDef) -> _Work:
    twice = np.diff(work.bars.time) == 0
    if policy.duplicates == "error" or not twice.any():
        return work
    ends = ([False], twice) if policy.duplicates == "first" else (twice, [False])
    return work.without(np.concatenate(ends).astype(np.bool_), DUPLICATE)


def _consistent(work: _Work, policy: QualityDef) -> _Work:
    bad = _inconsistent(work.bars)
    if policy.ohlc == "error" or not bad.any():
        return work
    if policy.ohlc == "drop":
        return work.without(bad, INCONSISTENT)
    bars = work.bars
    prices = np.array([bars.open, bars.high, bars.low, bars.close])
    repaired = replace(
        bars,
        high=np.where(bad, prices.max(axis=0), bars.high),
        low=np.where(bad, prices.min(axis=0), bars.low),
    )
    return replace(work, bars=repaired, flags=work.flags | REPAIRED * bad.astype(np.uint8))


def _inconsistent(bars: Bars) -> BoolArray:
    too_low = bars.high < np.maximum(bars.open, bars.close)
    bad: BoolArray = too_low | (bars.low > np.minimum(bars.open, bars.close))
    return bad


def _judged(work: _Work, policy: QualityDef) -> _Work:
    if policy.outliers.action == "keep":
        return work
    far = outliers.outliers(work.bars, policy.outliers)
    if policy.outliers.action == "drop":
        return work.without(far, FAR)
    return replace(work, flags=work.flags | OUTLIER * far.astype(np.uint8))


def _holes(work: _Work, policy: QualityDef) -> list[Finding]:
    """Find the holes that are errors: too long to tolerate, or too long to be filled at all."""
    missing = work.bars.missing()
    longest = longest_gap(policy, work.bars.timeframe)
    if policy.gaps == "fill":
        filled = missing if longest is None else missing[missing <= longest]
        if filled.sum() <= MOST_FILLED:
            return []
        at = int(np.argmax(np.where(missing > (longest or MOST_FILLED), 0, missing)))
        message = f"{filled.sum()} bars would have to be filled in, {missing[at]} before this one"
        advice = "state the longest hole to fill: `quality: {gaps: fill, max_gap: 6 bars}`"
        return [Finding("RT316", int(work.row[at + 1]), message, advice)]
    if policy.gaps == "keep":
        return []
    return [
        Finding("RT316", int(work.row[at + 1]), _say_missing(int(missing[at]), longest))
        for at in np.flatnonzero(missing > (longest or 0)).tolist()
    ]


def longest_gap(policy: QualityDef, timeframe: Timeframe) -> int | None:
    """Return the longest hole that is filled or tolerated, in bars; None where none is stated.

    A duration counts the whole bars in it.
    """
    if policy.max_gap is None:
        return None
    if policy.max_gap.duration is None:
        return policy.max_gap.bars
    return policy.max_gap.duration.ms // timeframe.ms


def _say_missing(count: int, longest: int | None) -> str:
    before = "1 bar is missing" if count == 1 else f"{count} bars are missing"
    return f"{before} before this one" + (f", more than {longest}" if longest else "")


def _filled(work: _Work, policy: QualityDef) -> tuple[Bars, FlagArray]:
    bars, flags = work.bars, work.flags
    if policy.gaps != "fill":
        return bars, flags
    missing = bars.missing()
    longest = longest_gap(policy, bars.timeframe)
    if longest is not None:
        missing = np.where(missing <= longest, missing, 0)
    if not missing.any():
        return bars, flags
    # Each bar stands once, and once more for each bar that is missing after it.
    source = np.repeat(np.arange(len(bars)), np.append(missing, 0) + 1)
    again = np.concatenate(([False], source[1:] == source[:-1]))
    first = np.flatnonzero(~again)
    ahead = np.arange(len(source)) - first[source]
    close = bars.close[source]

    def column(values: FloatArray, instead: FloatArray | float) -> FloatArray:
        return np.where(again, instead, values[source])

    filled = Bars(
        symbol=bars.symbol,
        timeframe=bars.timeframe,
        time=bars.timeframe.opens(bars.timeframe.numbers(bars.time)[source] + ahead),
        open=column(bars.open, close),
        high=column(bars.high, close),
        low=column(bars.low, close),
        close=close,
        volume=column(bars.volume, 0.0),
    )
    return filled, np.where(again, FILLED, flags[source]).astype(np.uint8)


def _duplicates(bars: Bars, policy: QualityDef) -> list[Finding]:
    if policy.duplicates != "error":
        return []
    twice = np.flatnonzero(np.diff(bars.time) == 0) + 1
    return [Finding("RT309", int(row), "the time stands there twice") for row in twice]


def _inconsistencies(bars: Bars, policy: QualityDef) -> list[Finding]:
    if policy.ohlc != "error":
        return []
    bad = np.flatnonzero(_inconsistent(bars))
    message = "a high below, or a low above, the open or the close"
    return [Finding("RT312", int(row), message) for row in bad]


_SETTINGS = {"RT309": "duplicates", "RT312": "ohlc", "RT316": "gaps"}
_WAYS = {
    "RT309": "write `quality: {duplicates: last}` in the source file, or `first`",
    "RT312": "write `quality: {ohlc: repair}` in the source file, or `drop`",
    "RT316": "write `quality: {gaps: keep}` in the source file, or raise `max_gap`",
}


def _refused(bars: Bars, findings: list[Finding]) -> QualityError:
    """Return the error for bars that are in no file: they are named by their times."""
    first = min(findings, key=lambda found: found.row or 0)
    assert first.row is not None
    at = iso(int(bars.time[first.row]))
    rest = f"; and {len(findings) - 1} more" if len(findings) > 1 else ""
    setting = f"quality.{_SETTINGS[first.code]}"
    message = f"{bars.symbol} {bars.timeframe} at {at}: {first.message} (`{setting}`){rest}"
    return QualityError(message, hint=first.help or _WAYS[first.code])
