"""Buy and hold under the strategy's own costs and lots."""

from __future__ import annotations

import numpy as np

from rtrade.config.definitions import CostsDef
from rtrade.core.bars import Bars, Filters, FloatArray
from rtrade.execution import core


def benchmark_size(bars: Bars, cash: float, costs: CostsDef, filters: Filters) -> float:
    """Return the units that all `cash` buys at the open of the first bar, in whole lots.

    0.0 without bars, and where the cash does not buy the least amount. The arithmetic is that
    of an entry sized `equity: 100%`.
    """
    if not len(bars):
        return 0.0
    fill = core.slipped(float(bars.open[0]), 1, costs.slippage)
    units, _ = core.amount(
        core.EQUITY, 1.0, cash, cash, 1, fill, costs.taker, core.NAN, costs.slippage,
        core.NAN, 1.0, 1.0,
    )  # fmt: skip
    multiple, digits = filters.lot_step()
    size = core.lots(units, multiple, 10**digits, cash, fill, costs.taker)
    refused = core.size_refusal(cash, size, fill, filters.min_notional or 0.0)
    return size if refused == core.NO else 0.0


def bought(bars: Bars, cash: float, costs: CostsDef, filters: Filters) -> tuple[float, float]:
    """Return what is left of the cash after buying at the open of the first bar, and the size.

    All of it and 0.0 where it does not buy the least amount, and without bars.
    """
    size = benchmark_size(bars, cash, costs, filters)
    if size == 0.0:
        return cash, 0.0
    fill = core.slipped(float(bars.open[0]), 1, costs.slippage)
    return core.booked(cash, 1, size, fill, costs.taker), size


def benchmark_equity(bars: Bars, cash: float, costs: CostsDef, filters: Filters) -> FloatArray:
    """Return what buy and hold is worth at each close (quote units, one value per bar).

    Bought at the open of the first bar, marked at closes, never sold; the cash alone where it
    does not buy the least amount.
    """
    left, size = bought(bars, cash, costs, filters)
    if size == 0.0:
        return np.full(len(bars), cash, dtype=np.float64)
    return np.asarray(left + size * bars.close, dtype=np.float64)
