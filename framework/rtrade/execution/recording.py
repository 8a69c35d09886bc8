"""From fills to a result: the ledger at every close, and the trades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import Bars, FloatArray
from rtrade.core.results import (
    REFUSALS,
    Cut,
    FillColumns,
    Fills,
    RunResult,
    Steps,
    TradeColumns,
    Trades,
)
from rtrade.execution import core
from rtrade.execution.deciding import Decider

__all__ = ["FillColumns", "equity_of", "ledger", "result_from_columns", "result_of", "trades_of"]

# Bars marked at a time, so that what is worked with stays in the processor's cache.
_BLOCK = 32768


def result_of(engine: str, bars: Bars, decider: Decider, start_cash: float) -> RunResult:
    """Return what came of a run after its last close; `start_cash` is what it began with."""
    return result_from_columns(
        engine,
        bars,
        start_cash,
        FillColumns.of(decider.fills),
        decider.refused,
        decider.capped,
        decider.account.halted_bar,
        decider.account.ruined_bar,
        decider.cuts,
    )


def result_from_columns(
    engine: str,
    bars: Bars,
    start_cash: float,
    columns: FillColumns,
    refused: Sequence[int],
    capped: int,
    halted_bar: int,
    ruined_bar: int,
    cuts: Sequence[Cut],
) -> RunResult:
    """Return what came of a run from its fills, entries and exits by turns.

    `refused` counts in the order of REFUSALS; `halted_bar` and `ruined_bar` are `core.NO` where
    trading went on.
    """
    # Numbers beyond the range of floats are told by what reads them.
    with np.errstate(all="ignore"):
        cash, position = ledger(columns, start_cash, len(bars))
        equity = equity_of(cash, position, bars.close)
        trades = trades_of(columns, bars)
    return RunResult(
        engine=engine,
        fills=Fills(columns, bars.time[columns.bar]),
        trades=Trades(bars.symbol, trades),
        cash=cash,
        position=position,
        equity=equity,
        refused={name: int(n) for name, n in zip(REFUSALS, refused, strict=True) if n},
        capped=int(capped),
        halted_at=None if halted_bar == core.NO else int(bars.time[halted_bar]),
        ruined_at=None if ruined_bar == core.NO else int(bars.time[ruined_bar]),
        cuts=tuple(cuts),
    )


def ledger(fills: FillColumns, cash: float, bars: int) -> tuple[Steps, Steps]:
    """Return cash and signed size over `bars` closes."""
    starts = np.concatenate(([0], fills.bar))
    # Booked one after the other as the core does it: the notional, and then the fee.
    booked = np.empty(2 * len(fills) + 1)
    booked[0] = cash
    booked[1::2] = -fills.direction * (fills.size * fills.price)
    booked[2::2] = -fills.fee
    sizes = np.zeros(len(starts))
    sizes[1::2] = (fills.direction * fills.size)[::2]
    return Steps(starts, np.add.accumulate(booked)[::2], bars), Steps(starts, sizes, bars)


def equity_of(cash: Steps, position: Steps, close: FloatArray) -> FloatArray:
    """Return `cash + position * close` at each close."""
    equity = np.empty(len(close))
    # Of several fills in one bar only the last lasts until its close, and counts here.
    places = np.searchsorted(cash.starts, np.arange(0, len(close) + _BLOCK, _BLOCK), side="right")
    for block, start in enumerate(range(0, len(close), _BLOCK)):
        stop = min(start + _BLOCK, len(close))
        here = slice(places[block] - 1, places[block + 1])
        edges = np.append(cash.starts[here], stop)
        lasting = np.diff(np.clip(edges, start, stop))
        part = np.multiply(
            np.repeat(position.values[here], lasting), close[start:stop], out=equity[start:stop]
        )
        part += np.repeat(cash.values[here], lasting)
    return equity


def trades_of(fills: FillColumns, bars: Bars) -> TradeColumns:
    """Pair entries with exits; an entry left over is a trade that is open at the last close."""
    closed, still_open = divmod(len(fills), 2)
    entries, exits = slice(0, None, 2), slice(1, None, 2)

    def ended(values: NDArray[Any], last: float) -> NDArray[Any]:
        """Return the values of exits, that of a trade that is open being `last`."""
        return np.append(values[exits], [last] * still_open) if still_open else values[exits]

    side, size, price = fills.direction[entries], fills.size[entries], fills.price[entries]
    fees = fills.fee[entries].copy()
    fees[:closed] += fills.fee[exits]
    last = bars.close[-1] if still_open else core.NAN
    # As `core.profit` has it.
    pnl = side * size * (ended(fills.price, last) - price) - fees
    return TradeColumns(
        side=side,
        size=size,
        entry_bar=fills.bar[entries],
        entry_time=bars.time[fills.bar[entries]],
        entry_price=price,
        entry_reason=fills.reason[entries],
        exit_bar=fills.bar[exits],
        exit_time=bars.time[fills.bar[exits]],
        exit_price=fills.price[exits],
        exit_reason=fills.reason[exits],
        pnl=pnl,
        return_=pnl / (size * price),
        fees=fees,
        bars=ended(fills.bar, len(bars) - 1) - fills.bar[entries],
    )
