"""Bars for a server: found by symbol, read once, and kept in memory for as long as they hold.

The store draws a new state for a series whenever its bars change, so what is kept is known by the
state that it belongs to. A few bars of a series that is not kept are read as rows; what is asked
for often, or in great numbers, is read whole, by columns, and kept.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rtrade.core.caches import ByteCache
from rtrade.core.errors import DataUnavailable, UsageError
from rtrade.core.intervals import Interval, holds
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe
from rtrade.workflow.moving import RAW
from rtrade.workflow.sourcing import Source, Sources, StoredKeys

if TYPE_CHECKING:
    from rtrade.core.bars import Bars
    from rtrade.data.selection import Series
    from rtrade.workflow.holding import HeldStore

# Bytes of bars that are kept, 48 a bar; a longer series is not read whole.
_KEPT = 384 << 20
_BAR = 48
MOST_WHOLE = _KEPT // _BAR
# Up to so many bars are read as rows, and so often in one state before the whole series is read.
_FEW, _TIMES = 10_000, 8
_EVERYTHING = (-(2**62), 2**62)

# `closed`: asked of the exchange to its end, and not asked again. `kept`: known whole or not, and
# may be corrected or completed. `open`: more is to come.
Settled = Literal["closed", "kept", "open"]


@dataclass(frozen=True)
class Shelved:
    """A series that can be read: where it stands, and which one it is made from.

    `read` is the timeframe of the stored series; bars of `timeframe` are put together from it
    where they differ. `stated` is the series of a source file, None where it is in the store.
    """

    source: Source | None
    venue: str
    symbol: str
    timeframe: Timeframe
    read: Timeframe
    stated: Series | None = None

    @property
    def key(self) -> SeriesKey:
        """What names the series that is read, in the store."""
        return SeriesKey(self.venue, self.symbol, self.read)

    @property
    def source_name(self) -> str | None:
        """The name of its source, None where no file has it any more."""
        return None if self.source is None else self.source.name

    @property
    def resampled_from(self) -> Timeframe | None:
        """The finer timeframe that its bars are made from, None where they are read as they are."""
        return None if self.read == self.timeframe else self.read


@dataclass(frozen=True)
class Version:
    """A series as of one moment: `token` differs whenever its bars do.

    `coverage` is what was asked of the exchange, None where it is of files. `bars` counts them,
    None where they were not read.
    """

    token: str
    coverage: tuple[Interval, ...] | None
    bars: int | None


@dataclass(frozen=True)
class Window:
    """The bars that are asked for: `start <= time < end`, later than `after`, at most `limit`.

    Without `start` and `after` the last ones are meant. `limit` None: all.
    """

    start: int | None = None
    end: int | None = None
    after: int | None = None
    limit: int | None = None

    @property
    def low(self) -> int:
        """The first time (ms) that may come."""
        after = _EVERYTHING[0] if self.after is None else self.after + 1
        return max(after, _EVERYTHING[0] if self.start is None else self.start)

    @property
    def high(self) -> int:
        """The time (ms) that they come before."""
        return _EVERYTHING[1] if self.end is None else self.end

    @property
    def latest(self) -> bool:
        """Whether the last bars are meant."""
        return self.start is None and self.after is None


@dataclass(frozen=True, eq=False)
class Page:
    """Bars of a window; `more`: others follow in it. `version` is the one that was read."""

    bars: Bars
    more: bool
    version: Version


class Shelf:
    """The series of a workspace, read for many requests at a time."""

    def __init__(self, store: HeldStore, sources: Sources, keys: StoredKeys) -> None:
        self.sources = sources
        self._stored_keys = keys
        self._store = store
        self._kept: ByteCache[tuple[Version, Bars]] = ByteCache(_KEPT)
        self._loading = threading.Lock()
        # How often rows of a series were read, and in which state.
        self._rows: dict[SeriesKey, tuple[str, int]] = {}

    def find(
        self, symbol: str, timeframe: Timeframe, source: str | None
    ) -> tuple[Shelved, Version]:
        """Return the series that serves a symbol at a timeframe, maybe a finer one to resample.

        Also its version as of now. Raises DataUnavailable where there is none, UsageError where
        several sources have it.
        """
        named = None if source is None else self.sources.named(source)
        if named is not None and named.venue is not None:
            exact = Shelved(named, named.venue, symbol, timeframe, timeframe)
            version = self._version(exact.key)
            if version is not None:
                return exact, version
        if named is None or named.venue is not None:
            keys = self._stored_keys.of(symbol)
            if named is not None:
                keys = [one for one in keys if one.venue == named.venue]
            if keys or named is not None:
                shelved = self._stored(symbol, timeframe, named, keys)
                return shelved, self._version(shelved.key) or Version("", (), 0)
        found = _stated(named or self.sources.stating(symbol), symbol, timeframe)
        assert found.source is not None
        assert found.stated is not None
        return found, Version(_stated_token(found.source, found.stated), None, None)

    def _stored(
        self, symbol: str, timeframe: Timeframe, named: Source | None, keys: Sequence[SeriesKey]
    ) -> Shelved:
        venues = sorted({one.venue for one in keys})
        sources = {one: named or self.sources.of_venue(one) for one in venues}
        if len(venues) > 1:
            names = ", ".join(sorted(one.name for one in sources.values() if one is not None))
            raise UsageError(
                f"bars of {symbol} are stored from several sources: which one is meant?",
                hint=f"name one with `source`: {names}",
            )
        frames = [one.timeframe for one in keys]
        read = _frame(timeframe, frames)
        if read is None:
            have = f"{symbol} is stored at {', '.join(map(str, frames))}" if frames else None
            asked = "" if named is None else f" of `{named.name}`"
            raise DataUnavailable(
                f"nothing is stored{asked} of {symbol} at {timeframe}, nor what would make it",
                hint=have or "`rtrade data sync` fetches bars; /api/v1/symbols lists what there is",
            )
        return Shelved(sources[venues[0]], venues[0], symbol, timeframe, read)

    def _version(self, key: SeriesKey) -> Version | None:
        with self._store.opened() as store:
            series, coverage = store.status(key)
        return None if series is None else Version(series.state, tuple(coverage), series.bars)

    def read(self, shelved: Shelved, version: Version, window: Window) -> Page:
        """Return the bars of a window, of `version` or of a later one.

        Raises UsageError for more bars than are read at once.
        """
        known = self._known(shelved, version)
        if known is not None:
            return _cut(known, version, window)
        limit = window.limit
        few = limit is not None and limit <= _FEW
        long = version.bars is not None and version.bars > MOST_WHOLE
        rows = shelved.stated is None and shelved.resampled_from is None and few
        if rows and limit is not None and (long or self._seldom(shelved.key, version)):
            return self._few(shelved.key, window, limit)
        if long:
            raise UsageError(
                f"{shelved.key} has {version.bars:,} bars: more than are read at once",
                hint="ask for bars page by page, or store a coarser timeframe",
            )
        version, bars = self._whole(shelved, version)
        return _cut(bars, version, window)

    def _known(self, shelved: Shelved, version: Version) -> Bars | None:
        kept = self._kept.get((shelved.venue, shelved.symbol, shelved.read, shelved.timeframe))
        return kept[1] if kept is not None and kept[0].token == version.token else None

    def _seldom(self, key: SeriesKey, version: Version) -> bool:
        """Count a reading of rows, and tell whether there were few of them in this state."""
        token, times = self._rows.get(key, ("", 0))
        times = times + 1 if token == version.token else 1
        self._rows[key] = (version.token, times)
        return times <= _TIMES

    def _few(self, key: SeriesKey, window: Window, limit: int) -> Page:
        with self._store.opened() as store:
            found = store.read_some(key, window.low, window.high, limit + 1, latest=window.latest)
        version = Version(found.state, tuple(found.coverage), None)
        return _cut(found.bars, version, window)

    def _whole(self, shelved: Shelved, version: Version) -> tuple[Version, Bars]:
        """Return all bars of a series, and the version that they are of."""
        # One at a time: whoever asked for the same one meanwhile finds it.
        with self._loading:
            known = self._known(shelved, version)
            if known is not None:
                return version, known
            version, bars = self._loaded(shelved, version)
            if shelved.resampled_from is not None:
                from rtrade.data.resample import resample

                bars = resample(bars, shelved.timeframe)
            place = (shelved.venue, shelved.symbol, shelved.read, shelved.timeframe)
            self._kept.put(place, (version, bars), len(bars) * _BAR)
            return version, bars

    def _loaded(self, shelved: Shelved, version: Version) -> tuple[Version, Bars]:
        if shelved.stated is not None:
            from rtrade.data.loading import read_cleaned

            assert shelved.source is not None
            as_it_is = replace(shelved.source.definition, quality=RAW)
            return version, read_cleaned(as_it_is, shelved.stated).bars
        with self._store.opened() as store:
            found = store.read(shelved.key, *_EVERYTHING)
        return Version(found.state, tuple(found.coverage), len(found.bars)), found.bars


def _frame(timeframe: Timeframe, have: Iterable[Timeframe]) -> Timeframe | None:
    """Return the timeframe itself where it is there, else the coarsest that makes it."""
    frames = list(have)
    if timeframe in frames:
        return timeframe
    return max((one for one in frames if one.fills(timeframe)), default=None)


def _stated(source: Source, symbol: str, timeframe: Timeframe) -> Shelved:
    from rtrade.data.selection import choose

    series = choose(source.definition, symbol, timeframe)
    return Shelved(source, source.name, symbol, timeframe, series.timeframe, series)


def _stated_token(source: Source, series: Series) -> str:
    from rtrade.config.definitions import FileSeries

    if not isinstance(series, FileSeries):
        return source.version
    try:
        facts = series.path.stat()
    except OSError:
        # Reading it says what is wrong.
        return f"{source.version}|missing"
    return f"{source.version}|{facts.st_mtime_ns}|{facts.st_size}"


def _cut(bars: Bars, version: Version, window: Window) -> Page:
    """Return what of `bars` lies in the window; `bars` hold one more than it where there is one."""
    import numpy as np

    first, stop = np.searchsorted(bars.time, (window.low, window.high)).tolist()
    limit = stop - first if window.limit is None else window.limit
    if window.latest:
        return Page(bars.slice(max(first, stop - limit), stop), False, version)  # noqa: FBT003 - no more
    last = min(stop, first + limit)
    return Page(bars.slice(first, last), last < stop, version)


def is_complete(shelved: Shelved, page: Page, window: Window) -> bool:
    """Tell whether all that the page stands for was asked of the exchange; true of files."""
    coverage, bars = page.version.coverage, page.bars
    if coverage is None:
        return True
    if not len(bars) and (window.latest or window.end is None):
        # Nothing stands at one of its ends: of all times before `end` everything has to be known.
        last = 0 if window.end is None else shelved.read.ceil(window.end)
        return last > 0 and window.latest and holds(coverage, Interval(0, last))
    start = int(bars.time[0]) if window.latest else window.low
    end = window.end
    if page.more or end is None:
        end = shelved.timeframe.close(int(bars.time[-1]))
    start, end = shelved.read.ceil(start), shelved.read.ceil(end)
    return start >= end or holds(coverage, Interval(start, end))


def settled(shelved: Shelved, page: Page, window: Window) -> Settled:
    """Tell how final the bars of a page are."""
    coverage, bars, frame = page.version.coverage, page.bars, shelved.timeframe
    if coverage is None:
        return "kept"
    if window.end is None and not page.more:
        return "open"
    end = frame.close(int(bars.time[-1])) if page.more else frame.ceil(window.high)
    known = coverage[-1].end if coverage else 0
    if end > known:
        return "open"
    from rtrade.data.syncing import RECHECKED

    # Up to here a sync asks again. What has no stated start hangs on earlier bars until it is full.
    final = end <= shelved.read.ahead(known, -RECHECKED)
    started = not window.latest or len(bars) == window.limit
    exact = shelved.resampled_from is None
    whole = is_complete(shelved, page, window)
    return "closed" if final and started and exact and whole else "kept"
