"""Gather what a report shows: the record, the bars, the signals worth drawing, the explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtrade import __version__
from rtrade.catalog.installed import registry
from rtrade.catalog.registry import Kind
from rtrade.execution.summary import FILL_RULES
from rtrade.plan.explain import explain
from rtrade.plan.nodes import Const
from rtrade.report.inputs import Indicator, ReportInputs
from rtrade.report.render import render
from rtrade.workflow.compiling import Compiled

if TYPE_CHECKING:
    from rtrade.analysis.record import RunRecord
    from rtrade.core.bars import MarketData
    from rtrade.signals.table import SignalTable


def report_page(
    compiled: Compiled, market: MarketData, record: RunRecord, signals: SignalTable
) -> str:
    """Return the report of a run as one HTML page."""
    plan = compiled.plan
    indicators = tuple(
        Indicator(name, node.unit, signals.number(node)[market.first :])
        for name, node in plan.signals.items()
        if node.kind is Kind.NUMBER and not isinstance(node, Const)
    )
    return render(
        ReportInputs(
            document=record.document(),
            bars=market.bars,
            equity=record.equity,
            benchmark=record.benchmark,
            position=record.position,
            indicators=indicators,
            strategy_yaml=compiled.definition.document.text,
            explanation=explain(plan, compiled.definition, registry()).as_text(),
            fill_rules=FILL_RULES,
            version=__version__,
            # Of the run alone, so that the page is the same wherever it is written.
            seed=int(record.fingerprint[:8], 16),
        )
    )
