"""Which series of a source serves a need: the exact one, else the coarsest that divides it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from rtrade.config.definitions import FileSeries, SourceDef, SyntheticSeries
from rtrade.core.bars import Bars
from rtrade.core.errors import DataUnavailable
from rtrade.core.timeframes import Timeframe
from rtrade.data.resample import can_resample


@dataclass(frozen=True, eq=False)
class StoredSeries:
    """A series whose bars are here already: those of an exchange, out of the store."""

    bars: Bars

    @property
    def symbol(self) -> str:
        """Its symbol."""
        return self.bars.symbol

    @property
    def timeframe(self) -> Timeframe:
        """Its timeframe."""
        return self.bars.timeframe


Series = SyntheticSeries | FileSeries | StoredSeries


def choose(
    source: SourceDef, symbol: str, timeframe: Timeframe, stored: Sequence[StoredSeries] = ()
) -> Series:
    """Return the series to read for `symbol` at `timeframe`, maybe a finer one to resample.

    `stored` are those of an exchange, which states none itself. Raises DataUnavailable, naming
    what the source has and the nearest to what was asked for.
    """
    every: list[Series] = [*source.series, *stored]
    of_symbol = [series for series in every if series.symbol == symbol]
    for series in of_symbol:
        if series.timeframe == timeframe:
            return series
    finer = [series for series in of_symbol if can_resample(series.timeframe, timeframe)]
    if finer:
        return max(finer, key=lambda series: series.timeframe)
    raise DataUnavailable(
        f"source `{source.name}` has no {symbol} at {timeframe}",
        hint=_alternatives(source, symbol, timeframe),
    )


def _alternatives(source: SourceDef, symbol: str, timeframe: Timeframe) -> str:
    has = ", ".join(f"{series.symbol} {series.timeframe}" for series in source.series)
    text = f"it has {has}"
    nearest = _nearest(source, symbol, timeframe)
    return text if nearest in (None, has) else f"{text}; the nearest is {nearest}"


def _nearest(source: SourceDef, symbol: str, timeframe: Timeframe) -> str | None:
    """Return the most similar symbol, at the timeframe asked for where that can be made."""
    names = {_plain(series.symbol): series.symbol for series in source.series}
    close = difflib.get_close_matches(_plain(symbol), names, n=1, cutoff=0.5)
    if not close:
        return None
    found = [series.timeframe for series in source.series if series.symbol == names[close[0]]]
    if any(has == timeframe or can_resample(has, timeframe) for has in found):
        return f"{names[close[0]]} {timeframe}"
    best = min(found, key=lambda has: (abs(has.ms - timeframe.ms), has))
    return f"{names[close[0]]} {best}"


def _plain(symbol: str) -> str:
    """Return a symbol without what people write between its halves."""
    return "".join(letter for letter in symbol.upper() if letter.isalnum())
