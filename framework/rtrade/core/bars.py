"""Bars: open, high, low, close and volume of one series, as arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rtrade.core.quality import FlagArray, QualitySummary
from rtrade.core.timeframes import Timeframe

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
# Three-valued logic: 0 false, 1 unknown, 2 true, so that `and` is the minimum.
TriArray = NDArray[np.int8]

FALSE, UNKNOWN, TRUE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of one symbol and timeframe, in time order.

    `time` is the UTC open time, int64 milliseconds, strictly ascending; the rest is float64 of
    the same length, without NaN. Bars may be missing (gaps).
    """

    symbol: str
    timeframe: Timeframe
    time: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def __len__(self) -> int:
        return len(self.time)

    def slice(self, start: int, stop: int | None = None) -> Bars:
        """Return bars `start:stop` as views."""
        part = slice(start, stop)
        return replace(self, **{name: getattr(self, name)[part] for name in COLUMNS})

    def gaps(self) -> tuple[int, int]:
        """Count the holes in the series and the bars that are missing in them."""
        missing = self.missing()
        return int(np.count_nonzero(missing)), int(missing.sum())

    def missing(self) -> IntArray:
        """Return how many bars are missing after each bar but the last."""
        if self.timeframe.months:
            steps = np.diff(self.timeframe.numbers(self.time))
        else:
            steps = np.diff(self.time) // self.timeframe.ms
        missing: IntArray = np.maximum(steps - 1, 0)
        return missing

    def digest(self) -> str:
        """Return the sha256 (hex) of the content: symbol, timeframe and all columns."""
        state = hashlib.sha256(f"{self.symbol}|{self.timeframe}|{len(self)}|".encode())
        state.update(np.ascontiguousarray(self.time, dtype="<i8").tobytes())
        for name in COLUMNS[1:]:
            state.update(np.ascontiguousarray(getattr(self, name), dtype="<f8").tobytes())
        return state.hexdigest()


COLUMNS = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Filters:
    """What the venue allows: size step, price step, least notional of an entry (quote units)."""

    lot: Decimal = Decimal("1e-8")
    tick: Decimal | None = None
    min_notional: float | None = None

    def lot_step(self) -> tuple[int, int]:
        """Return `(m, d)` with lot = m * 10**-d, d >= 0."""
        _, digits, exponent = self.lot.normalize().as_tuple()
        number = int("".join(map(str, digits)))
        assert isinstance(exponent, int)
        return (number, -exponent) if exponent < 0 else (number * 10**exponent, 0)


@dataclass(frozen=True, eq=False)
class MarketData:
    """What a run reads: the base series, the others by name, and where its first bar is.

    `base[first:]` are the bars of the run; those before only feed signals. `others` are the
    series of `also:`, on their own clocks. `filters_stated` is False where the defaults are used.
    `flags` has a set for each bar of `base` (`core.quality`), or is empty where nothing is known;
    `quality` counts over the bars of the run.
    """

    source: str
    source_kind: str
    base: Bars
    first: int
    others: dict[str, Bars] = field(default_factory=dict)
    filters: Filters = field(default_factory=Filters)
    filters_stated: bool = False
    synthetic: bool = False
    resampled_from: Timeframe | None = None
    flags: FlagArray = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    quality: QualitySummary = field(default_factory=QualitySummary)
    warnings: tuple[str, ...] = ()

    @property
    def bars(self) -> Bars:
        """The bars of the run: from its first bar on."""
        return self.base.slice(self.first)
