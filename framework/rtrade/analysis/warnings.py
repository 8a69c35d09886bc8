"""What a reader of a result must know before believing it, in plain sentences.

The order is fixed: the data, the plan, the rules, what the account met, the trades, the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from rtrade.analysis.metrics import Metrics, years
from rtrade.catalog.metrics import METRICS
from rtrade.core.bars import TRUE, UNKNOWN, MarketData, TriArray
from rtrade.core.results import REFUSALS, RunResult, Trade
from rtrade.core.timeframes import iso
from rtrade.plan.nodes import rests_on_answers
from rtrade.plan.plan import Plan

ENTRY_RULES = ("enter_long", "enter_short")
RULES = ("enter_long", "exit_long", "enter_short", "exit_short")
FEW_TRADES = 30


@dataclass(frozen=True)
class RuleFacts:
    """At how many closes of the run a rule was true, unknown, and unknown while it warms up.

    `true` leaves out the last close, whose decisions are not carried out.
    """

    true: int
    unknown: int = 0
    warming: int = 0


def rule_facts(values: TriArray, warmup: int = 0) -> RuleFacts:
    """Count a rule's three-valued values over the bars of the run.

    `warmup` is the number of its first closes at which the plan may not know yet.
    """
    unknown = values == UNKNOWN
    return RuleFacts(
        true=int(np.count_nonzero(values[:-1] == TRUE)),
        unknown=int(np.count_nonzero(unknown)),
        warming=int(np.count_nonzero(unknown[:warmup])),
    )


def warnings_of(
    plan: Plan,
    market: MarketData,
    result: RunResult,
    metrics: Metrics,
    rules: Mapping[str, RuleFacts] | None = None,
) -> tuple[str, ...]:
    """Return the warnings of a run, each once; `rules` has the facts of the plan's rules."""
    facts = rules or {}
    found = [
        *_of_data(market),
        *(f"{warning.code}: {warning.message}" for warning in plan.warnings),
        *_of_rules(plan, facts),
        *_of_account(result),
        *_of_trades(plan, market, result, facts),
        *_of_figures(market, metrics),
    ]
    return tuple(dict.fromkeys(found))


def _of_data(market: MarketData) -> Iterable[str]:
    if market.synthetic:
        yield (
            f"synthetic data: the prices of `{market.source}` are generated, so this result "
            "says nothing about any market"
        )
    bars = market.bars
    gaps, missing = bars.gaps()
    if gaps:
        longest = int(bars.missing().max())
        yield (
            f"the data has {_count(gaps, 'gap')} with {_count(missing, 'missing bar')}, "
            f"{longest} in the longest"
        )
    if market.resampled_from is not None:
        yield f"the {bars.timeframe} bars are made from {market.resampled_from} bars of the source"
    if not market.filters_stated:
        yield (
            f"`{market.source}` states no filters: sizes are whole steps of "
            f"{float(market.filters.lot)!r} and no order is too small"
        )
    yield from market.warnings


def warming_up(plan: Plan, market: MarketData) -> int:
    """Return the number of the run's first closes at which the plan may not know yet.

    A series of a slower clock has warmed up at the close of the bar after its warm-up.
    """
    base, known = market.base, plan.warmup
    for need in plan.needs[1:]:
        bars = market.others[need.name]
        if need.warmup >= len(bars):
            return len(base) - market.first
        since = bars.timeframe.close(int(bars.time[need.warmup]))
        known = max(known, int(np.searchsorted(base.timeframe.closes(base.time), since)))
    return max(0, known - market.first)


def _of_rules(plan: Plan, facts: Mapping[str, RuleFacts]) -> Iterable[str]:
    ranged = plan.start is not None or plan.last is not None
    for name in RULES:
        fact = facts.get(name)
        if fact is None or not fact.unknown:
            continue
        if fact.warming and ranged:
            closes = _count(fact.warming, "close")
            yield f"`{name}` is unknown at {closes} at the start of the run: it warms up"
        if fact.unknown > fact.warming:
            closes = _count(fact.unknown - fact.warming, "close")
            rule = plan.rules.get(name)
            why = "as after a division by zero"
            if rule is not None and rests_on_answers(rule):
                why = "as where no answer of a model applies"
            yield (
                f"`{name}` is unknown at {closes} besides its warm-up ({why}); "
                "it does not act there"
            )


def _of_account(result: RunResult) -> Iterable[str]:
    if result.halted_at is not None:
        yield f"max_drawdown ended trading at the close of the bar of {iso(result.halted_at)}"
    if result.ruined_at is not None:
        yield (
            f"ruin: equity fell to 0 or below at the close of the bar of {iso(result.ruined_at)}, "
            "which ended trading"
        )
    if result.capped:
        yield f"capped by cash: {result.capped}"


def _of_trades(
    plan: Plan, market: MarketData, result: RunResult, facts: Mapping[str, RuleFacts]
) -> Iterable[str]:
    closed = [trade for trade in result.trades if trade.exit_time is not None]
    if not result.trades:
        yield f"no trades: {_why_none(plan, market, result, facts)}"
    elif not closed:
        yield "no trade was closed: the only one is still open at the end"
    elif len(closed) < FEW_TRADES:
        yield (
            f"only {_count(len(closed), 'closed trade')}: fewer than {FEW_TRADES} tell little "
            "about what comes next"
        )
    share = _share_of_best(closed)
    if share is not None and share > 1:
        yield "one trade made more than the whole profit: all others together lost"
    elif share is not None and share > 0.5:
        yield f"one trade made {share:.0%} of the profit"


def _share_of_best(closed: list[Trade]) -> float | None:
    profit = 0.0
    for trade in closed:
        profit += trade.pnl
    return max(trade.pnl for trade in closed) / profit if profit > 0 else None


def _why_none(
    plan: Plan, market: MarketData, result: RunResult, facts: Mapping[str, RuleFacts]
) -> str:
    refused = [f"{name} {n}" for name in REFUSALS if (n := result.refused.get(name, 0))]
    if refused:
        return f"every entry was refused ({', '.join(refused)})"
    bars = len(market.base)
    if plan.warmup >= bars:
        return f"the rules warm up for {_count(plan.warmup, 'bar')}, and there are {bars}"
    entries = [name for name in ENTRY_RULES if name in plan.rules]
    if all(name in facts and not facts[name].true for name in entries):
        never = " and ".join(f"`{name}`" for name in entries)
        return f"{never} {'was' if len(entries) == 1 else 'were'} never true in time to act"
    return "no entry rule was true at a close before the last"


def _of_figures(market: MarketData, metrics: Metrics) -> Iterable[str]:
    span = years(market.bars)
    values = metrics.values()
    annual = [m.name for m in METRICS if m.annual and values[m.name] is not None]
    if annual and span < 1:
        yield (
            f"the run covers {span * 365:.1f} days, less than a year, and yearly figures are "
            f"scaled up from it ({', '.join(annual)})"
        )
    by_reason: dict[str, list[str]] = {}
    for name in values:
        if name in metrics.reasons:
            by_reason.setdefault(metrics.reasons[name], []).append(name)
    for reason, names in by_reason.items():
        verb = "is" if len(names) == 1 else "are"
        yield f"{', '.join(names)} {verb} null: {reason}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
