"""The markets of a workspace, held open between the requests of a server."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rtrade.core.caches import ByteCache
from rtrade.core.errors import ExchangeError, UnknownMarket
from rtrade.core.timeframes import Timeframe
from rtrade.workflow.quoting import PATIENCE, Exchanges
from rtrade.workflow.shelving import Shelf
from rtrade.workflow.sourcing import Source, Sources, StoredKeys
from rtrade.workflow.tailing import Tail

if TYPE_CHECKING:
    from rtrade.store.listing import SeriesInfo
    from rtrade.workflow.holding import HeldStore

log = logging.getLogger("rtrade.markets")

# Bytes of encoded answers that are kept.
_BODIES = 32 << 20
# Seconds that whoever follows a market waits to hear whether the exchange has it.
_LISTED = 2.0


@dataclass(frozen=True)
class Listed:
    """A symbol of a source, and the timeframes that there are bars of.

    `source` is None where no file has the source any more.
    """

    symbol: str
    source: str | None
    kind: str
    timeframes: tuple[Timeframe, ...]


class HeldMarkets:
    """Sources, bars, exchanges and what is new: of one workspace, for many requests at a time."""

    def __init__(self, store: HeldStore, patience: float = PATIENCE) -> None:
        self.store = store
        self.sources = Sources(store.workspace)
        self._keys = StoredKeys(store)
        self.shelf = Shelf(store, self.sources, self._keys)
        self.exchanges = Exchanges(store, self.sources, self._keys, patience)
        self.tail = Tail(store)
        # Encoded answers by their tags.
        self.bodies: ByteCache[bytes] = ByteCache(_BODIES)

    def close(self) -> None:
        """Close what is open, for good; the store is not closed here."""
        self.tail.close()
        self.exchanges.close()

    def spelled(self, plain: str, source: str | None) -> str:
        """Return the spot symbol that a text without a slash means, such as BTCUSDT.

        Those that are stored come first, then those of the exchange; raises UnknownMarket.
        """
        stored = {one.symbol for one in self.symbols() if one.kind == "exchange"}
        known = [one for one in sorted(stored) if one.replace("/", "") == plain]
        if known:
            return known[0]
        exchange = self.exchanges.of(plain, source)
        found: str = self.exchanges.ask(
            exchange, ("spelled", plain), lambda venue: venue.spelled(plain)
        )
        return found

    def followed(self, symbol: str, source: str | None) -> Source:
        """Return the exchange of a market that is followed; raise UnknownMarket.

        What is followed comes out of the store, so the exchange is asked only where nothing of the
        market is stored, and need not be there.
        """
        exchange = self.exchanges.of(symbol, source)
        if not self._is_stored(symbol, exchange.venue or ""):
            try:
                self.exchanges.ask(
                    exchange,
                    ("market", symbol),
                    lambda venue: venue.market(symbol),
                    patience=_LISTED,
                )
            except UnknownMarket:
                raise
            except ExchangeError as fault:
                log.info("followed without asking", extra={"symbol": symbol, "error": str(fault)})
        return exchange

    def _is_stored(self, symbol: str, venue: str) -> bool:
        if any(key.venue == venue for key in self._keys.of(symbol)):
            return True
        with self.store.opened() as store:
            traded = bool(store.trade_coverage(venue, symbol))
            return traded or store.latest_book(venue, symbol) is not None

    def symbols(self) -> list[Listed]:
        """Return every symbol that there are bars of, by symbol and source."""
        with self.store.opened() as store:
            keys = store.all_keys()
        sources = self.sources.all()
        named = {one.venue: one.name for one in reversed(sources) if one.venue is not None}
        found: dict[tuple[str, str | None, str], list[Timeframe]] = {}
        for key in keys:
            place = (key.symbol, named.get(key.venue), "exchange")
            found.setdefault(place, []).append(key.timeframe)
        for source in sources:
            for series in source.series:
                place = (series.symbol, source.name, source.definition.kind)
                found.setdefault(place, []).append(series.timeframe)
        listed = [Listed(*place, tuple(sorted(frames))) for place, frames in found.items()]
        return sorted(listed, key=lambda one: (one.symbol, one.source or ""))

    def coverage(
        self, symbol: str | None, timeframe: Timeframe | None, source: str | None
    ) -> Sequence[tuple[str | None, SeriesInfo]]:
        """Return the stored series that are meant, each with the name of its source.

        Raises UsageError for a source that there is not.
        """
        venue = None if source is None else self.sources.named(source).venue
        with self.store.opened() as store:
            found = store.all_series()
        if source is not None:
            found = [one for one in found if one.key.venue == venue]
        names = {one.key.venue: self.sources.of_venue(one.key.venue) for one in found}
        chosen = []
        for one in found:
            known = names[one.key.venue]
            wanted = symbol in (None, one.key.symbol) and timeframe in (None, one.key.timeframe)
            if wanted:
                chosen.append((None if known is None else known.name, one))
        return chosen
