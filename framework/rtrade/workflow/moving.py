"""Move bars between the store and files, and delete old ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rtrade.config.definitions import FileSeries, OutlierDef, QualityDef, SourceDef
from rtrade.config.loading import find_source, load_source
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe
from rtrade.plan.plan import SeriesNeed
from rtrade.workflow.markets import FETCHED, Fetching, market_data, opened_store
from rtrade.workflow.syncing import exchange_source

if TYPE_CHECKING:
    from rtrade.core.bars import Bars

# Bars as they are: nothing filled, nothing flagged.
RAW = QualityDef(outliers=OutlierDef(action="keep"))
# As many bars are written in one transaction.
_AT_ONCE = 100_000


@dataclass(frozen=True)
class Moved:
    """Bars that went from or to files: how many there were, and how many were new to the store."""

    symbol: str
    timeframe: Timeframe
    places: tuple[str, ...]
    bars: int
    added: int | None
    corrected: int
    first: int | None
    last: int | None


@dataclass(frozen=True)
class Pruned:
    """What pruning deleted of a series, or would delete."""

    key: SeriesKey
    before: int
    bars: int
    done: bool


def export_bars(
    name: str,
    symbol: str,
    timeframe: Timeframe,
    output: Path,
    workspace: Path,
    *,
    since: int | None = None,
    until: int | None = None,
    fetching: Fetching = FETCHED,
) -> Moved:
    """Write the bars of `[since, until)` to a file, by its ending; return what was written.

    Raises UsageError for another ending, WorldError where the file cannot be written, and the
    errors of reading bars.
    """
    from rtrade.data.exporting import export, require_ending

    # Before anything is fetched.
    require_ending(output)
    # As they are stored or written: what a policy makes of bars is made whenever they are read.
    source = replace(load_source(find_source(name, workspace)), quality=RAW)
    need = SeriesNeed("", symbol, timeframe, 0)
    market = market_data(source, [need], workspace, start=since, end=until, fetching=fetching)
    export(market.bars, output)
    return _moved(market.bars, (str(output),), None, 0)


def import_bars(
    name: str, symbol: str, timeframe: Timeframe, places: Sequence[str], workspace: Path
) -> Moved:
    """Store the bars of files or of an archive as those of an exchange; return what was stored.

    Only stretches without a hole count as fetched. Raises InvalidInput with what is wrong in the
    files; files before one that is refused are stored.
    """
    source = exchange_source(name, workspace)
    assert source.exchange is not None
    key = SeriesKey(source.exchange.venue, symbol, timeframe)
    moved = _moved(None, tuple(places), 0, 0, key)
    with opened_store(workspace) as store:
        for place in places:
            for bars in _bars_of(source, place, key):
                for part in _parts(bars):
                    written = store.write_bars(key, _stretches(part), part)
                    moved = replace(
                        moved,
                        added=(moved.added or 0) + written.inserted,
                        corrected=moved.corrected + written.corrected,
                    )
                moved = replace(
                    moved,
                    bars=moved.bars + len(bars),
                    first=min(int(bars.time[0]), moved.first or int(bars.time[0])),
                    last=max(int(bars.time[-1]), moved.last or int(bars.time[-1])),
                )
    return moved


def _bars_of(source: SourceDef, place: str, key: SeriesKey) -> Iterator[Bars]:
    """Yield the bars of a file, or of each file of an archive's folder or address."""
    from rtrade.data.archive import archived_bars
    from rtrade.data.exporting import ENDINGS
    from rtrade.data.files import read_file

    path = Path(place)
    if place.endswith(ENDINGS) and not place.startswith(("http://", "https://")):
        stated = replace(source, exchange=None, document=None, quality=RAW)
        stated = replace(stated, kind="parquet" if ".parquet" in path.name else "csv")
        yield read_file(stated, FileSeries(key.symbol, key.timeframe, path.absolute()))
        return
    yield from archived_bars(place, key.symbol, key.timeframe)


def _parts(bars: Bars) -> Iterator[Bars]:
    for start in range(0, len(bars), _AT_ONCE):
        yield bars.slice(start, start + _AT_ONCE)


def _stretches(bars: Bars) -> list[Interval]:
    """Return the stretches of bars that follow on one another."""
    closes = bars.timeframe.closes(bars.time)
    breaks = np.flatnonzero(bars.time[1:] != closes[:-1])
    starts = bars.time[np.concatenate(([0], breaks + 1))]
    ends = closes[np.concatenate((breaks, [len(bars) - 1]))]
    pairs = zip(starts.tolist(), ends.tolist(), strict=True)
    return [Interval(start, end) for start, end in pairs]


def _moved(
    bars: Bars | None,
    places: tuple[str, ...],
    added: int | None,
    corrected: int,
    key: SeriesKey | None = None,
) -> Moved:
    if bars is None:
        assert key is not None
        return Moved(key.symbol, key.timeframe, places, 0, added, corrected, None, None)
    ends = (int(bars.time[0]), int(bars.time[-1])) if len(bars) else (None, None)
    return Moved(bars.symbol, bars.timeframe, places, len(bars), added, corrected, *ends)


def prune_series(
    name: str | None,
    workspace: Path,
    *,
    symbols: Sequence[str] = (),
    timeframe: Timeframe | None = None,
    age: int,
    now: int,
    dry: bool = False,
) -> list[Pruned]:
    """Delete stored bars that opened more than `age` before `now` (both ms); return which."""
    exchange = None if name is None else exchange_source(name, workspace).exchange
    venue = None if exchange is None else exchange.venue
    before = now - age
    found: list[Pruned] = []
    with opened_store(workspace) as store:
        for one in store.all_series():
            key = one.key
            chosen = venue in (None, key.venue) and (not symbols or key.symbol in symbols)
            if not chosen or timeframe not in (None, key.timeframe):
                continue
            bars = store.count_bars(key, -(2**62), before) if dry else store.prune(key, before)
            found.append(Pruned(key, before, bars, not dry))
    return found
