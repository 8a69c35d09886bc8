"""Fill the store from an exchange, several symbols side by side within one rate limit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rtrade.config.loading import find_source, load_source
from rtrade.core.errors import UsageError
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe
from rtrade.workflow.markets import opened_stock

if TYPE_CHECKING:
    from rtrade.config.definitions import SourceDef
    from rtrade.data.stocking import Stock
    from rtrade.data.syncing import Step, Synced

# More threads wait for one another: an exchange's permitted rate is what limits.
_SIDE_BY_SIDE = 4
_NOW = 2**62


@dataclass(frozen=True)
class SyncedSeries:
    """A series after a sync: what was done, and what the store has of the asked range now."""

    synced: Synced
    bars: int
    holes: int
    missing: int
    seconds: float


class _Stopped(Exception):
    """Another series failed, or the user interrupted: this one keeps what it has and ends."""


def exchange_source(name: str, workspace: Path) -> SourceDef:
    """Return the source that a name or path means; raise UsageError where it is no exchange."""
    source = load_source(find_source(name, workspace))
    if source.kind != "exchange":
        raise UsageError(
            f"source `{source.name}` is of kind `{source.kind}`: only an exchange can be synced",
            hint="bars of files and generators are read where they are, whenever they are needed",
        )
    return source


def sync_symbols(
    name: str,
    symbols: Sequence[str],
    timeframe: Timeframe,
    workspace: Path,
    *,
    since: int,
    until: int | None = None,
    watch: Callable[[Step], None] = lambda _: None,
) -> list[SyncedSeries]:
    """Fetch what the store lacks of `[since, until)`; return a summary for each symbol.

    Raises the errors of exchange and store after all have ended; what was fetched is kept.
    """
    source = exchange_source(name, workspace)
    wanted = Interval(since, _NOW if until is None else until)
    with opened_stock(source, workspace) as stock:
        keys = [stock.key(symbol, timeframe) for symbol in dict.fromkeys(symbols)]
        _refuse_unknown(stock, keys)
        return _side_by_side(stock, keys, wanted, watch)


def _refuse_unknown(stock: Stock, keys: Sequence[SeriesKey]) -> None:
    """Raise for a symbol or timeframe that the exchange does not have, before anything is asked."""
    venue = stock.venue()
    for key in keys:
        venue.market(key.symbol)
        venue.require(key.timeframe)


def _side_by_side(
    stock: Stock,
    keys: Sequence[SeriesKey],
    wanted: Interval,
    watch: Callable[[Step], None],
) -> list[SyncedSeries]:
    stop = threading.Event()

    def watched(step: Step) -> None:
        if stop.is_set():
            raise _Stopped
        watch(step)

    with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(keys))) as pool:
        tasks = [pool.submit(_sync_one, stock, key, wanted, watched) for key in keys]
        try:
            wait(tasks, return_when="FIRST_EXCEPTION")
        finally:
            stop.set() if _failed(tasks) or not all(task.done() for task in tasks) else None
    return _results(tasks)


def _failed(tasks: Sequence[Future[SyncedSeries]]) -> bool:
    return any(task.done() and task.exception() is not None for task in tasks)


def _results(tasks: Sequence[Future[SyncedSeries]]) -> list[SyncedSeries]:
    """Return what the tasks made; raise what made the first of them fail."""
    faults = [fault for task in tasks if (fault := task.exception()) is not None]
    for fault in sorted(faults, key=lambda one: isinstance(one, _Stopped)):
        raise fault
    return [task.result() for task in tasks]


def _sync_one(
    stock: Stock, key: SeriesKey, wanted: Interval, watch: Callable[[Step], None]
) -> SyncedSeries:
    from rtrade.data.holes import holes
    from rtrade.data.stocking import keep_filters
    from rtrade.data.syncing import sync

    clock = perf_counter()
    keep_filters(stock.store, stock.venue(), key)
    done = sync(stock.store, stock.venue(), key, wanted, recheck=True, watch=watch)
    if done.asked is None:
        return SyncedSeries(done, 0, 0, 0, perf_counter() - clock)
    bars = stock.store.read_bars(key, done.asked.start, done.asked.end)
    found = holes(bars.time, key.timeframe, stock.store.coverage(key))
    missing = sum(hole.bars for hole in found)
    return SyncedSeries(done, len(bars), len(found), missing, perf_counter() - clock)
