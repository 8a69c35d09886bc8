"""The decision core: what happens to an account, as plain functions of numbers.

Every engine calls these, so that all make the same trades to the last bit. The functions take
and give floats, integers and booleans only, and use nothing that a compiler to machine code
could not take; the order of the floating-point operations is part of the rules. A price of NaN
means that there is no such level. A side is +1 (long), -1 (short) or 0 (flat), a direction +1
(a buy) or -1 (a sale). Codes count from 0 in the tuples of `core.results`; `NO` is none of them.

`docs/fill-rules.md` says the same in words.
"""

# ruff: noqa: FBT001 - functions that are compiled take their arguments by position
from __future__ import annotations

import math

from rtrade.core.results import BAR_EXITS, CLOSE_EXITS, REFUSALS

# Part of a run's fingerprint: raised whenever a run could come out differently.
FILL_RULES_VERSION = 1

NO = -1
NAN = math.nan

# Kinds of distance of a protective level: a fraction of a price, or an amount of money.
ABSENT, PERCENT, ATR = 0, 1, 2

SIZINGS = ("equity", "quote", "base", "risk", "volatility")
EQUITY, QUOTE, BASE, RISK, VOLATILITY = range(5)

RUIN = CLOSE_EXITS.index("ruin")
DRAWDOWN = CLOSE_EXITS.index("max_drawdown")
RULE = CLOSE_EXITS.index("rule")
TIME = CLOSE_EXITS.index("time_exit")

STOP_LOSS = BAR_EXITS.index("stop_loss")
TRAILING_STOP = BAR_EXITS.index("trailing_stop")
TAKE_PROFIT = BAR_EXITS.index("take_profit")

IN_POSITION = REFUSALS.index("in_position")
CONFLICT = REFUSALS.index("conflict")
EXITING = REFUSALS.index("exiting")
RUINED = REFUSALS.index("ruin")
HALTED = REFUSALS.index("max_drawdown")
DAY_STOPPED = REFUSALS.index("daily_loss")
COOLING = REFUSALS.index("cooldown")
WARMING_UP = REFUSALS.index("warming_up")
VETOED = REFUSALS.index("risk_veto")
NO_CASH = REFUSALS.index("no_cash")
BELOW_MINIMUM = REFUSALS.index("below_minimum")

# Deviations of log returns below this count as no movement at all.
STILL = 1e-12
# The largest count of lots that a float64 holds exactly, with all smaller ones.
MOST_LOTS = 2**53
_LOW = 2**26 - 1


def slipped(price: float, direction: int, slip: float) -> float:
    """Return `price` made worse by the fraction `slip` for a buy (+1) or a sale (-1)."""
    if direction > 0:
        return price * (1.0 + slip)
    return price * (1.0 - slip)


def booked(cash: float, direction: int, size: float, price: float, fee: float) -> float:
    """Return the cash after a fill; `fee` is a fraction of its notional."""
    notional = size * price
    if direction > 0:
        return (cash - notional) - notional * fee
    return (cash + notional) - notional * fee


def collateral_left(cash: float, size: float, price: float, fee: float) -> float:
    """Return the cash that an entry leaves free; a short's proceeds are locked, as if paid."""
    return booked(cash, 1, size, price, fee)


def mark(cash: float, side: int, size: float, close: float) -> float:
    """Return the equity: cash plus the signed size at `close`."""
    return cash + side * size * close


def profit(side: int, size: float, entry: float, exit_price: float, fees: float) -> float:
    """Return the profit of a trade net of `fees` (quote units)."""
    return side * size * (exit_price - entry) - fees


def distance(kind: int, value: float, atr: float) -> float:
    """Return how far a level is: the fraction, or `value` ATRs in money; NaN if not ready."""
    if kind == PERCENT:
        return value
    if kind == ATR:
        return value * atr
    return NAN


def level(price: float, direction: int, kind: int, far: float) -> float:
    """Return the price that is `far` above (+1) or below (-1) `price`; NaN where absent."""
    if kind == PERCENT:
        if direction > 0:
            return price * (1.0 + far)
        return price * (1.0 - far)
    if kind == ATR:
        if direction > 0:
            return price + far
        return price - far
    return NAN


def tighter(side: int, a: float, b: float) -> float:
    """Return the stop level that is reached first; NaN only where both are."""
    if a != a:
        return b
    if b != b:
        return a
    if side > 0:
        return max(a, b)
    return min(a, b)


def trailed(side: int, trail: float, close: float, kind: int, far: float) -> float:
    """Return the trailing level after a close: it follows, and never goes back."""
    return tighter(side, trail, level(close, -side, kind, far))


def stop_reason(side: int, stop_loss: float, trail: float) -> int:
    """Return which of the two set the one stop level: STOP_LOSS (ties too) or TRAILING_STOP."""
    if tighter(side, stop_loss, trail) == stop_loss:
        return STOP_LOSS
    return TRAILING_STOP


def placeable(price: float) -> bool:
    """Tell whether a level can be reached at all: it exists and is above 0."""
    return price > 0.0


def beyond_stop(side: int, price: float, stop: float) -> bool:
    """Tell whether `price` is at or past the stop of a position."""
    if side > 0:
        return placeable(stop) and price <= stop
    return placeable(stop) and price >= stop


def beyond_target(side: int, price: float, target: float) -> bool:
    """Tell whether `price` is at or past the target of a position."""
    if side > 0:
        return placeable(target) and price >= target
    return placeable(target) and price <= target


def reached(side: int, stop: float, target: float, low: float, high: float) -> bool:
    """Tell whether a bar touches the stop or the target; touching includes being equal."""
    if side > 0:
        return beyond_stop(side, low, stop) or beyond_target(side, high, target)
    return beyond_stop(side, high, stop) or beyond_target(side, low, target)


def ruin_hit(equity: float) -> bool:
    """Tell whether nothing is left."""
    return equity <= 0.0


def drawdown_hit(equity: float, peak: float, limit: float) -> bool:
    """Tell whether equity has fallen to `limit` (a fraction; NaN = no limit) below its peak."""
    return equity <= peak * (1.0 - limit)


def daily_hit(equity: float, day_reference: float, limit: float) -> bool:
    """Tell whether the day's loss has come to `limit` (a fraction; NaN = no limit)."""
    return equity <= day_reference * (1.0 - limit)


def cooling_down(bar: int, exit_bar: int, cooldown: int, exiting: bool) -> bool:
    """Tell whether an entry decided at this close is too soon after an exit (`NO`: none yet)."""
    if cooldown <= 0:
        return False
    return exiting or (exit_bar != NO and bar < exit_bar + cooldown)


def exit_decision(ruined: bool, halted: bool, rule: bool, bars_held: int, time_exit: int) -> int:
    """Return why an open position leaves at this close (an index in CLOSE_EXITS), or NO.

    `bars_held` counts the entry bar; a `time_exit` of 0 is none.
    """
    if ruined:
        return RUIN
    if halted:
        return DRAWDOWN
    if rule:
        return RULE
    if 0 < time_exit <= bars_held:
        return TIME
    return NO


def entry_refusal(
    side: int,
    exiting: bool,
    enter_long: bool,
    exit_long: bool,
    enter_short: bool,
    exit_short: bool,
    ruined: bool,
    halted: bool,
    day_stopped: bool,
    cooling: bool,
    is_ready: bool,
    vetoed: bool,
) -> int:
    """Return why no entry follows from this close (an index in REFUSALS), or NO.

    NO also where no entry rule is true, and where the only one is that of a position that stays.
    """
    if side != 0 and not exiting:
        opposite = enter_short if side > 0 else enter_long
        return IN_POSITION if opposite else NO
    if not enter_long and not enter_short:
        return NO
    if enter_long and enter_short:
        return CONFLICT
    wanted = 1 if enter_long else -1
    own_exit = exit_long if enter_long else exit_short
    if own_exit or side == wanted:
        return EXITING
    if ruined:
        return RUINED
    if halted:
        return HALTED
    if day_stopped:
        return DAY_STOPPED
    if cooling:
        return COOLING
    if not is_ready:
        return WARMING_UP
    if vetoed:
        return VETOED
    return NO


def entry_side(side: int, exiting: bool, enter_long: bool, enter_short: bool) -> int:
    """Return the side of the entry that follows where `entry_refusal` is NO; 0 for none."""
    if side != 0 and not exiting:
        return 0
    if enter_long:
        return 1
    if enter_short:
        return -1
    return 0


def moving(deviation: float) -> bool:
    """Tell whether a deviation per bar is known and not 0."""
    return deviation >= STILL


def known(kind: int, far: float) -> bool:
    """Tell whether a distance that is asked for is ready."""
    return kind == ABSENT or far == far


def budget(
    kind: int, value: float, equity: float, fill: float, fee: float, volatility: float
) -> float:
    """Return the money that an entry may take, costs included, before scaling.

    `volatility` is per year. Of RISK it is the money at risk, not the budget.
    """
    if kind == QUOTE:
        return value
    if kind == BASE:
        return value * fill * (1.0 + fee)
    if kind == VOLATILITY:
        return equity * min(1.0, value / volatility)
    return value * equity


def loss_per_unit(side: int, fill: float, stop: float, fee: float, slip: float) -> float:
    """Return what one unit loses if it is stopped at `stop`, slippage and both fees included."""
    out = slipped(stop, -side, slip)
    return abs(fill - out) + fee * (fill + out)


def amount(
    kind: int,
    value: float,
    cash: float,
    equity: float,
    side: int,
    fill: float,
    fee: float,
    stop: float,
    slip: float,
    volatility: float,
    scale: float,
    risk_factor: float,
) -> tuple[float, bool]:
    """Return the units of an entry before lots, and whether the cash at hand cut them down.

    `cash` is what there is after the exit; `stop` the first stop level (for RISK); `scale` and
    `risk_factor` are 1.0 where they are not used.
    """
    unit = fill * (1.0 + fee)
    money = budget(kind, value, equity, fill, fee, volatility) * scale * risk_factor
    if kind != RISK:
        return min(money, cash) / unit, money > cash
    loss = loss_per_unit(side, fill, stop, fee, slip)
    most = cash / unit
    if loss <= 0.0:
        return (most if money > 0.0 else 0.0), money > 0.0
    units = money / loss
    return min(units, most), units > most


def lots_in(units: float, multiple: float, power: int) -> float:
    """Return the whole lots of `multiple / power` in `units`, forgiving a rounding error."""
    x = units / (multiple / power)
    return float(math.floor(x + max(1e-9, 1e-15 * x))) if x < 2.0 * MOST_LOTS else x


def quotient(n: int, m: int, b: int) -> float:
    """Return n * m / b rounded once, for 0 <= n <= 2**53, 0 < m < 10**15, 1 < b <= 10**18.

    Where the product is too long for a float64, and may be for 64 bits: it is made in two halves of
    52 bits and divided bit by bit, to one more bit than a float64 holds or two, and a last one that
    stands for all the rest.
    """
    if n <= MOST_LOTS // m:
        return (n * m) / b
    crossed, inner = (n >> 26) * (m & _LOW), (n & _LOW) * (m >> 26)
    low = (n & _LOW) * (m & _LOW) + ((crossed & _LOW) << 26) + ((inner & _LOW) << 26)
    high = (n >> 26) * (m >> 26) + (crossed >> 26) + (inner >> 26) + (low >> 52)
    whole = rest = more = 0
    place = last = 104
    while whole < MOST_LOTS or place > 0:
        place -= 1
        bit = 0
        if place >= 52:
            bit = (high >> (place - 52)) & 1
        elif place >= 0:
            bit = (low >> place) & 1
        rest = rest * 2 + bit
        digit = 1 if rest >= b else 0
        rest -= digit * b
        if whole < 2 * MOST_LOTS:
            whole, last = whole * 2 + digit, place
        else:
            more |= digit
    sticky = 1 if more + rest > 0 else 0
    return math.ldexp(float(whole * 2 + sticky), last - 1)


def lots(units: float, multiple: int, power: int, cash: float, price: float, fee: float) -> float:
    """Return the size of an entry: whole steps of `multiple / power` that the cash pays for.

    Steps are made ten times coarser until a float64 counts them exactly.
    """
    step = float(multiple)
    count = lots_in(units, step, power)
    while count > MOST_LOTS:
        if power > 1:
            power = power // 10
        else:
            step = step * 10.0
        count = lots_in(units, step, power)
    n = int(count)
    size = size_of(n, multiple, step, power)
    while n > 0 and collateral_left(cash, size, price, fee) < 0.0:
        n -= 1
        size = size_of(n, multiple, step, power)
    return size


def size_of(n: int, multiple: int, step: float, power: int) -> float:
    """Return the size of `n` lots of `step / power`, rounded once.

    Whole steps may be beyond 64 bits, and are floats. Others are still `multiple`.
    """
    if power == 1:
        return n * step
    return quotient(n, multiple, power)


def size_refusal(cash: float, size: float, price: float, min_notional: float) -> int:
    """Return why an entry found at the open cannot be made (an index in REFUSALS), or NO."""
    if not cash > 0.0:
        return NO_CASH
    if size <= 0.0 or size * price < min_notional:
        return BELOW_MINIMUM
    return NO
