"""What is new of markets, handed to listeners as another process stores it.

One thread reads for all: each market once a round, from each position that a listener stands at.
Listeners that have seen the same stand at the same one, so fifty of a market cost one reading. A
position outlives its listener: who comes back with it goes on from there, and misses no trade.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from rtrade.core.errors import StoreError
from rtrade.store.tails import NOTHING, Position

if TYPE_CHECKING:
    from rtrade.core.series import SeriesKey
    from rtrade.store.store import Store
    from rtrade.store.tails import News, Waiter
    from rtrade.workflow.holding import HeldStore

log = logging.getLogger("rtrade.tailing")

# Trades, and candles, that are read at a time.
PAGE = 1000
# Seconds between two rounds; on Postgres a round comes sooner where something was stored.
_ROUND = 0.5
# Seconds that the database may fail before listeners are told.
_PATIENCE = 10.0
_TOKEN = re.compile(r"t(-?[0-9]{1,19})\.c(-?[0-9]{1,19})\.b(-?[0-9]{1,19})")


def token_of(position: Position) -> str:
    """Return a position as a text that `position_of` reads."""
    return f"t{position.trade}.c{position.candle}.b{position.book}"


def position_of(text: str) -> Position | None:
    """Return the position that a text means, None where it means none."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        return None
    numbers = [int(one) for one in found.groups()]
    return Position(*numbers) if all(NOTHING <= one < 2**62 for one in numbers) else None


@dataclass(eq=False)
class Listener:
    """Who hears of a market: `hear` is called with what is new, `fail` once, with a reason.

    `ready` says whether it takes more for now: one that catches up is read for no faster than
    it takes.
    """

    key: SeriesKey
    hear: Callable[[News], None]
    fail: Callable[[str], None]
    ready: Callable[[], bool]
    position: Position = field(default_factory=Position)


class Tail:
    """Reads what is new of markets for as long as somebody listens; safe to use from any thread."""

    def __init__(self, store: HeldStore, interval: float = _ROUND) -> None:
        self._store = store
        self._interval = interval
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._thread: threading.Thread | None = None
        self._last: threading.Thread | None = None
        self._stop = threading.Event()
        # Since when the database cannot be read.
        self._failing: float | None = None

    def __len__(self) -> int:
        return len(self._listeners)

    def end(self, key: SeriesKey) -> Position:
        """Return where a market ends now; the newest book follows it. Raises StoreError."""
        with self._store.opened() as store:
            return store.tail_end(key)

    def join(self, listener: Listener) -> Callable[[], None]:
        """Have a listener hear what follows its position; return what ends that.

        What is there already it hears at once, up to a page of it. Raises StoreError.
        """
        with self._store.opened() as store:
            _read(store, listener.key, listener.position, [listener])
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="tail", daemon=True
                )
                self._last = self._thread
                self._thread.start()

        def leave() -> None:
            with self._lock:
                self._listeners.discard(listener)
                if not self._listeners:
                    self._stop.set()
                    self._thread = None

        return leave

    def close(self) -> None:
        """Read no more; listeners hear nothing further."""
        with self._lock:
            self._listeners.clear()
            self._stop.set()
            last, self._thread = self._last, None
        # What it reads is done with before the store is closed.
        if last is not None:
            last.join(4 * self._interval)

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with self._store.opened() as store, store.listening() as waiter:
                    self._listen(waiter, stop)
            except StoreError as fault:
                self._failing = self._failing or monotonic()
                if monotonic() - self._failing >= _PATIENCE:
                    self._fail(fault.message)
                    self._failing = None
                stop.wait(1.0)
            except Exception:
                # Whoever listens is better told than left without a word.
                log.exception("reading what is new of markets failed")
                self._fail("the store cannot be read")
                stop.wait(1.0)

    def _listen(self, waiter: Waiter, stop: threading.Event) -> None:
        while not stop.is_set():
            # Asked for each time: once it has been closed, nothing is read any more.
            with self._store.opened() as store:
                more = self.round(store)
            self._failing = None
            if not more:
                waiter.wait(self._interval, stop)

    def _fail(self, reason: str) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for one in listeners:
            one.fail(reason)

    def round(self, store: Store) -> bool:
        """Read once for all listeners; tell whether more is there to be read at once."""
        with self._lock:
            listeners = list(self._listeners)
        standing: dict[tuple[SeriesKey, Position], list[Listener]] = defaultdict(list)
        for one in listeners:
            if one.ready():
                standing[(one.key, one.position)].append(one)
        more = False
        for (key, position), ones in standing.items():
            more = _read(store, key, position, ones) or more
        return more


def _read(store: Store, key: SeriesKey, position: Position, listeners: list[Listener]) -> bool:
    """Read once for listeners that stand at one position; tell whether more is there."""
    news = store.news(key, position, PAGE)
    if news.end != position:
        for one in listeners:
            one.position = news.end
            one.hear(news)
    return news.more
