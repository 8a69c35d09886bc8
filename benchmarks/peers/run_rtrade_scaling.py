"""rtrade's compiled engine over the bars of a file, and the memory that it takes beyond them."""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
from protocol import FEW, Settings, peak_mib, timed
from run_rtrade import run

from rtrade.core.bars import COLUMNS, Bars, MarketData
from rtrade.core.timeframes import MINUTE, Timeframe

SETTINGS = Settings(20, 50, None, None, None, 0.01, "compiled")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bars", type=Path, help="an .npz file with a column for each of a bar")
    parser.add_argument("--calls", type=int, default=1)
    given = parser.parse_args()
    with np.load(given.bars) as columns:
        bars = Bars("BTC/USDT", Timeframe(MINUTE), *(columns[name] for name in COLUMNS))
    market = MarketData("bars", "synthetic", bars, 0)
    run(MarketData("bars", "synthetic", bars.slice(0, FEW), 0), SETTINGS)
    forget_peak()
    before = peak_mib()
    rounds = []
    for _ in range(given.calls):
        # Nothing of one run is kept during the next.
        cpu, wall, outcome = timed(lambda: run(market, SETTINGS))
        rounds.append((cpu, wall, outcome.trades))
        del outcome
    peak = peak_mib()
    cpu, wall = (statistics.median(one[kind] for one in rounds) for kind in (0, 1))
    facts = {"bars": len(bars), "cpu": cpu, "wall": wall, "trades": rounds[0][2]}
    print(json.dumps({**facts, "before_mib": before, "peak_mib": peak}))


def forget_peak() -> None:
    """Have Linux count the largest resident size from here on; elsewhere it stays what it was."""
    door = Path("/proc/self/clear_refs")
    if door.exists():
        door.write_text("5")


if __name__ == "__main__":
    main()
