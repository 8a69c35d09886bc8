"""One walk over the bars of a run: from rules to fills, with the functions of the decision core.

Plain functions of numbers and tuples, as the core is, that `binding` compiles; uncompiled they run
too, slowly. At each bar that matters: market orders, protective levels, the close, the decision;
between them the walk leaps from one true rule to the next, or carries a position bar by bar.
"""

from __future__ import annotations

from rtrade.core.bars import FloatArray, IntArray
from rtrade.execution import core
from rtrade.execution.compiled.bits import lowest
from rtrade.execution.compiled.filling import (
    at_levels,
    bought,
    entered,
    gauged,
    left,
    note_shrunk,
    paid,
)
from rtrade.execution.compiled.states import (
    HALTED_BAR,
    RUINED_BAR,
    Account,
    Gauges,
    Held,
    Terms,
)
from rtrade.execution.core import (
    NO,
    cooling_down,
    daily_hit,
    distance,
    drawdown_hit,
    entry_refusal,
    entry_side,
    exit_decision,
    known,
    mark,
    moving,
    reached,
    ruin_hit,
    tighter,
    trailed,
)
from rtrade.execution.leaping import quiet_until

NAN, INFINITE = core.NAN, float("inf")
VOLATILITY, VETOED = core.VOLATILITY, core.VETOED
GOING_ON = False


def walk(
    start: FloatArray,
    low: FloatArray,
    high: FloatArray,
    close: FloatArray,
    day: IntArray,
    rules: IntArray,
    rows: tuple[int, int, int, int],
    measures: FloatArray,
    terms: Terms,
    fills: IntArray,
    money: FloatArray,
    shrunk: FloatArray,
    counts: IntArray,
) -> tuple[float, int, float]:
    """Walk a program over its bars and write its books (`states.Books`).

    `start` holds the opens, which `low` and `high` span too; `day` the UTC day numbers, looked at
    where there is a daily loss. `rules` holds words of 64 bars; `rows` are those of enter_long,
    exit_long, enter_short and exit_short. Returns the cash after the last bar, and the side and
    size of what is still open.
    """
    bars, bar, daily = len(close), 0, terms.daily_loss == terms.daily_loss
    account = Account(terms.cash, terms.cash, terms.cash, NO, terms.cash, GOING_ON, NO, NO)
    held = nothing()
    leaving, entering, exit_bar = NO, 0, NO
    while bar < bars:
        if leaving != NO:
            account = left(bar, held, account, start[bar], leaving, terms, fills, money, counts)
            held, exit_bar = nothing(), bar
        if entering != 0:
            gauges = gauged(measures, bar - 1, terms)
            entry, refusal = entered(
                bar, entering, start[bar], account, gauges, terms, shrunk, counts
            )
            if refusal == NO:
                held = entry
                account = bought(account, held, start[bar], terms, fills, money, counts)
        if held.side != 0 and protected(held):
            span = (start[bar], low[bar], high[bar])
            cash = at_levels(bar, held, account.cash, span, terms, fills, money, counts)
            if cash == cash:
                held, exit_bar, account = nothing(), bar, paid(account, cash)
        held, account = at_close(bar, held, account, close[bar], day[bar] if daily else 0, terms)
        leaving, entering = NO, 0
        if bar + 1 < bars:
            gauges = gauged(measures, bar, terms)
            leaving, entering = decide(
                bar, held, account, exit_bar, rules, rows, gauges, terms, shrunk, counts
            )
        if leaving != NO or entering != 0:
            bar += 1
        else:
            bar, held, account = leap(bar, held, account, low, high, close, day, rules, rows, terms)
    counts[HALTED_BAR], counts[RUINED_BAR] = account.halted, account.ruined
    return account.cash, held.side, held.size


def nothing() -> Held:
    """Return what is held while flat."""
    return Held(0, 0.0, NO, NAN, NAN, NAN, NAN)


def at_close(
    bar: int, held: Held, account: Account, close: float, day: int, terms: Terms
) -> tuple[Held, Account]:
    """Move the trail, mark equity and judge the account rules."""
    equity, trail = account.cash, held.trail
    if held.side != 0:
        trail = trailed(held.side, trail, close, terms.trail_kind, held.trail_far)
        equity = mark(account.cash, held.side, held.size, close)
    reference, stopped = account.day_reference, account.day_stopped
    if day != account.day:
        reference, stopped = account.equity, GOING_ON
    peak = max(account.peak, equity)
    halted, ruined = account.halted, account.ruined
    if halted == NO and drawdown_hit(equity, peak, terms.max_drawdown):
        halted = bar
    if ruined == NO and ruin_hit(equity):
        ruined = bar
    stopped = stopped or daily_hit(equity, reference, terms.daily_loss)
    return (
        followed(held, trail),
        Account(account.cash, equity, peak, day, reference, stopped, halted, ruined),
    )


def followed(held: Held, trail: float) -> Held:
    """Return the position with its trail moved."""
    return Held(held.side, held.size, held.bar, held.stop_loss, trail, held.trail_far, held.target)


def decide(
    bar: int,
    held: Held,
    account: Account,
    exit_bar: int,
    rules: IntArray,
    rows: tuple[int, int, int, int],
    gauges: Gauges,
    terms: Terms,
    shrunk: FloatArray,
    counts: IntArray,
) -> tuple[int, int]:
    """Return why the position leaves after this close (or NO), and the side to enter (or 0)."""
    enter_long, exit_long = true(rules, rows[0], bar), true(rules, rows[1], bar)
    enter_short, exit_short = true(rules, rows[2], bar), true(rules, rows[3], bar)
    ruined, halted, side = account.ruined != NO, account.halted != NO, held.side
    leaving = NO
    if side != 0:
        rule = exit_long if side > 0 else exit_short
        leaving = exit_decision(ruined, halted, rule, bar - held.bar + 1, terms.time_exit)
    if not (enter_long or enter_short):
        return leaving, 0
    exiting = leaving != NO
    refusal = entry_refusal(
        side,
        exiting,
        enter_long,
        exit_long,
        enter_short,
        exit_short,
        ruined,
        halted,
        account.day_stopped,
        cooling_down(bar, exit_bar, terms.cooldown, exiting),
        ready(gauges, terms),
        gauges.risk_factor == 0.0,
    )
    if refusal == NO:
        return leaving, entry_side(side, exiting, enter_long, enter_short)
    counts[refusal] += 1
    if refusal == VETOED:
        wanted = 1 if enter_long else -1
        note_shrunk(bar + 1, wanted, NAN, INFINITE, account.equity, shrunk, counts)
    return leaving, 0


def ready(gauges: Gauges, terms: Terms) -> bool:
    """Tell whether all that an entry is measured with is known."""
    if terms.sizing == VOLATILITY and not moving(gauges.volatility):
        return False
    if gauges.scale != gauges.scale or gauges.risk_factor != gauges.risk_factor:
        return False
    return (
        known(terms.stop_kind, distance(terms.stop_kind, terms.stop_value, gauges.stop_atr))
        and known(terms.trail_kind, distance(terms.trail_kind, terms.trail_value, gauges.trail_atr))
        and known(
            terms.target_kind, distance(terms.target_kind, terms.target_value, gauges.target_atr)
        )
    )


def leap(
    bar: int,
    held: Held,
    account: Account,
    low: FloatArray,
    high: FloatArray,
    close: FloatArray,
    day: IntArray,
    rules: IntArray,
    rows: tuple[int, int, int, int],
    terms: Terms,
) -> tuple[int, Held, Account]:
    """Return the next bar in which an order can fill or a decision be taken, and what is so there.

    A position is carried over the bars between: its trail, the peak, the day's reference. While
    flat nothing can change there: equity stands still.
    """
    bars, side = len(close), held.side
    if side == 0:
        return next_true(rules, rows[0], rows[2], bar + 1, bars), held, account
    if side > 0:
        end = next_true(rules, rows[1], rows[2], bar + 1, bars)
    else:
        end = next_true(rules, rows[3], rows[0], bar + 1, bars)
    if terms.time_exit > 0:
        end = min(end, max(held.bar + terms.time_exit - 1, bar + 1))
    if side > 0 and not watches(terms) and held.trail != held.trail:
        # Nothing moves but the price, and a long cannot ruin the account.
        if protected(held):
            stop = held.stop_loss
            end = between(bar + 1, end, stop, held.target, low, high)
        return end, held, account
    return carried(bar + 1, end, held, account, low, high, close, day, terms)


def protected(held: Held) -> bool:
    """Tell whether a position has a level at all."""
    stop = tighter(held.side, held.stop_loss, held.trail)
    return stop == stop or held.target == held.target


def watches(terms: Terms) -> bool:
    """Tell whether a rule depends on the equity of every bar."""
    return terms.max_drawdown == terms.max_drawdown or terms.daily_loss == terms.daily_loss


def between(
    bar: int, end: int, stop: float, target: float, low: FloatArray, high: FloatArray
) -> int:
    """Return the first bar from `bar` on that touches a level of a long, at the latest `end`."""
    while bar < end and not reached(1, stop, target, low[bar], high[bar]):
        bar += 1
    return bar


def carried(
    bar: int,
    end: int,
    held: Held,
    account: Account,
    low: FloatArray,
    high: FloatArray,
    close: FloatArray,
    day: IntArray,
    terms: Terms,
) -> tuple[int, Held, Account]:
    """Carry a position from `bar` to where something can happen to it, at the latest `end`."""
    found, trail, equity, peak, today, reference, stopped = quiet_until(
        bar,
        end,
        low,
        high,
        close,
        day,
        held.side,
        held.size,
        account.cash,
        held.stop_loss,
        held.trail,
        terms.trail_kind,
        held.trail_far,
        held.target,
        account.equity,
        account.peak,
        terms.max_drawdown,
        account.day,
        account.day_reference,
        account.day_stopped,
        terms.daily_loss,
    )
    carried_on = Account(
        account.cash, equity, peak, today, reference, stopped, account.halted, account.ruined
    )
    return found, followed(held, trail), carried_on


def true(rules: IntArray, row: int, bar: int) -> bool:
    """Tell whether a rule is true at the close of `bar`."""
    return bool((rules[row, bar >> 6] >> (bar & 63)) & 1)


def next_true(rules: IntArray, one: int, other: int, start: int, end: int) -> int:
    """Return the first bar from `start` on where one of two rules is true, at the latest `end`."""
    if start >= end:
        return end
    word, last = start >> 6, (end - 1) >> 6
    found = (rules[one, word] | rules[other, word]) & (-1 << (start & 63))
    while found == 0 and word < last:
        word += 1
        found = rules[one, word] | rules[other, word]
    if found == 0:
        return end
    return min(end, (word << 6) + lowest(found))
