"""The account of the reference model: its state, its ledger, its levels and its sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reference import sizes
from rtrade.config.definitions import Distance
from rtrade.core.bars import Bars
from rtrade.core.results import REFUSALS, Fill, Trade
from rtrade.execution.program import Program

LONG, SHORT = 1, -1
NAMES = {LONG: "long", SHORT: "short"}


@dataclass
class Position:
    """An open position with its levels; `atr` holds the frozen ATRs by period."""

    side: int
    size: float
    bar: int
    price: float
    fee: float
    reason: str
    atr: dict[int, float]
    stop: float | None = None
    trail: float | None = None
    target: float | None = None


class Account:
    """What is known at one moment of the walk, and the arithmetic of money."""

    def __init__(self, program: Program, bars: Bars) -> None:
        self.program = program
        self.risk = program.risk
        self.costs = program.costs
        self.symbol = bars.symbol
        self.time: list[int] = bars.time.tolist()
        self.open: list[float] = bars.open.tolist()
        self.high: list[float] = bars.high.tolist()
        self.low: list[float] = bars.low.tolist()
        self.close: list[float] = bars.close.tolist()
        self.cash = float(program.cash)
        self.position: Position | None = None
        self.decided_exit: str | None = None
        self.decided_entry: int | None = None
        self.peak = self.cash
        self.day_blocked = False
        self.last_exit_bar: int | None = None
        self.halted_bar: int | None = None
        self.ruined_bar: int | None = None
        self.capped = 0
        self.counts = dict.fromkeys(REFUSALS, 0)
        self.fills: list[Fill] = []
        self.trades: list[Trade] = []
        self.cash_at: list[float] = []
        self.position_at: list[float] = []
        self.equity_at: list[float] = []

    # Prices and levels.

    def worsened(self, i: int, price: float, direction: int) -> float:
        """Apply slippage: a buy pays more, a sale gets less, on any bar `i`."""
        slippage = self.costs.slippage
        return price * (1 + slippage) if direction > 0 else price * (1 - slippage)

    def frozen_atr(self, i: int) -> dict[int, float]:
        """Return the ATRs as they stood at the close before the entry bar `i`."""
        return {period: float(values[i - 1]) for period, values in self.program.atr.items()}

    def level(
        self, distance: Distance | None, start: float, way: int, atr: dict[int, float]
    ) -> float | None:
        """Return the level at its distance above (way 1) or below (way -1) the start price."""
        if distance is None:
            return None
        if distance.kind == "percent":
            return start * (1 + distance.value) if way > 0 else start * (1 - distance.value)
        width = distance.value * atr[distance.period]
        return start + width if way > 0 else start - width

    def factor(self, values: np.ndarray | None, i: int) -> float:
        return 1.0 if values is None else float(values[i])

    # The ledger.

    def book(
        self,
        i: int,
        direction: int,
        size: float,
        price: float,
        reference: float,
        rate: float,
        why: str,
    ) -> float:
        """Book one fill and return its commission."""
        notional = size * price
        fee = notional * rate
        self.cash = (self.cash - notional if direction > 0 else self.cash + notional) - fee
        self.fills.append(Fill(i, self.time[i], direction, size, price, reference, fee, why))
        return fee

    def leave(self, i: int, price: float, reference: float, rate: float, why: str) -> None:
        p = self.position
        assert p is not None
        fee = self.book(i, -p.side, p.size, price, reference, rate, why)
        self.trades.append(self.trade(p, price, p.fee + fee, i, why))
        self.position = None
        self.last_exit_bar = i

    def trade(self, p: Position, price: float, fees: float, bar: int, why: str | None) -> Trade:
        """Return the trade that ends at a price; without a reason it is marked, not ended."""
        pnl = p.side * (p.size * (price - p.price)) - fees
        ended = why is not None
        return Trade(
            symbol=self.symbol,
            side=NAMES[p.side],
            size=p.size,
            entry_bar=p.bar,
            entry_time=self.time[p.bar],
            entry_price=p.price,
            entry_reason=p.reason,
            exit_bar=bar if ended else None,
            exit_time=self.time[bar] if ended else None,
            exit_price=price if ended else None,
            exit_reason=why,
            pnl=pnl,
            return_=pnl / (p.size * p.price),
            fees=fees,
            bars=bar - p.bar,
        )

    # Sizes.

    def size(self, i: int, side: int, fill: float) -> tuple[float, bool, str | None]:
        """Return the size, whether cash cut it down, and a refusal found at the open."""
        if self.cash <= 0:
            return 0.0, False, "no_cash"
        amount, capped = self.amount(i, side, fill)
        size = self.whole_lots(amount, fill)
        minimum = self.program.filters.min_notional
        if size == 0 or (minimum is not None and self.minimum_value(i, size, fill) < minimum):
            return 0.0, False, "below_minimum"
        return size, capped, None

    def minimum_value(self, i: int, size: float, fill: float) -> float:
        return size * fill

    def amount(self, i: int, side: int, fill: float) -> tuple[float, bool]:
        """Return the amount before it is cut into lots, and whether cash cut it down."""
        price = fill * (1 + self.costs.taker)
        if self.program.sizing.kind == "risk":
            wanted, affordable = self.risk_amount(i, side, fill), self.cash / price
            return min(wanted, affordable), wanted > affordable
        budget = self.scaled(i, self.budget(i, fill))
        return min(budget, self.cash) / price, budget > self.cash

    def scaled(self, i: int, budget: float) -> float:
        """Multiply by the scale, then by the factor of the risk level."""
        scale = self.factor(self.program.scale, i - 1)
        return budget * scale * self.factor(self.program.risk_factor, i - 1)

    def budget(self, i: int, fill: float) -> float:
        sizing, equity = self.program.sizing, self.equity_at[i - 1]
        if sizing.kind == "equity":
            return sizing.value * equity
        if sizing.kind == "quote":
            return sizing.value
        if sizing.kind == "base":
            return sizing.value * fill * (1 + self.costs.taker)
        assert self.program.volatility is not None
        deviation = float(self.program.volatility[i - 1])
        share = sizes.volatility_share(sizing.value, deviation, self.program.bars_per_year)
        return equity * share

    def risk_amount(self, i: int, side: int, fill: float) -> float:
        """Return what loses the money at risk when stopped; endless where nothing is lost."""
        at_risk = self.scaled(i, self.program.sizing.value * self.equity_at[i - 1])
        loss = self.loss_per_unit(i, fill, self.first_stop(i, side, fill), side)
        if at_risk == 0:
            return 0.0
        return math.inf if loss == 0 else at_risk / loss

    def first_stop(self, i: int, side: int, fill: float) -> float:
        """Return the tighter of the levels that the stops start from."""
        atr = self.frozen_atr(i)
        forms = (self.risk.stop_loss, self.risk.trailing_stop)
        levels = [self.level(form, fill, -side, atr) for form in forms]
        known = [level for level in levels if level is not None]
        return max(known) if side == LONG else min(known)

    def loss_per_unit(self, i: int, fill: float, stop: float, side: int) -> float:
        return sizes.loss_per_unit(fill, self.worsened(i, stop, -side), self.costs.taker)

    def whole_lots(self, amount: float, fill: float) -> float:
        """Return the size in whole lots; a lot that would overdraw the ledger is taken off."""
        n, m, d = self.lots(amount)
        while self.cash_after(sizes.size_of(n, m, d), fill) < 0:
            n -= 1
        return sizes.size_of(n, m, d)

    def lots(self, amount: float) -> tuple[int, float, int]:
        return sizes.lots(amount, self.program.filters)

    def cash_after(self, size: float, fill: float) -> float:
        return sizes.buyers_cash(self.cash, size, fill, self.costs.taker)
