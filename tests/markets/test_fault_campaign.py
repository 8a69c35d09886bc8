"""Whatever an exchange does to its answers, the store ends up with the truth.

Each script draws a history with outages and faults from its seed. RTRADE_FAULT_SCRIPTS says how
many; 300 in the long campaign.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from markets.support import H1, SPEED, START, SYMBOL, history, make_workspace, open_fast, same_bars
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import HOUR
from rtrade.data.holes import holes
from rtrade.data.syncing import sync
from rtrade.store.opening import open_store
from rtrade.testing import FakeExchange, VirtualClock

SCRIPTS = int(os.environ.get("RTRADE_FAULT_SCRIPTS", "30"))


@pytest.mark.parametrize("seed", range(SCRIPTS))
def test_stored_bars_are_the_exchange_s_truth(seed: int, tmp_path: Path) -> None:
    bars = history(seed)
    # The clock runs on, so that bars close while the sync is going on; the last ones are forming.
    clock = VirtualClock(int(bars.time[-1]) - 20 * HOUR + seed * 60_000, SPEED)
    with FakeExchange([bars], clock=clock, faults=seed) as exchange:
        workspace = make_workspace(tmp_path / "ws", exchange.url)
        venue = open_fast(workspace)
        key = SeriesKey(venue.name, SYMBOL, H1)
        wanted = Interval(START - 5000 * HOUR, 2**61)
        with open_store("", workspace / ".rtrade") as store:
            done = sync(store, venue, key, wanted, recheck=True)
            again = sync(store, venue, key, wanted, recheck=True)
            stored = store.read_bars(key, -(2**62), 2**62)
            covered = store.coverage(key)
        assert again.asked is not None
        truth = exchange.truth(SYMBOL, "1h")
        truth = truth.slice(0, int(truth.time.searchsorted(again.asked.end)))
        assert done.asked is not None
        assert same_bars(stored, truth)
        assert covered == [again.asked]
        found = holes(stored.time, H1, covered)
        assert {hole.reason for hole in found} <= {"exchange"}
        assert exchange.ban_violations == 0
        assert exchange.retry_violations == 0
