"""backtesting.py: averages worked out in advance, fractional sizes, statistics and trades."""

from __future__ import annotations

import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest, crossover
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main


def sma(values, n: int) -> pd.Series:
    return pd.Series(values).rolling(n).mean()


class Cross(Strategy):
    """Long from a cross above to a cross below."""

    fast = 20
    slow = 50

    def init(self) -> None:
        self.quick = self.I(sma, self.data.Close, self.fast)
        self.slack = self.I(sma, self.data.Close, self.slow)

    def next(self) -> None:
        if not self.position:
            if crossover(self.quick, self.slack):
                self.buy(size=SHARE)
        elif crossover(self.slack, self.quick):
            self.position.close()


def prepare(market: Market) -> pd.DataFrame:
    names = ("open", "high", "low", "close", "volume")
    columns = {name.capitalize(): getattr(market, name) for name in names}
    return pd.DataFrame(columns, index=pd.to_datetime(market.time, unit="ms"))


def run(frame: pd.DataFrame, settings: Settings) -> Outcome:
    test = FractionalBacktest(frame, Cross, cash=CASH, commission=COMMISSION, finalize_trades=False)
    stats = test.run(fast=settings.fast, slow=settings.slow)
    trades = stats["_trades"]

    def fills() -> Fills:
        first = trades.iloc[0]
        return [(int(first["EntryBar"]), float(first["Size"]), float(first["EntryPrice"]))]

    return Outcome(len(trades), float(stats["Equity Final [$]"]), fills)


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    main(prepare, run)
