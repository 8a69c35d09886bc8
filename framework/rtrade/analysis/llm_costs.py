"""What asking a model costs, set against what the run made.

The cost is that of the replies when they were given, so a run out of the cache costs what it cost
the first time. Engines do not book it: it is taken off at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtrade.analysis.llm_decisions import DecisionRecord, VoteRecord, added
from rtrade.plan.plan import Plan

# Currencies that stand for US dollars, which prices of models are in.
DOLLARS = frozenset({"USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USDP", "DAI", "PYUSD"})

NO_PRICES = "the source of the model states no prices"
NO_GAIN = "the run made nothing that could pay for it"


@dataclass(frozen=True)
class InferenceCost:
    """Tokens and US dollars of a run's answers, and what is left of its return.

    `requests` counts replies, those that were repaired included; equal requests count once.
    `net_return` is the total return with the cost taken off the final equity, `break_even` the
    starting cash (quote units) at which the same return just pays for the answers: more is better
    off, since the cost does not grow with the cash. None where it is not defined, `why` says so.
    """

    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    per_decision: float | None
    per_trade: float | None
    gross_return: float | None
    net_return: float | None
    break_even: float | None
    why: str


def cost_of(
    plan: Plan,
    decisions: Sequence[DecisionRecord],
    total_return: float | None,
    trades: int,
) -> InferenceCost:
    """Return what the answers of a run of `plan` cost, beside what it made."""
    return inference_cost(
        decisions,
        cash=plan.cash,
        # Of a perpetual such as BTC/USDT:USDT too.
        quote=plan.symbol.partition("/")[2].partition(":")[0],
        total_return=total_return,
        trades=trades,
        free=all(model.provider.engine == "local" for model in plan.llm.values()),
    )


def inference_cost(
    decisions: Sequence[DecisionRecord],
    *,
    cash: float,
    quote: str,
    total_return: float | None,
    trades: int,
    free: bool = False,
) -> InferenceCost:
    """Return what the answers cost beside a run from `cash` that closed so many `trades`.

    `quote` is the currency of `cash`. `free` says that the model runs on this machine: it costs 0.
    """
    votes = _distinct(decisions)
    cost = 0.0 if free else added(vote.cost for vote in votes)
    why = _why(cost, quote, total_return)
    net = break_even = None
    if cost is not None and total_return is not None and (cost == 0.0 or quote in DOLLARS):
        net = total_return - cost / cash
        break_even = cost / total_return if total_return > 0 else None
    return InferenceCost(
        requests=sum(vote.replies for vote in votes),
        prompt_tokens=sum(vote.prompt_tokens for vote in votes),
        completion_tokens=sum(vote.completion_tokens for vote in votes),
        cost=cost,
        per_decision=None if cost is None or not decisions else cost / len(decisions),
        per_trade=None if cost is None or not trades else cost / trades,
        gross_return=total_return,
        net_return=net,
        break_even=break_even,
        why=why,
    )


def _distinct(decisions: Sequence[DecisionRecord]) -> list[VoteRecord]:
    """Return the votes that had a reply; equal requests were sent once."""
    found: dict[str, VoteRecord] = {}
    for place, one in enumerate(decisions):
        for number, vote in enumerate(one.votes):
            if vote.replies:
                found.setdefault(vote.key or f"{place}.{number}", vote)
    return list(found.values())


def _why(cost: float | None, quote: str, total_return: float | None) -> str:
    if cost is None:
        return NO_PRICES
    if total_return is None:
        return "the return of the run is not defined"
    if cost and quote not in DOLLARS:
        return f"the run counts in {quote}, the cost is in US dollars"
    return "" if total_return > 0 else NO_GAIN
