"""What the first run after an installation takes: kernels compiled, modules imported.

1. `rtrade run --engine compiled` with an empty folder of kernels, again, and on backtrader.
2. `import rtrade`, `rtrade --help`, `rtrade validate`, against an empty Python process.
3. vectorbt's first call with an empty cache of numba's, and in a second process.

    python benchmarks/cold.py [--rounds 3] [--write]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bars import save, synthetic
from environments import HERE, default_folder, python_of, run_script, surroundings
from results import circumstances, figure, table, write

STRATEGY = HERE.parent / "strategies" / "sma_btc.yaml"
RTRADE = "import sys; from rtrade.cli.main import main; sys.exit(main())"
FEW = 20_000


def timed(command: list[str], folder: Path, **more: str) -> tuple[float, float]:
    """Return wall and CPU seconds of a process that must end well."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**surroundings(), **more}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    wall, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def rtrade(*arguments: str) -> list[str]:
    return [sys.executable, "-c", RTRADE, *arguments]


def workspace(folder: Path) -> str:
    """Make a workspace with the first shipped strategy; return the strategy's path in it."""
    (folder / "strategies").mkdir(parents=True)
    target = folder / "strategies" / STRATEGY.name
    target.write_text(STRATEGY.read_text())
    return str(target)


def first_runs(folder: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return walls and CPU of runs by label; bars are in the store before the first."""
    file = workspace(folder / "workspace")
    run = rtrade("run", file, "--json")
    compiled = [*run, "--engine", "compiled"]
    timed(run, folder)
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(rounds):
        kernels = str(folder / f"kernels{turn}")
        for label, command in (
            ("`rtrade run --engine compiled`, no kernels yet", compiled),
            ("the same, again", compiled),
            ("`rtrade run`, on backtrader", run),
        ):
            found.setdefault(label, []).append(timed(command, folder, RTRADE_CACHE=kernels))
    return found


def starts(folder: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return walls and CPU of processes that run nothing."""
    file = str(folder / "workspace" / "strategies" / STRATEGY.name)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(5 * rounds):
        for label, command in (
            ("`python -c pass`", [sys.executable, "-c", "pass"]),
            ("`import rtrade`", [sys.executable, "-c", "import rtrade"]),
            ("`rtrade --help`", rtrade("--help")),
            ("`rtrade validate`", rtrade("validate", file)),
        ):
            found.setdefault(label, []).append(timed(command, folder))
    return found


def of_vectorbt(folder: Path, rounds: int, envs: Path) -> dict[str, list[tuple[float, float]]]:
    """Return wall seconds that a first call takes beyond the same again."""
    file, python = folder / "bars.npy", python_of("vectorbt", envs)
    save(synthetic(FEW), file)
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(rounds):
        os.environ["NUMBA_CACHE_DIR"] = str(folder / f"numba{turn}")
        for label in ("vectorbt, first call ever", "vectorbt, first call of a later process"):
            ran = run_script(python, "vectorbt", file, "--fast", 20, "--slow", 50)
            found.setdefault(label, []).append((ran["first_call"], ran["first_cpu"]))
        del os.environ["NUMBA_CACHE_DIR"]
    return found


TEXT = """
## The first run: `benchmarks/cold.py`

{circumstances}

Whole processes on the shipped `{strategy}`, report included; its bars are made before the
first. Kernels are compiled once for each version of rtrade, numba and Python, and kept.

{runs}

Processes that run nothing:

{starts}

vectorbt's `from_signals`, `stats()` and trade records on 5,000 bars, beyond what the same call
takes again; importing it comes on top (see the single runs).

{vectorbt}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=default_folder())
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = (
            first_runs(folder, asked.rounds),
            starts(folder, asked.rounds),
            of_vectorbt(folder, asked.rounds, asked.envs),
        )
    runs, nothing, theirs = (table(("", "wall s", "CPU s"), rows(one)) for one in found)
    text = TEXT.format(
        circumstances=circumstances(asked.rounds), strategy=f"strategies/{STRATEGY.name}",
        runs=runs, starts=nothing, vectorbt=theirs,
    )  # fmt: skip
    print(text)
    if asked.write:
        write("cold", text)


def rows(found: dict[str, list[tuple[float, float]]]) -> list[list[str]]:
    """Return medians of wall and CPU by label."""
    return [
        [label, *(figure(statistics.median(one[kind] for one in rounds)) for kind in (0, 1))]
        for label, rounds in found.items()
    ]


if __name__ == "__main__":
    main()
