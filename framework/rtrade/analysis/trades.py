"""Trades looked at closely: how far they ran, for and against, and how they group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.analysis.metrics import left_sum
from rtrade.core.bars import Bars, FloatArray, IntArray
from rtrade.core.results import BAR_EXITS

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, eq=False)
class TradeTable:
    """The trades of a result as columns; while open, `exit` is one past the last bar.

    `entry` and `exit` are bars of the run, `side` +1 or -1, `pnl` quote units, `gain` a fraction
    of the entry's notional. `inside` tells that a stop or target closed it within its bar.
    """

    entry: IntArray
    exit: IntArray
    side: IntArray
    entry_price: FloatArray
    exit_price: FloatArray
    pnl: FloatArray
    gain: FloatArray
    closed: IntArray
    entry_reason: tuple[str, ...]
    exit_reason: tuple[str | None, ...]
    symbol: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.entry)


def trade_table(trades: list[Mapping[str, Any]], bars: Bars) -> TradeTable:
    """Read the trades of a result document; times are looked up among the run's bars."""
    exits = [trade["exit_time"] for trade in trades]
    last = float(bars.close[-1]) if len(bars) else np.nan
    found = np.searchsorted(bars.time, _milliseconds([text or "1970-01-01" for text in exits]))
    closed = np.array([text is not None for text in exits], dtype=np.int64)
    prices = [last if t["exit_price"] is None else t["exit_price"] for t in trades]
    return TradeTable(
        entry=np.searchsorted(bars.time, _milliseconds([t["entry_time"] for t in trades])),
        exit=np.where(closed == 1, found, len(bars)).astype(np.int64),
        side=np.array([1 if t["side"] == "long" else -1 for t in trades], dtype=np.int64),
        entry_price=np.array([t["entry_price"] for t in trades], dtype=np.float64),
        exit_price=np.array(prices, dtype=np.float64),
        pnl=np.array([t["pnl"] for t in trades], dtype=np.float64),
        gain=np.array([t["return"] for t in trades], dtype=np.float64),
        closed=closed,
        entry_reason=tuple(t["entry_reason"] for t in trades),
        exit_reason=tuple(t["exit_reason"] for t in trades),
        symbol=tuple(t["symbol"] for t in trades),
    )


def excursions(trades: TradeTable, bars: Bars) -> tuple[FloatArray, FloatArray]:
    """Return how far each trade went against its entry price, and how far for it (MAE, MFE).

    Both are fractions of the entry price, at least 0. What a position surely saw counts: the
    whole range of its bars from the entry's on, and of the bar that it left in the open and the
    exit's price, since the order of things inside a bar is not known.
    """
    count = len(trades)
    against, for_ = np.zeros(count), np.zeros(count)
    for at in range(count):
        entry, leave = int(trades.entry[at]), int(trades.exit[at])
        low = high = float(trades.exit_price[at])
        if leave > entry:
            low = min(low, float(bars.low[entry:leave].min()))
            high = max(high, float(bars.high[entry:leave].max()))
        if leave < len(bars) and trades.exit_reason[at] in BAR_EXITS:
            low, high = min(low, float(bars.open[leave])), max(high, float(bars.open[leave]))
        price, side = float(trades.entry_price[at]), int(trades.side[at])
        worst, best = (low, high) if side > 0 else (high, low)
        against[at] = max(0.0, side * (price - worst) / price)
        for_[at] = max(0.0, side * (best - price) / price)
    return against, for_


@dataclass(frozen=True)
class Group:
    """Closed trades that have something in common; fractions, `pnl` in quote units."""

    name: str
    trades: int
    win_rate: float
    mean: float
    pnl: float
    profit_factor: float | None


def grouped(trades: TradeTable, bars: Bars) -> dict[str, tuple[Group, ...]]:
    """Return the closed trades by symbol, entry rule, exit, and weekday and hour of entry (UTC)."""
    hours = (bars.time[np.minimum(trades.entry, max(len(bars) - 1, 0))] // 3_600_000) % 24
    days = (bars.time[np.minimum(trades.entry, max(len(bars) - 1, 0))] // 86_400_000 + 3) % 7
    keys: dict[str, Callable[[int], tuple[int, str]]] = {
        "symbol": lambda at: (0, trades.symbol[at]),
        "entry rule": lambda at: (0, trades.entry_reason[at]),
        "exit": lambda at: (0, str(trades.exit_reason[at])),
        "weekday": lambda at: (int(days[at]), WEEKDAYS[int(days[at])]),
        "hour": lambda at: (int(hours[at]), f"{int(hours[at]):02d}:00"),
    }
    closed = np.flatnonzero(trades.closed).tolist()
    return {name: _groups(trades, closed, key) for name, key in keys.items()}


def _groups(
    trades: TradeTable, closed: Iterable[int], key: Callable[[int], tuple[int, str]]
) -> tuple[Group, ...]:
    members: dict[tuple[int, str], list[int]] = {}
    for at in closed:
        members.setdefault(key(at), []).append(at)
    return tuple(
        _group(name, trades, np.array(members[order, name])) for order, name in sorted(members)
    )


def _group(name: str, trades: TradeTable, at: IntArray) -> Group:
    pnl = trades.pnl[at]
    won, lost = left_sum(pnl[pnl > 0]), left_sum(pnl[~(pnl > 0)])
    return Group(
        name=name,
        trades=len(at),
        win_rate=int(np.count_nonzero(pnl > 0)) / len(at),
        mean=left_sum(trades.gain[at]) / len(at),
        pnl=left_sum(pnl),
        profit_factor=won / abs(lost) if lost else None,
    )


def _milliseconds(texts: list[str]) -> IntArray:
    moments = np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[ms]")
    return moments.astype(np.int64)
