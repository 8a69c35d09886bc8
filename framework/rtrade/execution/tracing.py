"""A run bar by bar: what an engine saw, held and decided in each.

It needs an engine that looks at every bar. One that leaps over bars in which nothing can happen
makes the same run, and has less to tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from rtrade.core.bars import Bars
from rtrade.core.results import CLOSE_EXITS, ENTRY_REASONS, REFUSALS
from rtrade.execution import core
from rtrade.execution.asking import Asking
from rtrade.execution.deciding import Decider, Orders
from rtrade.execution.positions import Position
from rtrade.execution.program import Program

_RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
_NONE = (core.NAN, core.NAN)


@dataclass(slots=True)
class TracedBar:
    """A bar of a run.

    `fills` are the reasons of the fills in it, in order. `stop` and `target` are the levels that
    worked in it, those of the last position where there were two, NaN where there was none.
    `cash`, `position` (signed size) and `equity` are as of its close. `rules` are those true at
    the close; `decision` is what follows from it: why the position leaves, what is entered.
    `refused` says why an entry does not follow, also where that was found at the next open.
    """

    fills: tuple[str, ...]
    stop: float
    target: float
    cash: float
    position: float
    equity: float
    rules: tuple[str, ...]
    decision: tuple[str, ...]
    refused: str = ""


class TracingDecider(Decider):
    """Decides as a `Decider` does, and keeps the `bars` that it is shown, which must be all."""

    def __init__(self, program: Program, bars: Bars, asking: Asking | None = None) -> None:
        super().__init__(program, bars, asking)
        self.bars: list[TracedBar] = []
        self._levels = _NONE
        self._told = 0

    def open(self, bar: int) -> Orders:
        """Return the market orders for the open of `bar`."""
        before = list(self.refused)
        orders = super().open(bar)
        if self.refused != before:
            self.bars[bar - 1].refused = self._refused_since(before)
        held = None if orders.exit else self.position
        self._levels = _NONE if held is None else (held.stop, held.target)
        return orders

    def entered(self, entry: Position, price: float) -> None:
        """Take note of the fill of an entry, and of the levels that work from there on."""
        super().entered(entry, price)
        self._levels = (entry.stop, entry.target)

    def close(self, bar: int) -> None:
        """Decide at a close, and keep what there is to tell of the bar."""
        before = list(self.refused)
        super().close(bar)
        held = self.position
        self.bars.append(
            TracedBar(
                tuple(fill.reason for fill in self.fills[self._told :]),
                *self._levels,
                cash=self.account.cash,
                position=0.0 if held is None else held.side * held.size,
                equity=self.account.equity,
                rules=tuple(
                    name for name, rule in zip(_RULES, self._rules, strict=True) if rule[bar]
                ),
                decision=self._decision(),
                refused=self._refused_since(before),
            )
        )
        self._told = len(self.fills)

    def _decision(self) -> tuple[str, ...]:
        leaves = () if self._leaving == core.NO else (CLOSE_EXITS[self._leaving],)
        if not self._entering:
            return leaves
        return (*leaves, ENTRY_REASONS[0 if self._entering > 0 else 1])

    def _refused_since(self, before: list[int]) -> str:
        counts = zip(REFUSALS, before, self.refused, strict=True)
        return next((name for name, was, now in counts if now > was), "")
