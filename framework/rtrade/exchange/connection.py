"""The instances of ccxt that a venue asks through: one per thread, markets shared by all."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from rtrade.config.definitions import ExchangeDef
from rtrade.core.errors import MalformedAnswer
from rtrade.core.timeframes import Timeframe
from rtrade.exchange.addresses import Guard
from rtrade.exchange.asking import Asker
from rtrade.exchange.binding import WEIGHT_PER_COST, bind
from rtrade.exchange.decoding import decode_time
from rtrade.exchange.limiter import Limiter, Window
from rtrade.exchange.markets import MarketsDocument, rate_windows, read_document

# What ccxt derives from the list of markets; shared, since deriving it takes a while.
_DERIVED = (
    "markets", "markets_by_id", "symbols", "ids", "currencies", "currencies_by_id", "codes",
    "baseCurrencies", "quoteCurrencies",
)  # fmt: skip


class Connection:
    """Hands each thread an instance of its own; loads the markets once for all of them."""

    def __init__(
        self,
        exchange: ExchangeDef,
        asker: Asker,
        limiter: Limiter,
        guard: Guard,
        cached_markets: str | None,
    ) -> None:
        self.exchange = exchange
        self.asker = asker
        self.limiter = limiter
        self._guard = guard
        self._cached = cached_markets
        self._local = threading.local()
        # Loading the markets may make this thread's instance, which is noted under the same lock.
        self._lock = threading.RLock()
        self._derived: dict[str, Any] | None = None
        self._timeframes: dict[Timeframe, str] | None = None
        self.document: MarketsDocument | None = None
        self._sessions: list[Any] = []
        self.fetched = False
        self._contracts = False

    def bare(self) -> Any:
        """Return this thread's instance, whether or not it knows the markets."""
        made = getattr(self._local, "instance", None)
        if made is None:
            made = bind(self.exchange, self.asker.keys, self.limiter, self._guard)
            self._local.instance = made
            with self._lock:
                self._sessions.append(made.session)
            self._space(made)
        return made

    def ready(self) -> Any:
        """Return this thread's instance with the markets loaded."""
        instance = self.bare()
        derived = self.derived(instance)
        if instance.markets is not derived["markets"]:
            for name, value in derived.items():
                setattr(instance, name, value)
        return instance

    def load_contracts(self) -> bool:
        """Load the markets of contracts too, where they were left out; return whether they were."""
        instance = self.bare()
        types = instance.options.get("fetchMarkets", {})
        if self.exchange.id != "binance":
            return False
        with self._lock:
            if self._contracts:
                return False
            self._contracts = True
            instance.options["fetchMarkets"] = {**types, "types": ["spot", "linear"]}
            instance.markets = None
            self._derived = self._load(instance, anew=True)
        return True

    def derived(self, instance: Any | None = None) -> Mapping[str, Any]:
        """Return the markets and what ccxt derives from them, loaded where they are not yet."""
        with self._lock:
            if self._derived is None:
                self._derived = self._load(self.bare() if instance is None else instance)
            return self._derived

    def timeframes(self) -> dict[Timeframe, str]:
        """Return the exchange's name of each timeframe that rtrade knows, the shortest first."""
        if self._timeframes is None:
            found: dict[Timeframe, str] = {}
            for name in self.bare().timeframes or {}:
                try:
                    found[Timeframe.parse(name)] = name
                except ValueError:
                    # A length that rtrade has no bars of.
                    continue
            self._timeframes = dict(sorted(found.items()))
        return self._timeframes

    def now(self) -> int:
        """Return the exchange's own time (ms); that of this machine where it does not tell it.

        The earlier of two answers, lest a bar count as closed too soon.
        """
        instance = self.bare()
        if not instance.has.get("fetchTime"):
            return time.time_ns() // 1_000_000
        ask = self.asker.ask
        return min(ask("its time", instance.fetch_time, decode_time) for _ in range(2))

    def close(self) -> None:
        """Close the connections of all threads; a later question opens new ones."""
        with self._lock:
            for session in self._sessions:
                session.close()

    def _space(self, instance: Any) -> None:
        """Until the exchange states its limits, keep those that ccxt knows."""
        if self.limiter.windows:
            return
        interval = float(instance.rateLimit) / 1000
        factor = WEIGHT_PER_COST.get(self.exchange.id)
        if factor is None:
            self.limiter.spacing = interval
        else:
            self.limiter.limit([Window(60.0 / interval * factor, 60.0)])

    def _load(self, instance: Any, *, anew: bool = False) -> dict[str, Any]:
        now, cached = time.time_ns() // 1_000_000, None if anew else self._cached
        document = read_document(cached, self.exchange.venue, now, self.exchange.markets_ttl)
        if document is None:
            document = self._fetch(instance, now)
            self.fetched = True
        else:
            instance.set_markets(document.markets)
        self.document = document
        windows = [Window(*one) for one in rate_windows(document.rate_limits)]
        if windows:
            self.limiter.limit(windows)
        return {name: getattr(instance, name) for name in _DERIVED if hasattr(instance, name)}

    def _fetch(self, instance: Any, now: int) -> MarketsDocument:
        instance.enableLastJsonResponse = True
        try:
            markets = self.asker.ask("the list of markets", instance.load_markets, _some)
            answer = instance.last_json_response
        finally:
            instance.enableLastJsonResponse = False
            instance.last_json_response = None
        limits = answer.get("rateLimits") if isinstance(answer, dict) else None
        # What ccxt keeps of the raw answer is most of it, and Binance's bars do not need it.
        slim: dict[str, Any] = {"info": {}} if self.exchange.id == "binance" else {}
        return MarketsDocument(
            self.exchange.venue,
            now,
            [{**market, **slim} for market in markets.values()],
            [one for one in limits or () if isinstance(one, dict)],
        )


def _some(markets: Any) -> Any:
    if not isinstance(markets, dict) or not markets:
        raise MalformedAnswer("the list of markets is empty")
    return markets
