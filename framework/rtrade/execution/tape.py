"""The bars of a run and the arrays of a program as what scalar code reads fast: machine arrays."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.core.bars import Bars, BoolArray, FloatArray, IntArray
from rtrade.core.errors import EngineFault
from rtrade.core.limits import LEAST_PRICE, MOST_MONEY, MOST_PRICE, wrong_lot
from rtrade.core.timeframes import DAY, iso
from rtrade.execution.program import Program

_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Tape:
    """Bars as machine arrays; `low` and `high` span the open too, `day` is the UTC day number.

    `time` is the bars' own, as it is read at fills only.
    """

    time: Sequence[int]
    day: array[int]
    open: array[float]
    low: array[float]
    high: array[float]
    close: array[float]

    def __len__(self) -> int:
        return len(self.time)


def tape_of(bars: Bars) -> Tape:
    """Return `bars` as machine arrays; raise EngineFault where a price is none that a run takes."""
    check_prices(bars)
    return Tape(
        time=np.ascontiguousarray(bars.time).data,
        day=_machine("i", bars.time // DAY),
        open=machine_floats(bars.open),
        low=machine_floats(np.minimum(bars.low, bars.open)),
        high=machine_floats(np.maximum(bars.high, bars.open)),
        close=machine_floats(bars.close),
    )


def check_prices(bars: Bars) -> None:
    """Raise EngineFault where a price is none that a run takes, naming the first such bar."""
    for name in _PRICES:
        prices = getattr(bars, name)
        if len(prices) != len(bars):
            raise EngineFault(f"the bars of {bars.symbol} have not one `{name}` each")
        # NaN is below and above nothing: the least and the greatest tell of all.
        if not len(prices) or (prices.min() >= LEAST_PRICE and prices.max() <= MOST_PRICE):
            continue
        at = int(np.flatnonzero(~((prices >= LEAST_PRICE) & (prices <= MOST_PRICE)))[0])
        when = iso(int(bars.time[at]))
        raise EngineFault(f"the bars of {bars.symbol} have a bad `{name}` at {when}: {prices[at]}")


def machine_floats(values: FloatArray) -> array[float]:
    """Return the values as an array of C doubles."""
    return _machine("d", values)


def _machine(code: str, values: FloatArray | IntArray) -> array[Any]:
    """Return the values as a machine array of type `code`."""
    out = array(code)
    # A view of the values, so that they are copied but once.
    out.frombytes(np.ascontiguousarray(values, dtype=code).data.cast("B"))
    return out


def flags(values: BoolArray) -> bytes:
    """Return truth values as bytes, one for each bar."""
    return np.ascontiguousarray(values, dtype=np.bool_).tobytes()


def check_lengths(program: Program, bars: int) -> None:
    """Raise EngineFault where an array of the program has not one value for each bar."""
    arrays = {
        "enter_long": program.enter_long,
        "exit_long": program.exit_long,
        "enter_short": program.enter_short,
        "exit_short": program.exit_short,
        "volatility": program.volatility,
        "scale": program.scale,
        "risk_factor": program.risk_factor,
        **{f"atr({period})": values for period, values in program.atr.items()},
    }
    for name, values in arrays.items():
        if values is not None and len(values) != bars:
            raise EngineFault(f"`{name}` has {len(values)} values for {bars} bars")


def check_numbers(program: Program) -> None:
    """Raise EngineFault where an amount or the lot of the program is none that a run takes."""
    sizing, lot = program.sizing, program.filters.lot
    for name, value in (("cash", program.cash), (f"sizing.{sizing.kind}", sizing.value)):
        if not 0.0 < value <= MOST_MONEY:
            raise EngineFault(f"`{name}` is {value}: a run takes amounts up to {MOST_MONEY:g}")
    if (problem := wrong_lot(lot)) is not None:
        raise EngineFault(f"the lot {lot} {problem}")
