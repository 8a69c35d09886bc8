"""The engine alone: an SMA 20/50 cross, hand-written for backtrader and as a rtrade program.

Both sides make their averages from the same bars and run in this process, one after the other.
The fills (bar, direction, price, size) must be equal, or the benchmark fails.

    python benchmarks/engine.py [--bars 525600] [--rounds 3]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import backtrader
import numpy as np
import pandas as pd

from rtrade.catalog.builtin import builtin
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.core.bars import TRUE, Bars, BoolArray
from rtrade.core.timeframes import MINUTE, Timeframe
from rtrade.execution import bt
from rtrade.execution.program import Program
from rtrade.signals.kernels import compute

FAST, SLOW = 20, 50
SIZE, CASH, FEE = 0.01, 1_000_000_000.0, 0.001
START = 1_640_995_200_000  # 2022-01-01
Fills = list[tuple[int, int, float, float]]


def synthetic(count: int) -> Bars:
    """Return a random walk of one-minute bars from a fixed seed."""
    rng = np.random.default_rng(7)
    close = 30_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.0008, count)))
    opening = np.concatenate([[30_000.0], close[:-1]]) * (1.0 + rng.normal(0.0, 1e-5, count))
    reach = 1.0 + np.abs(rng.normal(0.0, 0.0003, (2, count)))
    return Bars(
        symbol="BTC/USDT",
        timeframe=Timeframe(MINUTE),
        time=START + np.arange(count, dtype=np.int64) * MINUTE,
        open=opening,
        high=np.maximum(opening, close) * reach[0],
        low=np.minimum(opening, close) / reach[1],
        close=close,
        volume=rng.uniform(1.0, 100.0, count),
    )


class HandWritten(backtrader.Strategy):
    """The strategy as one writes it for backtrader."""

    def __init__(self) -> None:
        fast = backtrader.indicators.SMA(period=FAST)
        slow = backtrader.indicators.SMA(period=SLOW)
        self.cross = backtrader.indicators.CrossOver(fast, slow)
        self.fills: list[tuple[float, float, float]] = []

    def next(self) -> None:
        if not self.position:
            if self.cross > 0:
                self.buy(size=SIZE)
        elif self.cross < 0:
            self.close()

    def notify_order(self, order) -> None:
        if order.status == order.Completed:
            bit = order.executed.exbits[-1]
            self.fills.append((order.executed.dt, bit.size, bit.price))


def frame_of(bars: Bars) -> pd.DataFrame:
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=pd.to_datetime(bars.time, unit="ms"))


def by_hand(frame: pd.DataFrame) -> Fills:
    cerebro = backtrader.Cerebro()
    cerebro.adddata(backtrader.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(HandWritten)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(FEE)
    strategy = cerebro.run()[0]
    return [
        (_minute(stamp), 1 if size > 0 else -1, price, abs(size))
        for stamp, size, price in strategy.fills
    ]


def _minute(stamp: float) -> int:
    moment = backtrader.num2date(stamp).replace(tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return round((moment - epoch) / timedelta(milliseconds=1) - START) // MINUTE


def kernel(name: str, *inputs: np.ndarray, **params: int) -> np.ndarray:
    return compute(builtin().get(name), inputs, params)["value"]


def crossed(above: np.ndarray, below: np.ndarray) -> BoolArray:
    return kernel("crosses_above", above, below) == TRUE


def by_rtrade(bars: Bars) -> Fills:
    fast = kernel("sma", bars.close, n=FAST)
    slow = kernel("sma", bars.close, n=SLOW)
    never = np.zeros(len(bars), dtype=np.bool_)
    program = Program(
        enter_long=crossed(fast, slow),
        exit_long=crossed(slow, fast),
        enter_short=never,
        exit_short=never,
        sizing=SizingDef("base", SIZE),
        risk=RiskDef(),
        costs=CostsDef(FEE, FEE, 0.0),
        cash=CASH,
        bars_per_year=bars.timeframe.per_year,
    )
    result = bt.run(program, bars)
    return [(fill.bar, fill.direction, fill.price, fill.size) for fill in result.fills]


def timed(work: Callable[[], Fills]) -> tuple[float, float, Fills]:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    fills = work()
    return time.perf_counter() - wall, time.process_time() - cpu, fills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    bars = synthetic(asked.bars)
    frame = frame_of(bars)
    by_rtrade(bars.slice(0, 1000))
    rounds = []
    for _ in range(asked.rounds):
        hand, ours = timed(lambda: by_hand(frame)), timed(lambda: by_rtrade(bars))
        if hand[2] != ours[2]:
            print(f"the fills differ: {len(hand[2])} by hand, {len(ours[2])} by rtrade")
            return 1
        rounds.append((hand, ours))
    print(f"{asked.bars} bars, {len(rounds[0][0][2])} fills, the same in bar, price and size")
    print(f"{'':<22}{'wall s':>10}{'CPU s':>10}{'bars/s':>12}")
    for name, side in (("backtrader by hand", 0), ("rtrade", 1)):
        wall = statistics.median(found[side][0] for found in rounds)
        cpu = statistics.median(found[side][1] for found in rounds)
        print(f"{name:<22}{wall:>10.2f}{cpu:>10.2f}{asked.bars / cpu:>12,.0f}")
    for name, kind in (("wall", 0), ("CPU", 1)):
        ratio = statistics.median(hand[kind] / ours[kind] for hand, ours in rounds)
        print(f"ratio by {name} time: {ratio:.1f} (median of {asked.rounds})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
