"""The signals of every shipped strategy, over a year of minutes' worth of bars, on one core.

The bars are generated, at 5m where a strategy says 1h, so that those of coarser series of
`also:` are put together from them. Measured is `evaluate`: from bars to what rules, sizing and
stops read. The figure to compare is the sum of the medians.

    python benchmarks/signals.py [--bars 525600] [--rounds 5] [--timeframe 5m]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from pathlib import Path

import numpy as np

from rtrade.config.overrides import Overrides
from rtrade.core.bars import Bars, MarketData
from rtrade.data.resample import resample
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate
from rtrade.signals.standins import drawn
from rtrade.workflow.compiling import compile_strategy

STRATEGIES = Path(__file__).resolve().parents[1] / "strategies"
START = 1_577_836_800_000  # 2020-01-01


def plans(timeframe: str) -> list[Plan]:
    """Compile the shipped strategies for bars of `timeframe`."""
    given = Overrides(sets=(f"data.timeframe={timeframe}",))
    return [compile_strategy(path, given).plan for path in sorted(STRATEGIES.glob("*.yaml"))]


def generated(plan: Plan, count: int) -> Bars:
    """Return a random walk of bars from a fixed seed, prices in whole cents."""
    rng = np.random.default_rng(7)
    close = np.round(30_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, count))), 2)
    opening = np.concatenate([[30_000.0], close[:-1]])
    reach = np.round(np.abs(rng.normal(0.0, 20.0, (2, count))), 2)
    return Bars(
        symbol=plan.symbol,
        timeframe=plan.timeframe,
        time=START + np.arange(count, dtype=np.int64) * plan.timeframe.ms,
        open=opening,
        high=np.maximum(opening, close) + reach[0],
        low=np.minimum(opening, close) - reach[1],
        close=close,
        volume=np.round(rng.uniform(0.1, 100.0, count), 5),
    )


def market_of(plan: Plan, bars: Bars) -> MarketData:
    others = {need.name: resample(bars, need.timeframe) for need in plan.needs[1:]}
    return MarketData("generated", "synthetic", bars, 0, others)


def timed(plan: Plan, market: MarketData, answers) -> tuple[float, float]:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    evaluate(plan, market, answers)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--timeframe", default="5m")
    asked = parser.parse_args()
    compiled = plans(asked.timeframe)
    bars = generated(compiled[0], asked.bars)
    markets = [market_of(plan, bars) for plan in compiled]
    # Models are not asked: their answers are drawn, outside of what is measured.
    given = [drawn(plan, market) for plan, market in zip(compiled, markets, strict=True)]
    for plan, market, answers in zip(compiled, markets, given, strict=True):
        evaluate(plan, market, answers)  # imports what it needs
    print(f"{asked.bars:,} bars of {asked.timeframe}, medians of {asked.rounds}")
    print(f"{'':<24}{'wall ms':>10}{'CPU ms':>10}")
    sums = [0.0, 0.0]
    for plan, market, answers in zip(compiled, markets, given, strict=True):
        rounds = [timed(plan, market, answers) for _ in range(asked.rounds)]
        took = [statistics.median(kind) * 1000 for kind in zip(*rounds, strict=True)]
        print(f"{plan.name:<24}{took[0]:>10.1f}{took[1]:>10.1f}")
        sums = [total + one for total, one in zip(sums, took, strict=True)]
    print(f"{'together':<24}{sums[0]:>10.1f}{sums[1]:>10.1f}")


if __name__ == "__main__":
    main()
