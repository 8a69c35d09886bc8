"""Gather what a report shows: the result, the bars, the signals worth drawing, the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtrade import __version__
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.execution.summary import FILL_RULES
from rtrade.plan.explain import explain
from rtrade.plan.nodes import Const
from rtrade.report.inputs import Indicator, ReportInputs
from rtrade.report.render import render
from rtrade.workflow.compiling import Compiled
from rtrade.workflow.judging import judged
from rtrade.workflow.reopening import reopened

if TYPE_CHECKING:
    from rtrade.analysis.llm_decisions import DecisionRecord
    from rtrade.core.bars import FloatArray, MarketData
    from rtrade.signals.table import SignalTable


@dataclass(frozen=True, eq=False)
class Shown:
    """What a run made: the document of result.json, its curves, a value per close, and what its
    models decided.
    """

    document: Mapping[str, Any]
    equity: FloatArray
    position: FloatArray
    benchmark: FloatArray
    decisions: tuple[DecisionRecord, ...] = ()


def report_page(
    compiled: Compiled,
    market: MarketData,
    shown: Shown,
    signals: SignalTable,
    analysis: Mapping[str, Any] | None = None,
) -> str:
    """Return the report of a run as one HTML page, with a model's analysis where there is one."""
    plan = compiled.plan
    indicators = tuple(
        Indicator(name, node.unit, signals.number(node)[market.first :])
        for name, node in plan.signals.items()
        if node.kind is Kind.NUMBER and not isinstance(node, Const)
    )
    return render(
        ReportInputs(
            document=shown.document,
            bars=market.bars,
            equity=shown.equity,
            benchmark=shown.benchmark,
            position=shown.position,
            indicators=indicators,
            strategy_yaml=compiled.definition.document.text,
            explanation=explain(plan, compiled.definition, registry()).as_text(),
            fill_rules=FILL_RULES,
            version=__version__,
            # Of the run alone, so that the page is the same wherever it is written.
            seed=int(shown.document["fingerprint"][:8], 16),
            llm=judged(plan, market, shown.document, shown.equity, shown.position, shown.decisions),
            analysis=analysis,
        )
    )


def write_report(folder: Path) -> Path:
    """Write the report of a run's folder anew, with the analysis that is in it; return its path.

    Raises WorldError where the bars are no longer those of the run.
    """
    from rtrade.analysis.llm_baselines import answers_of
    from rtrade.analysis.run_folder import replace_file
    from rtrade.analysis.stored import read_run
    from rtrade.signals.evaluate import evaluate

    run = read_run(folder)
    compiled, market = reopened(run)
    shown = Shown(run.document, run.equity, run.position, run.benchmark, run.decisions)
    answers = answers_of(compiled.plan, run.decisions, market.base.time)
    signals = evaluate(compiled.plan, market, answers)
    page = report_page(compiled, market, shown, signals, run.analysis)
    return replace_file(folder, "report.html", page.encode())
