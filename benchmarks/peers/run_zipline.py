"""zipline-reloaded: minute bars in a bundle of a calendar without holidays, which is made before.

Its store of minutes keeps prices as whole thousandths of at most 32 bits, and volumes likewise;
sizes are whole shares.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections import deque
from pathlib import Path

import numpy as np
import pandas as pd
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main
from zipline import run_algorithm
from zipline.api import order, set_commission, set_slippage, symbol
from zipline.data.bundles import ingest, register
from zipline.finance.commission import PerDollar
from zipline.finance.slippage import FixedSlippage
from zipline.utils.calendar_utils import get_calendar

DAY = 1440
ROOT = Path(tempfile.mkdtemp())
os.environ["ZIPLINE_ROOT"] = str(ROOT)


def prepare(market: Market) -> tuple[str, pd.Timestamp, pd.Timestamp]:
    """Write the whole days of these bars as a bundle."""
    days = max(len(market.time) // DAY, 1)
    count = min(days * DAY, len(market.time))
    # A minute is known by its end.
    index = pd.to_datetime(market.time[:count], unit="ms", utc=True) + pd.Timedelta(minutes=1)
    names = ("open", "high", "low", "close")
    columns = {name: np.round(getattr(market, name)[:count], 2) for name in names}
    frame = pd.DataFrame({**columns, "volume": 1_000_000_000}, index=index)
    first, last = (index[at].tz_localize(None).normalize() for at in (0, -2))
    bundle = f"bench{count}"

    def write(_environ, assets, minutes, daily, adjustments, _calendar, *_rest) -> None:
        facts = {"symbol": "BTC", "start_date": first, "end_date": last, "exchange": "24/7"}
        assets.write(equities=pd.DataFrame([facts]))
        minutes.write([(0, frame)])
        rows = frame.resample("1D", closed="right", label="left").agg(
            {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        )
        daily.write([(0, rows.tz_localize(None))])
        adjustments.write()

    register(bundle, write, calendar_name="24/7", minutes_per_day=DAY,
             start_session=first, end_session=last)  # fmt: skip
    ingest(bundle, show_progress=False)
    return bundle, first, last


class Cross:
    """Long from a cross above to a cross below; the averages are kept up bar by bar."""

    def __init__(self, settings: Settings) -> None:
        self.fast, self.slow = settings.fast, settings.slow
        self.closes: deque[float] = deque(maxlen=settings.slow)
        self.before = None

    def initialize(self, context) -> None:
        context.asset = symbol("BTC")
        set_commission(PerDollar(COMMISSION))
        set_slippage(FixedSlippage(spread=0.0))

    def handle_data(self, context, data) -> None:
        price = data.current(context.asset, "price")
        self.closes.append(price)
        if len(self.closes) < self.slow:
            return
        closes = np.array(self.closes)
        above = closes[-self.fast :].mean() - closes.mean()
        before, self.before = self.before, above
        if before is None:
            return
        held = context.portfolio.positions[context.asset].amount
        if not held and before <= 0 < above:
            order(context.asset, int(SHARE * context.portfolio.cash / price))
        elif held and before >= 0 > above:
            order(context.asset, -held)


def run(ready: tuple[str, pd.Timestamp, pd.Timestamp], settings: Settings) -> Outcome:
    bundle, first, last = ready
    cross = Cross(settings)
    found = run_algorithm(
        start=first, end=last, initialize=cross.initialize, handle_data=cross.handle_data,
        capital_base=CASH, data_frequency="minute", bundle=bundle,
        trading_calendar=get_calendar("24/7"),
        benchmark_returns=pd.Series(0.0, index=pd.date_range(first, last, tz="UTC")),
    )  # fmt: skip
    bought = [one for day in found["transactions"] for one in day]

    def fills() -> Fills:
        one = bought[0]
        bar = round((one["dt"] - first.tz_localize("UTC")).total_seconds() / 60)
        return [(bar, float(one["amount"]), float(one["price"]))]

    return Outcome(len(bought) // 2, float(found["portfolio_value"].iloc[-1]), fills)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    try:
        main(prepare, run)
    finally:
        shutil.rmtree(ROOT)
