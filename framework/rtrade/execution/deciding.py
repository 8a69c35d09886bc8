"""What an engine asks at each bar: which orders at the open, what follows from the close.

The engine owns the matching of orders; the `Decider` owns the account, the rules and the clock:

1. `open(bar)` gives the orders decided at the close before, sized for this open.
2. The engine fills them and the protective levels, and reports through `entered` and `exited`.
3. `close(bar)` moves the trail, marks equity, judges the account rules and decides.
4. `next_bar(bar)` tells which bar the engine has to look at next; `busy(bar)` whether orders
   can fill in it. An engine that looks at every bar gets the same run.

Where the run asks how to go on, `close` does so before it decides, and goes on with what it is
given; no such close is leaped over.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from rtrade.core.bars import Bars, BoolArray
from rtrade.core.errors import EngineFault
from rtrade.core.results import CLOSE_EXITS, ENTRY_REASONS, REFUSALS, Cut, Fill
from rtrade.execution import core
from rtrade.execution.asking import Asking, State
from rtrade.execution.leaping import quiet_until
from rtrade.execution.positions import Position, Protection, Sizing
from rtrade.execution.program import Program
from rtrade.execution.tape import check_lengths, flags, tape_of


@dataclass(frozen=True, slots=True)
class Orders:
    """Market orders at an open: close what is open, then open `entry`."""

    exit: bool
    entry: Position | None


NOTHING = Orders(exit=False, entry=None)


class Account:
    """Cash and equity, and the account rules that are judged at every close."""

    def __init__(self, program: Program) -> None:
        limits = program.risk
        self.cash = program.cash
        self.equity = program.cash
        self.peak = program.cash
        self.max_drawdown = math.nan if limits.max_drawdown is None else limits.max_drawdown
        self.daily_loss = math.nan if limits.daily_loss is None else limits.daily_loss
        self.day = core.NO
        self.day_reference = program.cash
        self.day_stopped = False
        self.halted_bar = core.NO
        self.ruined_bar = core.NO

    @property
    def watched(self) -> bool:
        """Whether a rule depends on the equity of every bar."""
        return not (math.isnan(self.max_drawdown) and math.isnan(self.daily_loss))

    def judge(self, bar: int, day: int, equity: float) -> None:
        """Judge the account rules on the equity at the close of `bar`."""
        if day != self.day:
            self.day, self.day_reference, self.day_stopped = day, self.equity, False
        self.equity = equity
        self.peak = max(self.peak, equity)
        if core.daily_hit(equity, self.day_reference, self.daily_loss):
            self.day_stopped = True
        if self.halted_bar == core.NO and core.drawdown_hit(equity, self.peak, self.max_drawdown):
            self.halted_bar = bar
        if self.ruined_bar == core.NO and core.ruin_hit(equity):
            self.ruined_bar = bar


class Decider:
    """Applies the decision core to a program over its bars, for an engine that fills orders."""

    def __init__(self, program: Program, bars: Bars, asking: Asking | None = None) -> None:
        self.tape = tape_of(bars)
        self.account = Account(program)
        self.position: Position | None = None
        self.fills: list[Fill] = []
        self.refused = [0] * len(REFUSALS)
        self.capped = 0
        self.cuts: list[Cut] = []
        self.costs = program.costs
        self._start = program.cash
        self._asking = asking
        self._points = [] if asking is None else [int(point) for point in asking.points]
        self._time_exit = program.risk.time_exit or 0
        self._cooldown = program.risk.cooldown or 0
        self._exit_bar = core.NO
        self._leaving = core.NO
        self._entering = 0
        self._follow(program)

    def _follow(self, program: Program) -> None:
        """Go by the arrays of a program from here on."""
        check_lengths(program, len(self.tape))
        self._protection = Protection(program)
        self._sizing = Sizing(program, self._protection, self.cuts)
        self._rules = (
            flags(program.enter_long),
            flags(program.exit_long),
            flags(program.enter_short),
            flags(program.exit_short),
        )
        # Bars at whose close something is decided, by side: flat, long, short.
        self._decisive = {
            0: _true_at(program.enter_long | program.enter_short),
            1: _true_at(program.exit_long | program.enter_short),
            -1: _true_at(program.exit_short | program.enter_long),
        }

    def __len__(self) -> int:
        return len(self.tape)

    def busy(self, bar: int) -> bool:
        """Tell whether an order can fill in `bar`: decided before, or a level that it touches."""
        if self._leaving != core.NO or self._entering:
            return True
        held = self.position
        return held is not None and core.reached(
            held.side, held.stop, held.target, self.tape.low[bar], self.tape.high[bar]
        )

    def open(self, bar: int) -> Orders:
        """Return the market orders for the open of `bar`."""
        leaving, side = self._leaving != core.NO, self._entering
        if not side:
            return Orders(exit=True, entry=None) if leaving else NOTHING
        self._entering = 0
        cash = self.account.cash
        if leaving:
            held = self._held()
            price = core.slipped(self.tape.open[bar], -held.side, self.costs.slippage)
            cash = core.booked(cash, -held.side, held.size, price, self.costs.taker)
        fill = core.slipped(self.tape.open[bar], side, self.costs.slippage)
        entry = self._protection.position(bar, side, fill)
        refusal, cut = self._sizing.fit(entry, cash, self.account.equity)
        if refusal != core.NO:
            self.refused[refusal] += 1
            return Orders(exit=leaving, entry=None)
        self.capped += cut
        return Orders(exit=leaving, entry=entry)

    def entered(self, entry: Position, price: float) -> None:
        """Take note of the fill of an entry at the open of its bar."""
        if price != entry.price:
            raise EngineFault(f"an entry filled at {price!r} instead of {entry.price!r}")
        reason = ENTRY_REASONS[0 if entry.side > 0 else 1]
        self._fill(entry.bar, entry.side, entry.size, price, self.tape.open[entry.bar], reason)
        self.position = entry

    def left(self, bar: int, price: float) -> None:
        """Take note of the fill of an exit that was decided at the close before."""
        reason = CLOSE_EXITS[self._leaving]
        self._leaving = core.NO
        self.exited(bar, price, self.tape.open[bar], reason)

    def exited(self, bar: int, price: float, reference: float, reason: str) -> None:
        """Take note of the fill of an exit; `reference` is its price before slippage."""
        held = self._held()
        self._fill(bar, -held.side, held.size, price, reference, reason)
        self.position = None
        self._exit_bar = bar

    def close(self, bar: int) -> None:
        """Move the trail, mark equity, judge the account rules and decide, at a close."""
        price, held, account = self.tape.close[bar], self.position, self.account
        if held is None:
            equity = account.cash
        else:
            held.follow(price)
            equity = core.mark(account.cash, held.side, held.size, price)
        account.judge(bar, self.tape.day[bar], equity)
        if self._asking is not None and _next_in(self._points, bar - 1, core.NO) == bar:
            self._follow(self._asking.ask(bar, self._state(bar)))
        if bar + 1 < len(self.tape):
            self._decide(bar)

    def next_bar(self, bar: int) -> int:
        """Return the next bar in which an order can fill or a decision be taken.

        A position is carried over the bars between: its trail, the peak, the day's reference.
        While flat nothing can change there: equity stands still.
        """
        if self._leaving != core.NO or self._entering:
            return bar + 1
        held, side = self.position, 0 if self.position is None else self.position.side
        end = _next_in(self._decisive[side], bar, len(self.tape))
        end = min(end, _next_in(self._points, bar, end))
        if held is None:
            return end
        if self._time_exit:
            end = min(end, max(held.bar + self._time_exit - 1, bar + 1))
        # A long pays for itself: it cannot ruin the account without a rule to watch. Who asks is
        # told the peak, though.
        plain = math.isnan(held.stop) and math.isnan(held.target) and self._asking is None
        if plain and held.side > 0 and not self.account.watched:
            return end
        return self._carry(held, bar + 1, end)

    def _carry(self, held: Position, start: int, end: int) -> int:
        account, tape = self.account, self.tape
        (
            bar,
            held.trail,
            account.equity,
            account.peak,
            account.day,
            account.day_reference,
            account.day_stopped,
        ) = quiet_until(
            start,
            end,
            tape.low,
            tape.high,
            tape.close,
            tape.day,
            held.side,
            held.size,
            account.cash,
            held.stop_loss,
            held.trail,
            held.trail_kind,
            held.trail_far,
            held.target,
            account.equity,
            account.peak,
            account.max_drawdown,
            account.day,
            account.day_reference,
            account.day_stopped,
            account.daily_loss,
        )
        return bar

    def _decide(self, bar: int) -> None:
        enter_long, exit_long, enter_short, exit_short = (bool(rule[bar]) for rule in self._rules)
        account, held = self.account, self.position
        ruined, halted = account.ruined_bar != core.NO, account.halted_bar != core.NO
        side = 0 if held is None else held.side
        if held is not None:
            rule = exit_long if side > 0 else exit_short
            age = bar - held.bar + 1
            self._leaving = core.exit_decision(ruined, halted, rule, age, self._time_exit)
        if not (enter_long or enter_short):
            return
        exiting = self._leaving != core.NO
        refusal = core.entry_refusal(
            side,
            exiting,
            enter_long,
            exit_long,
            enter_short,
            exit_short,
            ruined,
            halted,
            account.day_stopped,
            core.cooling_down(bar, self._exit_bar, self._cooldown, exiting),
            self._protection.ready(bar) and self._sizing.ready(bar),
            self._sizing.vetoed(bar),
        )
        if refusal != core.NO:
            self.refused[refusal] += 1
            if refusal == core.VETOED:
                self._note_veto(bar, 1 if enter_long else -1)
        else:
            self._entering = core.entry_side(side, exiting, enter_long, enter_short)

    def _note_veto(self, bar: int, side: int) -> None:
        fill = core.slipped(self.tape.close[bar], side, self.costs.slippage)
        entry = self._protection.position(bar + 1, side, fill)
        self._sizing.veto(entry, self.account.equity)

    def _state(self, bar: int) -> State:
        held, account = self.position, self.account
        return State(
            side=0 if held is None else held.side,
            entry_price=core.NAN if held is None else held.price,
            bars=0 if held is None else bar - held.bar + 1,
            start=self._start,
            equity=account.equity,
            cash=account.cash,
            peak=account.peak,
            trades=len(self.fills) // 2,
        )

    def _held(self) -> Position:
        if self.position is None:
            raise EngineFault("an exit filled without a position")
        return self.position

    def _fill(
        self, bar: int, direction: int, size: float, price: float, reference: float, reason: str
    ) -> None:
        fee = self.costs.maker if reason == "take_profit" else self.costs.taker
        cash = core.booked(self.account.cash, direction, size, price, fee)
        time, paid = self.tape.time[bar], size * price * fee
        self.fills.append(Fill(bar, time, direction, size, price, reference, paid, reason))
        self.account.cash = cash


def _next_in(ascending: list[int], bar: int, otherwise: int) -> int:
    """Return the first element after `bar`, `otherwise` where there is none."""
    at = bisect_right(ascending, bar)
    return ascending[at] if at < len(ascending) else otherwise


def _true_at(values: BoolArray) -> list[int]:
    indices: list[int] = np.flatnonzero(values).tolist()
    return indices
