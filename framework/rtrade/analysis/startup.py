"""How values depend on where the data begin.

A run reads as many bars before its start as its plan says that it needs: warm-up, and what it
takes until the start no longer matters. With the data begun later by different amounts, but that
many bars still there, values must agree to a billionth of their size. What they are with fewer
bars is told for comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rtrade.analysis.probing import Probe, Values, probe, since
from rtrade.catalog.registry import Kind
from rtrade.core.bars import TRUE, UNKNOWN, BoolArray, FloatArray, MarketData, TriArray
from rtrade.plan.nodes import Align, Node
from rtrade.plan.plan import Plan

TOLERANCE = 1e-9
STARTS = 5
# Bars at the end that are compared.
TAIL = 500
_SHARES = (0.1, 0.25, 0.5, 1.0)
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Drift:
    """A node whose values at the end changed with the start, `before` bars after it."""

    node: Node
    before: int
    difference: float


@dataclass(frozen=True)
class Memory:
    """How far the last values of a signal are from settled ones, by bars read before them.

    A difference is relative to the value; None where nothing is known yet.
    """

    name: str
    differences: tuple[tuple[int, float | None], ...]


@dataclass(frozen=True)
class Startup:
    """What was tried: `starts` later beginnings (0: too few bars to try), and what was found."""

    lookback: int
    starts: int
    drifts: tuple[Drift, ...] = ()
    memories: tuple[Memory, ...] = ()


def start_dependence(plan: Plan, market: MarketData) -> Startup:
    """Let the data begin later and return what the last values make of it."""
    bars, lookback = len(market.base), plan.lookback
    tail = min(TAIL, bars // 4)
    room = bars - tail - lookback
    if room < 2:
        return Startup(lookback, 0)
    probed = probe(plan, answered=False)
    whole = probed.values(market)
    starts = sorted({1 + int(room * ((place + 1) * _GOLDEN % 1)) for place in range(STARTS)})
    drifts: dict[int, Drift] = {}
    for start in starts:
        later = probed.values(since(market, start, plan))
        for drift in _drifts(probed, whole, later, tail):
            drifts.setdefault(
                id(drift.node), Drift(drift.node, bars - tail - start, drift.difference)
            )
    memories = tuple(_memories(plan, market, whole, probed))
    return Startup(lookback, len(starts), tuple(drifts.values()), memories)


def _drifts(probed: Probe, whole: list[Values], later: list[Values], tail: int) -> Iterator[Drift]:
    """Yield the nodes that differ in the last `tail` bars though nothing that feeds them does."""
    moved: set[int] = set()
    for node, settled, found in zip(probed.nodes, whole, later, strict=True):
        fed = any(id(arg.arg if isinstance(arg, Align) else arg) in moved for arg in node.args)
        difference = _difference(settled[-tail:], found[-tail:], usual=settled)
        # A condition may turn on a digit that is allowed to differ in what it compares.
        counts = node.kind is Kind.NUMBER or all(arg.kind is Kind.BOOLEAN for arg in node.args)
        if fed or difference > TOLERANCE:
            moved.add(id(node))
            if not fed and counts:
                yield Drift(node, 0, difference)


def _difference(settled: Values, found: Values, *, usual: Values) -> float:
    """Return the greatest relative difference; infinite where only one of the two is known."""
    known = _known(settled), _known(found)
    if not np.array_equal(*known):
        return float("inf")
    a, b = settled[known[0]].astype(np.float64), found[known[0]].astype(np.float64)
    if not len(a):
        return 0.0
    ordinary = np.abs(usual[_known(usual)].astype(np.float64)).mean()
    size = np.maximum(np.abs(a), ordinary if ordinary > 0 else 1.0)
    return float((np.abs(a - b) / size).max())


def _known(values: Values) -> BoolArray:
    if values.dtype == np.float64:
        return np.isfinite(values)
    return np.asarray(values != UNKNOWN)


def _memories(
    plan: Plan, market: MarketData, whole: list[Values], probed: Probe
) -> Iterator[Memory]:
    """Yield, for each signal that decides, the difference of its last value by bars before it."""
    if not plan.lookback:
        return
    bars = len(market.base)
    lengths = sorted({max(1, int(plan.lookback * share)) for share in _SHARES})
    later = {
        length: probed.values(since(market, bars - 1 - length, plan))
        for length in lengths
        if length < bars - 1
    }
    places = {id(node): place for place, node in enumerate(probed.nodes)}
    for name, node in plan.signals.items():
        place = places.get(id(node))
        if place is None or node.kind is not Kind.NUMBER:
            continue
        settled = whole[place]
        found = tuple((length, _last(settled, values[place])) for length, values in later.items())
        # Windows are unknown and then exact; what fades is what is worth telling.
        if any(difference for _, difference in found):
            yield Memory(name, found)


def _last(settled: Values, found: Values) -> float | None:
    if not np.isfinite(found[-1]) or not np.isfinite(settled[-1]):
        return None
    difference = _difference(settled[-1:], found[-1:], usual=settled)
    return 0.0 if difference < TOLERANCE / 1000 else difference


def never_known(values: TriArray) -> bool:
    """Tell whether a rule is unknown at every close."""
    return bool(len(values)) and bool((values == UNKNOWN).all())


def times_true(values: TriArray) -> int:
    """Count the closes at which a rule is true."""
    return int(np.count_nonzero(values == TRUE))


def typical_distance(atr: FloatArray, close: FloatArray, multiple: float) -> float | None:
    """Return the median of `multiple` ATRs as a fraction of the price; None where none is known."""
    shares = multiple * atr / close
    known = shares[np.isfinite(shares)]
    return float(np.median(known)) if len(known) else None
