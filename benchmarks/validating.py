"""`rtrade validate` of a long strategy file, start-up included, against an empty Python process.

The file is written for the purpose: 600 lines, most of them signals. Both processes run in turns;
bytecode is kept in a folder of its own, as it is kept for anybody who starts rtrade twice. CPU time
is what the process used of one core, user and system; on an idle one it equals the wall time.

    python benchmarks/validating.py [--lines 600] [--rounds 15] [--imports]
"""

from __future__ import annotations

import argparse
import collections
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
RTRADE = "import sys; from rtrade.cli.main import main; sys.exit(main())"
PARAMS = 60
SIGNALS = (
    "sma(close, {p})",
    "ema(close, {n})",
    "rsi(close, {n})",
    "highest(high, {p})[1]",
    "close / sma(close, {n}) - 1",
    "macd(close, {n}, {m}, 9).histogram",
    "rsi(close, {p}) < 30 and close > ema(close, {m})",
    "percent_rank(atr({n}) / close, {m})",
    "bbands(close, {p}, 2).upper",
    "crosses_above(close, sma(close, {n})) and daily.close > daily.open",
    "count_true(close > open, {n}) > 2",
)


def strategy(lines: int) -> str:
    """Return a valid strategy file of that many lines."""
    head = [
        "rtrade: 1",
        "name: long",
        "data:",
        "  source: sample",
        "  symbol: BTC/USDT",
        "  timeframe: 1h",
        "  also: {daily: {timeframe: 1d}}",
        "params:",
        *(f"  p{i}: {{default: {10 + i}, min: 2, max: 200}}" for i in range(PARAMS)),
        "signals:",
    ]
    tail = [
        "rules:",
        "  enter_long: s6 and s9 or s10",
        "  exit_long: close < s0",
        "sizing: {equity: 95%}",
        "risk: {stop_loss: 3%}",
        "costs: {commission: 0.1%, slippage: 5 bps}",
        "backtest: {cash: 10000}",
    ]
    signals = []
    for i in range(lines - len(head) - len(tail)):
        form = SIGNALS[i % len(SIGNALS)]
        signals.append(f"  s{i}: {form.format(p=f'p{i % PARAMS}', n=5 + i % 90, m=100 + i % 90)}")
    return "\n".join([*head, *signals, *tail, ""])


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return the wall and CPU milliseconds of a process."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * wall, 1000 * cpu


def print_imports(command: list[str], environment: dict[str, str]) -> None:
    """Print what the imports of each package cost by themselves."""
    command = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    spent: collections.Counter[str] = collections.Counter()
    for line in done.stderr.splitlines()[1:]:
        own, _, module = line.removeprefix("import time:").split("|")
        spent[module.strip().split(".")[0]] += int(own)
    print(f"\nimports, in all {sum(spent.values()) / 1000:.0f} ms:")
    for package, took in spent.most_common(12):
        print(f"  {package:<26}{took / 1000:>6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--imports", action="store_true", help="also print where imports go")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "long.yaml"
        file.write_text(strategy(asked.lines))
        paths = [str(HERE.parent / "framework"), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                       "PYTHONPYCACHEPREFIX": str(Path(name) / "bytecode")}  # fmt: skip
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        ours = [sys.executable, "-c", RTRADE, "validate", str(file)]
        empty = [sys.executable, "-c", "pass"]
        timed(ours, environment)
        rounds = [(timed(empty, environment), timed(ours, environment))
                  for _ in range(asked.rounds)]  # fmt: skip
        print(f"{asked.lines} lines, medians of {asked.rounds}{'wall ms':>14}{'CPU ms':>10}")
        for label, side in (("python -c pass", 0), ("rtrade validate", 1)):
            wall, cpu = (statistics.median(found[side][kind] for found in rounds)
                         for kind in (0, 1))  # fmt: skip
            print(f"{label:<26}{wall:>14.0f}{cpu:>10.0f}")
        ratio = statistics.median(rtrade[0] / nothing[0] for nothing, rtrade in rounds)
        print(f"ratio by wall time: {ratio:.1f}")
        if asked.imports:
            print_imports(ours, environment)


if __name__ == "__main__":
    main()
