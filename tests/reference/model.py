"""What must happen, bar by bar, in plain floats: slow, and meant to be read beside the rules.

It shares the types of `execution.program` and `core.results` with the engines, and no code.
Every rule is a method of its own, so that the tests can break one rule at a time.
"""

from __future__ import annotations

import math

import numpy as np

from reference.account import LONG, NAMES, SHORT, Account, Position
from rtrade.core.bars import Bars
from rtrade.core.results import REFUSALS, RunResult
from rtrade.core.timeframes import DAY
from rtrade.execution.program import Program


def run(program: Program, bars: Bars) -> RunResult:
    """Run the program over the bars."""
    return Reference(program, bars).run()


class Reference(Account):
    """One run; the state is what is known at the moment of the walk."""

    # Below this deviation per bar, volatility counts as 0.
    still = 1e-12

    def run(self) -> RunResult:
        for i in range(len(self.time)):
            self.market_exit(i)
            self.market_entry(i)
            self.protective_levels(i)
            self.move_trail(i)
            self.mark(i)
            self.account_rules(i)
            self.decide(i)
        self.record_open_trade()
        return RunResult(
            engine="reference",
            fills=tuple(self.fills),
            trades=tuple(self.trades),
            cash=np.array(self.cash_at, dtype=np.float64),
            position=np.array(self.position_at, dtype=np.float64),
            equity=np.array(self.equity_at, dtype=np.float64),
            refused={name: count for name, count in self.counts.items() if count},
            capped=self.capped,
            halted_at=None if self.halted_bar is None else self.time[self.halted_bar],
            ruined_at=None if self.ruined_bar is None else self.time[self.ruined_bar],
        )

    # 1. Market orders at the open.

    def market_exit(self, i: int) -> None:
        if self.position is not None and self.decided_exit is not None:
            price = self.worsened(i, self.open[i], -self.position.side)
            self.leave(i, price, self.open[i], self.costs.taker, self.decided_exit)
        self.decided_exit = None

    def market_entry(self, i: int) -> None:
        side, self.decided_entry = self.decided_entry, None
        if side is None:
            return
        fill = self.worsened(i, self.open[i], side)
        size, capped, refusal = self.size(i, side, fill)
        if refusal is not None:
            self.counts[refusal] += 1
            return
        self.capped += capped
        fee = self.book(i, side, size, fill, self.open[i], self.costs.taker, f"enter_{NAMES[side]}")
        atr = self.frozen_atr(i)
        self.position = Position(side, size, i, fill, fee, f"enter_{NAMES[side]}", atr)
        self.position.stop = self.level(self.risk.stop_loss, fill, -side, atr)
        self.position.trail = self.level(self.risk.trailing_stop, fill, -side, atr)
        self.position.target = self.level(self.risk.take_profit, fill, side, atr)

    # 2. Protective levels.

    def stop_level(self, p: Position) -> tuple[float, str] | None:
        """Return the tighter of stop_loss and trailing_stop, and its name."""
        if p.stop is None and p.trail is None:
            return None
        if p.trail is None or (
            p.stop is not None and self.fixed_stop_leads(p.side, p.stop, p.trail)
        ):
            assert p.stop is not None
            return p.stop, "stop_loss"
        return p.trail, "trailing_stop"

    def fixed_stop_leads(self, side: int, stop: float, trail: float) -> bool:
        """Tell whether stop_loss is the tighter one; a tie is its own."""
        return stop >= trail if side == LONG else stop <= trail

    def reached(self, price: float, level: float, way: int) -> bool:
        """Tell whether a price is at a level or beyond it, above (way 1) or below (way -1)."""
        if level <= 0:
            return False
        return price >= level if way > 0 else price <= level

    def protective_levels(self, i: int) -> None:
        p = self.position
        if p is None:
            return
        stop = self.stop_level(p)
        if self.target_at_open(i, p):
            self.leave(i, self.open[i], self.open[i], self.costs.maker, "take_profit")
        elif stop is not None and self.reached(self.open[i], stop[0], -p.side):
            self.stopped(i, self.open[i], stop[1])
        elif stop is not None and self.reached(self.worst(i, p.side), stop[0], -p.side):
            self.stopped(i, stop[0], stop[1])
        elif p.target is not None and self.reached(self.best(i, p.side), p.target, p.side):
            self.leave(i, p.target, p.target, self.costs.maker, "take_profit")

    def target_at_open(self, i: int, p: Position) -> bool:
        return p.target is not None and self.reached(self.open[i], p.target, p.side)

    def stopped(self, i: int, reference: float, reason: str) -> None:
        assert self.position is not None
        price = self.worsened(i, reference, -self.position.side)
        self.leave(i, price, reference, self.costs.taker, reason)

    def worst(self, i: int, side: int) -> float:
        return self.low[i] if side == LONG else self.high[i]

    def best(self, i: int, side: int) -> float:
        return self.high[i] if side == LONG else self.low[i]

    # 3. The trail, 4. equity, 5. account rules.

    def move_trail(self, i: int) -> None:
        p = self.position
        if p is None or p.trail is None:
            return
        moved = self.level(self.risk.trailing_stop, self.trail_price(i, p.side), -p.side, p.atr)
        assert moved is not None
        p.trail = max(p.trail, moved) if p.side == LONG else min(p.trail, moved)

    def trail_price(self, i: int, side: int) -> float:
        """Return the price that the trail follows: the close, on either side."""
        return self.close[i]

    def mark(self, i: int) -> None:
        q = 0.0 if self.position is None else self.position.side * self.position.size
        self.cash_at.append(self.cash)
        self.position_at.append(q)
        self.equity_at.append(self.cash + q * self.close[i])

    def account_rules(self, i: int) -> None:
        equity = self.equity_at[i]
        self.peak = max(self.peak, equity)
        if self.ruined_bar is None and equity <= 0:
            self.ruined_bar = i
        limit = self.risk.max_drawdown
        if self.halted_bar is None and limit is not None and self.at_most(equity, self.peak, limit):
            self.halted_bar = i
        self.daily_loss(i, equity)

    def at_most(self, equity: float, base: float, limit: float) -> bool:
        """Tell whether equity has lost the limit, or more, against its base."""
        return equity <= base * (1 - limit)

    def daily_loss(self, i: int, equity: float) -> None:
        limit = self.risk.daily_loss
        if limit is None:
            return
        if i > 0 and self.time[i] // DAY != self.time[i - 1] // DAY:
            self.day_blocked = False
        if self.at_most(equity, self.day_reference(i), limit):
            self.day_blocked = True

    def day_reference(self, i: int) -> float:
        """Return equity at the last close of an earlier UTC day; before that, starting cash."""
        today = self.time[i] // DAY
        earlier = (k for k in reversed(range(i)) if self.time[k] // DAY < today)
        last = next(earlier, None)
        return float(self.program.cash) if last is None else self.equity_at[last]

    # 6. The decision.

    def decide(self, i: int) -> None:
        if i == len(self.time) - 1:
            return
        self.decided_exit = self.exit_at_close(i)
        wanted = [side for side in (LONG, SHORT) if self.rule("enter", side, i)]
        if not wanted:
            return
        p = self.position
        if p is not None and self.stays() and wanted == [p.side]:
            return
        holds = self.refusals(i, wanted)
        first = next((name for name in REFUSALS if holds.get(name)), None)
        if first is None:
            self.decided_entry = wanted[0]
        else:
            self.counts[first] += 1

    def rule(self, what: str, side: int, i: int) -> bool:
        return bool(getattr(self.program, f"{what}_{NAMES[side]}")[i])

    def stays(self) -> bool:
        return self.position is not None and self.decided_exit is None

    def exit_at_close(self, i: int) -> str | None:
        p = self.position
        if p is None:
            return None
        n = self.risk.time_exit
        holds = {
            "ruin": self.ruined_bar is not None,
            "max_drawdown": self.halted_bar is not None,
            "rule": self.rule("exit", p.side, i),
            "time_exit": n is not None and self.bars_held(i, p) >= n,
        }
        return next((reason for reason, held in holds.items() if held), None)

    def bars_held(self, i: int, p: Position) -> int:
        """Count the position's bars, the entry bar being the first."""
        return i - p.bar + 1

    def refusals(self, i: int, wanted: list[int]) -> dict[str, bool]:
        """Tell which refusals hold at this close for the wanted entries."""
        p, leaves = self.position, self.decided_exit is not None
        return {
            "in_position": self.stays(),
            "conflict": len(wanted) == 2,
            "exiting": any(
                self.rule("exit", side, i) or (leaves and p is not None and p.side == side)
                for side in wanted
            ),
            "ruin": self.ruined_bar is not None,
            "max_drawdown": self.halted_bar is not None,
            "daily_loss": self.day_blocked,
            "cooldown": self.cooling(i, leaves=leaves),
            "warming_up": self.warming_up(i),
            "risk_veto": self.factor(self.program.risk_factor, i) == 0,
        }

    def cooling(self, i: int, *, leaves: bool) -> bool:
        """Tell whether the close is one of j .. j+N-1, or itself decides an exit."""
        n = self.risk.cooldown
        if n is None:
            return False
        return leaves or (self.last_exit_bar is not None and i <= self.last_exit_bar + n - 1)

    def warming_up(self, i: int) -> bool:
        forms = (self.risk.stop_loss, self.risk.take_profit, self.risk.trailing_stop)
        needed = [self.program.atr[d.period][i] for d in forms if d is not None and d.kind == "atr"]
        needed += [self.factor(self.program.scale, i), self.factor(self.program.risk_factor, i)]
        if self.program.sizing.kind == "volatility":
            assert self.program.volatility is not None
            deviation = float(self.program.volatility[i])
            needed.append(deviation if deviation >= self.still else math.nan)
        return any(math.isnan(value) for value in needed)

    def record_open_trade(self) -> None:
        p = self.position
        if p is not None:
            last = len(self.time) - 1
            self.trades.append(self.trade(p, self.close[last], p.fee, last, None))
