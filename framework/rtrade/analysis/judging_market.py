"""Diagnoses of how a run met its market: time held, orders, protective levels, bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rtrade.analysis.evidence import Evidence
from rtrade.analysis.judging import counted, percent
from rtrade.core.quality import CORRECTED
from rtrade.core.timeframes import iso

_SOME = 10
_STOPS = ("stop_loss", "trailing_stop")
_ONE_IN_TWENTY = 0.05


def _hardly_in_market(run: Evidence, limit: float) -> str:
    share = run.metrics.exposure
    if share is None or not run.entries or share >= limit:
        return ""
    return f"A position was held at {percent(share)} of the closes."


def _always_in_market(run: Evidence, limit: float) -> str:
    share = run.metrics.exposure
    if share is None or share <= limit:
        return ""
    return f"A position was held at {percent(share)} of the closes."


def _flat_periods(run: Evidence, limit: float) -> str:
    if not run.entries:
        return ""
    held = np.asarray(run.result.position) != 0
    places = np.flatnonzero(np.concatenate(([True], held, [True])))
    stretches = np.diff(places) - 1
    longest = int(stretches.max(initial=0))
    if longest < limit * len(run.bars):
        return ""
    # Places count from the close before the first.
    first = int(places[int(stretches.argmax())])
    share = longest / len(run.bars)
    return (
        f"{counted(longest, 'bar')} from {iso(int(run.bars.time[first]))[:10]} on, "
        f"{percent(share)} of the run."
    )


def _many_refusals(run: Evidence, limit: float) -> str:
    refused = {
        why: count for why, count in run.result.refused.items() if why != "in_position" and count
    }
    total = sum(refused.values())
    if not run.entries or total < limit * run.entries:
        return ""
    most = max(refused, key=lambda why: refused[why])
    return (
        f"{counted(total, 'refusal')} beside {counted(run.entries, 'trade')}; most often "
        f"`{most}`: {refused[most]:,}."
    )


def _capped_by_cash(run: Evidence, limit: float) -> str:
    capped = run.result.capped
    if not capped or capped < limit * run.entries:
        return ""
    return f"{capped:,} of {run.entries:,} entries were cut down to the cash at hand."


def _stop_never_touched(run: Evidence, limit: float) -> str:
    risk = run.plan.risk
    if risk.stop_loss is None and risk.trailing_stop is None:
        return ""
    if len(run.closed) < limit or any(why in _STOPS for why in run.exits):
        return ""
    return f"None of {counted(len(run.closed), 'closed trade')} ended at a stop."


def _stop_always_touched(run: Evidence, limit: float) -> str:
    stopped = sum(1 for why in run.exits if why in _STOPS)
    if len(run.closed) < _SOME or stopped < limit * len(run.closed):
        return ""
    return (
        f"{stopped:,} of {counted(len(run.closed), 'closed trade')} ended at a stop, "
        f"{percent(stopped / len(run.closed))}."
    )


def _target_never_touched(run: Evidence, limit: float) -> str:
    if run.plan.risk.take_profit is None or len(run.closed) < limit:
        return ""
    if "take_profit" in run.exits:
        return ""
    return f"None of {counted(len(run.closed), 'closed trade')} reached the target."


def _same_bar_exits(run: Evidence, limit: float) -> str:
    short = sum(1 for trade in run.closed if trade.bars == 0)
    if not short or short < limit * len(run.closed):
        return ""
    return (
        f"{short:,} of {counted(len(run.closed), 'closed trade')}, "
        f"{percent(short / len(run.closed))}, ended in the bar of their entry."
    )


def _large_orders(run: Evidence, limit: float) -> str:
    if not len(run.fills):
        return ""
    volume = run.bars.volume[run.fills.bar]
    known = volume > 0
    share = run.fills.size[known] / volume[known]
    large = int(np.count_nonzero(share > limit))
    if not large or large < _ONE_IN_TWENTY * len(run.fills):
        return ""
    return (
        f"{large:,} of {counted(len(run.fills), 'order')} were larger than {percent(limit)} of "
        f"their bar's volume; the largest was {percent(float(share.max()))} of it."
    )


def _missing_bars(run: Evidence, limit: float) -> str:
    gaps, missing = run.bars.gaps()
    there = len(run.bars) + missing
    if not missing or missing < limit * there:
        return ""
    longest = int(run.bars.missing().max())
    return (
        f"{missing:,} of {there:,} bars are missing, {percent(missing / there)}, in "
        f"{counted(gaps, 'gap')}; {longest:,} in the longest."
    )


def _stale_bars(run: Evidence, limit: float) -> str:
    bars = run.bars
    still = (bars.high == bars.low) & (bars.close == np.concatenate(([np.nan], bars.close[:-1])))
    count = int(np.count_nonzero(still))
    if not count or count < limit * len(bars):
        return ""
    edges = np.flatnonzero(np.concatenate(([True], ~still, [True])))
    longest = int(np.diff(edges).max()) - 1
    return (
        f"{count:,} of {len(bars):,} bars stand still, {percent(count / len(bars))}; "
        f"{longest:,} in a row at most."
    )


def _doubtful_fills(run: Evidence, limit: float) -> str:
    flags = run.market.flags[run.market.first :]
    if not len(run.fills) or not len(flags):
        return ""
    # A bar that the exchange has corrected is as good as the others.
    doubtful = int(np.count_nonzero(flags[run.fills.bar] & ~np.uint8(CORRECTED)))
    if not doubtful or doubtful < limit * len(run.fills):
        return ""
    return f"{doubtful:,} of {counted(len(run.fills), 'fill')} lie on such bars."


MARKET: Mapping[str, Callable[[Evidence, float], str]] = {
    "hardly_in_market": _hardly_in_market,
    "always_in_market": _always_in_market,
    "flat_periods": _flat_periods,
    "many_refusals": _many_refusals,
    "capped_by_cash": _capped_by_cash,
    "stop_never_touched": _stop_never_touched,
    "stop_always_touched": _stop_always_touched,
    "target_never_touched": _target_never_touched,
    "same_bar_exits": _same_bar_exits,
    "large_orders": _large_orders,
    "missing_bars": _missing_bars,
    "stale_bars": _stale_bars,
    "doubtful_fills": _doubtful_fills,
}
