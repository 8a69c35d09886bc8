"""What the scripts of all peers have in common: bars in, calls timed, one line of JSON out.

A script gives `main` two functions: `prepare` makes of the bars what the peer wants to be handed
(not timed), `run` goes from there to the full result: trades as objects and its own statistics.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

COMMISSION = 0.001
CASH = 1_000_000_000.0
SHARE = 0.95
# So many bars are enough to load or compile whatever a peer loads or compiles at its first call.
FEW = 5_000


@dataclass(frozen=True)
class Market:
    """The bars, one array per column; `time` is the open in UTC milliseconds."""

    time: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    def first(self, count: int) -> Market:
        return Market(*(getattr(self, name)[:count] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Settings:
    """Long from a cross of two averages above to one below; fractions for the levels, or None.

    `units` is a fixed size; None: 95 % of cash.
    """

    fast: int
    slow: int
    stop: float | None
    target: float | None
    trail: float | None
    units: float | None
    engine: str


Fills = Sequence[tuple[int, float, float]]


@dataclass(frozen=True)
class Outcome:
    """What came out: closed trades and equity at the end.

    `fills` makes (bar, signed size, price) of fills, all or the first, when the clock is stopped.
    """

    trades: int
    equity: float
    fills: Callable[[], Fills]


def main(prepare: Callable[[Market], Any], run: Callable[[Any, Settings], Outcome]) -> None:
    """Measure as the command line says, and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bars", type=Path)
    parser.add_argument("--count", type=int, default=None)
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--engine", default="")
    for name, kind in (("fast", int), ("slow", int), ("stop", float), ("target", float),
                       ("trail", float), ("units", float)):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=None)
    given = vars(parser.parse_args())
    market = Market(*np.load(given.pop("bars")))
    count, calls = given.pop("count") or len(market.time), given.pop("calls")
    settings = Settings(**given)
    few = prepare(market.first(FEW))
    first = timed(lambda: run(few, settings))
    again = timed(lambda: run(few, settings))
    ready = prepare(market.first(count))
    # One result at a time: with all of them kept, each call would pay for new memory.
    rounds, outcome = [], None
    for _ in range(calls):
        outcome = None
        cpu, wall, outcome = timed(lambda: run(ready, settings))
        rounds.append((cpu, wall))
    cpu, wall = (statistics.median(one[kind] for one in rounds) for kind in (0, 1))
    assert outcome is not None
    peak, fills = peak_mib(), outcome.fills()
    print(json.dumps({
        "bars": count,
        "cpu": cpu,
        "wall": wall,
        "first_call": max(first[1] - again[1], 0.0),
        "first_cpu": max(first[0] - again[0], 0.0),
        "peak_mib": peak,
        "trades": outcome.trades,
        "equity": outcome.equity,
        "first_fill": list(fills[0]) if len(fills) else None,
        "fills": len(fills),
        "digest": digest(fills),
    }))  # fmt: skip


def timed(work: Callable[[], Outcome]) -> tuple[float, float, Outcome]:
    """Return CPU seconds of this process, wall seconds, and what came of the work."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = work()
    return time.process_time() - cpu, time.perf_counter() - wall, outcome


def peak_mib() -> float:
    """Return the largest resident size of this process so far.

    getrusage counts, after a vfork, what the parent had: Linux says it better in /proc.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def digest(fills: Fills) -> str:
    """Return a hash of bar, signed size and price of every fill, to the bit."""
    return hashlib.sha256(np.array(fills, dtype=np.float64).tobytes()).hexdigest()
