"""Single bars of a run in full: account, position, levels, what was filled and decided.

The rest of the run is leaped over as ever, so that one bar costs what a run costs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from rtrade.core.bars import Bars
from rtrade.core.results import CLOSE_EXITS, ENTRY_REASONS, REFUSALS, Cut, Fill
from rtrade.execution import core
from rtrade.execution.asking import Asking, State
from rtrade.execution.deciding import Decider, Orders
from rtrade.execution.positions import Position
from rtrade.execution.program import Program


@dataclass(frozen=True, slots=True)
class WatchedBar:
    """A bar of a run, as of its close.

    `fills` are those in it, in order; `worked` is the position whose levels worked in it last, as
    it was in the bar: None where there was none. `position` has the levels that work from here on.
    `day_reference` is the equity that the day's loss is measured from, `exit_bar` the bar of the
    last exit's fill, `halted` and `ruined` tell that trading has ended. `leaving` is why the
    position leaves, `entering` what is entered, `refused` why an entry does not follow, also where
    that was found at the next open; `cuts` are what made that entry smaller; all "" or empty where
    there is nothing.
    """

    bar: int
    fills: tuple[Fill, ...]
    worked: Position | None
    cash: float
    equity: float
    peak: float
    day_reference: float
    day_stopped: bool
    halted: bool
    ruined: bool
    exit_bar: int | None
    position: Position | None
    leaving: str
    entering: str
    refused: str = ""
    cuts: tuple[Cut, ...] = ()


class WatchingDecider(Decider):
    """Decides as a `Decider` does, and keeps what there is to know of the bars `watched`."""

    def __init__(self, program: Program, bars: Bars, watched: Collection[int]) -> None:
        # Who is asked at a close has its account followed from bar to bar. The program goes on.
        super().__init__(program, bars, Asking(sorted(watched), self._same))
        self.watched: dict[int, WatchedBar] = {}
        self._program = program
        self._wanted = frozenset(watched)
        self._worked: Position | None = None
        self._told = 0

    def _same(self, _: int, __: State) -> Program:
        return self._program

    def busy(self, bar: int) -> bool:
        """Tell whether `bar` must be shown to the engine."""
        return bar in self._wanted or super().busy(bar)

    def open(self, bar: int) -> Orders:
        """Return the market orders for the open of `bar`."""
        refused, cuts = list(self.refused), len(self.cuts)
        orders = super().open(bar)
        before = self.watched.get(bar - 1)
        if before is not None:
            found = self._refused_since(refused) or before.refused
            self.watched[bar - 1] = replace(
                before, refused=found, cuts=before.cuts + tuple(self.cuts[cuts:])
            )
        held = None if orders.exit else self.position
        self._worked = None if held is None else replace(held)
        return orders

    def entered(self, entry: Position, price: float) -> None:
        """Take note of the fill of an entry, and of the levels that work from there on."""
        super().entered(entry, price)
        self._worked = replace(entry)

    def close(self, bar: int) -> None:
        """Decide at a close, and keep what there is to know of a bar that is watched."""
        refused, cuts = list(self.refused), len(self.cuts)
        super().close(bar)
        if bar in self._wanted:
            self.watched[bar] = self._seen(bar, refused, cuts)
        self._told = len(self.fills)

    def _seen(self, bar: int, refused: list[int], cuts: int) -> WatchedBar:
        account, held = self.account, self.position
        return WatchedBar(
            bar=bar,
            fills=tuple(self.fills[self._told :]),
            worked=self._worked,
            cash=account.cash,
            equity=account.equity,
            peak=account.peak,
            day_reference=account.day_reference,
            day_stopped=account.day_stopped,
            halted=account.halted_bar != core.NO,
            ruined=account.ruined_bar != core.NO,
            exit_bar=None if self._exit_bar == core.NO else self._exit_bar,
            position=None if held is None else replace(held),
            leaving="" if self._leaving == core.NO else CLOSE_EXITS[self._leaving],
            entering=self._entry_reason(),
            refused=self._refused_since(refused),
            cuts=tuple(self.cuts[cuts:]),
        )

    def _entry_reason(self) -> str:
        if not self._entering:
            return ""
        return ENTRY_REASONS[0 if self._entering > 0 else 1]

    def _refused_since(self, before: list[int]) -> str:
        counts = zip(REFUSALS, before, self.refused, strict=True)
        return next((name for name, was, now in counts if now > was), "")
