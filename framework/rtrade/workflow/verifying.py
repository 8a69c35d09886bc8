"""Run a program on the engine that a run did not take, and compare the two to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rtrade.core.errors import EngineFault
from rtrade.execution.engines import Engine, engine, other_than

if TYPE_CHECKING:
    from rtrade.analysis.verification import Difference, Verification
    from rtrade.core.bars import Bars, FloatArray
    from rtrade.core.results import RunResult
    from rtrade.execution.program import Program


def verify(program: Program, bars: Bars, result: RunResult) -> Verification:
    """Run `program` on the engine that did not make `result`, and compare all of both.

    An engine that fails where the other gave a result differs from it.
    """
    from rtrade.analysis.verification import Difference, Verification, fills_digest

    engines = result.engine, other_than(result.engine)
    try:
        difference = _compared(program, bars, result, engine(engines[1]))
    except EngineFault as fault:
        difference = Difference("the run", ("a result", f"a fault ({fault.message})"))
    count = len(result.fills)
    return Verification(engines, len(bars), count, fills_digest(result.fills), difference)


def _compared(program: Program, bars: Bars, result: RunResult, other: Engine) -> Difference | None:
    from rtrade.analysis.verification import first_counted, first_difference

    found = first_difference(result, other(program, bars), bars)
    if found is None or found.bar is not None:
        return found
    own = engine(result.engine)

    def differ(count: int) -> bool:
        part, first = first_bars(program, count), bars.slice(0, count)
        return first_difference(own(part, first), other(part, first), first) is not None

    bar = first_counted(len(bars), differ)
    return replace(found, bar=bar, time=int(bars.time[bar]))


def first_bars(program: Program, count: int) -> Program:
    """Return a program over its first bars."""
    return replace(
        program,
        enter_long=program.enter_long[:count],
        exit_long=program.exit_long[:count],
        enter_short=program.enter_short[:count],
        exit_short=program.exit_short[:count],
        atr={period: values[:count] for period, values in program.atr.items()},
        volatility=_first_of(program.volatility, count),
        scale=_first_of(program.scale, count),
        risk_factor=_first_of(program.risk_factor, count),
    )


def _first_of(values: FloatArray | None, count: int) -> FloatArray | None:
    return None if values is None else values[:count]
