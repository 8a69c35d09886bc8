"""The loop over the bars: backtrader's, with nothing in it that a run of rtrade does not use.

A bar in which no order can fill is not shown to the broker at all: its lines are stepped over.
"""

from __future__ import annotations

from typing import Any

from rtrade.core.bars import Bars
from rtrade.core.errors import EngineFault
from rtrade.execution.bt.broker import Broker
from rtrade.execution.bt.feed import BarsFeed
from rtrade.execution.bt.library import bt
from rtrade.execution.bt.trader import Trader
from rtrade.execution.deciding import Decider
from rtrade.execution.program import Program


class Driver(bt.Cerebro):  # type: ignore[misc]  # backtrader has no types
    """A Cerebro for one run of one program; `dense` shows every bar to the broker."""

    def __init__(self, program: Program, bars: Bars, decider: Decider, *, dense: bool) -> None:
        super().__init__()
        self.p.cheat_on_open, self.p.stdstats = True, False
        self.decider = decider
        self.dense = dense
        self.series = BarsFeed(bars=bars)
        self.adddata(self.series)
        self.broker = Broker(program.costs, program.cash)
        self.addstrategy(Trader, decider=decider)

    def _runonce(self, runstrats: list[Any]) -> None:
        trader, decider = runstrats[0], self.decider
        self.series.home()
        seen, bar = -1, 0
        while bar < len(decider):
            if self.dense or decider.busy(bar):
                self.series.lines.advance(bar - seen)
                seen = bar
                self._step(trader, bar)
            decider.close(bar)
            bar = bar + 1 if self.dense else decider.next_bar(bar)

    def _step(self, trader: Trader, bar: int) -> None:
        broker, decider = self.broker, self.decider
        trader.bar = bar
        trader.next_open()
        broker.next()
        while (order := broker.get_notification()) is not None:
            trader.notify_order(order)
        held = decider.position
        size = 0.0 if held is None else held.side * held.size
        if broker.cash != decider.account.cash or broker.getposition(self.series).size != size:
            raise EngineFault(f"backtrader's books differ from the ledger in bar {bar}")
        if not broker.pending:
            broker.forget()


def drive(decider: Decider, program: Program, bars: Bars, *, dense: bool) -> None:
    """Run a program over bars on a Cerebro, broker and feed of its own; `decider` decides."""
    if len(bars):
        Driver(program, bars, decider, dense=dense).run()
