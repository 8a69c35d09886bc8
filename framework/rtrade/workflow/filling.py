"""Bars of a stretch for a server: what the store lacks of it is fetched and stored first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtrade.core.errors import UsageError
from rtrade.core.intervals import Interval, holds
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import DAY, HOUR, MINUTE, Timeframe
from rtrade.store.series import now_ms
from rtrade.workflow.quoting import Exchanges, Origin, Quoted
from rtrade.workflow.shelving import Shelf, Window

if TYPE_CHECKING:
    from rtrade.core.bars import Bars
    from rtrade.exchange.venues import Venue

# How many bars a request may have fetched.
MOST_FETCHED = 1500
# A stretch with more trades is averaged by bars, one with more bars by coarser ones.
_MOST_TRADES, _MOST_BARS = 200_000, 1_000_000
_FRAMES = tuple(Timeframe(ms) for ms in (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY))


@dataclass(frozen=True)
class Averaged:
    """A volume-weighted average price of a stretch (ms); None where nothing was traded in it.

    `of` says what it was made of: trades, or so many bars of a timeframe, of which `missing` are
    not there.
    """

    start: int
    end: int
    vwap: float | None
    volume: float
    of: str
    count: int
    timeframe: Timeframe | None = None
    missing: int = 0


def filled_bars(
    exchanges: Exchanges, symbol: str, timeframe: Timeframe, asked: Interval, name: str | None
) -> Quoted[Bars]:
    """Return the closed bars of a stretch, from the store where it has them all.

    Else what is missing is fetched from the exchange, and stored. Raises UsageError for more than
    MOST_FETCHED bars.
    """
    from rtrade.data.syncing import closed, missing, sync

    if timeframe.count(asked.start, asked.end) > MOST_FETCHED:
        raise UsageError(f"more than {MOST_FETCHED:,} bars of {timeframe} are asked for at once")
    source = exchanges.of(symbol, name)
    key = SeriesKey(source.venue or "", symbol, timeframe)
    origin: Origin = "store"
    whole = closed(asked, key, now_ms())
    with exchanges.store.opened() as store:
        lacking = whole is not None and missing(store, key, whole)

        def question(venue: Venue) -> bool:
            venue.market(symbol)
            venue.require(timeframe)
            sync(store, venue, key, asked)
            return True

        if lacking:
            origin = "exchange"
            exchanges.ask(source, ("bars", key, asked.start, asked.end), question)
        return Quoted(store.read_bars(key, asked.start, asked.end), source.name, origin)


def average_price(
    shelf: Shelf,
    exchanges: Exchanges,
    symbol: str,
    name: str | None,
    *,
    stretch: Interval | None,
    window: Timeframe | None,
) -> Quoted[Averaged]:
    """Return sum(price x volume) / sum(volume) of a stretch, or of the last `window`.

    Of trades where the store has all of them, else of the finest bars that fit, whose price is
    hlc3. Those of an exchange are fetched where they are missing. Raises UsageError for a window
    of months, and for a stretch that holds no whole bar.
    """
    if window is not None and window.months:
        raise UsageError("a window of months has no one length", hint="give days, such as 30d")
    named = None if name is None else shelf.sources.named(name)
    if named is not None and named.venue is None:
        return _of_files(shelf, symbol, name, stretch, window)
    source = exchanges.of(symbol, name)
    if stretch is None:
        assert window is not None
        frame = _frame(window.ms)
        if window.ms % frame.ms:
            raise UsageError(f"a window of {window} is no whole number of {frame} bars")
        end = frame.floor(now_ms())
        stretch = Interval(end - window.ms, end)
    else:
        traded = _of_trades(exchanges, source.venue or "", symbol, stretch)
        if traded is not None:
            return Quoted(traded, source.name, "store")
        stored = _of_store(exchanges, source.venue or "", symbol, stretch)
        if stored is not None:
            return Quoted(stored, source.name, "store")
        frame = _frame(stretch.ms)
    bars = filled_bars(exchanges, symbol, frame, stretch, source.name)
    return Quoted(_of_bars(bars.value, frame, stretch), source.name, bars.origin)


def _of_store(exchanges: Exchanges, venue: str, symbol: str, stretch: Interval) -> Averaged | None:
    """Return the average of the finest stored bars that make up a stretch, None without such."""
    with exchanges.store.opened() as store:
        keys = [one for one in store.all_keys() if (one.venue, one.symbol) == (venue, symbol)]
        for key in keys:
            frame = key.timeframe
            whole = frame.ceil(stretch.start), frame.floor(stretch.end)
            fits = whole == (stretch.start, stretch.end)
            few = frame.count(*whole) <= _MOST_BARS
            if fits and few and holds(store.coverage(key), stretch):
                return _of_bars(store.read_bars(key, *whole), frame, stretch)
    return None


def _frame(length: int) -> Timeframe:
    """Return the finest timeframe of which a stretch holds no more bars than may be fetched."""
    for frame in _FRAMES:
        if length <= frame.ms * MOST_FETCHED:
            return frame
    raise UsageError(f"a stretch of more than {MOST_FETCHED:,} days is averaged by no request",
                     hint="`rtrade data vwap` averages any")  # fmt: skip


def _of_trades(exchanges: Exchanges, venue: str, symbol: str, stretch: Interval) -> Averaged | None:
    """Return the average of the trades of a stretch, None where the store lacks some of it."""
    with exchanges.store.opened() as store:
        if not holds(store.trade_coverage(venue, symbol), stretch):
            return None
        trades = store.read_trades(venue, symbol, stretch.start, stretch.end, limit=_MOST_TRADES)
    if len(trades) == _MOST_TRADES:
        return None
    volume = math.fsum(trades.amount.tolist())
    worth = math.fsum((trades.price * trades.amount).tolist())
    price = worth / volume if volume > 0 else None
    return Averaged(stretch.start, stretch.end, price, volume, "trades", len(trades))


def _of_files(
    shelf: Shelf, symbol: str, name: str | None, stretch: Interval | None, window: Timeframe | None
) -> Quoted[Averaged]:
    """Return the average of bars of a source of files or of a generator."""
    assert name is not None
    source = shelf.sources.named(name)
    frames = sorted(one.timeframe for one in source.definition.series if one.symbol == symbol)
    frame = frames[0] if frames else Timeframe(MINUTE)
    shelved, version = shelf.find(symbol, frame, name)
    if stretch is None:
        assert window is not None
        last = shelf.read(shelved, version, Window(limit=1)).bars
        end = frame.close(int(last.time[-1])) if len(last) else 0
        stretch = Interval(end - window.ms, end)
    page = shelf.read(shelved, version, Window(start=stretch.start, end=stretch.end))
    return Quoted(_of_bars(page.bars, frame, stretch), name, "store")


def _of_bars(bars: Bars, frame: Timeframe, stretch: Interval) -> Averaged:
    import numpy as np

    from rtrade.data.vwap import vwap

    start, end = frame.ceil(stretch.start), frame.floor(stretch.end)
    if start >= end:
        raise UsageError(f"the stretch holds no whole bar of {frame}")
    low, high = np.searchsorted(bars.time, (start, end)).tolist()
    inside = bars.slice(low, high)
    count = len(inside)
    price = None
    if count:
        value = vwap(inside.high, inside.low, inside.close, inside.volume, n=count)[0]
        price = float(value) if math.isfinite(value) else None
    volume = math.fsum(inside.volume.tolist())
    lacking = frame.count(start, end) - count
    return Averaged(start, end, price, volume, "bars", count, frame, lacking)
