"""Drawings of what models said: confidence against outcome, and the answers in other orders."""

from __future__ import annotations

import numpy as np

from rtrade.analysis.llm_baselines import Shuffled
from rtrade.analysis.llm_outcomes import Reliability, wilson
from rtrade.report import drawing as draw
from rtrade.report.context import Picture
from rtrade.report.formatting import UNDEFINED, Form, show
from rtrade.report.pictures import percent

_BINS = 24
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def calibration(met: Reliability) -> Picture:
    """Return how often a model was right by how sure it said to be, with 95 % intervals."""
    x = draw.across(0.0, 1.0, [(value, percent(value)) for value in _SHARES])
    y = draw.up(0.0, 1.0, [(value, percent(value)) for value in _SHARES])
    parts = [draw.frame(x, y, "Share that was right (up) by confidence (to the right)")]
    parts.append(draw.rule(x.at(0), y.at(0), x.at(1), y.at(1), "zero dashed"))
    filled = [one for one in met.bins if one.count]
    largest = max(one.count for one in filled)
    for one in filled:
        low, high = wilson(one.right, one.count)
        assert one.sure is not None
        assert one.share is not None
        at = x.at(one.sure)
        parts.append(draw.rule(at, y.at(low), at, y.at(high), "reach"))
        parts.append(draw.disc(at, y.at(one.share), 3 + 5 * (one.count / largest) ** 0.5))
    return Picture(
        svg=draw.drawing(parts),
        summary="A larger dot stands for more decisions, the line through it is its 95 % interval; "
        "on the dashed line the model is as often right as it says. Tenths without a decision are "
        "left out.",
        header=("Confidence", "Decisions", "Right", "Share", "Its mean"),
        rows=tuple(
            (
                f"{percent(one.low)} to {percent(one.high)}",
                show(one.count, Form.COUNT),
                show(one.right, Form.COUNT),
                show(one.share, Form.PERCENT),
                UNDEFINED if one.sure is None else show(one.sure, Form.PERCENT),
            )
            for one in filled
        ),
    )


def orders(shuffled: Shuffled, own: float) -> Picture | None:
    """Return the returns of the same answers in random orders, with the run's own among them."""
    if shuffled.same:
        return None
    returns = shuffled.returns
    low, high = min(float(returns[0]), own), max(float(returns[-1]), own)
    counts, edges = np.histogram(returns, bins=_BINS, range=(low, high))
    most = float(counts.max())
    x = draw.across(low, high, [(value, percent(value)) for value in draw.ticks(low, high)])
    y = draw.up(0.0, most * 1.12, [(value, f"{value:,.0f}") for value in draw.ticks(0.0, most, 4)])
    parts = [
        draw.frame(x, y, "Random orders by total return"),
        draw.columns(x, y, edges.astype(np.float64), counts.astype(np.float64)),
        draw.upright(x, y, own, "this run"),
    ]
    return Picture(
        svg=draw.drawing(parts),
        summary="Each column counts random orders of the run's own answers.",
        header=("", "Total return"),
        rows=(
            ("Lowest", show(float(returns[0]), Form.PERCENT, signed=True)),
            *(
                (f"{level:.0%} are below".replace("%", " %"),
                 show(float(np.quantile(returns, level)), Form.PERCENT, signed=True))
                for level in _LEVELS
            ),
            ("Highest", show(float(returns[-1]), Form.PERCENT, signed=True)),
            ("This run", show(own, Form.PERCENT, signed=True)),
        ),
    )  # fmt: skip
