"""Strategies with one planted fault each, and functions that are at fault, as plug-ins may be."""

# ruff: noqa: E501  # a fault is read as one line

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rtrade.catalog.registry import Entry, Input, Kind, Output, Param, Unit
from rtrade.core.bars import FALSE, TRUE

X = Input("x", "a number series")
N = Param("n", "bars", 1, 1000)


def entry(name: str, warmup: int = 0, settle: int = 0, kind: Kind = Kind.NUMBER) -> Entry:
    return Entry(
        name=name, group="faulty", doc="At fault.", inputs=(X,), params=(N,),
        outputs=(Output("value", Unit.INPUT if kind is Kind.NUMBER else Unit.NONE, kind=kind),),
        warmup=lambda _: warmup, settle=lambda _: settle, words="{x} {n}", source="-",
    )  # fmt: skip


def centered(x: Any, *, n: int) -> Any:
    """A mean of the n bars around this one."""
    around = 2 * n + 1
    return np.convolve(x, np.ones(around) / around, "same")[: len(x)] if len(x) >= around else x


def normalised(x: Any, *, n: int) -> Any:
    """A share of the highest value of the whole series."""
    return x / np.nanmax(x)


def tomorrow(x: Any, *, n: int) -> Any:
    return np.append(x[n:], np.full(n, np.nan))


def filled_back(x: Any, *, n: int) -> Any:
    """Every n-th value, written over those before it."""
    result = x.copy()
    for start in range(0, len(x), n):
        result[start : start + n] = x[min(start + n, len(x)) - 1]
    return result


def up_next(x: Any, *, n: int) -> Any:
    after = np.append(x[n:], np.full(n, -np.inf))
    return np.where(after > x, TRUE, FALSE).astype(np.int8)


def summed(x: Any, *, n: int) -> Any:
    """A sum since the data began."""
    return np.cumsum(np.sign(np.diff(x, prepend=x[:1]))) + n


def counted(x: Any, *, n: int) -> Any:
    """Every n-th bar of the data, wherever they begin."""
    return np.where(np.arange(len(x)) % n == 0, x, 0.0)


def forgetful(x: Any, *, n: int) -> Any:
    """An exponential average that claims to forget its start at once."""
    result = np.empty(len(x))
    level = x[0] if len(x) else 0.0
    for at, value in enumerate(x):
        level += (value - level) / n
        result[at] = level
    return result


FAULTY: dict[str, tuple[Entry, Callable[..., Any]]] = {
    "centered": (entry("centered"), centered),
    "normalised": (entry("normalised"), normalised),
    "tomorrow": (entry("tomorrow"), tomorrow),
    "filled_back": (entry("filled_back"), filled_back),
    "up_next": (entry("up_next", kind=Kind.BOOLEAN), up_next),
    "summed": (entry("summed"), summed),
    "counted": (entry("counted"), counted),
    "forgetful": (entry("forgetful", settle=20), forgetful),
}

TEMPLATE = """\
rtrade: 1
name: planted
data:
  source: bars
  symbol: BTC/USDT
  timeframe: 1h
{also}{params}{signals}rules:
{rules}
sizing: {sizing}
risk: {risk}
costs: {{commission: 0.1%, slippage: 5 bps}}
backtest: {{cash: 10000}}
"""


def strategy(
    enter_long: str | None = "crosses_above(close, sma(close, 20))",
    exit_long: str | None = "crosses_below(close, sma(close, 20))",
    enter_short: str | None = None,
    exit_short: str | None = None,
    *,
    signals: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    also: dict[str, str] | None = None,
    sizing: str = "{equity: 50%}",
    risk: str = "{max_drawdown: 90%}",
) -> str:
    """Return the text of a strategy file."""

    def block(name: str, entries: dict[str, str] | None, indent: str = "") -> str:
        if not entries:
            return ""
        lines = [f"{indent}  {key}: {value}" for key, value in entries.items()]
        return "\n".join([f"{indent}{name}:", *lines, ""])

    rules = {"enter_long": enter_long, "exit_long": exit_long,
             "enter_short": enter_short, "exit_short": exit_short}  # fmt: skip
    return TEMPLATE.format(
        also=block("also", also, "  "),
        params=block("params", params),
        signals=block("signals", signals),
        rules="\n".join(f"  {name}: {text}" for name, text in rules.items() if text is not None),
        sizing=sizing,
        risk=risk,
    )


DAILY = {"daily": "{timeframe: 1d}"}

# What is planted, the code that must come out, and the text that its place must show.
PLANTED: dict[str, tuple[str, str, str]] = {
    "an oscillator beyond its range": (strategy("rsi(close, 14) > 120"), "RT123", "rsi(close, 14) > 120"),
    "a close above the high that includes it": (
        strategy("close > highest(high, 20)"), "RT123", "close > highest(high, 20)"),
    "hours that wrap around midnight": (
        strategy("close > open[1] and hour >= 20 and hour < 8"), "RT156", "close > open[1] and hour >= 20 and hour < 8"),
    "both ends of an oscillator": (
        strategy("rsi(close, 14) < 30 and rsi(close, 14) > 70"), "RT156", "rsi(close, 14) < 30 and rsi(close, 14) > 70"),
    "two signals that exclude each other": (
        strategy("low_ and high_", signals={"low_": "rsi(close, 14) < 30", "high_": "rsi(close, 14) > 70"}),
        "RT156", "low_ and high_"),
    "a crossing of what is never reached": (
        strategy("crosses_above(rsi(close, 14), 105)"), "RT156", "crosses_above(rsi(close, 14), 105)"),
    "a z-score that five bars cannot have": (
        strategy("zscore(close, 5) > 3"), "RT123", "zscore(close, 5) > 3"),
    "more bars counted than there are": (
        strategy("count_true(close > open, 5) > 5"), "RT123", "count_true(close > open, 5) > 5"),
    "a close beyond its own bar": (strategy("close[1] > high[1]"), "RT123", "close[1] > high[1]"),
    "bands the wrong way round": (
        strategy("bands.lower > bands.upper", signals={"bands": "bbands(close, 20, 2)"}),
        "RT123", "bands.lower > bands.upper"),
    "averages in a circle": (
        strategy("sma(close, 9) > sma(close, 20) and sma(close, 20) > sma(close, 50) and sma(close, 50) > sma(close, 9)"),
        "RT156", "sma(close, 9) > sma(close, 20) and"),
    "limits the wrong way round": (
        strategy("between(rsi(close, 14), 70, 30)"), "RT156", "between(rsi(close, 14), 70, 30)"),
    "a dead alternative": (
        strategy("crosses_above(close, open[3]) or (close > open and close < low)"), "RT123", "close < low"),
    "an exit that is always true": (strategy(exit_long="close > 0"), "RT123", "close > 0"),
    "an exit that nearly always is": (
        strategy(exit_long="close < open or close >= open"), "RT157", "close < open or close >= open"),
    "an entry within its own exit": (
        strategy("rsi(close, 14) < 30", "rsi(close, 14) < 50"), "RT158", "rsi(close, 14) < 30"),
    "an entry within that of the other side": (
        strategy("rsi(close, 14) < 30", "rsi(close, 14) > 60", "rsi(close, 14) < 40", "rsi(close, 14) > 70"),
        "RT158", "rsi(close, 14) < 30"),
    "the same condition twice": (
        strategy("close > open[1]", "close > open[1]"), "RT147", "exit_long"),
    "a stop tighter than costs": (strategy(risk="{stop_loss: 0.25%}"), "RT154", "0.25%"),
    "a trail tighter than costs": (strategy(risk="{trailing_stop: 0.3%}"), "RT154", "0.3%"),
    "a stop within the slippage": (strategy(risk="{stop_loss: 0.04%}"), "RT142", "0.04%"),
    "a stop in ATRs tighter than costs": (
        strategy(risk="{stop_loss: {atr: 0.05, period: 14}}"), "RT154", "{atr: 0.05, period: 14}"),
    "a target within the costs": (strategy(risk="{take_profit: 0.2%}"), "RT155", "0.2%"),
    "a target out of reach": (
        strategy(enter_short="close < low[1]", exit_short="close > high[1]", risk="{take_profit: 100%}"),
        "RT146", "100%"),
    "an unused signal": (
        strategy(signals={"fast": "sma(close, 9)"}), "RT159", "fast"),
    "an unused param": (strategy(params={"fast": "{default: 9}"}), "RT160", "fast"),
    "an unused series": (strategy(also=DAILY), "RT159", "daily"),
    "a price and an oscillator": (
        strategy("crosses_above(close, rsi(close, 14))"), "RT122", "crosses_above(close, rsi(close, 14))"),
    "no way out": (strategy(exit_long=None), "RT145", "enter_long"),
    "an exit without entry": (strategy(exit_short="close > open[1]"), "RT144", "exit_short"),
    "a cooldown between reversals": (
        strategy("close > high[1]", "close < low[1]", "close < low[2]", "close > high[2]",
                 risk="{cooldown: 3 bars}"), "RT143", "cooldown"),
    "a warm-up longer than the data": (
        strategy("crosses_above(close, sma(close, 5000))"), "RT153", "crosses_above(close, sma(close, 5000))"),
    "an average of the bars around": (
        strategy("close > centered(close, 5)"), "RT151", "centered(close, 5)"),
    "a share of the whole series' top": (
        strategy("close > 0.7 * close / normalised(close, 1) and close > open[1]"), "RT151", "normalised(close, 1)"),
    "tomorrow's close": (strategy("tomorrow(close, 1) > close"), "RT151", "tomorrow(close, 1)"),
    "a value written over those before": (
        strategy("close < filled_back(close, 7)"), "RT151", "filled_back(close, 7)"),
    "a condition of tomorrow": (strategy("up_next(close, 1)"), "RT151", "up_next(close, 1)"),
    "tomorrow's daily close": (
        strategy("close < tomorrow(daily.close, 1)", also=DAILY), "RT151", "tomorrow(daily.close, 1)"),
    "tomorrow in the size": (
        strategy(sizing="{equity: 50%, scale_by: 'close / highest(tomorrow(close, 1), 9)'}"),
        "RT151", "tomorrow(close, 1)"),
    "a sum since the data began": (
        strategy("summed(close, 1) > 10"), "RT152", "summed(close, 1)"),
    "every seventh bar of the data": (
        strategy("counted(close, 7) > 0"), "RT152", "counted(close, 7)"),
    "an average that forgets too late": (
        strategy("close > forgetful(close, 50)"), "RT152", "forgetful(close, 50)"),
}  # fmt: skip

_ENTRIES = {
    "cross": ("crosses_above(close, sma(close, {n}))", "crosses_below(close, sma(close, {n}))"),
    "breakout": ("close > highest(high, {n})[1]", "close < lowest(low, {n})[1]"),
    "reversion": ("crosses_above(rsi(close, {n}), 30)", "rsi(close, {n}) > 55"),
    "bands": ("close < bbands(close, {n}, 2).lower", "close > bbands(close, {n}, 2).middle"),
    "trend": ("rising(ema(close, {n}), 3) and close > open", "falling(ema(close, {n}), 3)"),
    "hours": ("(hour >= 20 or hour < 8) and close > close[{n}]", "weekday >= 5 and hour >= 12"),
    "macd": ("crosses_above(macd(close, {n}, 40, 9).histogram, 0)", "macd(close, {n}, 40, 9).histogram < 0"),
    "adx": ("adx({n}) > 20 and plus_di({n}) > minus_di({n})", "plus_di({n}) < minus_di({n})"),
    "vwap": ("close > vwap({n}) and not (close > vwap({n}))[1]", "close < vwap({n}) - atr(14)"),
    "daily": ("close > highest(close, {n})[1] and daily.close > sma(daily.close, 5)", "close < daily.low"),
}  # fmt: skip
_RISKS = ("{stop_loss: 3%}", "{stop_loss: {atr: 3, period: 14}, take_profit: 9%}",
          "{trailing_stop: 4%, time_exit: 48 bars}", "{cooldown: 5 bars, daily_loss: 5%}",
          "{max_drawdown: 50%}")  # fmt: skip
_SIZES = ("{equity: 50%}", "{quote: 1000}", "{volatility: {target: 30%, lookback: 30}}")

CLEAN: dict[str, str] = {
    f"{name}-{n}-{place}": strategy(
        *(rule.format(n=n) for rule in rules),
        also=DAILY if name == "daily" else None,
        risk=_RISKS[(n + place) % len(_RISKS)],
        sizing=_SIZES[(n + place) % len(_SIZES)],
    )
    for name, rules in _ENTRIES.items()
    for place, n in enumerate((5, 7, 9, 12, 14, 17, 20, 24, 28, 32))
}
