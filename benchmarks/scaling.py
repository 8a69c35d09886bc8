"""How time and memory grow with bars, from 10^4 to 10^7, and with candidates, from 1 to 10^5.

python benchmarks/scaling.py [--largest 10000000] [--candidates 100000] [--write]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from bars import save, synthetic
from environments import RTRADE, default_folder, python_of, run_script
from plans import PAIRS
from results import circumstances, figure, table, write

from rtrade.core.bars import COLUMNS

MIB = 2**20
SWEPT_BARS = 20_000
STEPS = (10_000, 100_000, 1_000_000, 10_000_000)
CANDIDATES = (1, 10, 100, 1_000, 10_000, 100_000)


def over_bars(folder: Path, largest: int, rounds: int) -> list[list[str]]:
    """Return the rows of one compiled run over more and more bars."""
    rows = []
    for count in (step for step in STEPS if step <= largest):
        print(f"{count:,} bars", file=sys.stderr)
        file, bars = folder / "bars.npz", synthetic(count)
        np.savez(file, **{name: getattr(bars, name) for name in COLUMNS})
        del bars
        calls = 5 if count <= 1_000_000 else 3
        ran = [run_script(ours(), "rtrade_scaling", file, "--calls", calls) for _ in range(rounds)]
        cpu, wall, before, peak = (
            statistics.median(one[name] for one in ran)
            for name in ("cpu", "wall", "before_mib", "peak_mib")
        )
        rows.append([
            f"{count:,}", f"{ran[0]['trades']:,}", figure(cpu), figure(wall),
            figure(1e9 * cpu / count), figure(peak), figure((peak - before) * MIB / count),
        ])  # fmt: skip
    return rows


def over_candidates(folder: Path, most: int, rounds: int) -> list[list[str]]:
    """Return the rows of sweeps over the same bars of more and more candidates."""
    bars, plan, params, out = (folder / name for name in ("b.npy", "p.yaml", "t.json", "o.npy"))
    save(synthetic(SWEPT_BARS), bars)
    plan.write_text(PAIRS.text())
    rows = []
    for count in (step for step in CANDIDATES if step <= most):
        print(f"{count:,} candidates", file=sys.stderr)
        params.write_text(json.dumps(PAIRS.drawn(count, seed=1)))
        found = []
        for how in ((), ("--statistics",)):
            ways = ("--calls", 5 if count <= 1_000 else 1, *how)
            ran = [run_script(ours(), "rtrade_sweep", bars, plan, params, out, *ways)
                   for _ in range(rounds)]  # fmt: skip
            found.append({
                name: statistics.median(one[name] for one in ran) for name in ("cpu", "peak_mib")
            })  # fmt: skip
        final, measured = found
        rows.append([
            f"{count:,}", figure(final["cpu"]), figure(1e9 * final["cpu"] / count / SWEPT_BARS),
            figure(measured["cpu"]), figure(1e9 * measured["cpu"] / count / SWEPT_BARS),
            figure(max(final["peak_mib"], measured["peak_mib"])),
        ])  # fmt: skip
    return rows


def ours() -> Path:
    return python_of(RTRADE, default_folder())


TEXT = """
## Growth: `benchmarks/scaling.py`

{circumstances}

**One compiled run** of SMA 20/50, at a fixed size, so that trading does not end with the money;
from bars in memory to signals, trades and all metrics. A bar is 48 bytes itself; "bytes" is the
peak of the process beyond what it had with the bars in memory and its code loaded, per bar.

{bars}

**A sweep** of pairs of averages, drawn from 2 to 200 and from 2 to 1,000 bars, over {swept:,} bars
on one thread, from a definition and a table of params to a table of results. Of few candidates most
of the time goes to their averages; of many, averages are shared.

{candidates}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=STEPS[-1])
    parser.add_argument("--candidates", type=int, default=CANDIDATES[-1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bars = over_bars(Path(name), asked.largest, asked.rounds)
        candidates = over_candidates(Path(name), asked.candidates, asked.rounds)
    text = TEXT.format(
        circumstances=circumstances(asked.rounds),
        swept=SWEPT_BARS,
        bars=table(("bars", "trades", "CPU s", "wall s", "ns a bar", "peak MiB", "bytes"), bars),
        candidates=table(
            ("candidates", "CPU s, final", "ns", "CPU s, statistics", "ns", "peak MiB"), candidates
        ),
    )
    print(text)
    if asked.write:
        write("scaling", text)


if __name__ == "__main__":
    main()
