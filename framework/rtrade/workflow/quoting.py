"""What an exchange says at the moment, asked for many requests at a time, and kept for a moment.

One question at a time is asked for one thing: whoever asks for the same meanwhile waits for the
same answer. Questions run in threads of their own and waits are bounded, so an exchange that does
not answer takes no thread of the server for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from rtrade.core.errors import ExchangeBusy, ExchangeError, ExchangeUnreachable
from rtrade.store.series import now_ms
from rtrade.workflow.sourcing import Source, Sources, StoredKeys

if TYPE_CHECKING:
    from rtrade.exchange.decoding import Ticker
    from rtrade.exchange.venues import Venue
    from rtrade.workflow.holding import HeldStore

Value = TypeVar("Value")
Origin = Literal["store", "exchange"]

# Seconds that a request waits for an exchange; its answer then comes to those who ask again.
PATIENCE = 12.0
# Questions under way, and requests that wait for them.
_QUESTIONS, _WAITING = 8, 6
# Seconds that the end of a server waits for an exchange that is being opened.
_END = 1.0
# Seconds that an answer is good for; how many are kept.
_FRESH, _MOST = 1.0, 500
# A collector is at work where what it stored is no older than this (ms).
LIVE = 10_000
# The name of the store's documents that hold an exchange's list of markets.
_MARKETS = "markets"


@dataclass(frozen=True)
class Quoted(Generic[Value]):
    """What was asked for, the source it is of, and where it came from."""

    value: Value
    source: str
    origin: Origin


class Questions:
    """Answers by key, each asked for once at a time and kept for a second."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting = 0
        self._asked: dict[Hashable, Future[Any]] = {}
        self._answers: dict[Hashable, tuple[float, Any]] = {}

    def ask(
        self, key: Hashable, question: Callable[[], Value], patience: float | None = None
    ) -> Value:
        """Return the answer to a question, asked now or a moment ago.

        Raises ExchangeBusy where too many are asked, ExchangeUnreachable where the answer takes
        longer than `patience` in seconds (None: as for all), and what the question raises.
        """
        with self._lock:
            known = self._answers.get(key)
            if known is not None and monotonic() - known[0] < _FRESH:
                found: Value = known[1]
                return found
            if self._waiting >= _WAITING:
                raise ExchangeBusy("too many requests wait for an exchange", hint="ask again")
            answer: Future[Value] = self._asked.get(key) or self._begin(key, question)
            self._waiting += 1
        try:
            return self._answer(answer, self._patience if patience is None else patience)
        finally:
            with self._lock:
                self._waiting -= 1

    def _answer(self, answer: Future[Value], patience: float) -> Value:
        try:
            return answer.result(patience)
        except TimeoutError:
            if answer.done():
                raise
            raise ExchangeUnreachable(
                f"the exchange has not answered within {patience:g} seconds",
                hint="its answer is kept when it comes: ask again",
            ) from None

    def _begin(self, key: Hashable, question: Callable[[], Value]) -> Future[Value]:
        """Ask in a thread of its own; the lock is held."""
        if len(self._asked) >= _QUESTIONS:
            raise ExchangeBusy("too many questions to exchanges are under way", hint="ask again")
        answer: Future[Value] = Future()
        self._asked[key] = answer

        def work() -> None:
            try:
                found = question()
            except BaseException as fault:  # noqa: BLE001 - it is raised where the answer is awaited
                self._end(key, None)
                answer.set_exception(fault)
            else:
                self._end(key, found)
                answer.set_result(found)

        # A daemon: a server that stops does not wait for an exchange.
        threading.Thread(target=work, name="question", daemon=True).start()
        return answer

    def _end(self, key: Hashable, found: Any) -> None:
        with self._lock:
            del self._asked[key]
            if found is None:
                return
            now = monotonic()
            if len(self._answers) >= _MOST:
                fresh = [(at, one) for at, one in self._answers.items() if now - one[0] < _FRESH]
                self._answers = dict(fresh[-_MOST // 2 :])
            self._answers[key] = (now, found)


class Exchanges:
    """The exchanges of a workspace's sources, opened when first asked and kept open."""

    def __init__(
        self, store: HeldStore, sources: Sources, keys: StoredKeys, patience: float = PATIENCE
    ) -> None:
        self.sources = sources
        self._keys = keys
        self.store = store
        self.questions = Questions(patience)
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[str, Venue]] = {}
        self._closed = False

    def venue(self, source: Source) -> Venue:
        """Return the exchange of a source, opened anew where its file has changed.

        Raises InvalidInput and ExchangeError. To be called within a question.
        """
        from rtrade.exchange.venues import open_venue

        with self._lock:
            if self._closed:
                raise ExchangeError("the server is stopping")
            version, venue = self._opened.get(source.name, (None, None))
            if venue is not None and version == source.version:
                return venue
            with self.store.opened() as store:
                kept = store.document(_MARKETS, source.venue or "")
            opened = open_venue(
                source.definition,
                self.sources.workspace,
                cached_markets=None if kept is None else kept.body,
            )
            self._opened[source.name] = (source.version, opened)
        if venue is not None:
            venue.close()
        return opened

    def _keep_markets(self, venue: Venue) -> None:
        """Keep the exchange's list of markets where it was asked for, so that it is not again."""
        document = venue.markets_document()
        with self.store.opened() as store:
            kept = store.document(_MARKETS, venue.name)
            if document is not None and (kept is None or kept.body != document):
                store.put_document(_MARKETS, venue.name, document)

    def close(self) -> None:
        """Close all connections, for good."""
        self._closed = True
        # An exchange that is being opened ends with the process.
        if not self._lock.acquire(timeout=_END):
            return
        try:
            opened, self._opened = self._opened, {}
        finally:
            self._lock.release()
        for _, venue in opened.values():
            venue.close()

    def of(self, symbol: str, name: str | None) -> Source:
        """Return the source that a symbol is asked of; see `Sources.asked_of`."""
        venues = [] if name is not None else [one.venue for one in self._keys.of(symbol)]
        return self.sources.asked_of(symbol, name, venues)

    def ask(
        self,
        source: Source,
        what: Hashable,
        question: Callable[[Venue], Value],
        patience: float | None = None,
    ) -> Value:
        """Ask the exchange of a source; see `Questions.ask`."""

        def asked() -> Value:
            venue = self.venue(source)
            found = question(venue)
            self._keep_markets(venue)
            return found

        return self.questions.ask((source.name, source.version, what), asked, patience)


def ticker(exchanges: Exchanges, symbol: str, name: str | None) -> Quoted[Ticker]:
    """Return the last day of a symbol, of the exchange."""
    source = exchanges.of(symbol, name)
    found = exchanges.ask(source, ("ticker", symbol), lambda venue: venue.ticker(symbol))
    return Quoted(found, source.name, "exchange")


def is_live(time: int | None) -> bool:
    """Tell whether what a collector stored at `time` (ms) is of this moment."""
    return time is not None and abs(now_ms() - time) <= LIVE
