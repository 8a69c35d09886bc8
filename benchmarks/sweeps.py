"""Many candidates over the same bars: rtrade's sweep, and vectorbt's best way with SMA pairs.

vectorbt runs in its own environment, a column at a time, which is faster and smaller than more; of
many pairs it runs a sample, and the time of the rest is worked out. Four plans are swept, all by
the same code; one of them is drawn at random from `--seed`. Of each, some candidates are run alone,
and must come out the same to the bit.

    python benchmarks/sweeps.py [--bars 525600] [--rounds 3] [--seed 2] [--write]
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from bars import YEAR_OF_MINUTES, market_of, save, synthetic
from environments import RTRADE, default_folder, python_of, run_script, versions
from plans import BANDS, PAIRS, RSI, Drawing, SweepPlan, Table, pairs
from results import circumstances, figure, table, write

from rtrade.analysis.metrics import measure
from rtrade.catalog.installed import registry
from rtrade.config.loading import strategy_of
from rtrade.config.overrides import NO_OVERRIDES
from rtrade.config.reader import read_text
from rtrade.core.bars import MarketData
from rtrade.execution import compiled
from rtrade.execution.preparing import prepare
from rtrade.plan.variants import Variants
from rtrade.signals.evaluate import evaluate

FEW = pairs(range(5, 44, 2), range(50, 241, 10))
MANY = pairs(range(3, 103), range(110, 606, 5))
SAMPLE = 200
ALONE = 5
# How rtrade is measured: what is asked for, and on how many threads.
WAYS = (
    ("final", (), 1),
    ("final", (), 2),
    ("with statistics", ("--statistics",), 1),
    ("with statistics", ("--statistics",), 2),
)


class Bench:
    """Bars in a file, the scratch folder and the interpreters."""

    def __init__(self, folder: Path, bars: int, rounds: int, envs: Path) -> None:
        self.folder, self.count, self.rounds = folder, bars, rounds
        self.market = market_of(synthetic(bars))
        self.bars = folder / "bars.npy"
        save(self.market.base, self.bars)
        self.vectorbt = python_of("vectorbt", envs)
        self.peaks: list[float] = []

    def ours(self, plan: SweepPlan, params: Table, how: tuple, threads: int) -> dict:
        """Sweep once in a process of its own."""
        text, rows, out = (self.folder / name for name in ("plan.yaml", "table.json", "out.npy"))
        text.write_text(plan.text())
        rows.write_text(json.dumps(params))
        # Of few candidates one call is over before it is steady.
        calls = 3 if len(next(iter(params.values()))) < len(MANY["fast"]) else 1
        ways = (*how, "--threads", threads, "--calls", calls)
        found = run_script(python_of(RTRADE, self.folder), "rtrade_sweep", self.bars, text, rows,
                           out, *ways)  # fmt: skip
        self.peaks.append(found["peak_mib"])
        return {**found, "results": np.load(out)}

    def theirs(self, params: Table, how: tuple) -> dict:
        """Run pairs on vectorbt, a sample of them where they are many."""
        both = np.array([params["fast"], params["slow"]]).T
        chosen = np.arange(len(both))
        if len(both) > 2 * SAMPLE:
            chosen = np.random.default_rng(1).choice(chosen, SAMPLE, replace=False)
        sample = both[chosen]
        rows, out = self.folder / "pairs.npy", self.folder / "theirs.npy"
        np.save(rows, sample)
        found = run_script(self.vectorbt, "vectorbt_sweep", self.bars, rows, out, *how)
        averages, rest = found["averages"], found["cpu"] - found["averages"]
        more = len(np.unique(both)) / len(np.unique(sample))
        cpu = averages * more + rest * len(both) / len(sample)
        return {**found, "cpu": cpu, "chosen": chosen, "results": np.load(out)}

    def per(self, seconds: float, params: Table) -> float:
        """Return nanoseconds per bar and candidate."""
        return 1e9 * seconds / self.count / len(next(iter(params.values())))


def against(bench: Bench, params: Table) -> tuple[list[list[str]], str]:
    """Return the rows of a table with vectorbt, and what is to say of agreement."""
    rows = []
    for what, how in (("final", ()), ("with statistics", ("--statistics",))):
        rounds = []
        for turn in range(bench.rounds):
            print(f"round {turn + 1}: {len(params['fast'])} pairs, {what}", file=sys.stderr)
            one = bench.ours(PAIRS, params, how, 1)
            rounds.append((bench.theirs(params, how), one, bench.ours(PAIRS, params, how, 2)))
        rows += compared(bench, params, what, rounds)
    return rows, agreement(rounds[0][0], rounds[0][1])


def compared(bench: Bench, params: Table, what: str, rounds: list[tuple]) -> list[list[str]]:
    count, lines = f"{len(params['fast']):,}", []
    for at, (label, threads) in enumerate((("vectorbt", 1), ("rtrade", 1), ("rtrade", 2))):
        cpu = statistics.median(one[at]["cpu"] for one in rounds)
        wall = statistics.median(one[at].get("wall", one[at]["cpu"]) for one in rounds)
        ratio = statistics.median(one[0]["cpu"] / one[at]["cpu"] for one in rounds)
        sped = statistics.median(one[1]["wall"] / one[at].get("wall", 1) for one in rounds)
        lines.append([
            f"{label}, {what}", count, f"{threads}", figure(cpu), figure(wall),
            figure(bench.per(cpu, params)), figure(ratio), f"{sped:.2f}" if at == 2 else "",
            figure(max(one[at]["peak_mib"] for one in rounds)),
        ])  # fmt: skip
    return lines


def agreement(theirs: dict, ours: dict) -> str:
    """Say how far the two make the same of the same pairs."""
    other, mine = theirs["results"], ours["results"][:, theirs["chosen"]]
    same = int((other[1] == mine[1]).sum())
    final = np.max(np.abs(other[0] / mine[0] - 1))
    fall = np.max(np.abs(np.abs(other[2]) / mine[2] - 1))
    return (
        f"{same:,} of {other.shape[1]:,} have the same number of trades ({int(mine[1].sum()):,} "
        f"in all); final equity differs by {final:.0e} at most, maximum drawdown by {fall:.0e}"
    )


def by_itself(bench: Bench, plan: SweepPlan, params: Table) -> list[list[str]]:
    """Return the rows of a table for a plan that rtrade alone sweeps."""
    count, rows, walls = len(next(iter(params.values()))), [], {}
    many = count >= len(MANY["fast"])
    for what, how, threads in WAYS:
        if many and threads > 1:
            continue
        print(f"{plan.label}: {count} candidates, {what}, {threads}", file=sys.stderr)
        # Many take long enough for one round to be steady.
        turns = 1 if many else bench.rounds
        rounds = [bench.ours(plan, params, how, threads) for _ in range(turns)]
        cpu, wall = (statistics.median(one[kind] for one in rounds) for kind in ("cpu", "wall"))
        walls[what, threads] = wall
        rows.append([
            plan.label, f"{count:,}", what, f"{threads}", figure(cpu), figure(wall),
            figure(bench.per(cpu, params)),
            f"{walls[what, 1] / wall:.2f}" if threads > 1 else "",
            f"{rounds[0]['fills'] / count:,.0f}", figure(max(one["peak_mib"] for one in rounds)),
        ])  # fmt: skip
        check(bench.market, plan, params, rounds[0]["results"])
    return rows


def check(market: MarketData, plan: SweepPlan, params: Table, results: np.ndarray) -> None:
    """Run some candidates alone; end where their results are not those of the sweep."""
    variants = variants_of(plan)
    count = results.shape[1]
    for at in range(0, count, max(count // ALONE, 1)):
        values = {name: column[at] for name, column in params.items()}
        one = variants.plan_of(variants.of(values))
        program = prepare(one, market, evaluate(one, market))
        bars = market.bars
        result = compiled.run(program, bars)
        metrics = measure(result, bars, cash=one.cash, costs=one.costs, filters=market.filters)
        alone = (metrics.final_equity, metrics.trades)
        if alone != (results[0, at], results[1, at]):
            raise SystemExit(f"{plan.label}, {values}: alone {alone}, swept {results[:2, at]}")
        fall = metrics.max_drawdown
        if len(results) > 2 and not math.isclose(results[2, at], fall, rel_tol=1e-9):
            raise SystemExit(f"{plan.label}, {values}: drawdown {fall} alone, {results[2, at]}")


def variants_of(plan: SweepPlan) -> Variants:
    definition = strategy_of(read_text(plan.text().lstrip(), "sweep.yaml"), NO_OVERRIDES)
    return Variants(definition, registry())


def random_plan(seed: int) -> SweepPlan:
    """Return the first drawn strategy that the language has nothing against."""
    drawing = Drawing(seed)
    while variants_of(plan := drawing.plan()).plan.warnings:
        drawing.ranges = {}
    return plan


TEXT = """
## Sweeps: `benchmarks/sweeps.py`

{circumstances}
{pins}.

{bars:,} one-minute bars, in memory; rtrade goes from a strategy's definition and a table of params
to a table of results, indicators included, after a first call on a few bars, and of 400 candidates
in the median of three calls; ns is CPU time per bar and candidate. "Final" is final equity, trades,
fills and refusals; statistics add the maximum drawdown, mean and deviation of the returns per bar.
The pairs are those of the single runs.

vectorbt works out each average once and takes crosses and orders on arrays, one column at a time (2
to 40 at a time were slower and larger); of {many:,} pairs it runs {sample}, and the rest is worked
out from those. "x" is its CPU time over rtrade's, round by round; "2 threads" the wall time of one
thread over that of two.

{pairs}

Of the 400 pairs, {few_said}.
Of the sample of {many:,}, {many_said}.
Where accounts are down to a millionth, sizes in whole lots of 1e-8 show.

The other plans are swept by rtrade alone, each value drawn from its range. Five candidates of each
were run alone too: the same final equity and trades to the bit.

{plans}

{drawn}
"""
DRAWN = """The one drawn at random:

```yaml
enter_long: {enter}
exit_long: {leave}
```"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bars", type=int, default=YEAR_OF_MINUTES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2, help="of the strategy drawn at random")
    parser.add_argument("--envs", type=Path, default=default_folder())
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    asked = parser.parse_args()
    drawn = random_plan(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), asked.bars, asked.rounds, asked.envs)
        few, few_said = against(bench, FEW)
        many, many_said = against(bench, MANY)
        alone = []
        for plan in (RSI, BANDS, drawn):
            for count in (400, 10_000):
                alone += by_itself(bench, plan, plan.drawn(count, asked.seed))
    header = ("", "pairs", "threads", "CPU s", "wall s", "ns", "x", "2 threads", "peak MiB")
    others = ("", "candidates", "", "threads", "CPU s", "wall s", "ns", "2 threads",
              "fills each", "peak MiB")  # fmt: skip
    text = TEXT.format(
        circumstances=circumstances(asked.rounds), bars=asked.bars, many=len(MANY["fast"]),
        sample=SAMPLE,
        pins=versions(bench.vectorbt, ["vectorbt", "numba", "numpy", "pandas"]),
        pairs=table(header, [*few, *many]), few_said=few_said, many_said=many_said,
        plans=table(others, alone),
        drawn=DRAWN.format(enter=drawn.enter, leave=drawn.leave),
    )  # fmt: skip
    print(text)
    if asked.write:
        write("sweeps", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
