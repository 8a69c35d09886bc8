"""What a run with a language model has to be better than, each traded by the same engine.

Buying and holding; staying out; the same answers in another order; the strategy without the model;
the model without the strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rtrade.analysis.benchmark import benchmark_equity
from rtrade.analysis.llm_decisions import DecisionRecord
from rtrade.analysis.llm_rules import APPLIES, filter_alone, llm_alone
from rtrade.analysis.metrics import drawdown
from rtrade.core.bars import FloatArray, IntArray, MarketData
from rtrade.core.results import RunResult
from rtrade.llm.answers import Answer
from rtrade.llm.cadence import applying
from rtrade.llm.columns import answer_columns
from rtrade.plan.plan import Plan
from rtrade.signals.answers import AnswerSeries

ORDERS = 200
# Beyond so many bars read, so many runs take longer than a reader of a report waits.
MOST_BARS = 20_000

Answers = Mapping[str, AnswerSeries]
# Runs a plan with given answers over the bars of the run, and returns what came of it.
Rerun = Callable[[Plan, Answers], RunResult]
# A random order of so many things: their places, each once.
Shuffle = Callable[[int], IntArray]


@dataclass(frozen=True)
class Baseline:
    """What another strategy makes of the same bars, cash and costs; fractions.

    `total_return` is None where it was not run, and `why` says why not.
    """

    name: str
    total_return: float | None
    max_drawdown: float | None = None
    trades: int | None = None
    why: str = ""


@dataclass(frozen=True, eq=False)
class Shuffled:
    """Total returns of the same answers in `ORDERS` random orders, sorted.

    `p_value` is the share of orders, the run's own counted as one, that make no less than the run
    does. `same` tells that all orders come to one return: the model hardly varies.
    """

    returns: FloatArray
    p_value: float

    @property
    def same(self) -> bool:
        """Whether the order of the answers makes no difference."""
        return bool(self.returns[0] == self.returns[-1])


@dataclass(frozen=True)
class Baselines:
    """The run beside what it has to be better than; `why` says why there are no random orders."""

    rows: tuple[Baseline, ...]
    shuffled: Shuffled | None
    why: str = ""


def answers_of(plan: Plan, decisions: Sequence[DecisionRecord], times: IntArray) -> Answers:
    """Return the answers of all signals as series; `times` are the opens (ms) of all bars read."""
    return {
        name: _series(plan, name, *_given(name, decisions, times), len(times)) for name in plan.llm
    }


def baselines(
    plan: Plan,
    decisions: Sequence[DecisionRecord],
    market: MarketData,
    metrics: Mapping[str, float | int | None],
    rerun: Rerun,
    shuffle: Shuffle,
) -> Baselines:
    """Return what the run whose `metrics` are given has to be better than.

    `shuffle` is the only source of chance. Raises what `rerun` raises.
    """
    times = market.base.time
    answers = answers_of(plan, decisions, times)
    rows = [
        _row("run", metrics),
        _held(plan, market, metrics["benchmark_return"]),
        Baseline("flat", 0.0, 0.0, 0),
    ]
    let = _applying(plan, decisions, times, answers)
    rows.append(_rerun("filter", filter_alone(plan), let, rerun, plan.cash))
    rows.append(_rerun("llm", llm_alone(plan), answers, rerun, plan.cash))
    if len(times) > MOST_BARS:
        why = f"more than {MOST_BARS:,} bars: {ORDERS} further runs would take too long"
        return Baselines(tuple(rows), None, why)
    if metrics["total_return"] is None or len(decisions) < 2:
        return Baselines(tuple(rows), None, "there is no order of fewer than two decisions")
    own = metrics["total_return"]
    return Baselines(tuple(rows), _shuffled(plan, decisions, times, own, rerun, shuffle))


_WHY_NOT = {
    "filter": "no entry is left without the model",
    "llm": "the rules hold nothing but the model's answers, so it is the run itself",
}


def _row(name: str, metrics: Mapping[str, float | int | None]) -> Baseline:
    trades = metrics["trades"]
    return Baseline(
        name,
        metrics["total_return"],
        metrics["max_drawdown"],
        None if trades is None else int(trades),
    )


def _held(plan: Plan, market: MarketData, total_return: float | None) -> Baseline:
    if total_return is None:
        return Baseline("hold", None, why="the cash does not buy the least amount")
    worth = benchmark_equity(market.bars, plan.cash, plan.costs, market.filters)
    return Baseline("hold", total_return, float(drawdown(worth, plan.cash).max()), 0)


def _rerun(name: str, plan: Plan | None, answers: Answers, rerun: Rerun, cash: float) -> Baseline:
    if plan is None:
        return Baseline(name, None, why=_WHY_NOT[name])
    result = rerun(plan, answers)
    closed = sum(trade.exit_time is not None for trade in result.trades)
    final, deepest = float(result.equity[-1]), float(drawdown(result.equity, cash).max())
    return Baseline(name, final / cash - 1, deepest, closed)


def _shuffled(
    plan: Plan,
    decisions: Sequence[DecisionRecord],
    times: IntArray,
    own: float,
    rerun: Rerun,
    shuffle: Shuffle,
) -> Shuffled:
    # What is drawn on charts need not be computed again.
    bare = replace(plan, signals={})
    given = {name: _given(name, decisions, times) for name in plan.llm}
    returns = np.empty(ORDERS)
    for number in range(ORDERS):
        answers = {}
        for name, (said, points) in given.items():
            order = shuffle(len(said)).tolist()
            answers[name] = _series(plan, name, [said[at] for at in order], points, len(times))
        returns[number] = float(rerun(bare, answers).equity[-1]) / plan.cash - 1
    returns.sort()
    # A return within a rounding of the run's own is one as high.
    as_high = int(np.count_nonzero(returns >= own - 1e-12))
    return Shuffled(returns, (1 + as_high) / (1 + ORDERS))


def _applying(
    plan: Plan, decisions: Sequence[DecisionRecord], times: IntArray, answers: Answers
) -> Answers:
    """Return the answers with the field that tells where one applies."""
    found = {}
    for name, series in answers.items():
        _, points = _given(name, decisions, times)
        valid_for = plan.llm[name].definition.cadence.valid_for
        applies = applying(points, len(times), valid_for) >= 0
        field = {APPLIES: np.where(applies, 1.0, np.nan)}
        found[name] = AnswerSeries({**series.fields, **field})
    return found


def _given(
    name: str, decisions: Sequence[DecisionRecord], times: IntArray
) -> tuple[list[Answer | None], IntArray]:
    """Return a signal's answers and the places of their bars among all bars read."""
    mine = [one for one in decisions if one.signal == name]
    points = np.searchsorted(times, np.array([one.time for one in mine], dtype=np.int64))
    said = [None if one.values is None else Answer(one.values) for one in mine]
    return said, points.astype(np.int64)


def _series(
    plan: Plan, name: str, said: Sequence[Answer | None], points: IntArray, length: int
) -> AnswerSeries:
    signal = plan.llm[name].definition
    columns = answer_columns(signal.answer, said, points, length, signal.cadence.valid_for)
    return AnswerSeries.of(columns)
