"""From fills to a result: the ledger at every close, and the trades."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rtrade.core.bars import Bars, FloatArray
from rtrade.core.results import REFUSALS, Fill, RunResult, Trade
from rtrade.execution import core
from rtrade.execution.deciding import Decider


def result_of(engine: str, bars: Bars, decider: Decider, start_cash: float) -> RunResult:
    """Return what came of a run after its last close; `start_cash` is what it began with."""
    account = decider.account
    cash, position = ledger(decider.fills, start_cash, len(bars))
    halted, ruined = account.halted_bar, account.ruined_bar
    return RunResult(
        engine=engine,
        fills=tuple(decider.fills),
        trades=trades_of(decider.fills, bars),
        cash=cash,
        position=position,
        equity=cash + position * bars.close,
        refused={name: n for name, n in zip(REFUSALS, decider.refused, strict=True) if n},
        capped=decider.capped,
        halted_at=None if halted == core.NO else int(bars.time[halted]),
        ruined_at=None if ruined == core.NO else int(bars.time[ruined]),
        cuts=tuple(decider.cuts),
    )


def ledger(fills: Sequence[Fill], cash: float, bars: int) -> tuple[FloatArray, FloatArray]:
    """Return cash and signed size at each of `bars` closes."""
    position = 0.0
    starts, cashes, positions = [0], [cash], [position]
    for fill in fills:
        notional = fill.size * fill.price
        cash = (cash - notional if fill.direction > 0 else cash + notional) - fill.fee
        position = 0.0 if position else fill.direction * fill.size
        starts.append(fill.bar)
        cashes.append(cash)
        positions.append(position)
    # Of several fills in one bar only the last lasts until its close: the others repeat 0 times.
    lasting = [end - start for start, end in pairwise([*starts, bars])]
    return np.repeat(np.array(cashes), lasting), np.repeat(np.array(positions), lasting)


def trades_of(fills: Sequence[Fill], bars: Bars) -> tuple[Trade, ...]:
    """Pair entries with exits; an entry left over is a trade that is open at the last close."""
    trades = [
        _trade(bars.symbol, entry, last, last.price, entry.fee + last.fee, last.bar)
        for entry, last in zip(fills[::2], fills[1::2], strict=False)
    ]
    if len(fills) % 2:
        entry, end = fills[-1], len(bars) - 1
        trades.append(_trade(bars.symbol, entry, None, float(bars.close[end]), entry.fee, end))
    return tuple(trades)


def _trade(
    symbol: str, entry: Fill, last: Fill | None, price: float, fees: float, end: int
) -> Trade:
    pnl = core.profit(entry.direction, entry.size, entry.price, price, fees)
    return Trade(
        symbol=symbol,
        side="long" if entry.direction > 0 else "short",
        size=entry.size,
        entry_bar=entry.bar,
        entry_time=entry.time,
        entry_price=entry.price,
        entry_reason=entry.reason,
        exit_bar=None if last is None else last.bar,
        exit_time=None if last is None else last.time,
        exit_price=None if last is None else last.price,
        exit_reason=None if last is None else last.reason,
        pnl=pnl,
        return_=pnl / (entry.size * entry.price),
        fees=fees,
        bars=end - entry.bar,
    )
