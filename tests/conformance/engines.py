"""All engines and the reference model on one program: where any of them differs from another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reference.compare import differences
from reference.model import Reference
from rtrade.core.bars import Bars
from rtrade.core.results import RunResult
from rtrade.execution import bt, compiled
from rtrade.execution.program import Program

Run = Callable[[Program, Bars], RunResult]

# Each way to run a program; the first is what the others are held to.
RUNS: dict[str, Run] = {
    "backtrader": bt.run,
    "backtrader, bar by bar": partial(bt.run, dense=True),
    "compiled": compiled.run,
}
ENGINES: dict[str, Run] = {bt.NAME: bt.run, compiled.NAME: compiled.run}


def disagreements(
    program: Program, bars: Bars, reference: Reference | None = None
) -> dict[str, list[str]]:
    """Say how the engines differ from the reference model and from one another; empty: nowhere.

    The model is run here; one that watches can be given.
    """
    first, *others = RUNS
    told = RUNS[first](program, bars)
    model = (Reference(program, bars) if reference is None else reference).run()
    found = {f"the model and {first}": differences(model, told, apart=("cuts",))}
    for name in others:
        found[f"{first} and {name}"] = differences(told, RUNS[name](program, bars))
    return {pair: words for pair, words in found.items() if words}
