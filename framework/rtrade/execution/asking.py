"""Questions in the middle of a run: what an engine tells at a close, and what it is given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtrade.execution.program import Program


@dataclass(frozen=True)
class State:
    """The position and the account at a close, before anything is decided there.

    `side` is +1, -1 or 0 while flat; then `entry_price` is NaN and `bars` 0. `bars` counts the
    bars held, the entry bar included; money is in quote units, `cash` holds a short's proceeds;
    `peak` is the highest equity at a close so far, `trades` counts those that are closed.
    """

    side: int
    entry_price: float
    bars: int
    start: float
    equity: float
    cash: float
    peak: float
    trades: int


@dataclass(frozen=True)
class Asking:
    """Closes at which a run asks how to go on.

    `points` are bars of the run, ascending. `ask` is told the bar and the state at its close, and
    returns the program from there on: what it says of earlier bars is not looked at any more.
    """

    points: Sequence[int]
    ask: Callable[[int, State], Program]
