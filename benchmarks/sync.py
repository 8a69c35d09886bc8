"""How fast bars come from an exchange into the store, and out of it into a run.

1. From the stand-in without limits, in a process of its own, over real sockets: bars a second into
   SQLite, and into Postgres where DATABASE_URL names one.
2. With the exchange's weight limit in force: the share of the permitted rate that is used, over
   some minutes of a clock that runs four times as fast.
3. `rtrade run` on bars that are stored: seconds in all, and outside of the engine.

    python benchmarks/sync.py [--bars 200000] [--minutes 3]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import contextlib

from markets.support import SYMBOL, history, make_workspace, open_fast
from rtrade.core.intervals import Interval
from rtrade.core.series import SeriesKey
from rtrade.core.timeframes import HOUR, iso
from rtrade.data.exporting import export
from rtrade.data.syncing import sync
from rtrade.exchange.pace import Pace
from rtrade.store.opening import open_store
from rtrade.testing import FakeExchange, VirtualClock

ROOT = Path(__file__).resolve().parents[1]
SPEED = 4.0
# Of the limit in the second part: as many requests as this machine can make at that speed.
WEIGHT = 600
STRATEGY = (ROOT / "strategies" / "sma_btc.yaml").read_text(encoding="utf-8")


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=3.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unlimited(folder, given.bars)
        limited(folder / "limited", given.minutes)


def unlimited(folder: Path, count: int) -> None:
    """Sync, and run, against a stand-in in another process."""
    bars = history(1, count=count, outages=8)
    export(bars, folder / "bars.parquet")
    command = [
        sys.executable, "-m", "rtrade.cli.main", "fake-exchange", "--no-limits", "--speed", "0",
        "--series", f"{SYMBOL},1h,{folder / 'bars.parquet'}",
        "--now", iso(int(bars.time[-1]) + HOUR),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        try:
            for label, database in (("SQLite", ""), ("Postgres", os.environ.get("DATABASE_URL"))):
                if database is not None:
                    workspace = make_workspace(folder / label, url)
                    stream(label, workspace, database, bars)
            run_cached(folder / "SQLite")
        finally:
            server.terminate()


def stream(label, workspace, database, bars):
    """Print how many bars a second go into a store."""
    venue = open_fast(workspace)
    key = SeriesKey(venue.name, SYMBOL, bars.timeframe)
    with open_store(database, workspace / ".rtrade") as store:
        venue.market(SYMBOL)
        begun, used = time.perf_counter(), time.process_time()
        done = sync(store, venue, key, Interval(int(bars.time[0]), 2**61))
        seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    assert done.added == len(bars)
    print(
        f"{label:<10} {len(bars):>9,} bars in {seconds:6.2f} s: {len(bars) / seconds:>9,.0f} bars/s"
        f" ({1e3 * cpu / done.windows:.1f} ms CPU a window)"
    )


def limited(folder: Path, minutes: float) -> None:
    """Print the share of the permitted rate that a sync keeps up."""
    bars = history(2, count=int(1_000 * WEIGHT / 2 * (minutes + 1)), outages=0)
    clock = VirtualClock(int(bars.time[-1]) + HOUR, SPEED)
    pace = Pace(lambda: time.monotonic() * SPEED, lambda seconds: time.sleep(seconds / SPEED))
    with FakeExchange([bars], clock=clock, weight_limit=WEIGHT) as exchange:
        workspace = make_workspace(folder, exchange.url)
        from rtrade.config.loading import find_source, load_source
        from rtrade.exchange.venues import open_venue

        venue = open_venue(load_source(find_source("binance", workspace)), workspace, pace=pace)
        key = SeriesKey(venue.name, SYMBOL, bars.timeframe)
        begun = clock.now()
        end = begun + int(minutes * 60_000)

        class Over(Exception):
            pass

        def watch(_):
            if clock.now() >= end:
                raise Over

        with open_store("", workspace / ".rtrade") as store, contextlib.suppress(Over):
            sync(store, venue, key, Interval(int(bars.time[0]), 2**61), watch=watch)
        weight = sum(one.weight for one in exchange.requests)
        passed = (clock.now() - begun) / 60_000
        print(
            f"limited    {weight:,} weight in {passed:.2f} min of {WEIGHT} a minute: "
            f"{weight / (WEIGHT * passed):.1%} of the permitted rate; peak {exchange.peak_weight}, "
            f"refused {sum(one.status in (418, 429) for one in exchange.requests)}"
        )


def run_cached(workspace: Path) -> None:
    """Print how long a run of stored bars takes, and how much of it the engine is."""
    strategy = workspace / "strategies" / "sma_btc.yaml"
    strategy.write_text(STRATEGY.replace("source: sample", "source: binance"), encoding="utf-8")
    command = [sys.executable, "-m", "rtrade.cli.main", "run", str(strategy), "--offline",
               "--json", "--log-level", "info"]  # fmt: skip
    best = None
    for _ in range(3):
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=workspace)
        seconds = time.perf_counter() - begun
        found = re.search(r"engine done.*?seconds[\"'=: ]+([0-9.]+)", done.stderr)
        engine = float(found[1]) if found else float("nan")
        best = min(best or (9e9, 0), (seconds, engine))
    bars = json.loads(done.stdout)["data"]["bars"]
    print(
        f"run        {bars:,} stored bars: {best[0]:.2f} s in all, {best[1]:.2f} s in the engine, "
        f"{best[0] - best[1]:.2f} s outside of it"
    )


if __name__ == "__main__":
    main()
