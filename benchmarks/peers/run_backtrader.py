"""backtrader, as one writes it by hand: its indicators, its sizer, its orders."""

from __future__ import annotations

from datetime import UTC

import backtrader as bt
import pandas as pd
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main


class Cross(bt.Strategy):
    """Long from a cross above to a cross below."""

    params = (("settings", None),)

    def __init__(self) -> None:
        given = self.p.settings
        fast = bt.indicators.SMA(period=given.fast)
        slow = bt.indicators.SMA(period=given.slow)
        self.cross = bt.indicators.CrossOver(fast, slow)
        self.fills = []
        self.trades = []

    def next(self) -> None:
        if not self.position:
            if self.cross > 0:
                self.buy()
        elif self.cross < 0:
            self.close()

    def notify_order(self, order) -> None:
        if order.status == order.Completed:
            bit = order.executed.exbits[-1]
            self.fills.append((order.executed.dt, bit.size, bit.price))

    def notify_trade(self, trade) -> None:
        if trade.isclosed:
            self.trades.append(trade)


class Protected(Cross):
    """The same with a stop, a target and a trailing stop, of which the first to fill is the last.

    They are placed in `next`, when the entry is filled: an order placed in the notification of
    the fill cannot be cancelled in the same bar.
    """

    def __init__(self) -> None:
        super().__init__()
        self.working = []
        self.paid = None

    def next(self) -> None:
        if not self.position:
            if self.cross > 0:
                self.buy()
            return
        if self.paid is not None:
            self.protect(self.paid)
            self.paid = None
        if self.cross < 0:
            for order in self.working:
                self.cancel(order)
            self.working = []
            self.close()

    def protect(self, paid: float) -> None:
        given, size = self.p.settings, self.position.size
        stop = self.sell(size=size, exectype=bt.Order.Stop, price=paid * (1 - given.stop))
        self.working = [
            stop,
            self.sell(
                size=size, exectype=bt.Order.Limit, price=paid * (1 + given.target), oco=stop
            ),
            self.sell(size=size, exectype=bt.Order.StopTrail, trailpercent=given.trail, oco=stop),
        ]

    def notify_order(self, order) -> None:
        super().notify_order(order)
        if order.status == order.Completed and order.isbuy():
            self.paid = order.executed.price


class Cash(bt.sizers.PercentSizer):
    params = (("percents", 100 * SHARE), ("retint", False))


def prepare(market: Market) -> pd.DataFrame:
    names = ("open", "high", "low", "close", "volume")
    columns = {name: getattr(market, name) for name in names}
    return pd.DataFrame(columns, index=pd.to_datetime(market.time, unit="ms"))


def run(frame: pd.DataFrame, settings: Settings) -> Outcome:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Cross if settings.stop is None else Protected, settings=settings)
    if settings.units is None:
        cerebro.addsizer(Cash)
    else:
        cerebro.addsizer(bt.sizers.FixedSize, stake=settings.units)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(COMMISSION)
    strategy = cerebro.run()[0]
    start = frame.index[0].timestamp()

    def bar(stamp: float) -> int:
        return round((bt.num2date(stamp).replace(tzinfo=UTC).timestamp() - start) / 60)

    def fills() -> Fills:
        return [(bar(stamp), size, price) for stamp, size, price in strategy.fills]

    return Outcome(len(strategy.trades), cerebro.broker.getvalue(), fills)


if __name__ == "__main__":
    main(prepare, run)
