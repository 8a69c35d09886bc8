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
        self._stop = threading.Event()

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, listener: Listener, since: Position | None) -> Callable[[], None]:
        """Have a listener hear what follows `since`, None: what is stored from now on.

        Returns what ends that. Raises StoreError.
        """
        with self._store.opened() as store:
            end = store.tail_end(listener.key)
        # A stream that was empty is read from its beginning once there is one.
        listener.position = since or end
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stop,), name="tail", daemon=True
                )
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
            self._thread = None

    def _run(self, stop: threading.Event) -> None:
        failing: float | None = None
        while not stop.is_set():
            try:
                with self._store.opened() as store, store.listening() as waiter:
                    failing = None
                    self._listen(store, waiter, stop)
            except StoreError as fault:
                failing = failing or monotonic()
                if monotonic() - failing > _PATIENCE:
                    self._fail(fault.message)
                    failing = None
                stop.wait(1.0)
            except Exception:
                # Whoever listens is better told than left without a word.
                log.exception("reading what is new of markets failed")
                self._fail("the store cannot be read")
                stop.wait(1.0)

    def _listen(self, store: Store, waiter: Waiter, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.round(store):
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
            news = store.news(key, position, PAGE)
            more = more or news.more
            if news.end == position:
                continue
            for one in ones:
                one.position = news.end
                one.hear(news)
        return more
