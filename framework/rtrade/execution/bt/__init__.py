"""The reference engine: rtrade's fill rules on backtrader's own broker.

Nothing else in rtrade imports backtrader. It is loaded by the first run, not by the import.
"""

from __future__ import annotations

from collections.abc import Collection

from rtrade.core.bars import Bars
from rtrade.core.results import RunResult
from rtrade.execution.asking import Asking
from rtrade.execution.deciding import Decider
from rtrade.execution.program import Program
from rtrade.execution.recording import result_of
from rtrade.execution.tracing import TracedBar, TracingDecider
from rtrade.execution.watching import WatchedBar, WatchingDecider

NAME = "backtrader"


def run(
    program: Program, bars: Bars, *, dense: bool = False, asking: Asking | None = None
) -> RunResult:
    """Run `program` over `bars`, both of the same length, and return what came of it.

    `asking` says at which closes to ask for the program from there on. `dense` shows every bar to
    the broker, also those in which nothing can happen: the same result, later. Raises EngineFault
    where the program or the bars are not what was promised.
    """
    from rtrade.execution.bt.driver import drive

    decider = Decider(program, bars, asking)
    drive(decider, program, bars, dense=dense)
    return result_of(NAME, bars, decider, program.cash)


def trace(
    program: Program, bars: Bars, *, asking: Asking | None = None
) -> tuple[RunResult, list[TracedBar]]:
    """Run `program` over every bar, as `run` does, and return what came of it and each bar."""
    from rtrade.execution.bt.driver import drive

    decider = TracingDecider(program, bars, asking)
    drive(decider, program, bars, dense=True)
    return result_of(NAME, bars, decider, program.cash), decider.bars


def watch(program: Program, bars: Bars, watched: Collection[int]) -> dict[int, WatchedBar]:
    """Run `program` over `bars` and return what there is to know of the bars `watched`."""
    from rtrade.execution.bt.driver import drive

    decider = WatchingDecider(program, bars, watched)
    drive(decider, program, bars, dense=False)
    return decider.watched
