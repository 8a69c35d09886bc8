"""What a template sees: every name that a report template may use, with its meaning.

A report is a view of `result.json`: each `Figure` names the place in that document that its
number comes from. Charts are the exception: their lines are the run's own arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup


def _says(text: str) -> Any:
    """Declare a field with its help text."""
    return field(metadata={"help": text})


@dataclass(frozen=True)
class Figure:
    """One number of the result, ready to print."""

    path: str = _says("place in result.json, such as `metrics.sharpe`")
    raw: str = _says("the number as result.json has it; `null` where it is undefined")
    text: str = _says("the number as a reader sees it")
    tone: str = _says("`good`, `bad` or empty; never the only carrier of a meaning")


@dataclass(frozen=True)
class KeyNumber:
    """One of the numbers at the top of the page."""

    title: str = _says("what it measures, in two or three words")
    doc: str = _says("its definition in a sentence")
    figure: Figure = _says("the number")
    beside: Figure | None = _says("the same of buying and holding, where the result has it")


@dataclass(frozen=True)
class MetricRow:
    """One row of the table of all metrics."""

    name: str = _says("its key in result.json")
    title: str = _says("what it is called")
    doc: str = _says("what it means, in a sentence")
    formula: str = _says("how it is computed")
    figure: Figure = _says("the number")


@dataclass(frozen=True)
class Verdict:
    """The answer, in words."""

    tone: str = _says("`good` where it made money, `bad` where it lost, else empty")
    sentence: str = _says("what it made or lost beside buying and holding")
    detail: str = _says("trades, deepest fall and time in the market, in a sentence")


@dataclass(frozen=True)
class TradeRow:
    """One row of the trade table. Figures are `(raw, text, tone)`, kept small for long tables."""

    number: int = _says("its place in the result's list of trades, from 1")
    side: str = _says("`long` or `short`")
    entry_time: str = _says("UTC open time of the bar of the entry")
    exit_time: str = _says("the same of the exit; a word for a position still open")
    exit_raw: str = _says("the exit's time as result.json has it; empty while open")
    entry_price: tuple[str, str, str] = _says("fill price of the entry, quote units")
    exit_price: tuple[str, str, str] = _says("fill price of the exit, quote units")
    size: tuple[str, str, str] = _says("base units")
    pnl: tuple[str, str, str] = _says("profit or loss after both commissions, quote units")
    return_: tuple[str, str, str] = _says("pnl over the entry's notional")
    fees: tuple[str, str, str] = _says("commissions, quote units")
    bars: tuple[str, str, str] = _says("bars held")
    entry_reason: str = _says("the rule that opened it")
    exit_reason: str = _says("what closed it; a word for a position still open")


@dataclass(frozen=True)
class Trades:
    """The trade table."""

    rows: tuple[TradeRow, ...] = _says("the trades shown, in time order")
    total: int = _says("trades in the result, one still open included")
    cut: str = _says("a sentence where not all are shown, else empty")


@dataclass(frozen=True)
class Fact:
    """A name with a value, for the lists of facts."""

    title: str = _says("the name")
    text: str = _says("the value, for reading")
    doc: str = _says("what it means; may be empty")
    figure: Figure | None = _says("the number, where it is one of the result")
    code: bool = _says("True for hashes and identifiers, shown in fixed width")


@dataclass(frozen=True)
class Refusal:
    """Entries that a rule asked for and that were not made, for one reason."""

    reason: str = _says("its key in result.json")
    doc: str = _says("why, in a sentence")
    figure: Figure = _says("how many closes")


@dataclass(frozen=True)
class PeriodRow:
    """The curve at the end of a calendar period: the chart of equity as a table."""

    period: str = _says("such as 2024-03 or 2024")
    equity: str = _says("equity at the last close of the period")
    benchmark: str = _says("buying and holding at the same close")
    drawdown: str = _says("how far equity stood under its peak at that close")


@dataclass(frozen=True)
class Charts:
    """The charts: what the page's script draws, and the sentences beside them."""

    data: Markup = _says("JSON for the script, safe inside a script element")
    price_summary: str = _says("what the price chart shows, for those who cannot see it")
    equity_summary: str = _says("the same of the equity chart")
    notes: tuple[str, ...] = _says("what was aggregated or left out of the charts")
    lines: tuple[str, ...] = _says("names of the signals drawn")
    periods: tuple[PeriodRow, ...] = _says("the equity chart as a table")


@dataclass(frozen=True)
class Assets:
    """Scripts, style and policy of the page, inlined so that it needs no network."""

    policy: str = _says("the Content-Security-Policy")
    style: Markup = _says("the style sheet")
    library: Markup = _says("the chart library, unchanged")
    script: Markup = _says("the page's own script")
    icon: str = _says("the page's icon as a data: address")
    notice: str = _says("the chart library's attribution notice")


@dataclass(frozen=True)
class ReportContext:
    """Everything a template sees."""

    title: str = _says("the strategy's name")
    symbol: str = _says("what was traded")
    quote: str = _says("the currency that money is counted in; may be empty")
    timeframe: str = _says("length of a bar, such as `1h`")
    period: str = _says("first and last day of the run")
    engine: str = _says("the engine that filled the orders")
    source: str = _says("the data source's name")
    synthetic: bool = _says("True where prices were generated")
    verdict: Verdict = _says("the answer in words")
    key_numbers: tuple[KeyNumber, ...] = _says("the numbers at the top")
    warnings: tuple[str, ...] = _says("what the result itself warns of")
    charts: Charts = _says("the charts")
    trades: Trades = _says("the trade table")
    costs: tuple[Fact, ...] = _says("commissions, slippage, turnover")
    metrics: tuple[MetricRow, ...] = _says("all metrics with their definitions")
    fill_rules: tuple[str, ...] = _says("how orders were filled, a sentence each")
    data: tuple[Fact, ...] = _says("which bars were used, and what is missing")
    refusals: tuple[Refusal, ...] = _says("entries that were not made, by reason")
    explanation: str = _says("the plan in plain words")
    strategy_yaml: str = _says("the strategy file, verbatim")
    identity: tuple[Fact, ...] = _says("run id, fingerprint, engine, version")
    assets: Assets = _says("scripts, style, policy")
    version: str = _says("the version of rtrade that wrote the page")
