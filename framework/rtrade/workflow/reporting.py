"""Gather what a report shows: the result, the bars, the signals worth drawing, the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtrade import __version__
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.core.errors import WorldError
from rtrade.execution.summary import FILL_RULES
from rtrade.plan.explain import explain
from rtrade.plan.nodes import Const
from rtrade.report.inputs import Indicator, ReportInputs
from rtrade.report.render import render
from rtrade.workflow.compiling import Compiled
from rtrade.workflow.judging import judged
from rtrade.workflow.markets import FETCHED, Fetching
from rtrade.workflow.reopening import reopened

if TYPE_CHECKING:
    from rtrade.analysis.llm_decisions import DecisionRecord
    from rtrade.analysis.stored import StoredRun
    from rtrade.core.bars import FloatArray, MarketData
    from rtrade.plan.plan import Plan
    from rtrade.report.drawn import Drawn
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
    return render(
        ReportInputs(
            document=shown.document,
            bars=market.bars,
            equity=shown.equity,
            benchmark=shown.benchmark,
            position=shown.position,
            indicators=indicators_of(plan, market, signals),
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
    from rtrade.analysis.run_folder import replace_file
    from rtrade.analysis.stored import read_run

    run = read_run(folder)
    compiled, market = reopened(run)
    shown = Shown(run.document, run.equity, run.position, run.benchmark, run.decisions)
    signals = signals_of(run, compiled.plan, market)
    page = report_page(compiled, market, shown, signals, run.analysis)
    return replace_file(folder, "report.html", page.encode())


def charted(folder: Path, fetching: Fetching = FETCHED) -> Drawn:
    """Return what the charts of a run's report draw, all its bars.

    Raises WorldError where the bars are no longer those of the run, or, of an exchange that may
    not be asked, not in the store.
    """
    from rtrade.analysis.stored import read_run
    from rtrade.report.drawn import Drawn, place, starting_cash

    run = read_run(folder)
    compiled, market = reopened(run, fetching)
    if len(run.equity) != len(market.bars):
        raise WorldError(f"equity.csv of run `{run.run_id}` is not of its bars")
    signals = signals_of(run, compiled.plan, market)
    lines, _ = place(indicators_of(compiled.plan, market, signals), market.bars)
    cash = starting_cash(run.document["metrics"], run.equity)
    return Drawn.of(market.bars, run.equity, run.benchmark, run.position, cash, lines)


def indicators_of(plan: Plan, market: MarketData, signals: SignalTable) -> tuple[Indicator, ...]:
    """Return the signals worth drawing."""
    return tuple(
        Indicator(name, node.unit, signals.number(node)[market.first :])
        for name, node in plan.signals.items()
        if node.kind is Kind.NUMBER and not isinstance(node, Const)
    )


def signals_of(run: StoredRun, plan: Plan, market: MarketData) -> SignalTable:
    """Compute the signals of a run again, with what its models answered then."""
    from rtrade.analysis.llm_baselines import answers_of
    from rtrade.signals.evaluate import evaluate

    return evaluate(plan, market, answers_of(plan, run.decisions, market.base.time))
