"""Metrics of a run, as declared in `catalog.metrics`.

Sums run left to right, as a ledger is added up: `np.sum` adds in pairs and the built-in `sum`
compensates from Python 3.12 on, so neither is used. Deviations are two-pass. Series of any length
are gone through block by block, so that nothing of their size is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rtrade.analysis.benchmark import bought
from rtrade.catalog.metrics import METRICS
from rtrade.config.definitions import CostsDef
from rtrade.core.bars import Bars, Filters, FloatArray, IntArray
from rtrade.core.errors import EngineFault
from rtrade.core.results import FillColumns, RunResult, Trade, Trades
from rtrade.core.timeframes import YEAR
from rtrade.execution import core

# Returns that vary by less than this per bar vary by rounding alone.
_NO_DEVIATION = core.STILL
# Closes gone through at a time, few enough for the processor's cache, and those of them that are
# looked at one by one where the equity is as high as never before.
_BLOCK, _ROW = 16384, 256

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


def left_sum(values: FloatArray, start: float = 0.0) -> float:
    """Add the values of a 1-d array to `start` from left to right."""
    # What is taken away is taken away one after the other, in a register. Adding does so in pairs,
    # or by way of memory.
    return -float(np.subtract.reduce(values, initial=-start))


def drawdown(equity: FloatArray, cash: float) -> FloatArray:
    """Return how far each close is below the highest equity so far, as a fraction of it >= 0.

    The starting cash counts as a peak. Shape as `equity`.
    """
    peak = np.maximum.accumulate(np.concatenate(([cash], equity)))[1:]
    return np.asarray((peak - equity) / peak, dtype=np.float64)


def deepest_drawdown(equity: FloatArray, cash: float) -> float:
    """Return the metric `max_drawdown` of an equity of one value or more per run."""
    return float(_drawdowns(equity, cash)["max_drawdown"])  # type: ignore[arg-type]  # not undefined


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
    if not equity.min() > 0:
        return {"cagr": growth, **dict.fromkeys(names, Undefined(BELOW_ZERO))}
    mean, downside = _moments(equity, cash)
    deviation = _deviation(equity, cash, mean)
    scale = math.sqrt(bars.timeframe.per_year)
    return {
        "cagr": growth,
        "volatility": deviation * scale,
        "sharpe": mean / deviation * scale if deviation >= _NO_DEVIATION else Undefined(FLAT),
        "sortino": mean / downside * scale
        if downside >= _NO_DEVIATION
        else Undefined("no bar lost money"),
    }


def _blocks(count: int) -> Iterator[slice]:
    return (slice(at, min(at + _BLOCK, count)) for at in range(0, count, _BLOCK))


def _returns(equity: FloatArray, cash: float) -> Iterator[FloatArray]:
    """Yield the returns per bar, block by block; the next block takes the place of the last."""
    room = np.empty(min(_BLOCK, len(equity)))
    for here in _blocks(len(equity)):
        part = room[: here.stop - here.start]
        np.divide(equity[here][1:], equity[here][:-1], out=part[1:])
        part[0] = equity[here.start] / (equity[here.start - 1] if here.start else cash)
        part -= 1
        yield part


def _moments(equity: FloatArray, cash: float) -> tuple[float, float]:
    """Return the mean return and the root mean square of the losses."""
    total = squares = 0.0
    none = np.zeros(min(_BLOCK, len(equity)))
    for returns in _returns(equity, cash):
        total = left_sum(returns, total)
        losses = np.minimum(returns, none[: len(returns)], out=returns)
        losses *= losses
        squares = left_sum(losses, squares)
    return total / len(equity), math.sqrt(squares / len(equity))


def _deviation(equity: FloatArray, cash: float, mean: float) -> float:
    """Return the sample deviation of the returns."""
    squares = 0.0
    for returns in _returns(equity, cash):
        distance = np.subtract(returns, mean, out=returns)
        distance *= distance
        squares = left_sum(distance, squares)
    return math.sqrt(squares / (len(equity) - 1))


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
    if not math.isfinite(equity.min()) or not math.isfinite(equity.max()):
        return {"max_drawdown": math.nan, "max_drawdown_bars": _longest(drawdown(equity, cash))}
    deepest, longest, last, peak = 0.0, 0, -1, cash
    for here in _blocks(len(equity)):
        part = equity[here]
        whole = len(part) // _ROW * _ROW
        for start, rows in ((0, part[:whole].reshape(-1, _ROW)), (whole, part[None, whole:])):
            if rows.size:
                fall, at_peak, peak = _below(rows, peak)
                places = at_peak + (here.start + start)
                longest = max(longest, int(np.diff(places, prepend=last).max(initial=0)) - 1)
                deepest, last = max(deepest, fall), int(places[-1]) if len(places) else last
    longest = max(longest, len(equity) - last - 1)
    return {"max_drawdown": deepest, "max_drawdown_bars": longest}


def _longest(fall: FloatArray) -> int:
    # Between two closes at the peak, all closes are below it.
    at_peak = np.flatnonzero(np.concatenate(([True], fall <= 0, [True])))
    return int(np.diff(at_peak).max()) - 1


def _below(rows: FloatArray, peak: float) -> tuple[float, IntArray, float]:
    """Return, of rows of closes that follow one another, the deepest fall, which closes are at
    the peak so far, and the peak after them; `peak` is the one before them.
    """
    tops = rows.max(axis=1)
    peaks = np.maximum.accumulate(np.concatenate(([peak], tops)))
    before = peaks[:-1]
    # In a row that does not reach the peak, its lowest close fell the deepest. In one that does,
    # a close below 0 has not fallen as deep, seen from the higher peak.
    falls = (before - rows.min(axis=1)) / before
    deepest = float(falls[tops < before].max(initial=0.0))
    reaching = np.flatnonzero(tops >= before)
    closes = rows[reaching]
    so_far = np.maximum(closes, before[reaching, None])
    np.maximum.accumulate(so_far, axis=1, out=so_far)
    row, column = np.nonzero(closes >= so_far)
    fall = ((so_far - closes) / so_far).max(initial=0.0)
    return max(deepest, float(fall)), reaching[row] * rows.shape[1] + column, float(peaks[-1])


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
    left, size = bought(bars, cash, costs, filters)
    if size == 0.0:
        return Undefined("the cash does not buy the least amount at the first open")
    return (left + size * float(bars.close[-1])) / cash - 1


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
