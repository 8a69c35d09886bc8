"""A sync that is killed at any moment loses nothing, stores nothing twice, and goes on.

RTRADE_SYNC_KILLS says how many are killed; 500 in the long campaign.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from markets.support import H1, SPEED, SYMBOL, history, make_workspace, same_bars
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import HOUR
from rtrade.store.opening import open_store
from rtrade.testing import FakeExchange, VirtualClock

KILLS = int(os.environ.get("RTRADE_SYNC_KILLS", "50"))
TESTS = Path(__file__).parents[1]


def filling(workspace: Path, kills: int, seed: int, database: str) -> str:
    surroundings = os.environ | {"PYTHONPATH": f"{TESTS.parent / 'framework'}:{TESTS}"}
    if database:
        surroundings["DATABASE_URL"] = database
    done = subprocess.run(
        [sys.executable, "-m", "markets.filling", str(workspace), str(kills), str(seed)],
        env=surroundings, capture_output=True, text=True, timeout=60 + 3 * kills, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("database", "share"), [("sqlite", 4), ("postgres", 1)])
def test_a_killed_sync_keeps_what_it_has(
    database: str, share: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgres" else ""
    kills = KILLS * share // 5
    # Long, so that killed ones do not get through, each having stored some more.
    bars = history(kills, count=80_000, outages=12)
    clock = VirtualClock(int(bars.time[-1]) + HOUR, SPEED)
    with FakeExchange([bars], clock=clock, faults=kills, weight_limit=None) as exchange:
        workspace = make_workspace(tmp_path / "ws", exchange.url)
        said = filling(workspace, kills, seed=kills, database=url)
        killed, _, rest = said.partition(" ")
        assert rest == "killed, the last one ended with 0"
        assert int(killed) >= kills // 2, "too few were killed at work"
        with open_store(url, workspace / ".rtrade") as store:
            key = SeriesKey(f"binance@{exchange.url}", SYMBOL, H1)
            assert same_bars(store.read_bars(key, -(2**62), 2**62), exchange.truth(SYMBOL, "1h"))
            (covered,) = store.coverage(key)
        assert covered.end >= int(bars.time[-1]) + HOUR
