"""Metrics of a run, as declared in `catalog.metrics`.

Sums run left to right, as a ledger is added up: `np.sum` adds in pairs and the built-in `sum`
compensates from Python 3.12 on, so neither is used. Deviations are two-pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rtrade.analysis.benchmark import benchmark_equity, benchmark_size
from rtrade.catalog.metrics import METRICS
from rtrade.config.definitions import CostsDef
from rtrade.core.bars import Bars, Filters, FloatArray
from rtrade.core.errors import EngineFault
from rtrade.core.results import FillColumns, RunResult, Trade, Trades
from rtrade.core.timeframes import YEAR
from rtrade.execution import core

# Returns that vary by less than this per bar vary by rounding alone.
_NO_DEVIATION = core.STILL

NO_BARS = "the run has no bars"
ONE_BAR = "the run has fewer than two bars"
NO_TRADES = "no trade was closed"
BELOW_ZERO = "equity fell to 0 or below"
FLAT = "the returns per bar do not vary"
TOO_LARGE = "the value is beyond the range of numbers"


@dataclass(frozen=True)
class Undefined:
    """The value of a metric that this run does not define, with the reason."""

    reason: str


Value = float | int | Undefined
Values = dict[str, Value]


@dataclass(frozen=True)
class Metrics:
    """The metrics of a run; None where one is not defined, with `reasons` by name."""

    final_equity: float | None
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    max_drawdown_bars: int | None
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    avg_win: float | None
    avg_loss: float | None
    exposure: float | None
    fees: float | None
    slippage_cost: float | None
    turnover: float | None
    benchmark_return: float | None
    reasons: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, float | int | None]:
        """Return all metrics by name, in the order of their declarations."""
        return {metric.name: getattr(self, metric.name) for metric in METRICS}


def measure(
    result: RunResult, bars: Bars, *, cash: float, costs: CostsDef, filters: Filters
) -> Metrics:
    """Measure a run over its bars (those before its first bar left out).

    `cash` is the starting cash in quote units, above 0; `costs` and `filters` are for the
    benchmark, which pays what the strategy pays. Formulas and their sources: `catalog.metrics`.
    Raises EngineFault where the result has not one value for each bar.
    """
    equity = np.asarray(result.equity, dtype=np.float64)
    if not len(equity) == result.closes == len(bars):
        raise EngineFault(f"{len(equity)} values of equity for {len(bars)} bars")
    with np.errstate(all="ignore"):
        values: Values = {
            **_outcome(equity, cash),
            **_yearly(equity, bars, cash),
            **_drawdowns(equity, cash),
            **_of_trades(*_closed(result.trades)),
            **_of_account(result, bars),
            "benchmark_return": _benchmark(bars, cash, costs, filters),
        }
    values["calmar"] = _calmar(values)
    return _assemble(values)


def left_sum(values: FloatArray) -> float:
    """Add the values of a 1-d array from left to right."""
    return float(np.add.accumulate(values)[-1]) if len(values) else 0.0


def drawdown(equity: FloatArray, cash: float) -> FloatArray:
    """Return how far each close is below the highest equity so far, as a fraction of it >= 0.

    The starting cash counts as a peak. Shape as `equity`.
    """
    peak = np.maximum.accumulate(np.concatenate(([cash], equity)))[1:]
    return np.asarray((peak - equity) / peak, dtype=np.float64)


def years(bars: Bars) -> float:
    """Return the years of 365 days from the first open to the last close; 0 without bars."""
    if not len(bars):
        return 0.0
    return (bars.timeframe.close(int(bars.time[-1])) - int(bars.time[0])) / YEAR


def _outcome(equity: FloatArray, cash: float) -> Values:
    if not len(equity):
        return dict.fromkeys(("final_equity", "total_return"), Undefined(NO_BARS))
    final = float(equity[-1])
    return {"final_equity": final, "total_return": final / cash - 1}


def _yearly(equity: FloatArray, bars: Bars, cash: float) -> Values:
    names = ("volatility", "sharpe", "sortino")
    if len(equity) < 2:
        return dict.fromkeys(("cagr", *names), Undefined(ONE_BAR))
    growth = _growth(float(equity[-1]) / cash, years(bars))
    if not bool(np.all(equity > 0)):
        return {"cagr": growth, **dict.fromkeys(names, Undefined(BELOW_ZERO))}
    returns = equity / np.concatenate(([cash], equity[:-1])) - 1
    mean = left_sum(returns) / len(returns)
    distance = returns - mean
    deviation = math.sqrt(left_sum(distance * distance) / (len(returns) - 1))
    losses = np.minimum(returns, 0.0)
    downside = math.sqrt(left_sum(losses * losses) / len(returns))
    scale = math.sqrt(bars.timeframe.per_year)
    return {
        "cagr": growth,
        "volatility": deviation * scale,
        "sharpe": mean / deviation * scale if deviation >= _NO_DEVIATION else Undefined(FLAT),
        "sortino": mean / downside * scale
        if downside >= _NO_DEVIATION
        else Undefined("no bar lost money"),
    }


def _growth(factor: float, span: float) -> Value:
    if factor <= 0:
        return Undefined(BELOW_ZERO)
    try:
        return float(factor ** (1 / span)) - 1
    except OverflowError:
        return Undefined(TOO_LARGE)


def _calmar(values: Values) -> Value:
    growth, deepest = values["cagr"], values["max_drawdown"]
    if isinstance(growth, Undefined):
        return growth
    if isinstance(deepest, Undefined):
        return deepest
    return growth / deepest if deepest > 0 else Undefined("there is no drawdown")


def _drawdowns(equity: FloatArray, cash: float) -> Values:
    if not len(equity):
        return dict.fromkeys(("max_drawdown", "max_drawdown_bars"), Undefined(NO_BARS))
    fall = drawdown(equity, cash)
    # Between two closes at the peak, all closes are below it.
    at_peak = np.flatnonzero(np.concatenate(([True], fall <= 0, [True])))
    longest = int(np.diff(at_peak).max()) - 1
    return {"max_drawdown": float(fall.max()), "max_drawdown_bars": longest}


def _closed(trades: Sequence[Trade]) -> tuple[FloatArray, FloatArray]:
    """Return pnl and return of the closed trades."""
    if isinstance(trades, Trades):
        found = trades.columns
        return found.pnl[: found.closed], found.return_[: found.closed]
    closed = [trade for trade in trades if trade.exit_time is not None]
    return (
        np.array([trade.pnl for trade in closed], dtype=np.float64),
        np.array([trade.return_ for trade in closed], dtype=np.float64),
    )


def _of_trades(pnl: FloatArray, returns: FloatArray) -> Values:
    won = pnl > 0
    gained, lost = left_sum(pnl[won]), left_sum(pnl[~won])
    none = Undefined(NO_TRADES)
    factor = gained / abs(lost) if lost else Undefined("no closed trade lost money")
    traded = len(pnl) > 0
    return {
        "trades": len(pnl),
        "win_rate": int(np.count_nonzero(won)) / len(pnl) if traded else none,
        "profit_factor": factor if traded else none,
        "expectancy": _mean(returns, none),
        "avg_win": _mean(returns[won], Undefined("no closed trade won") if traded else none),
        "avg_loss": _mean(returns[~won], Undefined("no closed trade lost") if traded else none),
    }


def _mean(values: FloatArray, empty: Undefined) -> Value:
    return left_sum(values) / len(values) if len(values) else empty


def _of_account(result: RunResult, bars: Bars) -> Values:
    count, fills = len(bars), FillColumns.of(result.fills)
    return {
        "exposure": result.held() / count if count else Undefined(NO_BARS),
        "fees": left_sum(fills.fee),
        "slippage_cost": left_sum(fills.size * np.abs(fills.price - fills.reference)),
        "turnover": _turnover(fills, result.equity, bars),
    }


def _turnover(fills: FillColumns, equity: FloatArray, bars: Bars) -> Value:
    if len(equity) < 2:
        return Undefined(ONE_BAR)
    mean = left_sum(equity) / len(equity)
    if mean <= 0:
        return Undefined("the mean equity is not above 0")
    return left_sum(fills.size * fills.price) / mean / years(bars)


def _benchmark(bars: Bars, cash: float, costs: CostsDef, filters: Filters) -> Value:
    if not len(bars):
        return Undefined(NO_BARS)
    if benchmark_size(bars, cash, costs, filters) == 0.0:
        return Undefined("the cash does not buy the least amount at the first open")
    return float(benchmark_equity(bars, cash, costs, filters)[-1]) / cash - 1


def _assemble(values: Values) -> Metrics:
    fields: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for metric in METRICS:
        value = values[metric.name]
        if not isinstance(value, Undefined) and not math.isfinite(value):
            value = Undefined(TOO_LARGE)
        if isinstance(value, Undefined):
            reasons[metric.name] = value.reason
        fields[metric.name] = None if isinstance(value, Undefined) else value
    return Metrics(**fields, reasons=reasons)
