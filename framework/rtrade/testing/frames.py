"""The intervals of Binance's klines, and where their bars begin and end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import IntArray
from rtrade.core.timeframes import Timeframe

MONTH = "1M"
# Binance's order; all but the last are fixed lengths of time.
INTERVALS = (
    "1s", "1m", "3m", "5m", "15m", "30m",
    "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", MONTH,
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """An interval by its name; `ms` is its length, a month's the longest."""

    text: str
    ms: int

    def floor(self, times: IntArray) -> IntArray:
        """Return the open times (ms) of the bars that hold `times`; weeks begin on Monday."""
        if self.text == MONTH:
            months = times.astype("datetime64[ms]").astype("datetime64[M]")
            return months.astype("datetime64[ms]").astype(np.int64)
        origin = Timeframe(self.ms).origin
        return (times - origin) // self.ms * self.ms + origin

    def end(self, opens: IntArray) -> IntArray:
        """Return the times (ms) at which bars that open at `opens` are over."""
        if self.text == MONTH:
            months = opens.astype("datetime64[ms]").astype("datetime64[M]") + 1
            return months.astype("datetime64[ms]").astype(np.int64)
        return opens + self.ms

    def holds(self, finer: Frame) -> bool:
        """Tell whether bars of `finer` fill bars of this interval exactly, with edges that meet."""
        if finer.text == self.text or finer.text == MONTH or finer.ms > self.ms:
            return False
        if self.text == MONTH:
            return 86_400_000 % finer.ms == 0
        meets = (Timeframe(self.ms).origin - Timeframe(finer.ms).origin) % finer.ms == 0
        return self.ms % finer.ms == 0 and meets


FRAMES = {
    text: Frame(text, 31 * 86_400_000 if text == MONTH else Timeframe.parse(text).ms)
    for text in INTERVALS
}
