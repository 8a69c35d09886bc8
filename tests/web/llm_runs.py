"""Runs that asked a model, for the report's tests: real engine, made-up answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from rtrade.analysis.benchmark import benchmark_equity
from rtrade.analysis.llm_baselines import answers_of
from rtrade.analysis.llm_decisions import Clamp, DecisionRecord
from rtrade.analysis.llm_knowledge import Course
from rtrade.analysis.llm_study import study
from rtrade.analysis.metrics import measure
from rtrade.analysis.record import build
from rtrade.core.bars import Bars
from rtrade.plan.plan import Plan
from rtrade.report.inputs import ReportInputs
from unit.llm_cases import (
    ACTIONS,
    decided,
    market_of,
    plan_of,
    rerun,
    shuffling,
)
from web.report_runs import EXPLANATION, FILL_RULES, YAML, make_bars

REASON = "The price is {} and momentum is {}, so the next hours should look {}."


def guesses(bars: Bars, every: int, *, skill: float = 0.6, seed: int = 4) -> list[DecisionRecord]:
    """Return decisions of a model that is right somewhat more often than not, and says how sure."""
    stream = np.random.RandomState(seed)
    made = []
    for at in range(every - 1, len(bars), every):
        end = min(at + every, len(bars) - 1)
        up = bars.close[end] > bars.close[at]
        said = ("buy" if up else "sell") if stream.random() < skill else ACTIONS[stream.randint(3)]
        words = ("higher", "rising", "better") if said == "buy" else ("lower", "falling", "worse")
        sure = int(np.clip(stream.normal(65, 18), 0, 100))
        answer = None if stream.random() < 0.08 else said
        one = decided(
            bars, at, answer, sure, reason=REASON.format(*words), key=f"{at:064x}",
            rejected=("I would buy.",) if stream.random() < 0.05 and answer else (),
        )  # fmt: skip
        if answer and stream.random() < 0.1:
            one = replace(one, clamps=(Clamp("scale_by", 0.5, 0.5 * sure / 100),))
        made.append(one)
    return made


def llm_inputs(
    bars: Bars,
    decisions: list[DecisionRecord],
    plan: Plan | None = None,
    *,
    synthetic: bool = False,
) -> ReportInputs:
    """Return the run of a plan with these decisions, judged."""
    plan, market = plan or plan_of(), replace(market_of(bars), synthetic=synthetic)
    result = rerun(market)(plan, answers_of(plan, decisions, bars.time))
    metrics = measure(result, bars, cash=plan.cash, costs=plan.costs, filters=market.filters)
    held = benchmark_equity(bars, plan.cash, plan.costs, market.filters)
    record = build(
        plan, market, result, metrics, fingerprint="ab" * 32, benchmark=held, warnings=()
    )
    course = Course(
        bars, record.equity, record.position, result.trades, plan.cash, plan.costs, market.filters
    )
    found = study(plan, decisions, market, course, metrics.values(), rerun(market), shuffling())
    document: dict[str, Any] = record.document()
    return ReportInputs(
        document=document,
        bars=bars,
        equity=record.equity,
        benchmark=record.benchmark,
        position=record.position,
        indicators=(),
        strategy_yaml=YAML,
        explanation=EXPLANATION,
        fill_rules=FILL_RULES,
        version="0.1.0",
        llm=found,
    )


def month(**more: Any) -> ReportInputs:
    """Return a month of hours in which a model was asked every twelve."""
    bars = make_bars(744, holes=0)
    return llm_inputs(bars, guesses(bars, 12), **more)
