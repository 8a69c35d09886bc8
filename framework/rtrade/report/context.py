"""What a template sees: every name that a report template may use, with its meaning.

A report is a view of `result.json`: each `Figure` names the place in that document that its
number comes from. Charts are the exception: their lines are the run's own arrays. The text
beside each field's type is its help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from markupsafe import Markup


@dataclass(frozen=True)
class Figure:
    """One number of the result, ready to print."""

    path: Annotated[str, "place in result.json, such as `metrics.sharpe`"]
    raw: Annotated[str, "the number as result.json has it; `null` where it is undefined"]
    text: Annotated[str, "the number as a reader sees it"]
    tone: Annotated[str, "`good`, `bad` or empty; never the only carrier of a meaning"]


@dataclass(frozen=True)
class KeyNumber:
    """One of the numbers at the top of the page."""

    title: Annotated[str, "what it measures, in two or three words"]
    doc: Annotated[str, "its definition in a sentence"]
    figure: Annotated[Figure, "the number"]
    beside: Annotated[Figure | None, "the same of buying and holding, where the result has it"]


@dataclass(frozen=True)
class MetricRow:
    """One row of the table of all metrics."""

    name: Annotated[str, "its key in result.json"]
    title: Annotated[str, "what it is called"]
    doc: Annotated[str, "what it means, in a sentence"]
    formula: Annotated[str, "how it is computed"]
    figure: Annotated[Figure, "the number"]


@dataclass(frozen=True)
class Verdict:
    """The answer, in words."""

    tone: Annotated[str, "`good` where it made money, `bad` where it lost, else empty"]
    sentence: Annotated[str, "what it made or lost beside buying and holding"]
    detail: Annotated[str, "trades, deepest fall and time in the market, in a sentence"]


@dataclass(frozen=True)
class TradeRow:
    """One row of the trade table. Figures are `(raw, text, tone)`, kept small for long tables."""

    number: Annotated[int, "its place in the result's list of trades, from 1"]
    side: Annotated[str, "`long` or `short`"]
    entry_time: Annotated[str, "UTC open time of the bar of the entry"]
    exit_time: Annotated[str, "the same of the exit; a word for a position still open"]
    exit_raw: Annotated[str, "the exit's time as result.json has it; empty while open"]
    entry_price: Annotated[tuple[str, str, str], "fill price of the entry, quote units"]
    exit_price: Annotated[tuple[str, str, str], "fill price of the exit, quote units"]
    size: Annotated[tuple[str, str, str], "base units"]
    pnl: Annotated[tuple[str, str, str], "profit or loss after both commissions, quote units"]
    return_: Annotated[tuple[str, str, str], "pnl over the entry's notional"]
    fees: Annotated[tuple[str, str, str], "commissions, quote units"]
    bars: Annotated[tuple[str, str, str], "bars held"]
    against: Annotated[tuple[str, str, str], "the worst that it stood against the entry price"]
    for_: Annotated[tuple[str, str, str], "the best that it stood for it"]
    exit_reason: Annotated[str, "what closed it; a word for a position still open"]


@dataclass(frozen=True)
class Trades:
    """The trade table."""

    rows: Annotated[tuple[TradeRow, ...], "the trades shown, in time order"]
    total: Annotated[int, "trades in the result, one still open included"]
    exits: Annotated[tuple[str, ...], "what closed the trades shown, each once"]
    cut: Annotated[str, "a sentence where not all are shown, else empty"]


@dataclass(frozen=True)
class Fact:
    """A name with a value, for the lists of facts."""

    title: Annotated[str, "the name"]
    text: Annotated[str, "the value, for reading"]
    doc: Annotated[str, "what it means; may be empty"]
    figure: Annotated[Figure | None, "the number, where it is one of the result"]
    code: Annotated[bool, "True for hashes and identifiers, shown in fixed width"]


@dataclass(frozen=True)
class Refusal:
    """Entries that a rule asked for and that were not made, for one reason."""

    reason: Annotated[str, "its key in result.json"]
    doc: Annotated[str, "why, in a sentence"]
    figure: Annotated[Figure, "how many closes"]


@dataclass(frozen=True)
class PeriodRow:
    """The curve at the end of a calendar period: the chart of equity as a table."""

    period: Annotated[str, "such as 2024-03 or 2024"]
    equity: Annotated[str, "equity at the last close of the period"]
    benchmark: Annotated[str, "buying and holding at the same close"]
    drawdown: Annotated[str, "how far equity stood under its peak at that close"]


@dataclass(frozen=True)
class Heat:
    """A cell of the table of months."""

    text: Annotated[str, "the return in percent; empty where the run has no bar"]
    tone: Annotated[str, "`up` or `down` and how strongly, 1 to 5; empty without a return"]
    partial: Annotated[bool, "True where only a part of the period was run"]


@dataclass(frozen=True)
class YearRow:
    """A year of the run."""

    year: Annotated[int, "the year"]
    months: Annotated[tuple[Heat, ...], "its twelve months"]
    total: Annotated[Heat, "the year as a whole"]
    benchmark: Annotated[str, "buying and holding in the same time"]
    bars: Annotated[Markup, "a drawing of both"]


@dataclass(frozen=True)
class FallRow:
    """One of the deepest drawdowns. Times are closes, UTC."""

    depth: Annotated[str, "how deep, in percent of the peak"]
    peak: Annotated[str, "when the peak was"]
    trough: Annotated[str, "when equity was lowest"]
    recovery: Annotated[str, "when the peak was reached again; `open` where it was not"]
    down: Annotated[str, "the time from peak to trough"]
    back: Annotated[str, "the time from trough to recovery; a dash while open"]
    bars: Annotated[str, "closes under the peak"]


@dataclass(frozen=True)
class Picture:
    """A drawing with what it shows in words and in numbers."""

    svg: Annotated[Markup, "the drawing"]
    summary: Annotated[str, "what it shows, for those who cannot see it"]
    header: Annotated[tuple[str, ...], "titles of the columns of the same as a table"]
    rows: Annotated[tuple[tuple[str, ...], ...], "its rows"]


@dataclass(frozen=True)
class GroupTable:
    """Closed trades grouped by one thing."""

    title: Annotated[str, "what they are grouped by"]
    rows: Annotated[
        tuple[tuple[str, str, str, str, str, str, Markup], ...],
        "name, trades, win rate, mean return, pnl, profit factor, and the pnl as a bar",
    ]


@dataclass(frozen=True)
class Chance:
    """What the same trades could have made in another draw."""

    picture: Annotated[Picture, "the fan of equity"]
    sentence: Annotated[str, "what it says and assumes"]
    header: Annotated[tuple[str, ...], "titles of the columns"]
    rows: Annotated[tuple[tuple[str, ...], ...], "final return and deepest fall by quantile"]
    seed: Annotated[int, "the seed of the draws"]


@dataclass(frozen=True)
class Study:
    """The run looked at from all sides; a part is None where the run is too short for it."""

    years: Annotated[tuple[YearRow, ...], "returns by month and year, in order"]
    falls: Annotated[tuple[FallRow, ...], "the deepest drawdowns"]
    rolling: Annotated[Picture | None, "Sharpe ratio and volatility over a moving window"]
    spread: Annotated[Picture | None, "how returns are spread"]
    extremes: Annotated[tuple[tuple[str, str, str, str], ...], "worst and best, day and return"]
    excursions: Annotated[Picture | None, "how far trades ran against and for the position"]
    groups: Annotated[tuple[GroupTable, ...], "closed trades by what they have in common"]
    chance: Annotated[Chance | None, "the trades drawn again"]
    few: Annotated[str, "why there are no draws; empty where there are"]
    exposure: Annotated[tuple[Fact, ...], "time in the market, long, short, and out of it"]
    sides: Annotated[Markup, "the last three as one bar"]


@dataclass(frozen=True)
class Charts:
    """The charts: what the page's script draws, and the sentences beside them."""

    data: Annotated[Markup, "JSON for the script, safe inside a script element"]
    price_summary: Annotated[str, "what the price chart shows, for those who cannot see it"]
    equity_summary: Annotated[str, "the same of the equity chart"]
    notes: Annotated[tuple[str, ...], "what was aggregated or left out of the charts"]
    lines: Annotated[tuple[str, ...], "names of the signals drawn"]
    periods: Annotated[tuple[PeriodRow, ...], "the equity chart as a table"]


@dataclass(frozen=True)
class Assets:
    """Scripts, style and policy of the page, inlined so that it needs no network."""

    policy: Annotated[str, "the Content-Security-Policy"]
    style: Annotated[Markup, "the style sheet"]
    library: Annotated[Markup, "the chart library, unchanged"]
    script: Annotated[Markup, "the page's own script"]
    icon: Annotated[str, "the page's icon as a data: address"]
    notice: Annotated[str, "the chart library's attribution notice"]


@dataclass(frozen=True)
class ReportContext:
    """Everything a template sees."""

    title: Annotated[str, "the strategy's name"]
    symbol: Annotated[str, "what was traded"]
    quote: Annotated[str, "the currency that money is counted in; may be empty"]
    timeframe: Annotated[str, "length of a bar, such as `1h`"]
    period: Annotated[str, "first and last day of the run"]
    engine: Annotated[str, "the engine that filled the orders"]
    source: Annotated[str, "the data source's name"]
    synthetic: Annotated[bool, "True where prices were generated"]
    verdict: Annotated[Verdict, "the answer in words"]
    key_numbers: Annotated[tuple[KeyNumber, ...], "the numbers at the top"]
    warnings: Annotated[tuple[str, ...], "what the result itself warns of"]
    charts: Annotated[Charts, "the charts"]
    study: Annotated[Study, "the run by calendar, by trade and by chance"]
    trades: Annotated[Trades, "the trade table"]
    costs: Annotated[tuple[Fact, ...], "commissions, slippage, turnover"]
    metrics: Annotated[tuple[MetricRow, ...], "all metrics with their definitions"]
    fill_rules: Annotated[tuple[str, ...], "how orders were filled, a sentence each"]
    data: Annotated[tuple[Fact, ...], "which bars were used, and what is missing"]
    refusals: Annotated[tuple[Refusal, ...], "entries that were not made, by reason"]
    explanation: Annotated[str, "the plan in plain words"]
    strategy_yaml: Annotated[str, "the strategy file, verbatim"]
    identity: Annotated[tuple[Fact, ...], "run id, fingerprint, engine, version"]
    assets: Annotated[Assets, "scripts, style, policy"]
    version: Annotated[str, "the version of rtrade that wrote the page"]


@dataclass(frozen=True)
class Compared:
    """One of two runs beside each other."""

    letter: Annotated[str, "`A` or `B`"]
    run_id: Annotated[str, "the id of the run"]
    strategy: Annotated[str, "the strategy's name"]
    where: Annotated[str, "symbol, timeframe and days"]
    report: Annotated[str, "address of its report, relative to the page; empty where there is none"]


@dataclass(frozen=True)
class PairRow:
    """A number of both runs."""

    title: Annotated[str, "what it is"]
    doc: Annotated[str, "what it means, in a sentence; may be empty"]
    first: Annotated[str, "the value of run A"]
    second: Annotated[str, "the value of run B"]
    change: Annotated[str, "B less A; empty where that says nothing"]
    better: Annotated[str, "`A` or `B` where one is better, else empty"]


@dataclass(frozen=True)
class OnlyTrades:
    """The trades that one of the runs made and the other did not."""

    letter: Annotated[str, "the run that made them"]
    count: Annotated[int, "how many there are"]
    rows: Annotated[tuple[tuple[str, ...], ...], "the first of them, a text per column"]
    cut: Annotated[str, "a sentence where not all are shown, else empty"]


@dataclass(frozen=True)
class ComparisonContext:
    """Everything that the template of a comparison sees."""

    title: Annotated[str, "what is compared"]
    runs: Annotated[tuple[Compared, Compared], "the two runs"]
    notes: Annotated[tuple[str, ...], "why the numbers may not be compared as they stand"]
    curves: Annotated[Picture, "equity and drawdown of both"]
    metrics: Annotated[tuple[PairRow, ...], "all metrics of both"]
    differences: Annotated[tuple[PairRow, ...], "values that differ in the two plans"]
    yaml: Annotated[tuple[tuple[str, str], ...], "lines of the diff: `old`, `new`, `at` or empty"]
    shared: Annotated[str, "how many trades both made, in a sentence"]
    only: Annotated[tuple[OnlyTrades, OnlyTrades], "trades that only one made"]
    columns: Annotated[tuple[str, ...], "titles of the columns of those trades"]
    assets: Annotated[Assets, "scripts, style, policy"]
    version: Annotated[str, "the version of rtrade that wrote the page"]
