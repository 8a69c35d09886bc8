"""What happens in a bar of a walk: orders at its open, levels inside it, and what is noted of both.

Plain functions of numbers and tuples that `binding` compiles, as in `walker`.
"""

from __future__ import annotations

from rtrade.core.bars import FloatArray, IntArray
from rtrade.execution import core
from rtrade.execution.compiled.states import (
    CAPPED,
    CLOSED,
    FILLED,
    SHRUNK,
    Account,
    Gauges,
    Held,
    Terms,
)
from rtrade.execution.core import (
    NO,
    amount,
    beyond_stop,
    beyond_target,
    booked,
    distance,
    level,
    lots,
    reached,
    size_refusal,
    slipped,
    stop_reason,
    tighter,
)

# Where the three kinds of reasons begin in `results.REASONS`.
ENTERED, LEFT, LEVEL = 0, 2, 6
NAN, TAKE_PROFIT = core.NAN, core.TAKE_PROFIT


def paid(account: Account, cash: float) -> Account:
    """Return the account with other cash."""
    return Account(
        cash,
        account.equity,
        account.peak,
        account.day,
        account.day_reference,
        account.day_stopped,
        account.halted,
        account.ruined,
    )


def left(
    bar: int,
    held: Held,
    account: Account,
    start: float,
    reason: int,
    terms: Terms,
    fills: IntArray,
    money: FloatArray,
    counts: IntArray,
) -> Account:
    """Close a position at the open `start`, as decided at the close before."""
    price = slipped(start, -held.side, terms.slippage)
    fee = terms.taker
    note(bar, -held.side, held.size, price, start, fee, LEFT + reason, fills, money, counts)
    return paid(account, booked(account.cash, -held.side, held.size, price, fee))


def bought(
    account: Account,
    held: Held,
    start: float,
    terms: Terms,
    fills: IntArray,
    money: FloatArray,
    counts: IntArray,
) -> Account:
    """Open a position at the open `start`."""
    price = slipped(start, held.side, terms.slippage)
    fee, reason = terms.taker, ENTERED if held.side > 0 else ENTERED + 1
    note(held.bar, held.side, held.size, price, start, fee, reason, fills, money, counts)
    return paid(account, booked(account.cash, held.side, held.size, price, fee))


def gauged(measures: FloatArray, bar: int, terms: Terms) -> Gauges:
    """Return what sizes and levels are measured with at the close of `bar`."""
    return Gauges(
        NAN if terms.stop_row < 0 else measures[terms.stop_row, bar],
        NAN if terms.trail_row < 0 else measures[terms.trail_row, bar],
        NAN if terms.target_row < 0 else measures[terms.target_row, bar],
        NAN if terms.volatility_row < 0 else measures[terms.volatility_row, bar],
        1.0 if terms.scale_row < 0 else measures[terms.scale_row, bar],
        1.0 if terms.factor_row < 0 else measures[terms.factor_row, bar],
    )


def positioned(bar: int, side: int, size: float, fill: float, gauges: Gauges, terms: Terms) -> Held:
    """Return a position entered at `bar` for `fill`, with its first levels."""
    stop = distance(terms.stop_kind, terms.stop_value, gauges.stop_atr)
    trail = distance(terms.trail_kind, terms.trail_value, gauges.trail_atr)
    target = distance(terms.target_kind, terms.target_value, gauges.target_atr)
    return Held(
        side,
        size,
        bar,
        level(fill, -side, terms.stop_kind, stop),
        level(fill, -side, terms.trail_kind, trail),
        trail,
        level(fill, side, terms.target_kind, target),
    )


def entered(
    bar: int,
    side: int,
    start: float,
    account: Account,
    gauges: Gauges,
    terms: Terms,
    shrunk: FloatArray,
    counts: IntArray,
) -> tuple[Held, int]:
    """Return an entry sized for the open `start`, and why it is refused (or NO); it is counted."""
    fill, cash = slipped(start, side, terms.slippage), account.cash
    entry = positioned(bar, side, 0.0, fill, gauges, terms)
    size, cut = 0.0, False
    if cash > 0.0:
        units, cut = amount(
            terms.sizing,
            terms.value,
            cash,
            account.equity,
            side,
            fill,
            terms.taker,
            tighter(side, entry.stop_loss, entry.trail),
            terms.slippage,
            gauges.volatility * terms.year,
            gauges.scale,
            gauges.risk_factor,
        )
        size = lots(units, terms.multiple, terms.power, cash, fill, terms.taker)
        if cut or gauges.scale != 1.0 or gauges.risk_factor != 1.0:
            note_shrunk(bar, side, fill, cash, account.equity, shrunk, counts)
    refusal = size_refusal(cash, size, fill, terms.minimum)
    if refusal != NO:
        counts[refusal] += 1
    elif cut:
        counts[CAPPED] += 1
    return positioned(bar, side, size, fill, gauges, terms), refusal


def at_levels(
    bar: int,
    held: Held,
    cash: float,
    span: tuple[float, float, float],
    terms: Terms,
    fills: IntArray,
    money: FloatArray,
    counts: IntArray,
) -> float:
    """Return the cash after the stop or the target of a position filled, NaN where neither does.

    `span` is the bar's open, low and high. What the bar opens at or beyond fills there, the
    target first; inside the bar, the stop first.
    """
    side, target = held.side, held.target
    start, low, high = span
    stop = tighter(side, held.stop_loss, held.trail)
    if not reached(side, stop, target, low, high):
        return NAN
    at_target = beyond_target(side, start, target)
    if at_target or not beyond_stop(side, low if side > 0 else high, stop):
        price = start if at_target else target
        reference, fee, reason = price, terms.maker, LEVEL + TAKE_PROFIT
    else:
        reference = start if beyond_stop(side, start, stop) else stop
        price = slipped(reference, -side, terms.slippage)
        fee, reason = terms.taker, LEVEL + stop_reason(side, held.stop_loss, held.trail)
    note(bar, -side, held.size, price, reference, fee, reason, fills, money, counts)
    return booked(cash, -side, held.size, price, fee)


def note(
    bar: int,
    direction: int,
    size: float,
    price: float,
    reference: float,
    fee: float,
    reason: int,
    fills: IntArray,
    money: FloatArray,
    counts: IntArray,
) -> None:
    """Write a fill; `fee` is a fraction of its notional."""
    count = counts[FILLED]
    if count < len(fills):
        fills[count, 0], fills[count, 1], fills[count, 2] = bar, direction, reason
        money[count, 0], money[count, 1], money[count, 2] = size, price, reference
        money[count, 3] = size * price * fee
    counts[FILLED] = count + 1
    if reason >= LEFT:
        counts[CLOSED] += 1


def note_shrunk(
    bar: int,
    side: int,
    fill: float,
    cash: float,
    equity: float,
    shrunk: FloatArray,
    counts: IntArray,
) -> None:
    """Write an entry at `bar` that something may have made smaller."""
    count = counts[SHRUNK]
    if count < len(shrunk):
        shrunk[count, 0], shrunk[count, 1], shrunk[count, 2] = bar, side, fill
        shrunk[count, 3], shrunk[count, 4] = cash, equity
    counts[SHRUNK] = count + 1
