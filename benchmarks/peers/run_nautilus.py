"""nautilus_trader: a strategy on bars with its own averages; bars are made in advance.

A market order fills at the price of the bar that decided it: without data of a finer kind the
simulated venue knows no other. Reports on the account, fills and positions belong to the result.
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main

VENUE = Venue("BENCH")
PAIR = CurrencyPair(
    instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE),
    raw_symbol=Symbol("BTCUSDT"),
    base_currency=BTC,
    quote_currency=USDT,
    price_precision=2,
    size_precision=8,
    price_increment=Price(0.01, 2),
    size_increment=Quantity(1e-8, 8),
    ts_event=0,
    ts_init=0,
    maker_fee=Decimal(str(COMMISSION)),
    taker_fee=Decimal(str(COMMISSION)),
)
KIND = BarType.from_str(f"{PAIR.id}-1-MINUTE-LAST-EXTERNAL")


class CrossConfig(StrategyConfig, frozen=True):
    fast: int
    slow: int


class Cross(Strategy):
    """Long from a cross above to a cross below."""

    def __init__(self, config: CrossConfig) -> None:
        super().__init__(config)
        self.fast = SimpleMovingAverage(config.fast)
        self.slow = SimpleMovingAverage(config.slow)
        self.above = None

    def on_start(self) -> None:
        self.register_indicator_for_bars(KIND, self.fast)
        self.register_indicator_for_bars(KIND, self.slow)
        self.subscribe_bars(KIND)

    def on_bar(self, bar: Bar) -> None:
        if not self.slow.initialized:
            return
        before, self.above = self.above, self.fast.value > self.slow.value
        if before is None or before == self.above:
            return
        if self.above and self.portfolio.is_flat(PAIR.id):
            cash = float(self.portfolio.account(VENUE).balance_free(USDT))
            self.order(OrderSide.BUY, PAIR.make_qty(SHARE * cash / float(bar.close)))
        elif not self.above and self.portfolio.is_net_long(PAIR.id):
            self.close_all_positions(PAIR.id)

    def order(self, side: OrderSide, size: Quantity) -> None:
        self.submit_order(self.order_factory.market(PAIR.id, side, size))


def prepare(market: Market) -> list[Bar]:
    names = ("open", "high", "low", "close", "volume")
    columns = {name: getattr(market, name) for name in names}
    # nautilus stamps a bar at its close.
    index = pd.to_datetime(market.time + 60_000, unit="ms", utc=True)
    return BarDataWrangler(KIND, PAIR).process(pd.DataFrame(columns, index=index))


def run(bars: list[Bar], settings: Settings) -> Outcome:
    quiet = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True))
    engine = BacktestEngine(config=quiet)
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        base_currency=None,
        starting_balances=[Money(CASH, USDT), Money(0, BTC)],
    )
    engine.add_instrument(PAIR)
    engine.add_data(bars)
    engine.add_strategy(Cross(CrossConfig(fast=settings.fast, slow=settings.slow)))
    engine.run()
    engine.get_result()
    engine.trader.generate_account_report(VENUE)
    positions = engine.trader.generate_positions_report()
    orders = engine.trader.generate_order_fills_report()
    account = engine.portfolio.account(VENUE)
    held = float(account.balance_total(BTC))
    equity = float(account.balance_total(USDT)) + held * float(bars[-1].close)
    closed = int((positions["side"] == "FLAT").sum())
    engine.dispose()

    def fills() -> Fills:
        first = orders.sort_values("ts_last", kind="stable").iloc[0]
        stamp = int(pd.Timestamp(first["ts_last"]).value)
        bar = round((stamp - bars[0].ts_event) / 6e10)
        return [(bar, float(first["quantity"]), float(first["avg_px"]))]

    return Outcome(closed, equity, fills)


if __name__ == "__main__":
    main(prepare, run)
