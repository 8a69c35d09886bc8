"""Have the store hold what a plan needs of an exchange, and hand it on as series to read.

1. Each need is served by the series of its timeframe; where the exchange has no such bars, by the
   coarsest finer one that makes them.
2. What the store lacks of its range is synced, or refused where that is forbidden.
3. Bars before the range are added until there are as many as the signals look back on, or until
   the exchange has no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rtrade.config.definitions import FiltersDef, SourceDef
from rtrade.core.errors import DataUnavailable
from rtrade.core.intervals import Interval, union
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe, iso
from rtrade.data.policy import lead
from rtrade.data.resample import can_resample
from rtrade.data.selection import StoredSeries
from rtrade.data.syncing import Watch, closed, missing, sync
from rtrade.plan.plan import SeriesNeed

if TYPE_CHECKING:
    from rtrade.exchange.venues import Venue
    from rtrade.store.store import Store

Told = Callable[[str], None]


@dataclass
class Stock:
    """The store and the exchange of one source.

    `open_venue` opens the exchange, and is called only where the store does not have all that is
    needed; None forbids it. `told` hears what is about to be fetched, `watch` how far it has come.
    """

    source: SourceDef
    store: Store
    venue_name: str
    open_venue: Callable[[], Venue] | None
    told: Told = lambda _: None
    watch: Watch = lambda _: None
    opened: Venue | None = field(default=None, init=False)

    @property
    def offline(self) -> bool:
        """Whether nothing may be fetched."""
        return self.open_venue is None

    def venue(self) -> Venue:
        """Return the exchange; raise DataUnavailable where it may not be asked."""
        if self.opened is None:
            if self.open_venue is None:
                raise DataUnavailable(
                    f"`{self.source.name}` may not be asked: --offline",
                    hint="run once without it; what was fetched is kept",
                )
            self.opened = self.open_venue()
        return self.opened

    def key(self, symbol: str, timeframe: Timeframe) -> SeriesKey:
        """Return what names a series of this source in the store."""
        return SeriesKey(self.venue_name, symbol, timeframe)


def stocked(
    stock: Stock,
    needs: Sequence[SeriesNeed],
    *,
    start: int | None,
    end: int | None,
    last: int | None,
) -> tuple[SourceDef, list[StoredSeries]]:
    """Return the source with what it allows, and the bars that `needs` ask for, from the store.

    `start`, `end` and `last` are those of `data.loading.load`, which takes both. Raises
    DataUnavailable where something is missing and may not be fetched.
    """
    base = needs[0]
    # What becomes of a bar by the source's policy hangs on the bars before it.
    judged = lead(stock.source.quality)
    key = _served_by(stock, base)
    stop = _end(stock, key, end)
    begin = stop - last if last is not None else start
    opening = _stock(stock, key, begin, stop, base.timeframe, base.lookback + judged)
    ranges = {key: [Interval(opening, stop)]}
    for other in needs[1:]:
        of = _served_by(stock, other)
        # What the first base bar can see of it has closed by that bar's close.
        seen = (
            other.timeframe.ahead(other.timeframe.floor(opening), -1) if begin is not None else None
        )
        first = _stock(stock, of, seen, stop, other.timeframe, other.lookback + judged)
        ranges.setdefault(of, []).append(Interval(first, stop))
    stored = [_read(stock, one, union(parts)) for one, parts in ranges.items()]
    filters = stock.source.filters or _filters(stock, key)
    return replace(stock.source, filters=filters), stored


def _read(stock: Stock, key: SeriesKey, parts: Sequence[Interval]) -> StoredSeries:
    return StoredSeries(stock.store.read_bars(key, parts[0].start, parts[-1].end))


def _served_by(stock: Stock, need: SeriesNeed) -> SeriesKey:
    """Return the series to read for a need: of its timeframe where the exchange has it."""
    exact = stock.key(need.symbol, need.timeframe)
    if stock.store.series(exact) is not None:
        return exact
    if stock.offline:
        have = [one.key.timeframe for one in stock.store.all_series()
                if (one.key.venue, one.key.symbol) == (exact.venue, exact.symbol)]  # fmt: skip
    else:
        # Asked first, so that a misspelt symbol is answered as such.
        stock.venue().market(need.symbol)
        have = list(stock.venue().timeframes)
    if need.timeframe in have:
        return exact
    finer = [one for one in have if can_resample(one, need.timeframe)]
    if finer:
        return stock.key(need.symbol, max(finer))
    if stock.offline:
        raise _unfetched(stock, exact, None)
    known = ", ".join(map(str, sorted(have)))
    raise DataUnavailable(
        f"`{stock.source.name}` has no bars of {need.timeframe}, nor finer ones that make them",
        hint=f"it has {known}",
    )


def _end(stock: Stock, key: SeriesKey, end: int | None) -> int:
    """Return where the range ends: at `end`, and in any case at the last close."""
    if stock.offline:
        covered = stock.store.coverage(key)
        if not covered:
            raise _unfetched(stock, key, None)
        return covered[-1].end if end is None else end
    if end is not None:
        covered = stock.store.coverage(key)
        if covered and covered[-1].end >= end:
            return end
    now = stock.venue().now()
    return now if end is None else min(end, now)


def _stock(
    stock: Stock, key: SeriesKey, begin: int | None, end: int, frame: Timeframe, lookback: int
) -> int:
    """Have the store hold `[begin, end)` and `lookback` bars of `frame` before; return its start.

    The start lies before the first of these bars; None as `begin` stands for all there is.
    """
    if begin is None:
        opening = _listing(stock, key)
        _fill(stock, key, opening, end)
        return opening
    wanted, at = lookback, frame.floor(begin)
    opening = frame.ahead(at, -wanted)
    while True:
        _fill(stock, key, opening, end)
        short = lookback - _bars_between(stock, key, opening, at, frame)
        if short <= 0 or opening <= _listing(stock, key):
            return opening
        opening = frame.ahead(opening, -short)


def _bars_between(stock: Stock, key: SeriesKey, start: int, end: int, frame: Timeframe) -> int:
    """Count the bars of `frame` in a stretch, which are made from the series' own."""
    bars = stock.store.read_bars(key, start, end)
    if key.timeframe == frame:
        return len(bars)
    from rtrade.data.resample import resample

    return len(resample(bars, frame))


def _listing(stock: Stock, key: SeriesKey) -> int:
    """Return the time before which the exchange has no bars of a series (ms).

    Kept in the store as coverage from 1970 on, so that it is asked for once.
    """
    covered = stock.store.coverage(key)
    if covered and covered[0].start <= 0:
        found = stock.store.read_bars(key, 0, covered[0].end)
        return int(found.time[0]) if len(found) else covered[0].end
    if stock.offline:
        if not covered:
            raise _unfetched(stock, key, None)
        # All that is known: that there are earlier ones was never asked.
        return covered[0].start
    venue = stock.venue()
    answers = {venue.next_bar(key.symbol, key.timeframe, 0) for _ in range(2)}
    first = min((one for one in answers if one is not None), default=None)
    if first is None:
        raise DataUnavailable(
            f"`{stock.source.name}` has no bars of {key.symbol} at {key.timeframe}",
            hint="ask for another symbol, or for another timeframe",
        )
    if len(answers) == 1 and first > 0:
        stock.store.write_bars(key, [Interval(0, first)], [])
    return first


def _fill(stock: Stock, key: SeriesKey, start: int, end: int) -> None:
    """Have the store hold what has closed of `[start, end)`."""
    if start >= end:
        return
    whole = closed(Interval(start, end), key, end)
    if whole is None or not (left := missing(stock.store, key, whole)):
        return
    if stock.offline:
        raise _unfetched(stock, key, left)
    venue = stock.venue()
    stock.told(
        f"fetching {key.symbol} {key.timeframe} from `{stock.source.name}`: "
        f"{iso(left[0].start)} to {iso(left[-1].end)}"
    )
    sync(stock.store, venue, key, whole, watch=stock.watch)
    keep_filters(stock.store, venue, key)


def keep_filters(store: Store, venue: Venue, key: SeriesKey) -> None:
    """Store what the exchange allows for a symbol beside its series."""
    market = venue.market(key.symbol)
    store.set_filters(key, market.lot, market.tick, market.min_notional)


def _filters(stock: Stock, key: SeriesKey) -> FiltersDef | None:
    series = stock.store.series(key)
    if series is None or (series.lot, series.tick, series.min_notional) == (None, None, None):
        return None
    least = None if series.min_notional is None else float(series.min_notional)
    return FiltersDef(lot=series.lot, tick=series.tick, min_notional=least)


def _unfetched(stock: Stock, key: SeriesKey, left: Sequence[Interval] | None) -> DataUnavailable:
    name = f"{key.symbol} {key.timeframe}"
    hint = f"rtrade data sync {stock.source.name} {key.symbol} --timeframe {key.timeframe}"
    if left is None:
        message = f"no bars of {name} are stored of `{stock.source.name}`"
        return DataUnavailable(
            f"{message}, and --offline forbids fetching them", hint=f"{hint} --since TIME"
        )
    shown = ", ".join(f"{iso(part.start)} to {iso(part.end)}" for part in left[:3])
    more = f" and {len(left) - 3} stretches more" if len(left) > 3 else ""
    return DataUnavailable(
        f"{name} of `{stock.source.name}` was never fetched from {shown}{more}, "
        "and --offline forbids it",
        hint=f"{hint} --since {iso(left[0].start)} --until {iso(left[-1].end)}",
    )
