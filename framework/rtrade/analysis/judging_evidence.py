"""Diagnoses of how much a run is evidence of: number of trades, where the profit comes from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from rtrade.analysis.evidence import Evidence
from rtrade.analysis.judging import counted, made_or_lost, money, percent
from rtrade.analysis.metrics import left_sum, years
from rtrade.core.bars import BoolArray
from rtrade.core.timeframes import DAY, HOUR, iso

_SOME, _MANY = 10, 30
_FEW_HOURS = 6
_SATURDAY = 5


def _few_trades(run: Evidence, limit: float) -> str:
    count = len(run.closed)
    return f"{counted(count, 'trade')} closed." if 0 < count < limit else ""


def _trades_per_parameter(run: Evidence, limit: float) -> str:
    count, params = len(run.closed), len(run.plan.params)
    if not count or not params or count >= limit * params:
        return ""
    return (
        f"{counted(count, 'closed trade')} for {counted(params, 'parameter')}: "
        f"{count / params:.1f} each."
    )


def _near_chance(run: Evidence, limit: float) -> str:
    count = len(run.gain)
    if count < _SOME:
        return ""
    mean = left_sum(run.gain) / count
    spread = math.sqrt(left_sum((run.gain - mean) ** 2) / (count - 1))
    error = spread / math.sqrt(count)
    if not 0 < mean < limit * error:
        return ""
    return (
        f"The mean trade made {percent(mean, signed=True)}, {mean / error:.1f} standard errors "
        f"({percent(error)}) above 0."
    )


def _best_trade(run: Evidence, limit: float) -> str:
    profit = left_sum(run.pnl)
    if profit <= 0 or len(run.pnl) < 2:
        return ""
    at = int(run.pnl.argmax())
    best = float(run.pnl[at])
    if best < limit * profit:
        return ""
    when, others = iso(int(run.entered[at]))[:10], counted(len(run.pnl) - 1, "other trade")
    return f"The trade of {when} made {money(best)}; the {others} {made_or_lost(profit - best)}."


def _thin_trades(run: Evidence, limit: float) -> str:
    closed = run.closed
    if not closed or not run.costs:
        return ""
    mean, fills = left_sum(run.pnl) / len(closed), len(run.fills)
    # Two fills make a round trip; an open position has one.
    cost = 2 * run.costs / fills
    if not 0 < mean < limit * cost:
        return ""
    return (
        f"The mean trade made {money(mean)} after costs; entering and leaving costs {money(cost)}."
    )


def _open_at_end(run: Evidence, limit: float) -> str:
    if not run.entries or len(run.closed) == run.entries or run.profit <= 0:
        return ""
    held = run.result.trades[run.entries - 1].pnl
    if held < limit * run.profit:
        return ""
    return (
        f"{money(held)} of the profit of {money(run.profit)} are in a position that is still open."
    )


def _one_side_loses(run: Evidence, _: float) -> str:
    long = np.array([trade.side == "long" for trade in run.closed], dtype=np.bool_)
    if min(np.count_nonzero(long), np.count_nonzero(~long)) < _SOME // 2:
        return ""
    made = {"Long": left_sum(run.pnl[long]), "Short": left_sum(run.pnl[~long])}
    worse, better = sorted(made, key=lambda side: made[side])
    if not made[worse] < 0 < made[better]:
        return ""
    return (
        f"{worse} trades lost {money(-made[worse])}, {better.lower()} ones made "
        f"{money(made[better])}."
    )


def _short_history(run: Evidence, limit: float) -> str:
    span = years(run.bars)
    return f"The run covers {span * 365:.1f} days." if 0 < span < limit else ""


def _long_warm_up(run: Evidence, limit: float) -> str:
    share = run.warming / len(run.bars) if len(run.bars) else 0.0
    if share < limit:
        return ""
    return (
        f"The signals warm up for {counted(run.warming, 'close')} of {len(run.bars):,}, "
        f"{percent(share)}."
    )


def _weekend(run: Evidence, limit: float) -> str:
    weekday = (run.entered // DAY + 3) % 7
    return _made_by(run, weekday >= _SATURDAY, limit, "entered on a weekend")


def _one_hour(run: Evidence, limit: float) -> str:
    hours = (run.entered // HOUR) % 24
    if len(np.unique(hours)) < _FEW_HOURS:
        return ""
    made = np.bincount(hours, weights=run.pnl, minlength=24)
    best = int(made.argmax())
    return _made_by(run, hours == best, limit, f"entered from {best:02d}:00 to {best:02d}:59 UTC")


def _made_by(run: Evidence, chosen: BoolArray, limit: float, which: str) -> str:
    if len(run.pnl) < _MANY:
        return ""
    profit, part = left_sum(run.pnl), left_sum(run.pnl[chosen])
    if profit <= 0 or part < limit * profit or chosen.all():
        return ""
    trades = f"{int(np.count_nonzero(chosen)):,} of {counted(len(run.pnl), 'trade')}"
    return f"{trades}, those {which}, made {money(part)}; the others {made_or_lost(profit - part)}."


EVIDENCE: Mapping[str, Callable[[Evidence, float], str]] = {
    "few_trades": _few_trades,
    "trades_per_parameter": _trades_per_parameter,
    "near_chance": _near_chance,
    "best_trade": _best_trade,
    "thin_trades": _thin_trades,
    "open_at_end": _open_at_end,
    "one_side_loses": _one_side_loses,
    "short_history": _short_history,
    "long_warm_up": _long_warm_up,
    "weekend": _weekend,
    "one_hour": _one_hour,
}
