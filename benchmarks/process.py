"""Whole processes: `rtrade run`, report included, against the script in `by_hand.py`.

Both read the same CSV file of hourly bars (columns ts, open, high, low, close, volume; ts in
milliseconds), given or generated. The fills (time, direction, price, size) must be equal.

    python benchmarks/process.py [BARS.csv.gz] [--bars 58419] [--rounds 3]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
START, HOUR = 1_502_942_400_000, 3_600_000
RTRADE = "import sys; from rtrade.cli.main import main; sys.exit(main())"

STRATEGY = """
rtrade: 1
name: process
data: {source: bars, symbol: BTC/USDT, timeframe: 1h}
signals: {fast: "sma(close, 20)", slow: "sma(close, 50)"}
rules: {enter_long: "crosses_above(fast, slow)", exit_long: "crosses_below(fast, slow)"}
sizing: {base: 0.01}
costs: {commission: 0.1%, slippage: 0%}
backtest: {cash: 1000000000}
"""
SOURCE = """
rtrade: 1
kind: csv
series: [{symbol: BTC/USDT, timeframe: 1h, path: PATH}]
columns: {time: ts}
"""
Fills = list[tuple[int, float, float]]


def generate(path: Path, bars: int) -> None:
    """Write a random walk of hourly bars from a fixed seed."""
    draw, close = random.Random(7), 4_000.0
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ts", "open", "high", "low", "close", "volume"])
        for bar in range(bars):
            start, close = close, close * (1.0 + draw.gauss(0.0, 0.007))
            high, low = max(start, close) * 1.002, min(start, close) * 0.998
            prices = [f"{price:.6f}" for price in (start, high, low, close)]
            rows.writerow([START + bar * HOUR, *prices, f"{draw.uniform(1, 100):.3f}"])


def workspace(folder: Path, bars: Path) -> Path:
    (folder / "strategies").mkdir()
    (folder / "datasources").mkdir()
    strategy = folder / "strategies" / "process.yaml"
    strategy.write_text(STRATEGY.lstrip())
    source = SOURCE.lstrip().replace("PATH", json.dumps(str(bars)))
    (folder / "datasources" / "bars.yaml").write_text(source)
    return strategy


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    paths = [str(HERE.parent / "framework"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    clock = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - clock
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stderr}")
    return took, done.stdout


def fills_by_rtrade(printed: str) -> Fills:
    fills = []
    for trade in json.loads(printed)["trades"]:
        size = trade["size"]
        fills.append((_seconds(trade["entry_time"]), size, trade["entry_price"]))
        if trade["exit_time"] is not None:
            fills.append((_seconds(trade["exit_time"]), -size, trade["exit_price"]))
    return fills


def _seconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", nargs="?", type=Path)
    parser.add_argument("--bars", type=int, default=58_419)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bars = asked.csv.resolve() if asked.csv else folder / "bars.csv"
        if not asked.csv:
            generate(bars, asked.bars)
        strategy = workspace(folder, bars)
        ours = [sys.executable, "-c", RTRADE, "run", str(strategy), "--json"]
        hand = [sys.executable, str(HERE / "by_hand.py"), str(bars)]
        timed(ours, folder)
        rounds = []
        for _ in range(asked.rounds):
            (by_hand, fills), (by_rtrade, document) = timed(hand, folder), timed(ours, folder)
            if [tuple(fill) for fill in json.loads(fills)] != fills_by_rtrade(document):
                print("the fills differ")
                return 1
            rounds.append((by_hand, by_rtrade))
        facts = json.loads(document)
        report = Path(facts["report"])
        print(f"{facts['data']['bars']} hourly bars, {len(json.loads(fills))} fills, the same")
        print(f"backtrader by hand   {statistics.median(pair[0] for pair in rounds):7.2f} s")
        took = statistics.median(pair[1] for pair in rounds)
        print(f"rtrade run           {took:7.2f} s, report of {report.stat().st_size:,} bytes")
    ratio = statistics.median(by_rtrade / by_hand for by_hand, by_rtrade in rounds)
    print(f"rtrade takes {ratio:.2f} of the time (median of {asked.rounds})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
