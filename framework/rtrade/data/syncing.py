"""Fill the store from an exchange: ask for what was never answered, window by window.

Each answer is stored with its coverage in one transaction before the next is asked for, so a sync
that is interrupted, killed or refused keeps what it has and goes on from there. What was answered
once is not asked for again, except that a sync up to the present asks for the latest bars anew:
exchanges correct those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rtrade.core.errors import EngineFault
from rtrade.core.intervals import Interval, subtract
from rtrade.core.series import SeriesKey

if TYPE_CHECKING:
    from rtrade.core.bars import Bars
    from rtrade.exchange.venues import Venue
    from rtrade.store.store import Store

# How many of the latest stored bars a sync up to the present compares with the exchange's.
RECHECKED = 100


@dataclass(frozen=True)
class Synced:
    """What a sync of one series did.

    `asked` is the stretch in whole closed bars, None where none has closed in it. `added`,
    `corrected` and `missing` count bars: new ones, stored ones that the exchange has changed since,
    and ones inside windows asked for that the exchange does not have.
    """

    key: SeriesKey
    asked: Interval | None
    windows: int = 0
    added: int = 0
    corrected: int = 0
    missing: int = 0
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Step:
    """How far a sync has come: `done` of `total` ms of the series, and bars added so far."""

    key: SeriesKey
    done: int
    total: int
    added: int


Watch = Callable[[Step], None]


def closed(wanted: Interval, key: SeriesKey, now: int) -> Interval | None:
    """Return the whole bars inside `wanted` that have closed by `now` (ms), as a stretch."""
    frame = key.timeframe
    start = frame.ceil(wanted.start)
    end = min(frame.floor(wanted.end), frame.floor(now))
    return Interval(start, end) if start < end else None


def missing(store: Store, key: SeriesKey, whole: Interval) -> list[Interval]:
    """Return the stretches of `whole` that no answer in the store covers."""
    return subtract(whole, store.coverage(key))


def sync(
    store: Store,
    venue: Venue,
    key: SeriesKey,
    wanted: Interval,
    *,
    recheck: bool = False,
    watch: Watch = lambda _: None,
) -> Synced:
    """Ask the exchange for what the store lacks of `wanted`, and store it.

    With `recheck`, the last RECHECKED bars before the present are asked for again where they are
    stored already. Raises the errors of `exchange` and `store`; what was stored before stays.
    """
    now = venue.now()
    whole = closed(wanted, key, now)
    if whole is None:
        return Synced(key, None)
    left = missing(store, key, whole)
    if recheck and whole.end == key.timeframe.floor(now):
        left = _with_latest(left, whole, key)
    done = Synced(key, whole)
    total = sum(stretch.ms for stretch in left)
    before = 0
    for stretch in left:
        at = stretch.start
        while at < stretch.end:
            window, done = _next_window(store, venue, key, Interval(at, stretch.end), done)
            if window.end <= at:
                raise EngineFault(f"the sync of {key} made no progress at {at}")
            at = window.end
            watch(Step(key, before + at - stretch.start, total, done.added))
        before += stretch.ms
    return done


def _with_latest(left: list[Interval], whole: Interval, key: SeriesKey) -> list[Interval]:
    """Return the stretches to ask for with the latest bars among them."""
    from rtrade.core.intervals import union

    start = max(whole.start, key.timeframe.ahead(whole.end, -RECHECKED))
    return union([*left, Interval(start, whole.end)])


def _next_window(
    store: Store, venue: Venue, key: SeriesKey, left: Interval, done: Synced
) -> tuple[Interval, Synced]:
    """Ask for one window from the start of `left` and store the answer; return what it covers."""
    window = Interval(left.start, min(left.end, key.timeframe.ahead(left.start, venue.page)))
    bars = venue.bars(key.symbol, key.timeframe, window)
    if not len(bars):
        window = _empty_from(venue, key, Interval(window.start, left.end), window)
    written = store.write_bars(key, [window], bars)
    count = key.timeframe.count(window.start, window.end)
    return window, replace(
        done,
        windows=done.windows + 1,
        added=done.added + written.inserted,
        corrected=done.corrected + written.corrected,
        missing=done.missing + count - len(bars),
        first=_first(done.first, bars),
        last=int(bars.time[-1]) if len(bars) else done.last,
    )


def _empty_from(venue: Venue, key: SeriesKey, left: Interval, window: Interval) -> Interval:
    """Return how far after an empty window there is nothing: long stretches take one question.

    The answer counts where a second one agrees.
    """
    answers = {venue.next_bar(key.symbol, key.timeframe, window.end) for _ in range(2)}
    if len(answers) > 1:
        return window
    following = answers.pop()
    end = left.end if following is None else min(left.end, max(window.end, following))
    return Interval(left.start, end)


def _first(known: int | None, bars: Bars) -> int | None:
    if not len(bars):
        return known
    return int(bars.time[0]) if known is None else min(known, int(bars.time[0]))
