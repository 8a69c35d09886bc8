"""freqtrade: its backtest of a strategy on candles in memory, and its statistics.

It asks an exchange for its markets at the start; here it is told of the one market instead.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import pandas as pd
from freqtrade.configuration import TimeRange
from freqtrade.data import history
from freqtrade.enums import RunMode
from freqtrade.optimize.backtesting import Backtesting
from freqtrade.optimize.optimize_reports import generate_backtest_stats
from freqtrade.resolvers import ExchangeResolver
from protocol import CASH, COMMISSION, SHARE, Fills, Market, Outcome, Settings, main

PAIR = "BTC/USDT"
STRATEGY = '''
from freqtrade.strategy import IStrategy


class Cross(IStrategy):
    """Long from a cross above to a cross below."""

    timeframe = "1m"
    minimal_roi = {{}}
    stoploss = -0.99
    startup_candle_count = 0
    process_only_new_candles = True

    def populate_indicators(self, frame, metadata):
        fast = frame["close"].rolling({fast}).mean()
        slow = frame["close"].rolling({slow}).mean()
        frame["up"] = (fast.shift(1) <= slow.shift(1)) & (fast > slow)
        frame["down"] = (fast.shift(1) >= slow.shift(1)) & (fast < slow)
        return frame

    def populate_entry_trend(self, frame, metadata):
        frame.loc[frame["up"], "enter_long"] = 1
        return frame

    def populate_exit_trend(self, frame, metadata):
        frame.loc[frame["down"], "exit_long"] = 1
        return frame
'''
MARKET = {
    "id": "BTCUSDT",
    "symbol": PAIR,
    "base": "BTC",
    "quote": "USDT",
    "spot": True,
    "type": "spot",
    "active": True,
    "swap": False,
    "future": False,
    "option": False,
    "contract": False,
    "linear": None,
    "precision": {"amount": 1e-8, "price": 0.01},
    "limits": {
        name: {"min": None, "max": None} for name in ("amount", "price", "cost", "leverage")
    },
    "taker": COMMISSION,
    "maker": COMMISSION,
    "info": {},
}


def config_of(folder: Path) -> dict:
    price = {"price_side": "same", "use_order_book": False, "price_last_balance": 0.0}
    return {
        "runmode": RunMode.OTHER,
        "dry_run": True,
        "dry_run_wallet": CASH,
        "stake_currency": "USDT",
        "stake_amount": "unlimited",
        "tradable_balance_ratio": SHARE,
        "max_open_trades": 1,
        "amount_reserve_percent": 0.0,
        "fee": COMMISSION,
        "timeframe": "1m",
        "exchange": {
            "name": "binance",
            "pair_whitelist": [PAIR],
            "pair_blacklist": [],
            "enable_ws": False,
        },
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": price,
        "exit_pricing": price,
        "strategy": "Cross",
        "strategy_path": str(folder),
        "user_data_dir": folder,
        "datadir": folder,
        "dataformat_ohlcv": "feather",
        "dataformat_trades": "feather",
        "export": "none",
    }


def prepare(market: Market) -> pd.DataFrame:
    names = ("open", "high", "low", "close", "volume")
    columns = {name: getattr(market, name) for name in names}
    return pd.DataFrame({"date": pd.to_datetime(market.time, unit="ms", utc=True), **columns})


def run(frame: pd.DataFrame, settings: Settings) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = STRATEGY.format(fast=settings.fast, slow=settings.slow)
        (folder / "cross.py").write_text(text)
        config = config_of(folder)
        exchange = ExchangeResolver.load_exchange(config, validate=False)
        exchange._markets = {PAIR: MARKET}
        exchange._api.set_markets(exchange._markets)
        test = Backtesting(config, exchange)
        data = {PAIR: frame}
        low, high = history.get_timerange(data)
        test.backtest_one_strategy(test.strategylist[0], data, TimeRange())
        stats = generate_backtest_stats(data, test.all_bt_content, min_date=low, max_date=high)
        found = stats["strategy"]["Cross"]

    def fills() -> Fills:
        first = found["trades"][0]
        bar = round((pd.Timestamp(first["open_date"]) - frame["date"].iloc[0]).total_seconds() / 60)
        return [(bar, first["amount"], first["open_rate"])]

    return Outcome(found["total_trades"], found["final_balance"], fills)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main(prepare, run)
