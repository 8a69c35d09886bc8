"""Make a run again under other assumptions, where that is wanted and can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtrade.execution.engines import COMPILED, engine, unsupported

if TYPE_CHECKING:
    from rtrade.analysis.assumptions import Ledger
    from rtrade.core.bars import Bars
    from rtrade.execution.program import Program
    from rtrade.plan.plan import Plan


def assume(program: Program, bars: Bars, plan: Plan, *, wanted: bool | None) -> Ledger | None:
    """Return the run under other assumptions; None: it is not wanted.

    The compiled engine makes it, which takes a millisecond where the other takes a hundred.
    `wanted` None: where the run is not too long for it.
    """
    from rtrade.analysis.assumptions import IN_RUN, MOST_BARS, Ledger, ledger
    from rtrade.core.errors import EngineFault

    if wanted is False:
        return None
    if unsupported(plan, COMPILED):
        return Ledger(left_out=IN_RUN)
    if wanted is None and len(bars) > MOST_BARS:
        why = f"the run has {len(bars):,} bars, more than {MOST_BARS:,}; `--assumptions` makes it"
        return Ledger(left_out=why)
    try:
        return ledger(program, bars, engine(COMPILED))
    except EngineFault as fault:
        # The run itself came out, and is no worse for it.
        return Ledger(left_out=f"a run under other assumptions failed: {fault.message}")
