"""What names a stored series of bars or trades: the venue, the symbol, the timeframe."""

from __future__ import annotations

from dataclasses import dataclass

from rtrade.core.timeframes import Timeframe


@dataclass(frozen=True, order=True)
class SeriesKey:
    """A series of a venue.

    `venue` is the exchange's id, followed by `@` and the address where a source has one of its
    own (`binance`, `binance@http://127.0.0.1:8123`), so that what a stand-in served is never
    taken for the exchange's. `symbol` is as ccxt writes it.
    """

    venue: str
    symbol: str
    timeframe: Timeframe

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe} of {self.venue}"
