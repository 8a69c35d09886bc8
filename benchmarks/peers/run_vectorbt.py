"""vectorbt: averages, crosses and orders over whole arrays, then statistics and trades.

Signals are moved to the next bar and filled at its open.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import vectorbt as vbt
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main

COLUMNS = {
    True: ("Status", "Entry Timestamp", "Size", "Avg Entry Price"),
    False: ("status", "entry_time", "size", "entry_price"),
}


def prepare(market: Market) -> tuple[pd.Series, pd.Series]:
    index = pd.to_datetime(market.time, unit="ms")
    return pd.Series(market.open, index=index), pd.Series(market.close, index=index)


def run(series: tuple[pd.Series, pd.Series], settings: Settings) -> Outcome:
    opening, close = series
    fast, slow = vbt.MA.run(close, settings.fast), vbt.MA.run(close, settings.slow)
    portfolio = vbt.Portfolio.from_signals(
        close,
        fast.ma_crossed_above(slow).vbt.fshift(1),
        fast.ma_crossed_below(slow).vbt.fshift(1),
        price=opening,
        size=SHARE,
        size_type="percent",
        fees=COMMISSION,
        init_cash=CASH,
        freq="1min",
    )
    stats = portfolio.stats()
    # `records_readable` boxes the time of every bar to name those of a few: ten times slower.
    readable = settings.engine == "readable"
    trades = portfolio.trades.records_readable if readable else timed_trades(portfolio)
    status, entry, size, price = COLUMNS[readable]
    closed = int((trades[status] == ("Closed" if readable else 1)).sum())

    def fills() -> Fills:
        first = trades.iloc[0]
        bar = int(np.searchsorted(close.index, first[entry]))
        return [(bar, float(first[size]), float(first[price]))]

    return Outcome(closed, float(stats["End Value"]), fills)


def timed_trades(portfolio: vbt.Portfolio) -> pd.DataFrame:
    """Return the trade records with the times of their bars."""
    trades, index = portfolio.trades.records, portfolio.wrapper.index
    for name in ("entry", "exit"):
        trades[f"{name}_time"] = index[trades[f"{name}_idx"]]
    return trades


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(prepare, run)
