"""Judge a run that asked models: everything that takes the engine again, and a source of chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtrade.analysis.llm_baselines import Answers, Rerun, Shuffle
    from rtrade.analysis.llm_decisions import DecisionRecord
    from rtrade.analysis.llm_study import LlmStudy
    from rtrade.core.bars import FloatArray, IntArray, MarketData
    from rtrade.core.results import RunResult
    from rtrade.plan.plan import Plan


def judged(
    plan: Plan,
    market: MarketData,
    document: Mapping[str, Any],
    equity: FloatArray,
    position: FloatArray,
    decisions: Sequence[DecisionRecord],
) -> LlmStudy | None:
    """Return what was found of a run's models; None where it asked none, or has no bars.

    `document` is that of result.json, `equity` and `position` have a value per close. The chance
    in it comes from the run's fingerprint, so that equal runs are judged alike.
    """
    if not plan.llm or not len(market.bars):
        return None
    from rtrade.analysis.llm_knowledge import Course
    from rtrade.analysis.llm_study import study, trades_of

    bars = market.bars
    trades = trades_of(document["trades"], bars)
    course = Course(bars, equity, position, trades, plan.cash, plan.costs, market.filters)
    chance, engine = _shuffle(int(document["fingerprint"][:8], 16)), document["engine"]
    return study(
        plan, decisions, market, course, document["metrics"], _rerun(market, engine), chance
    )


def _rerun(market: MarketData, name: str) -> Rerun:
    from rtrade.execution.engines import engine
    from rtrade.execution.preparing import prepare
    from rtrade.signals.evaluate import evaluate

    def rerun(plan: Plan, answers: Answers) -> RunResult:
        program = prepare(plan, market, evaluate(plan, market, answers))
        return engine(name)(program, market.bars)

    return rerun


def _shuffle(seed: int) -> Shuffle:
    import numpy as np

    # The stream of this generator is the same in all versions of numpy.
    stream = np.random.RandomState(seed)

    def shuffle(count: int) -> IntArray:
        return stream.permutation(count).astype(np.int64)

    return shuffle
