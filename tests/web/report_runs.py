"""Made-up but consistent runs for the report's tests: seeded bars, a crossover, its result."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from rtrade.catalog.registry import Unit
from rtrade.core.bars import Bars, FloatArray
from rtrade.core.timeframes import Timeframe, iso, parse_time
from rtrade.report.render import Indicator, ReportInputs

CASH = 10_000.0
FEE = 0.001
SLIP = 0.0005
YAML = """\
# yaml-language-server: $schema=../schemas/strategy.schema.json
rtrade: 1
name: sma_btc
data:
  source: sample
  symbol: BTC/USDT
  timeframe: 1h

params:
  fast: {default: 20, min: 5, max: 60, step: 5}
  slow: {default: 50, min: 20, max: 200, step: 10}

signals:
  fast_ma: sma(close, fast)
  slow_ma: sma(close, slow)

rules:
  enter_long: crosses_above(fast_ma, slow_ma)
  exit_long: crosses_below(fast_ma, slow_ma)

sizing: {equity: 95%}
costs: {commission: 0.1%, slippage: 5 bps}
backtest: {cash: 10000, benchmark: buy_and_hold}
"""
EXPLANATION = """\
Buy when the average of the last 20 closes crosses above that of the last 50.
Sell when it crosses back below.
Each entry uses 95 % of equity. Fills pay 0.1 % commission and 0.05 % slippage.
"""
FILL_RULES = (
    "A decision is taken at the close of a bar and filled at the open of the next one.",
    "A market order fills at the open, worse by the slippage.",
    "Inside one bar, the stop is filled before the target.",
    "An open position at the end of the run is marked at the last close.",
)


def make_bars(count: int, *, seed: int = 7, timeframe: str = "1h", holes: int = 5) -> Bars:
    """Return seeded bars with volatility clusters and some holes."""
    rng = np.random.default_rng(seed)
    frame = Timeframe.parse(timeframe)
    calm = np.exp(np.convolve(rng.normal(0, 0.12, count + 200), np.ones(200) / 8, "valid")[:count])
    step = rng.normal(0.00001, 0.006, count) * calm
    close = np.round(20_000 * np.exp(np.cumsum(step - step.mean() * 0.9)), 2)
    open_ = np.concatenate(([20_000.0], close[:-1]))
    reach = np.abs(rng.normal(0, 0.003, (2, count))) * calm * close
    skipped = np.zeros(count, dtype=np.int64)
    if count > 50:
        skipped[rng.integers(20, count, holes)] = rng.integers(1, 9, holes)
    index = np.arange(count) + np.cumsum(skipped)
    return Bars(
        symbol="BTC/USDT",
        timeframe=frame,
        time=parse_time("2019-01-01") + index * frame.ms,
        open=open_,
        high=np.round(np.maximum(open_, close) + reach[0], 2),
        low=np.round(np.minimum(open_, close) - reach[1], 2),
        close=close,
        volume=np.round(rng.gamma(2, 40, count) * calm, 5),
    )


def average(values: FloatArray, window: int) -> FloatArray:
    line = np.full(len(values), np.nan)
    if len(values) >= window:
        sums = np.cumsum(np.concatenate(([0.0], values)))
        line[window - 1 :] = (sums[window:] - sums[:-window]) / window
    return line


def make_inputs(
    count: int,
    *,
    seed: int = 7,
    timeframe: str = "1h",
    fast: int = 20,
    slow: int = 50,
    synthetic: bool = True,
    shorts: bool = False,
    oscillator: bool = False,
    costs: float = 1.0,
    warnings: tuple[str, ...] = (),
) -> ReportInputs:
    """Return a whole run: a crossover, long only or both ways, with its result document."""
    bars = make_bars(count, seed=seed, timeframe=timeframe)
    quick, calm = average(bars.close, fast), average(bars.close, slow)
    trades, position, equity = _trade(bars, quick > calm, shorts=shorts, costs=costs)
    bought = CASH / (bars.open[0] * (1 + SLIP) * (1 + FEE))
    benchmark = bought * bars.close
    indicators = [
        Indicator("fast_ma", Unit.PRICE, quick),
        Indicator("slow_ma", Unit.PRICE, calm),
    ]
    if oscillator:
        indicators += [
            Indicator("strength", Unit.PERCENT, _strength(bars.close)),
            Indicator("spread", Unit.PRICE, quick - calm),
        ]
    return ReportInputs(
        document=_document(bars, trades, equity, position, benchmark, synthetic, warnings),
        bars=bars,
        equity=equity,
        benchmark=benchmark,
        position=position,
        indicators=tuple(indicators),
        strategy_yaml=YAML,
        explanation=EXPLANATION,
        fill_rules=FILL_RULES,
        version="0.1.0",
    )


def with_document(inputs: ReportInputs, **changes: Any) -> ReportInputs:
    """Return the run with parts of its document exchanged."""
    return replace(inputs, document={**inputs.document, **changes})


def _strength(close: FloatArray) -> FloatArray:
    moves = np.diff(close, prepend=close[0])
    up, down = average(np.maximum(moves, 0), 14), average(np.maximum(-moves, 0), 14)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 100 - 100 / (1 + up / down)


def _trade(
    bars: Bars, above: np.ndarray, *, shorts: bool, costs: float
) -> tuple[list[dict[str, Any]], FloatArray, FloatArray]:
    count = len(bars)
    wanted = np.where(above, 1, -1 if shorts else 0)
    wanted[:50] = 0
    turns = np.flatnonzero(np.diff(wanted)) + 1
    position, cash_line = np.zeros(count), np.full(count, CASH)
    cash, trades = CASH, []
    for at, until in pairwise([*turns.tolist(), count]):
        side, entry = int(wanted[at]), int(at) + 1
        if side == 0 or entry >= count:
            continue
        leave = until + 1 if until + 1 < count else None
        trade, cash = _position(bars, side, entry, leave, cash, costs)
        trades.append(trade)
        position[entry : leave or count] = side * trade["size"]
        held = cash if leave is None else cash - trade["pnl"]
        marked = held if leave is None else held - trade["fees"] / 2
        cash_line[entry : leave or count] = marked - side * trade["size"] * trade["entry_price"]
        if leave is not None:
            cash_line[leave:] = cash
    return trades, position, cash_line + position * bars.close


def _position(
    bars: Bars, side: int, entry: int, leave: int | None, cash: float, costs: float
) -> tuple[dict[str, Any], float]:
    fee, slip = FEE * costs, SLIP * costs
    price = float(bars.open[entry] * (1 + side * slip))
    size = round(0.95 * cash / price / (1 + fee), 8)
    fees = size * price * fee
    out = None if leave is None else float(bars.open[leave] * (1 - side * slip))
    mark = float(bars.close[-1]) if out is None else out
    if out is not None:
        fees += size * out * fee
    pnl = side * size * (mark - price) - fees
    last = len(bars) - 1 if leave is None else leave
    trade = {
        "symbol": bars.symbol,
        "side": "long" if side > 0 else "short",
        "entry_time": iso(int(bars.time[entry])),
        "entry_price": price,
        "exit_time": None if leave is None else iso(int(bars.time[leave])),
        "exit_price": out,
        "size": size,
        "pnl": pnl,
        "return": pnl / (size * price),
        "fees": fees,
        "bars": last - entry,
        "entry_reason": "enter_long" if side > 0 else "enter_short",
        "exit_reason": None if leave is None else "rule",
    }
    return trade, cash - fees if leave is None else cash + pnl


def _document(
    bars: Bars,
    trades: list[dict[str, Any]],
    equity: FloatArray,
    position: FloatArray,
    benchmark: FloatArray,
    synthetic: bool,
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    gaps, missing = bars.gaps()
    digest = hashlib.sha256(bars.digest().encode()).hexdigest()
    return {
        "run_id": f"sma_btc-{digest[:10]}",
        "fingerprint": digest,
        "strategy": "sma_btc",
        "engine": "backtrader",
        "data": {
            "source": "sample",
            "symbol": bars.symbol,
            "timeframe": str(bars.timeframe),
            "start": iso(int(bars.time[0])),
            "end": iso(int(bars.time[-1]) + bars.timeframe.ms),
            "bars": len(bars),
            "gaps": gaps,
            "missing": missing,
            "quality": {
                "filled": 0,
                "halts": 1,
                "outliers": 2,
                "partial": 0,
                "repaired": 0,
                "dropped": 0,
                "longest_gap": int(bars.missing().max(initial=0)),
            },
            "filters": {"lot": 1e-8, "tick": None, "min_notional": None},
            "sha256": bars.digest(),
            "synthetic": synthetic,
        },
        "metrics": _metrics(bars, trades, equity, position, benchmark),
        "trades": trades,
        "refused": {"in_position": 3, "warming_up": 2},
        "warnings": list(warnings),
    }


def _metrics(
    bars: Bars,
    trades: list[dict[str, Any]],
    equity: FloatArray,
    position: FloatArray,
    benchmark: FloatArray,
) -> dict[str, Any]:
    closed = [trade for trade in trades if trade["exit_time"] is not None]
    gains = [trade["return"] for trade in closed]
    wins = [gain for gain in gains if gain > 0]
    losses = [gain for gain in gains if gain <= 0]
    returns = np.diff(equity, prepend=CASH) / np.concatenate(([CASH], equity[:-1]))
    years = (bars.time[-1] + bars.timeframe.ms - bars.time[0]) / (365 * 86_400_000)
    total = float(equity[-1] / CASH - 1)
    peak = np.maximum(np.maximum.accumulate(equity), CASH)
    deepest = float(((peak - equity) / peak).max())
    spread = float(returns.std()) or None
    cagr = float((1 + total) ** (1 / years) - 1) if years > 0.01 else None
    traded = sum(trade["size"] * trade["entry_price"] * 2 for trade in trades)
    fees = float(sum(trade["fees"] for trade in trades))
    scale = bars.timeframe.per_year**0.5
    lost = -sum(trade["pnl"] for trade in closed if trade["pnl"] <= 0)
    won = sum(trade["pnl"] for trade in closed if trade["pnl"] > 0)
    return {
        "final_equity": float(equity[-1]),
        "total_return": total,
        "cagr": cagr,
        "volatility": spread and spread * scale,
        "sharpe": spread and float(returns.mean()) / spread * scale,
        "sortino": None if not spread else float(returns.mean()) / spread * scale * 1.3,
        "calmar": cagr / deepest if deepest and cagr is not None else None,
        "max_drawdown": deepest,
        "max_drawdown_bars": int(np.count_nonzero(equity < peak)),
        "trades": len(closed),
        "win_rate": len(wins) / len(closed) if closed else None,
        "profit_factor": won / lost if lost else None,
        "expectancy": float(np.mean(gains)) if gains else None,
        "avg_win": float(np.mean(wins)) if wins else None,
        "avg_loss": float(np.mean(losses)) if losses else None,
        "exposure": float(np.mean(position != 0)),
        "fees": fees,
        "slippage_cost": fees / 2,
        "turnover": traded / float(equity.mean()) / years,
        "benchmark_return": float(benchmark[-1] / CASH - 1),
    }
