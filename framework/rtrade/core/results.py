"""What an engine makes of a plan: fills, trades, equity, and what it refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from rtrade.core.bars import FloatArray

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


@dataclass(frozen=True)
class Fill:
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


@dataclass(frozen=True)
class Trade:
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
class RunResult:
    """The outcome of a run; arrays have one value per bar of the run, taken at its close.

    `cash` is the ledger (it holds a short's proceeds), `position` the signed size, `equity`
    `cash + position * close`. `halted_at` / `ruined_at`: open time (ms) of the bar at whose close
    max_drawdown or ruin ended trading. `capped`: entries cut down to the cash at hand. `cuts` are
    all that made entries smaller, in order.
    """

    engine: str
    fills: tuple[Fill, ...]
    trades: tuple[Trade, ...]
    cash: FloatArray
    position: FloatArray
    equity: FloatArray
    refused: dict[str, int] = field(default_factory=dict)
    capped: int = 0
    halted_at: int | None = None
    ruined_at: int | None = None
    cuts: tuple[Cut, ...] = ()
