"""Bars as a backtrader feed that is filled at once instead of bar by bar."""

from __future__ import annotations

from array import array

import numpy as np

from rtrade.core.bars import Bars, FloatArray
from rtrade.core.timeframes import DAY
from rtrade.execution.bt.library import bt

# backtrader counts days from the year 1, as `date.toordinal` does.
_EPOCH = 719163


def close_stamps(bars: Bars) -> FloatArray:
    """Return the close times of bars in days as backtrader counts them."""
    stamps: FloatArray = bars.timeframe.closes(bars.time) / DAY + _EPOCH
    return stamps


class BarsFeed(bt.feed.DataBase):  # type: ignore[misc]  # backtrader has no types
    """A feed over `Bars`, stamped at the close."""

    params = (("bars", None),)

    def preload(self) -> None:
        """Fill the lines and go back to the start; called by Cerebro."""
        bars: Bars = self.p.bars
        none = np.zeros(len(bars))
        columns = {
            "datetime": close_stamps(bars),
            "open": bars.open,
            "high": bars.high,
            "low": bars.low,
            "close": bars.close,
            "volume": bars.volume,
            "openinterest": none,
        }
        for name, values in columns.items():
            line = getattr(self.lines, name)
            line.array = array("d")
            line.array.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())
        self._tick_nullify()
        self.home()
