"""The compiled engine: the reference engine's trades, to the bit, by machine code.

Nothing else in rtrade imports numba. It is loaded by the first run, not by the import.
"""

from __future__ import annotations

from rtrade.core.bars import Bars
from rtrade.core.results import RunResult
from rtrade.execution.program import Program

NAME = "compiled"


def run(program: Program, bars: Bars) -> RunResult:
    """Run `program` over `bars`, both of the same length, and return what came of it.

    Raises EngineFault where the program or the bars are not what was promised.
    """
    from rtrade.execution.compiled.running import walked

    return walked(program, bars)
