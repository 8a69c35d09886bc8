"""Diagnoses of what a run came to: costs, assumptions, calendar, and the market beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rtrade.analysis.assumptions import Case, fees_of
from rtrade.analysis.evidence import Evidence
from rtrade.analysis.judging import counted, made_or_lost, money, percent
from rtrade.analysis.periods import by_day
from rtrade.core.bars import FloatArray
from rtrade.core.timeframes import iso

_MONTHS = 3
_DAYS = 30


def _no_trades(run: Evidence, _: float) -> str:
    if run.closed:
        return ""
    if run.entries:
        return "One position was opened, and is still open at the end."
    refused = sum(run.result.refused.values())
    return f"No entry was made; refused at {counted(refused, 'close')}."


def _ended_early(run: Evidence, _: float) -> str:
    for at, why in ((run.result.halted_at, "`max_drawdown`"), (run.result.ruined_at, "Ruin")):
        if at is not None:
            left = int(np.count_nonzero(run.bars.time > at)) / len(run.bars)
            where = f"in the bar of {iso(at)}, with {percent(left)} of the run left"
            return f"{why} ended trading {where}."
    return ""


def _no_costs(run: Evidence, _: float) -> str:
    costs = run.plan.costs
    if not run.entries or costs.slippage or costs.taker or costs.maker:
        return ""
    return f"{counted(len(run.fills), 'fill')} at the price of the bar, without commission."


def _costs_eat_edge(run: Evidence, limit: float) -> str:
    before = run.profit + run.costs
    if not run.costs or before <= 0 or run.costs < limit * before:
        return ""
    share = run.costs / before
    part = f"{percent(share)} of it" if share < 1 else "more than all of it"
    return (
        f"The trading made {money(before)} before costs; commissions and slippage took "
        f"{money(run.costs)}, {part}."
    )


def _double_slippage_loses(run: Evidence, _: float) -> str:
    base = run.plan.costs
    if not base.slippage:
        return ""
    return _loses(run, 2 * base.slippage, (base.taker, base.maker), "twice the slippage")


def _double_commission_loses(run: Evidence, _: float) -> str:
    base = run.plan.costs
    if not base.taker and not base.maker:
        return ""
    return _loses(run, base.slippage, fees_of(base)[-1], "twice the commission")


def _loses(run: Evidence, slippage: float, fees: tuple[float, float], what: str) -> str:
    """Say that a gain becomes a loss at given costs, if the ledger has it so."""
    cases = () if run.ledger is None else run.ledger.costs
    for case in cases:
        if np.isclose(case.slippage, slippage, rtol=1e-9) and (case.taker, case.maker) == fees:
            return _turned(run, case, f"at {what}")
    return ""


def _turned(run: Evidence, case: Case, where: str) -> str:
    gained = run.metrics.total_return
    if gained is None or case.total_return is None or not gained > 0 >= case.total_return:
        return ""
    return (
        f"The run made {percent(gained, signed=True)}; {where} it makes "
        f"{percent(case.total_return, signed=True)}."
    )


def _late_loses(run: Evidence, _: float) -> str:
    cases = () if run.ledger is None else run.ledger.delays
    return _turned(run, cases[0], "a bar later") if cases else ""


def _hangs_on_start(run: Evidence, limit: float) -> str:
    starts: Sequence[Case] = () if run.ledger is None else run.ledger.starts
    gained = run.metrics.total_return
    lost = [one for one in starts if one.total_return is not None and one.total_return <= 0]
    if gained is None or gained <= 0 or not lost or len(lost) < limit * len(starts):
        return ""
    worst = min(lost, key=lambda one: one.total_return or 0.0)
    return (
        f"{len(lost)} of {counted(len(starts), 'later start')} lose; from {iso(worst.start)[:10]} "
        f"on it makes {percent(worst.total_return or 0.0, signed=True)}."
    )


def _behind_benchmark(run: Evidence, _: float) -> str:
    gained, held = run.metrics.total_return, run.metrics.benchmark_return
    if gained is None or held is None or held <= gained:
        return ""
    return (
        f"Buying and holding made {percent(held, signed=True)}, the run "
        f"{percent(gained, signed=True)}."
    )


def _follows_market(run: Evidence, limit: float) -> str:
    own, market = (by_day(run.bars, line, run.plan.cash)[1] for line in (run.equity, run.benchmark))
    known = np.isfinite(own) & np.isfinite(market)
    both = own[known], market[known]
    if len(both[0]) < _DAYS or min(line.std() for line in both) < 1e-12:
        return ""
    found = float(np.corrcoef(*both)[0, 1])
    return f"The correlation over {len(both[0]):,} days is {found:.2f}." if found > limit else ""


def _fades(run: Evidence, _: float) -> str:
    half = len(run.equity) // 2
    if half < 1 or run.profit <= 0:
        return ""
    turn = float(run.equity[half - 1])
    first, second = turn - run.plan.cash, float(run.equity[-1]) - turn
    if second >= 0:
        return ""
    since = iso(int(run.bars.time[half]))[:10]
    return (
        f"The first half made {money(first)}; the second, from {since} on, lost {money(-second)}."
    )


def _one_month(run: Evidence, limit: float) -> str:
    if not len(run.equity) or run.profit <= 0:
        return ""
    months, made = _by_month(run)
    best = int(made.argmax())
    if len(made) < _MONTHS or made[best] < limit * run.profit:
        return ""
    rest = made_or_lost(run.profit - float(made[best]))
    return (
        f"{months[best]} made {money(float(made[best]))}; the other {len(made) - 1} months {rest}."
    )


def _by_month(run: Evidence) -> tuple[list[str], FloatArray]:
    """Return the months of the run and what the account gained in each, quote units."""
    months = run.bars.time.astype("datetime64[ms]").astype("datetime64[M]")
    ends = np.append(np.flatnonzero(months[1:] != months[:-1]), len(months) - 1)
    made = np.diff(run.equity[ends], prepend=run.plan.cash)
    return [str(month) for month in months[ends]], made


OUTCOME: Mapping[str, Callable[[Evidence, float], str]] = {
    "no_trades": _no_trades,
    "ended_early": _ended_early,
    "no_costs": _no_costs,
    "costs_eat_edge": _costs_eat_edge,
    "double_slippage_loses": _double_slippage_loses,
    "double_commission_loses": _double_commission_loses,
    "late_loses": _late_loses,
    "hangs_on_start": _hangs_on_start,
    "behind_benchmark": _behind_benchmark,
    "follows_market": _follows_market,
    "fades": _fades,
    "one_month": _one_month,
}
