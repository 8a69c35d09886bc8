"""vectorbt over many pairs of averages, `--chunk` columns at a time: fewer are faster and smaller.

Each average is worked out once; crosses are taken on arrays, without pandas.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt as vbt
from protocol import CASH, COMMISSION, SHARE, peak_mib

FEW = 5_000


class Sweep:
    """The pairs over bars; `statistics` adds drawdown, mean and deviation of returns."""

    def __init__(
        self, bars: np.ndarray, pairs: np.ndarray, chunk: int, *, statistics: bool
    ) -> None:
        time_ms, self.opening, _, _, close, _ = bars
        self.close = pd.Series(close, index=pd.to_datetime(time_ms, unit="ms"))
        self.pairs, self.chunk, self.statistics = pairs, chunk, statistics

    def averages(self) -> None:
        close = self.close.to_numpy()
        self.rows = {
            n: vbt.nb.rolling_mean_1d_nb(close, n, n) for n in np.unique(self.pairs).tolist()
        }

    def run(self) -> list[np.ndarray]:
        parts = [
            self.simulate(self.pairs[start : start + self.chunk])
            for start in range(0, len(self.pairs), self.chunk)
        ]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]

    def simulate(self, pairs: np.ndarray) -> list[np.ndarray]:
        fast, slow = (np.column_stack([self.rows[n] for n in one.tolist()]) for one in pairs.T)
        portfolio = vbt.Portfolio.from_signals(
            self.close,
            vbt.nb.fshift_nb(vbt.nb.crossed_above_nb(fast, slow), 1, False),  # noqa: FBT003
            vbt.nb.fshift_nb(vbt.nb.crossed_above_nb(slow, fast), 1, False),  # noqa: FBT003
            price=self.opening[:, None],
            size=SHARE,
            size_type="percent",
            fees=COMMISSION,
            init_cash=CASH,
            freq="1min",
        )
        found = [portfolio.final_value(), portfolio.trades.closed.count()]
        if self.statistics:
            returns = portfolio.returns().to_numpy()
            found += [portfolio.max_drawdown(), returns.mean(axis=0), returns.std(axis=0, ddof=1)]
        return [np.asarray(one) for one in found]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bars", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunk", type=int, default=1)
    parser.add_argument("--statistics", action="store_true")
    given = parser.parse_args()
    bars, pairs = np.load(given.bars), np.load(given.pairs)
    vbt.settings.caching["enabled"] = False
    sweep = Sweep(bars[:, :FEW], pairs[: given.chunk], given.chunk, statistics=given.statistics)
    sweep.averages()
    sweep.run()
    sweep = Sweep(bars, pairs, given.chunk, statistics=given.statistics)
    gc.collect()
    begun = time.process_time()
    sweep.averages()
    averages = time.process_time() - begun
    found = sweep.run()
    cpu = time.process_time() - begun
    np.save(given.out, np.array(found, dtype=np.float64))
    print(json.dumps({"cpu": cpu, "averages": averages, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
