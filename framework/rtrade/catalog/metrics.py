"""Every metric, declared once: what it means, how it is computed, which direction is better.

`analysis.metrics` computes them, in this order; the result schema and the metrics page are
generated from here. In formulas, E is the equity at each close (E before the first bar is the
starting cash), r[i] = E[i] / E[i-1] - 1, P the bars in a year of 365 days, and "deviation" the
sample deviation (divided by n - 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MetricUnit(StrEnum):
    """What a metric's number counts."""

    QUOTE = "quote"  # money, in the quote currency of the symbol
    FRACTION = "fraction"  # 0.12 is 12 %
    YEARLY = "fraction per year"
    RATIO = "ratio"
    COUNT = "count"
    BARS = "bars"
    TURNS = "times per year"


class Better(StrEnum):
    """Which way a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True)
class Metric:
    """One metric. `low` is the least value it can take, where there is one.

    `annual` metrics are scaled up to a year, so a short run says little about them.
    """

    name: str
    title: str
    unit: MetricUnit
    better: Better
    doc: str
    formula: str
    source: str
    low: float | None = None
    annual: bool = False

    @property
    def integer(self) -> bool:
        """True for whole numbers."""
        return self.unit in (MetricUnit.COUNT, MetricUnit.BARS)


_LEDGER = "The ledger of the run: see the fill rules."
_COMMON = "Common definition."

METRICS = (
    Metric(
        name="final_equity",
        title="Final equity",
        unit=MetricUnit.QUOTE,
        better=Better.HIGHER,
        doc="What the account is worth at the last close: cash, and the position at that close.",
        formula="E at the last close",
        source=_LEDGER,
    ),
    Metric(
        name="total_return",
        title="Total return",
        unit=MetricUnit.FRACTION,
        better=Better.HIGHER,
        doc="The gain over the whole run, as a part of the starting cash.",
        formula="E at the last close / starting cash - 1",
        source=_COMMON,
    ),
    Metric(
        name="cagr",
        title="Yearly growth (CAGR)",
        unit=MetricUnit.YEARLY,
        better=Better.HIGHER,
        doc="The steady yearly growth that would have led from the starting cash to the end.",
        formula="(E at the last close / starting cash) ^ (1 / years) - 1, "
        "years from the first open to the last close",
        source="Compound annual growth rate; a year is 365 days.",
        low=-1.0,
        annual=True,
    ),
    Metric(
        name="volatility",
        title="Volatility",
        unit=MetricUnit.YEARLY,
        better=Better.LOWER,
        doc="How much the equity's returns per bar vary, scaled to a year.",
        formula="deviation(r) x sqrt(P)",
        source="Square-root-of-time scaling of the sample deviation.",
        low=0.0,
        annual=True,
    ),
    Metric(
        name="sharpe",
        title="Sharpe ratio",
        unit=MetricUnit.RATIO,
        better=Better.HIGHER,
        doc="Mean return per unit of variation, scaled to a year; the risk-free rate is 0.",
        formula="mean(r) / deviation(r) x sqrt(P)",
        source='"The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994.',
        annual=True,
    ),
    Metric(
        name="sortino",
        title="Sortino ratio",
        unit=MetricUnit.RATIO,
        better=Better.HIGHER,
        doc="Mean return per unit of downside variation, scaled to a year; the target is 0.",
        formula="mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(P), the inner mean over all bars",
        source='"Performance Measurement in a Downside Risk Framework", '
        "Journal of Investing 3(3), 1994.",
        annual=True,
    ),
    Metric(
        name="calmar",
        title="Calmar ratio",
        unit=MetricUnit.RATIO,
        better=Better.HIGHER,
        doc="Yearly growth per unit of the deepest drawdown, over the whole run.",
        formula="cagr / max_drawdown",
        source='"Calmar Ratio: A Smoother Tool", Futures, October 1991; here over the whole run.',
        annual=True,
    ),
    Metric(
        name="max_drawdown",
        title="Deepest drawdown",
        unit=MetricUnit.FRACTION,
        better=Better.LOWER,
        doc="The deepest fall from the highest equity so far, as a positive part of that peak.",
        formula="max((peak - E) / peak) at closes, peak = highest E so far, starting cash included",
        source=_COMMON,
        low=0.0,
    ),
    Metric(
        name="max_drawdown_bars",
        title="Longest drawdown",
        unit=MetricUnit.BARS,
        better=Better.LOWER,
        doc="The longest stretch without getting back to the peak so far.",
        formula="longest run of closes with E < peak",
        source=_COMMON,
        low=0.0,
    ),
    Metric(
        name="trades",
        title="Trades",
        unit=MetricUnit.COUNT,
        better=Better.NEITHER,
        doc="Closed trades; a position still open at the end is not one of them.",
        formula="number of trades with an exit",
        source=_COMMON,
        low=0.0,
    ),
    Metric(
        name="win_rate",
        title="Winning trades",
        unit=MetricUnit.FRACTION,
        better=Better.HIGHER,
        doc="The part of closed trades that made money after costs. A trade at exactly 0 lost.",
        formula="number of closed trades with pnl > 0 / trades",
        source=_COMMON,
        low=0.0,
    ),
    Metric(
        name="profit_factor",
        title="Profit factor",
        unit=MetricUnit.RATIO,
        better=Better.HIGHER,
        doc="Money won per unit of money lost, over closed trades and after costs.",
        formula="sum of pnl of wins / |sum of pnl of losses|",
        source=_COMMON,
        low=0.0,
    ),
    Metric(
        name="expectancy",
        title="Mean trade",
        unit=MetricUnit.FRACTION,
        better=Better.HIGHER,
        doc="The mean return of a closed trade on its entry notional, after costs.",
        formula="mean(trade return)",
        source=_COMMON,
    ),
    Metric(
        name="avg_win",
        title="Mean win",
        unit=MetricUnit.FRACTION,
        better=Better.HIGHER,
        doc="The mean return of the winning trades on their entry notional, after costs.",
        formula="mean(trade return) over wins",
        source=_COMMON,
    ),
    Metric(
        name="avg_loss",
        title="Mean loss",
        unit=MetricUnit.FRACTION,
        better=Better.HIGHER,
        doc="The mean return of the losing trades on their entry notional, after costs: 0 or less.",
        formula="mean(trade return) over losses",
        source=_COMMON,
    ),
    Metric(
        name="exposure",
        title="Time in the market",
        unit=MetricUnit.FRACTION,
        better=Better.NEITHER,
        doc="The part of closes at which a position was held, one open at the end included.",
        formula="number of closes with a position / number of closes",
        source=_COMMON,
        low=0.0,
    ),
    Metric(
        name="fees",
        title="Commissions",
        unit=MetricUnit.QUOTE,
        better=Better.LOWER,
        doc="All commissions paid, those of a position open at the end included.",
        formula="sum of commissions over fills",
        source=_LEDGER,
        low=0.0,
    ),
    Metric(
        name="slippage_cost",
        title="Slippage",
        unit=MetricUnit.QUOTE,
        better=Better.LOWER,
        doc="What filling worse than the undisturbed price has cost, over all fills.",
        formula="sum of size x |fill price - price before slippage| over fills",
        source=_LEDGER,
        low=0.0,
    ),
    Metric(
        name="turnover",
        title="Turnover",
        unit=MetricUnit.TURNS,
        better=Better.NEITHER,
        doc="How many times a year the mean equity was traded, buys and sales both counted.",
        formula="sum of size x fill price over fills / mean(E) / years",
        source=_COMMON,
        low=0.0,
        annual=True,
    ),
    Metric(
        name="benchmark_return",
        title="Buy and hold",
        unit=MetricUnit.FRACTION,
        better=Better.NEITHER,
        doc="What all the cash would have made in the asset: bought at the open of the run's first "
        "bar with the same slippage, commission and lots, valued at the last close, not sold.",
        formula="(cash left + size x last close) / starting cash - 1",
        source="The run's own rules of cost and size.",
    ),
)

BY_NAME = {metric.name: metric for metric in METRICS}
