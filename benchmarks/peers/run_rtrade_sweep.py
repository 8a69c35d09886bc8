"""rtrade over a table of params: from a plan, bars and the table to the table of results."""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
from protocol import FEW, Market, peak_mib, timed
from run_rtrade import prepare, strategy

from rtrade.catalog.installed import registry
from rtrade.core.bars import MarketData
from rtrade.execution.compiled.sweep import SweepTable, sweep
from rtrade.plan.variants import Variants


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bars", type=Path)
    parser.add_argument("plan", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--statistics", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=1)
    given = parser.parse_args()
    definition = strategy(given.plan.read_text())
    table = json.loads(given.table.read_text())
    market = load(given.bars)

    def run(some: dict, over: MarketData) -> SweepTable:
        variants = Variants(definition, registry())
        return sweep(variants, some, over, statistics=given.statistics, threads=given.threads)

    run({name: values[:3] for name, values in table.items()}, load(given.bars, FEW))
    before = peak_mib()
    rounds = [timed(lambda: run(table, market)) for _ in range(given.calls)]
    peak, found = peak_mib(), rounds[0][2]
    columns = [found.final_equity, found.trades]
    if given.statistics:
        columns += [found.max_drawdown, found.mean_return, found.deviation]
    np.save(given.out, np.array(columns, dtype=np.float64))
    cpu, wall = (statistics.median(one[kind] for one in rounds) for kind in (0, 1))
    facts = {"cpu": cpu, "wall": wall, "peak_mib": peak, "before_mib": before}
    facts |= {"fills": int(found.fills.sum()), "problems": len(found.problems)}
    print(json.dumps(facts))


def load(path: Path, count: int | None = None) -> MarketData:
    return prepare(Market(*np.load(path)[:, :count]))


if __name__ == "__main__":
    main()
