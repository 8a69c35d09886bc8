"""bt: a target weight of 95 % or nothing, given on the bars after a cross."""

from __future__ import annotations

import warnings

import bt
import numpy as np
import pandas as pd
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main

# With a billion its search for the size that the cash pays for does not end: sizes are scaled back.
SCALE = 100_000.0


def prepare(market: Market) -> tuple[pd.DataFrame, pd.Series]:
    # bt has one price a bar: the open, at which orders fill; the averages are of closes.
    index = pd.to_datetime(market.time, unit="ms")
    return pd.DataFrame({"asset": market.open}, index=index), pd.Series(market.close, index=index)


def run(series: tuple[pd.DataFrame, pd.Series], settings: Settings) -> Outcome:
    prices, close = series
    above = close.rolling(settings.fast).mean() > close.rolling(settings.slow).mean()
    held = above.shift(1, fill_value=False)
    changes = held.ne(held.shift(1, fill_value=False))
    weights = pd.DataFrame({"asset": np.where(held, SHARE, 0.0)}, index=close.index)[changes]
    strategy = bt.Strategy("cross", [bt.algos.WeighTarget(weights), bt.algos.Rebalance()])
    test = bt.Backtest(
        strategy,
        prices,
        initial_capital=CASH / SCALE,
        commissions=lambda size, price: abs(size) * price * COMMISSION,
        integer_positions=False,
        progress_bar=False,
    )
    result = bt.run(test)
    found = result.get_transactions()

    def fills() -> Fills:
        first = found.iloc[0]
        bar = int(np.searchsorted(close.index, found.index[0][0]))
        return [(bar, SCALE * float(first["quantity"]), float(first["price"]))]

    return Outcome(len(found) // 2, SCALE * float(test.strategy.values.iloc[-1]), fills)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(prepare, run)
