"""The strategy that backtrader runs: it places what the decider says, and reports fills back."""

from __future__ import annotations

from typing import Any

from rtrade.core.errors import EngineFault
from rtrade.core.results import BAR_EXITS
from rtrade.execution import core
from rtrade.execution.bt.broker import Broker
from rtrade.execution.bt.library import bt
from rtrade.execution.deciding import Decider
from rtrade.execution.positions import Position

_TROUBLE = (bt.Order.Margin, bt.Order.Rejected, bt.Order.Expired, bt.Order.Partial)


class Trader(bt.Strategy):  # type: ignore[misc]  # backtrader has no types
    """Places orders at an open, in this sequence: exit, entry, stop, target.

    The broker looks at them in the same sequence within the same bar, so protective orders work
    from the entry bar on, and the stop wins where a bar touches both levels.
    """

    params = (("decider", None),)

    def __init__(self) -> None:
        self.decider: Decider = self.p.decider
        self.desk: Broker = self.broker
        self.bar = 0
        self._exit: Any = None
        self._entry: Any = None
        self._opening: Position | None = None

    def next_open(self) -> None:
        """Place the orders of bar `self.bar`, knowing its open only."""
        orders = self.decider.open(self.bar)
        held = self.decider.position
        if orders.exit:
            assert held is not None
            self._withdraw()
            self._exit = self._order(-held.side, held.size)
            held = None
        if orders.entry is not None:
            held = self._opening = orders.entry
            self._entry = self._order(held.side, held.size)
        if held is not None:
            self._protect(held)

    def notify_order(self, order: Any) -> None:
        """Report a fill to the decider; raise EngineFault where the broker refused an order."""
        if order.status in _TROUBLE:
            raise EngineFault(f"backtrader's broker ended an order as {order.getstatusname()}")
        if order.status != bt.Order.Completed:
            return
        price = order.executed.exbits[-1].price
        if order == self._exit:
            self.decider.left(self.bar, price)
        elif order == self._entry:
            assert self._opening is not None
            self.decider.entered(self._opening, price)
        elif order == self.desk.stop_order:
            self._stopped(order.created.price, price)
        elif order == self.desk.target_order:
            self.decider.exited(self.bar, price, price, BAR_EXITS[core.TAKE_PROFIT])
        else:
            raise EngineFault("backtrader's broker filled an order that was withdrawn")

    def _stopped(self, level: float, price: float) -> None:
        held, start = self.decider.position, self.decider.tape.open[self.bar]
        assert held is not None
        reference = start if core.beyond_stop(held.side, start, level) else level
        reason = core.stop_reason(held.side, held.stop_loss, held.trail)
        self.decider.exited(self.bar, price, reference, BAR_EXITS[reason])

    def _protect(self, held: Position) -> None:
        stop, target = held.stop, held.target
        live = self.desk.stop_order
        if live is not None and live.alive():
            live.created.price = stop
            return
        working = self.desk.target_order
        if working is not None and working.alive() and not core.placeable(stop):
            return
        # A stop that comes to life late goes before the target, so both are placed anew.
        self._withdraw()
        if core.placeable(stop):
            self.desk.stop_order = self._order(-held.side, held.size, bt.Order.Stop, stop)
        if core.placeable(target):
            self.desk.target_order = self._order(
                -held.side, held.size, bt.Order.Limit, target, self.desk.stop_order
            )

    def _withdraw(self) -> None:
        for order in (self.desk.stop_order, self.desk.target_order):
            if order is not None and order.alive():
                self.cancel(order)
        self.desk.stop_order = self.desk.target_order = None

    def _order(
        self,
        direction: int,
        size: float,
        exectype: Any = bt.Order.Market,
        price: float | None = None,
        oco: Any = None,
    ) -> Any:
        place = self.buy if direction > 0 else self.sell
        return place(size=size, exectype=exectype, price=price, oco=oco)
