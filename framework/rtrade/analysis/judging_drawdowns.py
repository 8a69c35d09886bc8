"""Diagnoses of falls and losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rtrade.analysis.evidence import Evidence
from rtrade.analysis.judging import counted, money, percent
from rtrade.analysis.metrics import drawdown, left_sum
from rtrade.core.timeframes import iso

_SHALLOW = 0.05
_SOME = 10


def _deep_drawdown(run: Evidence, limit: float) -> str:
    deepest = run.metrics.max_drawdown
    if deepest is None or deepest < limit:
        return ""
    # From equity of 0 or below nothing leads back.
    back = f" To come back from it takes {percent(1 / (1 - deepest) - 1)}." if deepest < 1 else ""
    return f"The deepest fall from a peak is {percent(deepest)}.{back}"


def _drawdown_open(run: Evidence, limit: float) -> str:
    deepest = run.metrics.max_drawdown
    if deepest is None or not len(run.equity):
        return ""
    under = float(drawdown(run.equity, run.plan.cash)[-1])
    if under < max(limit * deepest, _SHALLOW):
        return ""
    return (
        f"The last close is {percent(under)} below the peak; the deepest fall was "
        f"{percent(deepest)}."
    )


def _long_under_water(run: Evidence, limit: float) -> str:
    longest = run.metrics.max_drawdown_bars
    if longest is None or not len(run.bars) or longest < limit * len(run.bars):
        return ""
    share = longest / len(run.bars)
    return (
        f"Equity stood below an earlier peak for {counted(longest, 'bar')} in a row, "
        f"{percent(share)} of the run."
    )


def _losing_streak(run: Evidence, limit: float) -> str:
    won = np.concatenate(([True], run.pnl > 0, [True]))
    places = np.flatnonzero(won)
    streaks = np.diff(places) - 1
    longest = int(streaks.max(initial=0))
    if longest < limit:
        return ""
    first = int(places[int(streaks.argmax())])
    lost = -left_sum(run.pnl[first : first + longest])
    return (
        f"{counted(longest, 'trade')} in a row lost {money(lost)}, beginning with the one of "
        f"{iso(int(run.entered[first]))[:10]}."
    )


def _large_loss(run: Evidence, limit: float) -> str:
    lost = run.gain[run.gain < 0]
    if len(run.gain) < _SOME or not len(lost):
        return ""
    mean, worst = left_sum(lost) / len(lost), float(lost.min())
    if worst > limit * mean:
        return ""
    when = iso(int(run.entered[int(run.gain.argmin())]))[:10]
    return (
        f"The trade of {when} lost {percent(-worst)}, {worst / mean:.1f} times the mean loss of "
        f"{percent(-mean)}."
    )


DRAWDOWNS: Mapping[str, Callable[[Evidence, float], str]] = {
    "deep_drawdown": _deep_drawdown,
    "drawdown_open": _drawdown_open,
    "long_under_water": _long_under_water,
    "losing_streak": _losing_streak,
    "large_loss": _large_loss,
}
