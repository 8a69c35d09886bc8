"""Bars and coverage go in together, come out the same, and remember what was corrected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import Timeframe
from rtrade.store.opening import open_store

MINUTE = 60_000
KEY = SeriesKey("binance", "BTC/USDT", Timeframe.parse("1m"))


def rows(first: int, count: int, price: float = 1.5):
    return [(at * MINUTE, 1.0, 2.0, 0.5, price, 10.0) for at in range(first, first + count)]


def test_bars_come_back_as_they_were_written(tmp_path: Path) -> None:
    with open_store("", tmp_path) as store:
        written = store.write_bars(KEY, [Interval(0, 100 * MINUTE)], rows(0, 100))
        assert (written.inserted, written.corrected, written.unchanged) == (100, 0, 0)
        bars = store.read_bars(KEY, 10 * MINUTE, 20 * MINUTE)
        assert bars.time.tolist() == [at * MINUTE for at in range(10, 20)]
        assert np.all(bars.close == 1.5)
        assert store.coverage(KEY) == [Interval(0, 100 * MINUTE)]


def test_a_bar_outside_what_was_answered_is_refused(tmp_path: Path) -> None:
    with open_store("", tmp_path) as store:
        with pytest.raises(ValueError, match="in no stretch"):
            store.write_bars(KEY, [Interval(0, 5 * MINUTE)], rows(0, 6))
        assert store.series(KEY) is None
