"""What a template sees: every name that a report template may use, with its meaning.

A report is a view of `result.json`: each `Figure` names the place in that document that its
number comes from. Charts are the exception: their lines are the run's own arrays. The text
beside each field's type is its help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from markupsafe import Markup

from rtrade.report.judging_context import Definition, DiagnosisRow


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
    held: Annotated[Picture | None, "the share of closes with a position, over time"]


@dataclass(frozen=True)
class GridRow:
    """The run at one slippage, by commission."""

    name: Annotated[str, "the slippage"]
    figures: Annotated[tuple[Figure, ...], "the total return at each commission"]
    own: Annotated[int, "the place of the run itself among them; -1 where it is not"]


@dataclass(frozen=True)
class CaseRow:
    """The run under one other assumption."""

    name: Annotated[str, "the assumption"]
    figures: Annotated[tuple[Figure, ...], "return, buy and hold, deepest fall, trades"]


@dataclass(frozen=True)
class Assumed:
    """The run under other assumptions."""

    left_out: Annotated[str, "why there is none of it; empty where there is"]
    facts: Annotated[tuple[Fact, ...], "what it comes to, in words"]
    picture: Annotated[Picture | None, "the return by slippage, a line for each commission"]
    fees: Annotated[tuple[str, ...], "the commissions, which head the columns of the grid"]
    grid: Annotated[tuple[GridRow, ...], "the run by slippage and commission"]
    cases: Annotated[tuple[CaseRow, ...], "the run as it was, late, and begun later"]


@dataclass(frozen=True)
class Banner:
    """Something that has to be known before any number is looked at."""

    tone: Annotated[str, "`alarm` where the result may be no evidence at all, else `calm`"]
    title: Annotated[str, "two or three words"]
    text: Annotated[str, "what it is, in a sentence or two"]


@dataclass(frozen=True)
class Sheet:
    """A table of texts; the first column heads the rows."""

    header: Annotated[tuple[str, ...], "titles of the columns"]
    rows: Annotated[tuple[tuple[str, ...], ...], "its rows"]


@dataclass(frozen=True)
class Calibration:
    """How sure a model said to be, and how often it was right."""

    title: Annotated[str, "the signal and the field"]
    picture: Annotated[Picture, "the curve, and the same in numbers"]
    sentence: Annotated[str, "what it says"]


@dataclass(frozen=True)
class Said:
    """One request of a decision: texts of a model and to a model, to be shown as they are."""

    title: Annotated[str, "which of several; empty for the only one"]
    prompt: Annotated[str, "what was asked; empty where it is that of the request before"]
    raw: Annotated[str, "what came back, whole"]
    none: Annotated[bool, "True where nothing came back"]
    rejected: Annotated[tuple[str, ...], "replies that a repair replaced"]
    notes: Annotated[tuple[str, ...], "what was left out of the answer, or why there is none"]
    facts: Annotated[str, "tokens, cost, time"]


@dataclass(frozen=True)
class DecisionRow:
    """One decision of a model."""

    number: Annotated[int, "its place among all decisions, from 1"]
    time: Annotated[str, "UTC open time of the bar at whose close it was taken"]
    seconds: Annotated[int, "the same as seconds since 1970"]
    signal: Annotated[str, "the signal that it answers"]
    answer: Annotated[str, "the choice that counts; a word for an abstention"]
    group: Annotated[int, "the place of that choice in `answers`; -1 for an abstention"]
    flags: Annotated[int, "1 it moved the position, 2 it abstained, 4 invalid replies, 8 limits"]
    sure: Annotated[str, "how sure the model said to be"]
    rest: Annotated[str, "the other fields of the answer"]
    reason: Annotated[str, "the text of the answer, or why there is none"]
    did: Annotated[str, "what it did to the position"]
    after: Annotated[str, "how far the price went until the next decision acted"]
    tone: Annotated[str, "`good` where the price went as the answer says, `bad` where not"]
    verdict: Annotated[str, "the same as a word"]
    limits: Annotated[tuple[str, ...], "limits that code put on what followed"]
    said: Annotated[tuple[Said, ...], "prompt and raw answers; empty where they are left out"]


@dataclass(frozen=True)
class DecisionTable:
    """The decisions."""

    rows: Annotated[tuple[DecisionRow, ...], "those shown, in time order"]
    answers: Annotated[tuple[str, ...], "the choices that were given, each once"]
    several: Annotated[bool, "True where there is more than one signal"]
    sure: Annotated[bool, "True where an answer says how sure it is"]
    reasons: Annotated[bool, "True where a row has a reason"]
    then: Annotated[str, "over what decisions are judged"]
    cut: Annotated[str, "a sentence where something is left out, else empty"]


@dataclass(frozen=True)
class LlmPart:
    """The section of a run's models."""

    banners: Annotated[tuple[Banner, ...], "what stands above all numbers"]
    models: Annotated[tuple[Fact, ...], "who was asked, when, for what"]
    counts: Annotated[tuple[Fact, ...], "how asking went"]
    split: Annotated[Sheet, "the run before and after the models' knowledge ends"]
    split_note: Annotated[str, "what that means"]
    costs: Annotated[tuple[Fact, ...], "what the answers cost, and what is left"]
    baselines: Annotated[Sheet, "what the run has to be better than"]
    baseline_note: Annotated[str, "how those were made"]
    shuffled: Annotated[Picture | None, "returns of the same answers in random orders"]
    shuffled_note: Annotated[str, "what they say, or why there are none"]
    calibration: Annotated[tuple[Calibration, ...], "confidence against outcome, by signal"]
    uncalibrated: Annotated[str, "why there is none; empty where there is"]
    decisions: Annotated[DecisionTable, "every decision"]


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
    llm: Annotated[LlmPart | None, "the run's language models; None where none was asked"] = None
    analysis: Annotated[tuple[Fact, ...], "a model's analysis of the market, if there is one"] = ()
    diagnoses: Annotated[tuple[DiagnosisRow, ...], "what weakens the result, gravest first"] = ()
    judged: Annotated[bool, "True where the result was looked at for diagnoses"] = False
    assumed: Annotated[Assumed | None, "the run under other assumptions"] = None
    definitions: Annotated[tuple[Definition, ...], "what columns of the page mean"] = ()
    verified: Annotated[str, "what two engines agree on; empty where only one was asked"] = ""
    disputed: Annotated[str, "in what two engines differ; empty where they do not"] = ""
