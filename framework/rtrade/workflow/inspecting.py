"""Look at market data: which series are stored, and what is wrong or missing in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.loading import find_source, load_source
from rtrade.core.errors import DataUnavailable
from rtrade.core.intervals import Interval
from rtrade.core.timeframes import Timeframe
from rtrade.workflow.markets import opened_store

if TYPE_CHECKING:
    from rtrade.config.definitions import SourceDef
    from rtrade.core.quality import QualitySummary
    from rtrade.data.holes import Hole
    from rtrade.data.policy import Cleaned
    from rtrade.store.listing import SeriesInfo


@dataclass(frozen=True)
class Inspection:
    """What was found in one series.

    `covered` are the stretches that an exchange has answered for, None for files and generators.
    `holes` are those between the first bar and the last, `quality` counts bars by flag. `picture`
    shows how much there is of each part of `span`.
    """

    source: str
    symbol: str
    timeframe: Timeframe
    bars: int
    span: Interval | None
    covered: tuple[Interval, ...] | None
    holes: tuple[Hole, ...]
    quality: QualitySummary
    picture: str

    @property
    def clean(self) -> bool:
        """Whether there is a bar for every interval, and none of them is remarkable."""
        found = self.quality
        marks = found.halts + found.outliers + found.corrected + found.dropped + found.repaired
        return not self.holes and not marks and self.bars > 0


def list_series(source: str | None, workspace: Path) -> list[SeriesInfo]:
    """Return the stored series, those of one source or all."""
    venue = None
    if source is not None:
        from rtrade.workflow.syncing import exchange_source

        exchange = exchange_source(source, workspace).exchange
        assert exchange is not None
        venue = exchange.venue
    with opened_store(workspace) as store:
        return [one for one in store.all_series() if venue in (None, one.key.venue)]


def inspect_source(
    name: str,
    workspace: Path,
    *,
    symbols: Sequence[str] = (),
    timeframe: Timeframe | None = None,
    since: int | None = None,
    until: int | None = None,
) -> list[Inspection]:
    """Look at the series of a source: those stored of an exchange, else those that it states.

    Raises DataUnavailable where there is no such series, and the errors of reading them.
    """
    source = _as_it_is(load_source(find_source(name, workspace)))
    look = _stored if source.kind == "exchange" else _stated
    found = [
        _inspect(source, series, covered, since, until)
        for series, covered in look(source, workspace, symbols, timeframe)
    ]
    if not found:
        asked = " ".join([*symbols, *([str(timeframe)] if timeframe else [])])
        has = "nothing is stored" if source.kind == "exchange" else "there is no series"
        raise DataUnavailable(
            f"{has} of `{source.name}`" + (f" for {asked}" if asked else ""),
            hint="`rtrade data list` says what there is, `rtrade data sync` fetches",
        )
    return found


_Series = tuple["Cleaned", list[Interval] | None]


def _as_it_is(source: SourceDef) -> SourceDef:
    """Return the source with nothing filled and nothing dropped: a check is there to show it."""
    quality = replace(source.quality, gaps="keep", max_gap=None)
    if quality.outliers.action == "drop":
        quality = replace(quality, outliers=replace(quality.outliers, action="flag"))
    return replace(source, quality=quality)


def _stored(
    source: SourceDef, workspace: Path, symbols: Sequence[str], timeframe: Timeframe | None
) -> Iterator[_Series]:
    import numpy as np

    from rtrade.data.policy import apply

    assert source.exchange is not None
    with opened_store(workspace) as store:
        for one in store.all_series():
            key = one.key
            if key.venue != source.exchange.venue or (symbols and key.symbol not in symbols):
                continue
            if timeframe in (None, key.timeframe):
                read = store.read(key, -(2**62), 2**62)
                changed = [note.time for note in store.quality(key) if note.code == "corrected"]
                corrected = np.array(changed, dtype=np.int64)
                yield apply(read.bars, source.quality, corrected=corrected), read.coverage


def _stated(
    source: SourceDef, _: Path, symbols: Sequence[str], timeframe: Timeframe | None
) -> Iterator[_Series]:
    from rtrade.data.loading import read_cleaned

    for series in source.series:
        if symbols and series.symbol not in symbols:
            continue
        if timeframe in (None, series.timeframe):
            yield read_cleaned(source, series), None


def _inspect(
    source: SourceDef,
    series: Cleaned,
    covered: list[Interval] | None,
    since: int | None,
    until: int | None,
) -> Inspection:
    import numpy as np

    from rtrade.data.coverage_picture import picture
    from rtrade.data.holes import holes

    bars = series.bars
    low = 0 if since is None else int(np.searchsorted(bars.time, since))
    high = len(bars) if until is None else int(np.searchsorted(bars.time, until))
    part = series.part(low, max(low, high))
    time, frame = part.bars.time, bars.timeframe
    span = Interval(int(time[0]), int(frame.closes(time[-1:])[0])) if len(time) else None
    return Inspection(
        source=source.name,
        symbol=bars.symbol,
        timeframe=frame,
        bars=len(time),
        span=span,
        covered=None if covered is None else tuple(covered),
        holes=tuple(holes(time, frame, covered)),
        quality=part.summary,
        picture="" if span is None else picture(time, frame, covered, span),
    )
