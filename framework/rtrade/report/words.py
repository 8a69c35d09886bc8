"""The sentences of the report: verdict, summaries of the charts, reasons, notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtrade.analysis.verification import sentence_of
from rtrade.report.charts import MARKERS, ChartPlan
from rtrade.report.context import Verdict
from rtrade.report.formatting import Form, Value, show, tone
from rtrade.report.inputs import TradeColumns
from rtrade.report.levels import LARGEST, Windows


def verdict(document: Mapping[str, Any]) -> Verdict:
    """Say in words what the run made beside buying and holding."""
    metrics = document["metrics"]
    gained: Value = metrics["total_return"]
    return Verdict(tone(gained), _outcome(gained, metrics["benchmark_return"]), _detail(metrics))


def verified(document: Mapping[str, Any]) -> str:
    """Say on what two engines agree; nothing where one was not asked, or differs."""
    said = document.get("verified")
    if said is None or not said["equal"]:
        return ""
    return f"Verified: two engines, {sentence_of(said)}."


def disputed(document: Mapping[str, Any]) -> str:
    """Say in what two engines differ; nothing where they do not."""
    said = document.get("verified")
    if said is None or said["equal"]:
        return ""
    return f"{sentence_of(said)}. One of them is wrong, so this result cannot be believed."


def _outcome(gained: Value, held: Value) -> str:
    if gained is None:
        return "The return of this run is not defined."
    own = _made(gained)
    first = f"{own[0].upper()}{own[1:]}"
    if held is None:
        return f"{first}."
    return f"{first} where buying and holding {_made(held)}."


def _made(gain: float) -> str:
    if not gain:
        return "ended where it began"
    return f"{'made' if gain > 0 else 'lost'} {show(abs(gain), Form.PERCENT)}"


def _detail(metrics: Mapping[str, Any]) -> str:
    trades = metrics["trades"]
    parts = ["No trade was closed" if not trades else counted(trades, "closed trade")]
    if metrics["max_drawdown"] is not None:
        parts.append(f"deepest fall {show(metrics['max_drawdown'], Form.PERCENT)}")
    if metrics["exposure"] is not None:
        parts.append(f"in the market {show(metrics['exposure'], Form.PERCENT)} of the time")
    return ", ".join(parts) + "."


def counted(number: int, noun: str) -> str:
    """Write `1 bar`, `2 bars`, `no bars`."""
    if not number:
        return f"no {noun}s"
    return f"{show(number, Form.COUNT)} {noun}{'' if number == 1 else 's'}"


def reason(name: str) -> str:
    """Turn a name such as `stop_loss` into words."""
    return name.replace("_", " ")


def price_summary(document: Mapping[str, Any], plan: ChartPlan) -> str:
    """Say what the price chart shows."""
    data = document["data"]
    names = ", ".join(line.indicator.name for line in plan.lines)
    drawn = f", with {names}" if names else ""
    return (
        f"Candles of {data['symbol']} from {data['start'][:10]} to {data['end'][:10]}{drawn}, and "
        f"{counted(len(document['trades']), 'trade')} marked where they begin and end. "
        "The trade table below holds the same trades in numbers."
    )


def equity_summary(document: Mapping[str, Any]) -> str:
    """Say what the equity chart shows."""
    metrics = document["metrics"]
    gained, held = (
        show(metrics[name], Form.PERCENT, signed=True)
        for name in ("total_return", "benchmark_return")
    )
    return (
        f"Equity ends at {show(metrics['final_equity'], Form.MONEY)}, a change of {gained}; "
        f"buying and holding changed by {held}. The deepest drawdown is "
        f"{show(metrics['max_drawdown'], Form.PERCENT)}."
    )


# A trade of which so many bars are kept at either end is whole for all that a chart shows.
_MANY = 2_000


def _near(near: Windows, trades: int) -> str:
    """Say which trades have their bars in the file."""
    held = (
        "all of its trades" if trades <= LARGEST else f"the {LARGEST} trades that moved equity most"
    )
    if near.edge < _MANY:
        return f"{held}; of long ones, around their first and last {near.edge} bars"
    return held


def chart_notes(plan: ChartPlan, trades: TradeColumns, bars: int, timeframe: str) -> list[str]:
    """Say what was aggregated or left out of the charts."""
    notes = []
    if plan.near is not None:
        notes.append(
            f"The overview draws {show(bars, Form.COUNT)} bars of {timeframe} as "
            f"{show(len(plan.grouping), Form.COUNT)} candles of {plan.grouping.timeframe}; "
            "equity, benchmark and drawdown keep their highest and lowest values, and what was "
            "invested is the mean of a candle. "
            f"Full {timeframe} bars are in this file around {_near(plan.near, len(trades))}. "
            "Choose a trade, and the chart shows them. All trades are in trades.csv."
        )
    if len(plan.shown_trades) < len(trades):
        notes.append(
            f"More than {show(MARKERS, Form.COUNT)} trades: "
            f"{show(len(plan.shown_trades), Form.COUNT)} of them are marked, "
            "the first and an even part of the rest."
        )
    if plan.left_out:
        notes.append(f"Not drawn: {', '.join(plan.left_out)}.")
    return notes
