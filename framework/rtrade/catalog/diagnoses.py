"""Every diagnosis of a result, declared once: when it is made, what it means, what to do next.

`analysis.diagnoses` makes them; the result schema and the page of diagnoses are generated from
here. Codes are of the series RT5xx; one is never reused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much of the result a diagnosis puts in question; the gravest first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


MEANING = {
    Severity.HIGH: "may undo the result",
    Severity.MEDIUM: "weakens the result",
    Severity.LOW: "good to know",
}


class LimitUnit(StrEnum):
    """What a limit counts."""

    FRACTION = "fraction"
    COUNT = "count"
    TIMES = "times"
    YEARS = "years"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that a result can suffer from.

    `doc` says when it is made, with `{limit}` in the place of `limit`, and why it matters; `advice`
    is a next step. `limit` is None where none is drawn.
    """

    code: str
    name: str
    title: str
    severity: Severity
    doc: str
    advice: str
    limit: float | None = None
    unit: LimitUnit = LimitUnit.FRACTION

    @property
    def limit_text(self) -> str:
        """The limit for a reader, with its unit; empty without one."""
        if self.limit is None:
            return ""
        if self.unit is LimitUnit.FRACTION:
            return f"{self.limit * 100:g} %"
        if self.unit is LimitUnit.YEARS:
            return "a year" if self.limit == 1 else f"{self.limit:g} years"
        return f"{self.limit:g}{' times' if self.unit is LimitUnit.TIMES else ''}"

    @property
    def text(self) -> str:
        """The doc with the limit in its place."""
        return self.doc.format(limit=self.limit_text)


HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
COUNT, TIMES, YEARS = LimitUnit.COUNT, LimitUnit.TIMES, LimitUnit.YEARS

OUTCOME = (
    Diagnosis(
        "RT501", "no_trades", "No trade was closed", HIGH,
        "No trade was closed, so nothing was tested.",
        "See why under refused entries and warnings; `rtrade check` finds rules that can never be "
        "true.",
    ),
    Diagnosis(
        "RT502", "ended_early", "Trading ended early", HIGH,
        "`max_drawdown` or ruin ended trading before the data did. What follows is a flat line "
        "that makes means and deviations smaller than those of the trading.",
        "Run the part before by itself with `--end`, or trade smaller.",
    ),
    Diagnosis(
        "RT503", "no_costs", "No costs", HIGH,
        "Commission and slippage are both 0, and trades were made. No market is like that.",
        "Write what your venue takes, such as `costs: {commission: 0.1%, slippage: 5 bps}`.",
    ),
    Diagnosis(
        "RT504", "costs_eat_edge", "Costs eat the edge", HIGH,
        "Commissions and slippage come to {limit} or more of what the trading made before them.",
        "Trade less often, with longer averages or a `cooldown`, or see whether limit orders would "
        "pay less.",
        limit=0.5,
    ),
    Diagnosis(
        "RT505", "double_slippage_loses", "Loses at twice the slippage", HIGH,
        "A gain turns into a loss where slippage is twice what was assumed. Slippage is the "
        "assumption that is known least.",
        "Measure the slippage of your venue and size; the assumptions say where the run breaks "
        "even.",
    ),
    Diagnosis(
        "RT506", "double_commission_loses", "Loses at twice the commission", MEDIUM,
        "A gain turns into a loss where commissions are twice what was assumed.",
        "Make sure of the fee tier that you will have, not the one that is advertised.",
    ),
    Diagnosis(
        "RT507", "late_loses", "Loses when a bar late", HIGH,
        "A gain turns into a loss where each decision acts one bar later. What is made within the "
        "first bar after a signal is seldom there to be had.",
        "Look for what the rules gain by in their first bar; try a longer timeframe.",
    ),
    Diagnosis(
        "RT508", "hangs_on_start", "Hangs on the day of its start", MEDIUM,
        "A gain turns into a loss for {limit} or more of the later starts that were tried.",
        "Run several stretches with `--start` and `--end`, and believe what they share.",
        limit=0.25,
    ),
    Diagnosis(
        "RT509", "behind_benchmark", "Buying and holding made more", MEDIUM,
        "Buying at the first open and holding made more, with the same costs.",
        "Ask what the strategy is for: less drawdown is a reason, a lower return is not.",
    ),
    Diagnosis(
        "RT510", "follows_market", "Moves with the market", LOW,
        "The correlation of its daily returns with those of buying and holding is above {limit}: "
        "most of what it does, the market does.",
        "Judge it by what it adds to holding, in a falling market too.",
        limit=0.9,
    ),
    Diagnosis(
        "RT511", "fades", "The second half lost", MEDIUM,
        "The run made money as a whole, and lost in the second half of its bars.",
        "Run both halves by themselves; rules that fit one stretch often stop working in the next.",
    ),
    Diagnosis(
        "RT512", "one_month", "One month made most of it", MEDIUM,
        "The best month made {limit} or more of the profit, of three months or more.",
        "See what happened in it, and what is left without it.",
        limit=0.5,
    ),
)  # fmt: skip

DRAWDOWN = (
    Diagnosis(
        "RT521", "deep_drawdown", "A deep fall", MEDIUM,
        "Equity fell by {limit} or more from its peak. To come back from half takes a doubling.",
        "Trade smaller, or set `max_drawdown`.",
        limit=0.5,
    ),
    Diagnosis(
        "RT522", "drawdown_open", "A drawdown is open at the end", LOW,
        "The run ends {limit} or more of its deepest drawdown below the peak, and at least 5 % "
        "below.",
        "Do not read the end as typical; the drawdown may go on.",
        limit=0.5,
    ),
    Diagnosis(
        "RT523", "long_under_water", "Long under the peak", MEDIUM,
        "One stretch below an earlier peak lasts {limit} or more of the run.",
        "Ask whether you would have kept to the rules for so long.",
        limit=0.5,
    ),
    Diagnosis(
        "RT524", "losing_streak", "Many losses in a row", LOW,
        "{limit} closed trades or more lost in a row.",
        "Be ready for a longer one: the Monte Carlo paths show how long by chance alone.",
        limit=10, unit=COUNT,
    ),
    Diagnosis(
        "RT525", "large_loss", "One loss far beyond the others", MEDIUM,
        "The worst of ten closed trades or more lost {limit} or more as much as the losing ones do "
        "on average.",
        "A stop bounds single losses: `risk: {stop_loss: 3%}`.",
        limit=5, unit=TIMES,
    ),
)  # fmt: skip

EVIDENCE = (
    Diagnosis(
        "RT531", "few_trades", "Few trades", MEDIUM,
        "Fewer than {limit} trades were closed; so few tell little about what comes next.",
        "Test over more bars, or on another symbol with `--symbol`.",
        limit=30, unit=COUNT,
    ),
    Diagnosis(
        "RT532", "trades_per_parameter", "Few trades for its parameters", MEDIUM,
        "There are fewer than {limit} closed trades for each number under `params`. Each number "
        "that was chosen by looking at results uses up evidence.",
        "Fix parameters that matter little, or test over more bars.",
        limit=10, unit=COUNT,
    ),
    Diagnosis(
        "RT533", "near_chance", "Could be chance", MEDIUM,
        "The mean return of the closed trades is above 0 by less than {limit} its standard error, "
        "for ten trades or more: trades without any edge do as well every so often.",
        "Collect more trades before money; see the Monte Carlo paths.",
        limit=2, unit=TIMES,
    ),
    Diagnosis(
        "RT534", "best_trade", "One trade made most of it", HIGH,
        "The best trade made {limit} or more of the profit of all closed trades.",
        "Look at that trade, and judge the strategy by what is left without it.",
        limit=0.5,
    ),
    Diagnosis(
        "RT535", "thin_trades", "Trades hardly pay their costs", MEDIUM,
        "The mean trade makes less than {limit} of what entering and leaving costs: a small error "
        "in the costs is all of it.",
        "Look for fewer and larger moves.",
        limit=1.0,
    ),
    Diagnosis(
        "RT536", "open_at_end", "Profit that is not taken yet", MEDIUM,
        "A position open at the end holds {limit} or more of the profit, at the last close.",
        "See the result of the closed trades by themselves.",
        limit=0.25,
    ),
    Diagnosis(
        "RT537", "one_side_loses", "One direction loses", MEDIUM,
        "Long and short trades were closed, five or more of each, and those of one direction lost "
        "money as a whole.",
        "Test the other direction by itself; leave the rules of the losing one out.",
    ),
    Diagnosis(
        "RT538", "short_history", "A short history", MEDIUM,
        "The run covers less than {limit}: one kind of market, and yearly figures that "
        "are scaled up from it.",
        "Test over more years where there are any.",
        limit=1, unit=YEARS,
    ),
    Diagnosis(
        "RT539", "long_warm_up", "Long warm-up", LOW,
        "Rules may not know yet at {limit} or more of the closes; the figures count them all.",
        "Begin later with `--start`: bars before it feed the signals.",
        limit=0.25,
    ),
    Diagnosis(
        "RT540", "weekend", "The weekend made most of it", LOW,
        "Trades entered on Saturday or Sunday (UTC) made {limit} or more of the profit, of thirty "
        "trades or more. Books are thin then.",
        "Assume more slippage, or see what is left without: `weekday() < 5`.",
        limit=0.6,
    ),
    Diagnosis(
        "RT541", "one_hour", "One hour of the day made most of it", LOW,
        "Trades entered in one hour of the day (UTC) made {limit} or more of the profit, of thirty "
        "trades or more in six hours or more.",
        "Ask what happens at that hour; if nothing does, it is chance.",
        limit=0.5,
    ),
)  # fmt: skip

MARKET = (
    Diagnosis(
        "RT551", "hardly_in_market", "Hardly in the market", LOW,
        "A position was held at less than {limit} of the closes.",
        "Compare what it made with the time that the money lay idle.",
        limit=0.05,
    ),
    Diagnosis(
        "RT552", "always_in_market", "Always in the market", LOW,
        "A position was held at more than {limit} of the closes: compare it with buying "
        "and holding above all.",
        "See whether the exits do anything.",
        limit=0.95,
    ),
    Diagnosis(
        "RT553", "flat_periods", "A long time without a position", LOW,
        "One stretch without a position lasts {limit} or more of the run.",
        "See what kept the rules from acting: `rtrade check`, refused entries, the chart.",
        limit=0.25,
    ),
    Diagnosis(
        "RT554", "many_refusals", "Many entries refused", MEDIUM,
        "Entries were refused at {limit} or more as many closes as entries were made, those that a "
        "held position kept back left out.",
        "See the reasons under refused entries.",
        limit=1, unit=TIMES,
    ),
    Diagnosis(
        "RT555", "capped_by_cash", "Entries cut down to the cash", MEDIUM,
        "{limit} or more of the entries were smaller than the sizing asked for, because the cash "
        "did not reach.",
        "Size smaller, so that what is tested is what the file says.",
        limit=0.1,
    ),
    Diagnosis(
        "RT556", "stop_never_touched", "The stop was never touched", LOW,
        "A stop is set, and closed none of {limit} trades or more.",
        "It is not tested here: set it nearer, or leave it as a safeguard and know that.",
        limit=20, unit=COUNT,
    ),
    Diagnosis(
        "RT557", "stop_always_touched", "Most trades end at the stop", MEDIUM,
        "A stop closed {limit} or more of ten trades or more.",
        "It may lie within the noise of a bar: measure it in ATRs, `stop_loss: {atr: 2}`.",
        limit=0.8,
    ),
    Diagnosis(
        "RT558", "target_never_touched", "The target was never touched", LOW,
        "A target is set, and closed none of {limit} trades or more.",
        "See how far trades ran (MFE), and set it within that.",
        limit=20, unit=COUNT,
    ),
    Diagnosis(
        "RT559", "same_bar_exits", "Entry and exit in the same bar", MEDIUM,
        "{limit} or more of the closed trades ended in the bar that they began in. In which order "
        "a bar had its high and low is not known; the fill rules assume that the stop comes first.",
        "Use a shorter timeframe, or wider stops and targets.",
        limit=0.05,
    ),
    Diagnosis(
        "RT560", "large_orders", "Orders large for the market", MEDIUM,
        "One order in twenty or more was larger than {limit} of what was traded in its bar: it "
        "would have moved the price.",
        "Test with less cash, or with more slippage.",
        limit=0.1,
    ),
    Diagnosis(
        "RT561", "missing_bars", "Bars are missing", MEDIUM,
        "{limit} or more of the bars between the first and the last are missing.",
        "`rtrade data check` shows where; another source may have them.",
        limit=0.01,
    ),
    Diagnosis(
        "RT562", "stale_bars", "Stale prices", MEDIUM,
        "{limit} or more of the bars have one price, the close before: nothing was traded, and an "
        "order would have found nobody.",
        "Use a longer timeframe or a symbol that is traded more.",
        limit=0.01,
    ),
    Diagnosis(
        "RT563", "doubtful_fills", "Fills on doubtful bars", MEDIUM,
        "{limit} or more of the fills lie on bars that are filled up, without trading, unlike "
        "those before, partial or repaired.",
        "Look at those bars in the source; `quality:` of a source says what is done with them.",
        limit=0.01,
    ),
)  # fmt: skip

DIAGNOSES = (*OUTCOME, *DRAWDOWN, *EVIDENCE, *MARKET)
DIAGNOSIS = {one.name: one for one in DIAGNOSES}
