"""An SMA 20/50 cross as one writes it for backtrader: read a CSV file, run, print the fills.

python benchmarks/by_hand.py BARS.csv[.gz]
"""

from __future__ import annotations

import json
import sys
from datetime import UTC

import backtrader as bt
import pandas as pd


class SmaCross(bt.Strategy):
    """Long from a cross above to a cross below, with backtrader's own indicators."""

    def __init__(self) -> None:
        fast = bt.indicators.SMA(period=20)
        slow = bt.indicators.SMA(period=50)
        self.cross = bt.indicators.CrossOver(fast, slow)
        self.fills = []

    def next(self) -> None:
        if not self.position:
            if self.cross > 0:
                self.buy(size=0.01)
        elif self.cross < 0:
            self.close()

    def notify_order(self, order) -> None:
        if order.status == order.Completed:
            bit = order.executed.exbits[-1]
            time = bt.num2date(order.executed.dt).replace(tzinfo=UTC)
            self.fills.append([round(time.timestamp()), bit.size, bit.price])


def main() -> None:
    frame = pd.read_csv(sys.argv[1])
    frame.index = pd.to_datetime(frame.pop("ts"), unit="ms")
    cerebro = bt.Cerebro()
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(SmaCross)
    cerebro.broker.setcash(1_000_000_000.0)
    cerebro.broker.setcommission(0.001)
    strategy = cerebro.run()[0]
    print(json.dumps(strategy.fills))


if __name__ == "__main__":
    main()
