"""Leaping: how far an open position can be carried before an engine has to look again.

Plain like the core, and made of it, so that leaping changes no trade.
"""

# ruff: noqa: FBT001 - functions that are compiled take their arguments by position

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rtrade.core.bars import FloatArray, IntArray
from rtrade.execution.core import (
    daily_hit,
    drawdown_hit,
    mark,
    reached,
    ruin_hit,
    tighter,
    trailed,
)

# Machine arrays where Python walks, numpy's where machine code does.
Floats: TypeAlias = Sequence[float] | FloatArray
Ints: TypeAlias = Sequence[int] | IntArray


def quiet_until(
    i: int,
    end: int,
    lows: Floats,
    highs: Floats,
    closes: Floats,
    days: Ints,
    side: int,
    size: float,
    cash: float,
    stop_loss: float,
    trail: float,
    trail_kind: int,
    trail_far: float,
    target: float,
    equity: float,
    peak: float,
    max_drawdown: float,
    day: int,
    day_reference: float,
    day_stopped: bool,
    daily_loss: float,
) -> tuple[int, float, float, float, int, float, bool]:
    """Walk an open position from bar `i` over bars in which nothing can happen to it.

    Stops before the first bar that touches a level or at whose close an account rule ends
    trading, at the latest before `end`. Returns that bar, and as of the close before it: trail,
    equity, peak, day, day_reference, day_stopped.
    """
    while i < end:
        if reached(side, tighter(side, stop_loss, trail), target, lows[i], highs[i]):
            break
        now = mark(cash, side, size, closes[i])
        top = max(peak, now)
        if ruin_hit(now) or drawdown_hit(now, top, max_drawdown):
            break
        if days[i] != day:
            day = days[i]
            day_reference = equity
            day_stopped = False
        day_stopped = day_stopped or daily_hit(now, day_reference, daily_loss)
        trail = trailed(side, trail, closes[i], trail_kind, trail_far)
        equity = now
        peak = top
        i += 1
    return i, trail, equity, peak, day, day_reference, day_stopped
