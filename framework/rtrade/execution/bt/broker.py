"""backtrader's broker, with the few places overridden where rtrade's rules differ.

- commission by order: the target pays the maker's rate, everything else the taker's;
- the ledger: a sale books `size * price`, where backtrader adds cost and profit apart;
- limits never slip, also where a bar opens beyond them;
- the stop stands back where a bar opens beyond the target, which then fills at the open;
- equity is `cash + size * close`.
"""

from __future__ import annotations

from typing import Any

from rtrade.config.definitions import CostsDef
from rtrade.execution import core
from rtrade.execution.bt.library import bt


class Fee(bt.CommInfoBase):  # type: ignore[misc]  # backtrader has no types
    """A commission on notional at the `rate` that the broker sets before each fill."""

    params = (
        ("stocklike", True),
        ("commtype", bt.CommInfoBase.COMM_PERC),
        ("percabs", True),
    )
    rate = 0.0

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:  # noqa: ARG002, FBT001 - backtrader's signature
        notional: float = abs(size) * price
        return notional * self.rate


class Broker(bt.brokers.BackBroker):  # type: ignore[misc]  # backtrader has no types
    """The broker of one run over one feed. The trader tells it which orders protect."""

    cash: float

    def __init__(self, costs: CostsDef, cash: float) -> None:
        super().__init__()
        self.costs = costs
        self.fee = Fee()
        self.stop_order: Any = None
        self.target_order: Any = None
        self.addcommissioninfo(self.fee)
        self.set_cash(cash)
        self.set_checksubmit(False)
        self.set_shortcash(True)
        self.set_slippage_perc(
            costs.slippage, slip_open=True, slip_limit=True, slip_match=True, slip_out=True
        )

    def forget(self) -> None:
        """Drop the links between orders that are done; backtrader keeps them for ever."""
        self._ocos.clear()
        self._ocol.clear()
        self._pchildren.clear()

    def _execute(self, order: Any, *args: Any, **kwargs: Any) -> Any:
        self.fee.rate = self.costs.maker if order is self.target_order else self.costs.taker
        cash, held = self.cash, self.positions[order.data].size
        outcome = super()._execute(order, *args, **kwargs)
        if held and not self.positions[order.data].size:
            direction = -1 if held > 0 else 1
            price = order.executed.exbits[-1].price
            self.cash = core.booked(cash, direction, abs(held), price, self.fee.rate)
        return outcome

    def _slip_up(self, pmax: float, price: float, doslip: bool = True, lim: bool = False) -> Any:  # noqa: FBT001, FBT002 - backtrader's signature
        return price if lim else super()._slip_up(pmax, price, doslip=doslip)

    def _slip_down(self, pmin: float, price: float, doslip: bool = True, lim: bool = False) -> Any:  # noqa: FBT001, FBT002 - backtrader's signature
        return price if lim else super()._slip_down(pmin, price, doslip=doslip)

    def _try_exec(self, order: Any) -> None:
        target = self.target_order
        if order is self.stop_order and target is not None and target.alive():
            side = 1 if order.issell() else -1
            if core.beyond_target(side, order.data.open[0], target.created.price):
                return
        super()._try_exec(order)

    def _get_value(self, datas: Any = None, lever: bool = False) -> float:  # noqa: ARG002, FBT001, FBT002 - backtrader's signature
        value: float = self.cash
        for data, position in self.positions.items():
            value = self.cash + position.size * data.close[0]
        self._value = value
        return value
