"""Render a finished run as one HTML file that needs nothing else."""

from __future__ import annotations

from rtrade.analysis.trades import excursions, trade_table
from rtrade.report import tables, words
from rtrade.report.analyses import analysis_facts
from rtrade.report.assets import LLM_SCRIPTS, LLM_STYLES, load_assets
from rtrade.report.assumptions import assumed
from rtrade.report.charts import listed, payload, plan_charts
from rtrade.report.columns import island
from rtrade.report.context import Charts, ReportContext
from rtrade.report.definitions import DEFINITIONS
from rtrade.report.diagnoses import diagnosis_rows
from rtrade.report.inputs import Indicator, ReportInputs, TradeColumns, trade_columns
from rtrade.report.llm import llm_part
from rtrade.report.llm_tables import decision_marks
from rtrade.report.study import study
from rtrade.report.templates import fill

__all__ = ["Indicator", "ReportInputs", "build_context", "render"]

TEMPLATE = "report.html.j2"


def render(inputs: ReportInputs) -> str:
    """Return the report as HTML; raise WorldError where its templates cannot be read."""
    return fill(TEMPLATE, build_context(inputs))


def build_context(inputs: ReportInputs) -> ReportContext:
    """Turn a run into everything that a template sees."""
    document = inputs.document
    data, metrics = document["data"], document["metrics"]
    table = trade_table(document["trades"], inputs.bars)
    trades = trade_columns(table, inputs.bars)
    against, for_ = excursions(table, inputs.bars)
    return ReportContext(
        title=document["strategy"],
        symbol=data["symbol"],
        quote=data["symbol"].partition("/")[2],
        timeframe=data["timeframe"],
        period=f"{data['start'][:10]} to {data['end'][:10]}",
        engine=document["engine"],
        source=data["source"],
        synthetic=bool(data.get("synthetic", False)),
        verdict=words.verdict(document),
        key_numbers=tables.key_numbers(metrics),
        warnings=tuple(document["warnings"]),
        charts=_charts(inputs, trades),
        study=study(inputs, table, against, for_),
        trades=tables.trades_table(document["trades"], listed(trades), against, for_),
        costs=tables.cost_facts(metrics),
        metrics=tables.metric_rows(metrics),
        fill_rules=inputs.fill_rules,
        data=tables.data_facts(data),
        refusals=tables.refusals(document["refused"]),
        explanation=inputs.explanation,
        strategy_yaml=inputs.strategy_yaml,
        identity=tables.identity(document, inputs.version),
        llm=None if inputs.llm is None else llm_part(inputs.llm, document),
        assets=load_assets() if inputs.llm is None else load_assets(LLM_SCRIPTS, styles=LLM_STYLES),
        version=inputs.version,
        analysis=() if inputs.analysis is None else analysis_facts(inputs.analysis),
        diagnoses=diagnosis_rows(document),
        judged="diagnoses" in document,
        assumed=assumed(document),
        definitions=DEFINITIONS,
        verified=words.verified(document),
        disputed=words.disputed(document),
    )


def _charts(inputs: ReportInputs, trades: TradeColumns) -> Charts:
    plan = plan_charts(inputs, trades)
    count, timeframe = len(inputs.bars), str(inputs.bars.timeframe)
    data = payload(inputs, trades, plan)
    if inputs.llm is not None:
        data["decisions"] = decision_marks(inputs.llm)
    return Charts(
        data=island(data),
        price_summary=words.price_summary(inputs.document, plan),
        equity_summary=words.equity_summary(inputs.document),
        notes=tuple(words.chart_notes(plan, trades, count, timeframe)),
        lines=tuple(line.indicator.name for line in plan.lines),
        periods=tables.period_rows(inputs),
    )
