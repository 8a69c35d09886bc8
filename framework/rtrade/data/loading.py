"""Read what a plan needs from a source: choose series, read, check, resample, cut to the range.

1. Each need is served by the exact series, else by the coarsest finer one (`selection`).
2. Each series is read once and whole; what is wrong in any of them is reported together.
3. The source's quality policy is applied to it (`policy`).
4. Coarser bars are made from the whole series, so that the range does not change them.
5. The base series is cut to the range plus the bars that its signals look back on; the others to
   what has closed by the base's last close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from rtrade.config.definitions import SourceDef, SyntheticSeries
from rtrade.core.bars import Bars, Filters, IntArray, MarketData
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import DataUnavailable, InvalidInput
from rtrade.core.timeframes import Timeframe, iso
from rtrade.data.policy import Cleaned, apply, coarser, said_of
from rtrade.data.selection import Series, StoredSeries, choose
from rtrade.plan.plan import SeriesNeed


@dataclass(frozen=True, eq=False)
class _Whole:
    """A series in the timeframe of its need, uncut."""

    need: SeriesNeed
    cleaned: Cleaned
    resampled_from: Timeframe | None

    @property
    def bars(self) -> Bars:
        return self.cleaned.bars


def load(
    source: SourceDef,
    needs: Sequence[SeriesNeed],
    *,
    start: int | None,
    end: int | None,
    last: int | None = None,
    stored: Sequence[StoredSeries] = (),
) -> MarketData:
    """Return the bars that `needs` ask for, `needs[0]` being the base series.

    `start` (inclusive) and `end` (exclusive) are in ms; `last` (ms) instead of `start` counts back
    from `end`, or from the close of the last bar. `stored` are the series of an exchange, which has
    none of its own (`data.stocking`). Raises InvalidInput with every finding in the
    files, and DataUnavailable for a series or a range that the source does not have.
    """
    chosen = [choose(source, need.symbol, need.timeframe, stored) for need in needs]
    read = _read(source, chosen)
    whole = [
        _in_timeframe(source, read[series], need)
        for series, need in zip(chosen, needs, strict=True)
    ]
    begin = start if last is None else _last_close(whole[0].bars, end) - last
    warnings: list[str] = []
    base, first = _cut_base(source, whole[0], begin, end, warnings)
    run = base.part(first, len(base.bars))
    others = {
        other.need.name: _cut_other(source, other, base.bars, first, begin, warnings)
        for other in whole[1:]
    }
    return MarketData(
        source=source.name,
        source_kind=source.kind,
        base=base.bars,
        first=first,
        others=others,
        flags=base.flags,
        quality=run.summary,
        filters=_filters(source),
        filters_stated=source.filters is not None,
        synthetic=source.kind == "synthetic",
        resampled_from=whole[0].resampled_from,
        warnings=tuple(warnings),
    )


def _read(source: SourceDef, chosen: Sequence[Series]) -> dict[Series, Cleaned]:
    """Read each series once; raise with the findings of all of them."""
    read: dict[Series, Cleaned] = {}
    findings: list[Diagnostic] = []
    for series in dict.fromkeys(chosen):
        try:
            read[series] = read_cleaned(source, series)
        except InvalidInput as invalid:
            findings.extend(invalid.diagnostics)
    if findings:
        raise InvalidInput(findings)
    return read


def read_series(source: SourceDef, series: Series) -> Bars:
    """Return one series of a source as its policy leaves it; raise as `read_cleaned` does."""
    return read_cleaned(source, series).bars


def read_cleaned(source: SourceDef, series: Series) -> Cleaned:
    """Return one series of a source with what its quality policy made of it.

    Raises InvalidInput with what is wrong in a file, QualityError for what the policy calls an
    error elsewhere, WorldError.
    """
    if isinstance(series, StoredSeries):
        return apply(series.bars, source.quality)
    if isinstance(series, SyntheticSeries):
        from rtrade.data.synthetic import generate

        return apply(generate(series, source.seed or 0), source.quality)
    from rtrade.data import files

    return files.read_cleaned(source, series)


def _in_timeframe(source: SourceDef, read: Cleaned, need: SeriesNeed) -> _Whole:
    if read.bars.timeframe == need.timeframe:
        return _Whole(need, read, None)
    coarse = coarser(read, need.timeframe, source.quality)
    return _Whole(need, coarse, read.bars.timeframe)


def _last_close(bars: Bars, end: int | None) -> int:
    """Return where `last` counts back from."""
    if end is not None or not len(bars):
        return end or 0
    return bars.timeframe.close(int(bars.time[-1]))


def _cut_base(
    source: SourceDef, whole: _Whole, begin: int | None, end: int | None, warnings: list[str]
) -> tuple[Cleaned, int]:
    """Return the base bars to read and the index of the run's first bar among them."""
    bars, lookback = whole.bars, whole.need.lookback
    first = 0 if begin is None else int(np.searchsorted(bars.time, begin))
    stop = len(bars) if end is None else int(np.searchsorted(bars.time, end))
    if first >= stop:
        raise _nothing(source, bars, begin, end)
    _warn_beyond(bars, begin, end, warnings)
    found = min(first, lookback)
    if begin is not None and found < lookback:
        warnings.append(
            f"the signals look back on {lookback} bars before {iso(int(bars.time[first]))}, "
            f"but there are {found}: some may be unknown or unsettled at first"
        )
    read = whole.cleaned.part(first - found, stop)
    warnings.extend(said_of(read, whole.resampled_from))
    return read, found


def _nothing(source: SourceDef, bars: Bars, begin: int | None, end: int | None) -> DataUnavailable:
    asked = " ".join(
        [
            *([f"from {iso(begin)}"] if begin is not None else []),
            *([f"to {iso(end)}"] if end is not None else []),
        ]
    )
    name = f"{bars.symbol} {bars.timeframe}"
    message = f"source `{source.name}` has no bar of {name} {asked}".rstrip()
    return DataUnavailable(message, hint=f"it has {_extent(bars)}")


def _extent(bars: Bars) -> str:
    if not len(bars):
        return f"not one whole {bars.timeframe} bar"
    close = bars.timeframe.close(int(bars.time[-1]))
    return f"{len(bars)} bars from {iso(int(bars.time[0]))} to {iso(close)}"


def _warn_beyond(bars: Bars, begin: int | None, end: int | None, warnings: list[str]) -> None:
    """Warn where at least one bar of the range lies outside the data."""
    opening = int(bars.time[0])
    closing = bars.timeframe.close(int(bars.time[-1]))
    if begin is not None and begin <= bars.timeframe.ahead(opening, -1):
        warnings.append(f"the range starts at {iso(begin)}, the data only at {iso(opening)}")
    if end is not None and end > closing:
        warnings.append(f"the range ends at {iso(end)}, the data already at {iso(closing)}")


def _cut_other(
    source: SourceDef,
    whole: _Whole,
    base: Bars,
    first: int,
    begin: int | None,
    warnings: list[str],
) -> Bars:
    """Return the other series from `lookback` bars before what the first base bar can see."""
    bars, lookback = whole.bars, whole.need.lookback
    closes = bars.timeframe.closes(bars.time)
    base_closes = base.timeframe.closes(base.time)
    stop = int(np.searchsorted(closes, base_closes[-1], side="right"))
    if stop == 0:
        raise _nothing(source, bars, int(base.time[0]), int(base_closes[-1]))
    seen = int(np.searchsorted(closes, base_closes[0], side="right")) - 1
    found = max(0, min(seen, lookback))
    name = whole.need.name
    if begin is not None and (seen < 0 or found < lookback):
        warnings.append(
            f"`{name}` looks back on {lookback} bars before its last one at "
            f"{iso(int(base_closes[0]))}, but there are {found}: some may be unknown at first"
        )
    read = whole.cleaned.part(max(0, seen - lookback), stop)
    warnings.extend(said_of(read, whole.resampled_from))
    _warn_stale(name, bars, base_closes[first:], warnings)
    return read.bars


def _warn_stale(name: str, bars: Bars, base_closes: IntArray, warnings: list[str]) -> None:
    """Count the closes of the run at which the bar that is due of the other series is missing."""
    frame = bars.timeframe
    due = frame.opens(frame.numbers(base_closes) - 1)
    # Before the series begins there is nothing to show: signals are unknown there, and counted so.
    missing = int(np.count_nonzero((due > bars.time[0]) & ~np.isin(due, bars.time)))
    if missing:
        warnings.append(
            f"`{name}` ({bars.symbol} {bars.timeframe}) has no bar of its own at {missing} of "
            f"{len(base_closes)} closes of the run: its last closed bar is shown there"
        )


def _filters(source: SourceDef) -> Filters:
    stated = source.filters
    if stated is None:
        return Filters()
    return Filters(
        lot=Filters.lot if stated.lot is None else Decimal(stated.lot),
        tick=None if stated.tick is None else Decimal(stated.tick),
        min_notional=stated.min_notional,
    )
