"""What an engine makes of a plan: fills, trades, equity, and what it refused."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Generic, NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from rtrade.core.bars import FloatArray, IntArray

# The closed list, in the order in which the first that holds is counted.
REFUSALS = (
    "in_position",
    "conflict",
    "exiting",
    "ruin",
    "max_drawdown",
    "daily_loss",
    "cooldown",
    "warming_up",
    "risk_veto",
    "no_cash",
    "below_minimum",
)
ENTRY_REASONS = ("enter_long", "enter_short")
# At one close the first that holds names the exit.
CLOSE_EXITS = ("ruin", "max_drawdown", "rule", "time_exit")
BAR_EXITS = ("stop_loss", "trailing_stop", "take_profit")
# Why a fill was made, as columns of fills count them.
REASONS = ENTRY_REASONS + CLOSE_EXITS + BAR_EXITS

CodeArray = NDArray[np.int8]
Row = TypeVar("Row")


class Fill(NamedTuple):
    """One execution. `bar` counts from the run's first bar; `time` is that bar's open (ms).

    `direction` is +1 for a buy, -1 for a sale; `reference` is the price before slippage;
    `fee` the commission in quote units; `reason` an entry or exit reason.
    """

    bar: int
    time: int
    direction: int
    size: float
    price: float
    reference: float
    fee: float
    reason: str


class Trade(NamedTuple):
    """A position from entry to exit; of one still open at the end, the exit fields are None.

    `pnl` (quote units) and `return_` (pnl over entry notional) are net of commissions; an open
    trade is marked at the last close with the entry commission only. `bars` = exit bar - entry bar.
    """

    symbol: str
    side: str
    size: float
    entry_bar: int
    entry_time: int
    entry_price: float
    entry_reason: str
    exit_bar: int | None
    exit_time: int | None
    exit_price: float | None
    exit_reason: str | None
    pnl: float
    return_: float
    fees: float
    bars: int


@dataclass(frozen=True)
class Cut:
    """What made an entry smaller, decided at the close of `bar` (counted from the run's first).

    `by` is `scale_by`, `risk_levels` or `cash`; `before` and `after` are base units before lots. A
    veto leaves 0, of what the close's price would have given.
    """

    bar: int
    by: str
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class FillColumns:
    """The fills of a run, in order, entries and exits by turns: one value per fill.

    `reason` is an index in REASONS, all else as in `Fill`; `bar` is int64, the codes int8.
    """

    bar: IntArray
    direction: CodeArray
    size: FloatArray
    price: FloatArray
    reference: FloatArray
    fee: FloatArray
    reason: CodeArray

    def __len__(self) -> int:
        return len(self.bar)

    @classmethod
    def of(cls, fills: Sequence[Fill]) -> FillColumns:
        """Return fills as columns."""
        if isinstance(fills, Fills):
            return fills.columns
        columns = zip(*fills, strict=True) if fills else repeat((), len(Fill._fields))
        bar, _, direction, size, price, reference, fee, reason = columns
        return cls(
            bar=np.array(bar, dtype=np.int64),
            direction=np.array(direction, dtype=np.int8),
            size=np.array(size, dtype=np.float64),
            price=np.array(price, dtype=np.float64),
            reference=np.array(reference, dtype=np.float64),
            fee=np.array(fee, dtype=np.float64),
            reason=np.fromiter(map(REASONS.index, reason), dtype=np.int8, count=len(reason)),
        )


@dataclass(frozen=True, eq=False)
class TradeColumns:
    """The trades of a run, in order; one that is open at the end is the last.

    One value per trade, as in `Trade`, but that `exit_*` has values of the closed ones only;
    `side` is +1 or -1, reasons are indices in REASONS.
    """

    side: CodeArray
    size: FloatArray
    entry_bar: IntArray
    entry_time: IntArray
    entry_price: FloatArray
    entry_reason: CodeArray
    exit_bar: IntArray
    exit_time: IntArray
    exit_price: FloatArray
    exit_reason: CodeArray
    pnl: FloatArray
    return_: FloatArray
    fees: FloatArray
    bars: IntArray

    @property
    def closed(self) -> int:
        """How many trades are closed: the first so many."""
        return len(self.exit_bar)


class Rows(Sequence[Row], Generic[Row]):
    """Rows that are kept as columns, and made when one is looked at; equal to a tuple of them."""

    _rows: tuple[Row, ...] | None = None

    @abstractmethod
    def _made(self) -> tuple[Row, ...]:
        """Make all rows."""

    def _all(self) -> tuple[Row, ...]:
        if self._rows is None:
            self._rows = self._made()
        return self._rows

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, at: int | slice) -> Row | tuple[Row, ...]:
        return self._all()[at]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Rows):
            return self._all() == other._all()
        return self._all() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class Fills(Rows[Fill]):
    """The fills of a run; `time` is the open (ms) of the bar of each."""

    def __init__(self, columns: FillColumns, time: IntArray) -> None:
        self.columns = columns
        self.time = time

    def __len__(self) -> int:
        return len(self.columns)

    def _made(self) -> tuple[Fill, ...]:
        found = self.columns
        columns = (
            found.bar.tolist(),
            self.time.tolist(),
            found.direction.tolist(),
            found.size.tolist(),
            found.price.tolist(),
            found.reference.tolist(),
            found.fee.tolist(),
            _named(found.reason),
        )
        return _rows_of(Fill, columns)


class Trades(Rows[Trade]):
    """The trades of a run in one symbol."""

    def __init__(self, symbol: str, columns: TradeColumns) -> None:
        self.symbol = symbol
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns.side)

    def _made(self) -> tuple[Trade, ...]:
        found = self.columns
        still_open = [None] * (len(self) - found.closed)
        columns: tuple[Any, ...] = (
            repeat(self.symbol, len(self)),
            ["long" if side > 0 else "short" for side in found.side.tolist()],
            found.size.tolist(),
            found.entry_bar.tolist(),
            found.entry_time.tolist(),
            found.entry_price.tolist(),
            _named(found.entry_reason),
            found.exit_bar.tolist() + still_open,
            found.exit_time.tolist() + still_open,
            found.exit_price.tolist() + still_open,
            _named(found.exit_reason) + still_open,
            found.pnl.tolist(),
            found.return_.tolist(),
            found.fees.tolist(),
            found.bars.tolist(),
        )
        return _rows_of(Trade, columns)


def _named(reasons: CodeArray) -> list[Any]:
    named: list[Any] = np.array(REASONS, dtype=object)[reasons].tolist()
    return named


def _rows_of(kind: type[Row], columns: Sequence[Iterable[Any]]) -> tuple[Row, ...]:
    # What `_make` of a named tuple does, but for a call in Python for each row.
    made: Any = map(tuple.__new__, repeat(kind), zip(*columns, strict=True))
    return tuple(made)


@dataclass(frozen=True, eq=False)
class Steps:
    """Values that last: `values[i]` from bar `starts[i]` to the next start, of `bars` bars in all.

    `starts` ascends from 0 (int64); of several at one bar the last counts.
    """

    starts: IntArray
    values: FloatArray
    bars: int

    def __len__(self) -> int:
        return self.bars

    def lasting(self, first: int = 0, stop: int | None = None) -> IntArray:
        """Return how many of the bars `first:stop` each value lasts for."""
        edges = np.append(self.starts, self.bars)
        lasting: IntArray = np.diff(np.clip(edges, first, self.bars if stop is None else stop))
        return lasting

    def expanded(self) -> FloatArray:
        """Return the value at each bar."""
        return np.repeat(self.values, self.lasting())


class _PerBar:
    """A field with a value per bar, which may be given as steps; they are expanded when read."""

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, result: RunResult | None, _: type) -> FloatArray:
        if result is None:
            # The field has no default.
            raise AttributeError(self._name)
        value: FloatArray | Steps = vars(result)[self._name]
        if isinstance(value, Steps):
            value = vars(result)[self._name] = value.expanded()
        return value

    def __set__(self, result: RunResult, value: FloatArray | Steps) -> None:
        vars(result)[self._name] = value


@dataclass(frozen=True, eq=False)
class RunResult:
    """The outcome of a run; arrays have one value per bar of the run, taken at its close.

    `cash` is the ledger (it holds a short's proceeds), `position` the signed size, `equity`
    `cash + position * close`; where the first two are given as steps, they become arrays when
    read. `halted_at` / `ruined_at`: open time (ms) of the bar at whose close max_drawdown or ruin
    ended trading. `capped`: entries cut down to the cash at hand. `cuts` are all that made entries
    smaller, in order.
    """

    engine: str
    fills: Sequence[Fill]
    trades: Sequence[Trade]
    cash: _PerBar = _PerBar()
    position: _PerBar = _PerBar()
    equity: _PerBar = _PerBar()
    refused: dict[str, int] = field(default_factory=dict)
    capped: int = 0
    halted_at: int | None = None
    ruined_at: int | None = None
    cuts: tuple[Cut, ...] = ()

    @property
    def closes(self) -> int:
        """How many closes there is a position for."""
        return len(vars(self)["position"])

    def held(self) -> int:
        """Return at how many closes there is a position."""
        position: FloatArray | Steps = vars(self)["position"]
        if isinstance(position, Steps):
            return int(position.lasting()[position.values != 0].sum())
        return int(np.count_nonzero(position))
