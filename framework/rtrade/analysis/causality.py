"""Does any value depend on bars that came after it?

1. The plan's values and the engine's fills are worked out over all bars.
2. At many moments the bars after it are cut off, and, a second time, scrambled.
3. Every value, and every fill, before that moment must be the same to the bit.

The moments are spread evenly but for a golden-section shift, so that they fall into every part of
days and weeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rtrade.analysis.probing import Probe, Values, probe, scrambled, until
from rtrade.core.bars import MarketData
from rtrade.core.results import RunResult
from rtrade.plan.nodes import Align, Node
from rtrade.plan.plan import Plan

CUTS = 48
RUNS = 3
# Bars after a cut that a run over a scrambled future goes on for.
_RUN_ON = 200
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Leak:
    """A node whose value at `bar` changed when bars from `cut` on did; times are opens in ms."""

    node: Node
    bar: int
    cut: int


@dataclass(frozen=True)
class Causality:
    """What was tried, and what changed; `fills` counts the runs in which a fill before did."""

    cuts: int
    runs: int
    bars: int
    leaks: tuple[Leak, ...] = ()
    fills: int = 0


Run = Callable[[MarketData], RunResult]


def look_ahead(plan: Plan, market: MarketData, run: Run) -> Causality:
    """Cut and scramble the future at many moments; return what before them changed.

    `run` makes a whole run over a market. One leak is told for each node that no leaking node
    feeds.
    """
    probed = probe(plan)
    whole = probed.values(market)
    moments = cut_points(len(market.base), CUTS)
    leaks: dict[int, Leak] = {}
    for stop in moments:
        for changed in (until(market, stop), scrambled(market, stop)):
            _compare(probed, whole, probed.values(changed), stop, market, leaks)
    own = _first_ones(probed, leaks)
    result, late = run(market), 0
    inner = [stop for stop in cut_points(len(market.base), RUNS) if stop > market.first]
    for stop in inner:
        # A market out of order soon multiplies cash beyond all numbers, so little of it is run.
        later = until(scrambled(market, stop), min(stop + _RUN_ON, len(market.base)))
        for changed in (until(market, stop), later):
            late += not _same_before(result, run(changed), stop - market.first)
    return Causality(len(moments), 2 * len(inner), len(market.base), own, late)


def cut_points(bars: int, count: int) -> list[int]:
    """Return up to `count` numbers of bars to keep, each at least 1 and below `bars`."""
    spread = {1 + int((place + place * _GOLDEN % 1) / count * (bars - 1)) for place in range(count)}
    return sorted(point for point in spread if 0 < point < bars)


def _compare(
    probed: Probe,
    whole: list[Values],
    found: list[Values],
    stop: int,
    market: MarketData,
    leaks: dict[int, Leak],
) -> None:
    time = market.base.time
    for node, before, after in zip(probed.nodes, whole, found, strict=True):
        if id(node) in leaks:
            continue
        same = np.equal(before[:stop], after[:stop])
        if before.dtype == np.float64:
            same |= np.isnan(before[:stop]) & np.isnan(after[:stop])
        if not same.all():
            # The change that is farthest from the cut says most.
            bar = int(np.argmin(same))
            leaks[id(node)] = Leak(node, int(time[bar]), int(time[stop]))


def _first_ones(probed: Probe, leaks: dict[int, Leak]) -> tuple[Leak, ...]:
    """Return the leaks of nodes that are fed by none that leaks."""
    tainted: set[int] = set()
    own: list[Leak] = []
    for node in probed.nodes:
        below = {id(arg) for arg in _below(node)}
        if id(node) in leaks and not below & tainted:
            own.append(leaks[id(node)])
        if id(node) in leaks or below & tainted:
            tainted.add(id(node))
    return tuple(own)


def _below(node: Node) -> list[Node]:
    """Return the arguments of a node, and those of the alignments among them."""
    found = list(node.args)
    for arg in found:
        found.extend(arg.args if isinstance(arg, Align) else ())
    return found


def _same_before(whole: RunResult, changed: RunResult, bars: int) -> bool:
    fills = [[fill for fill in result.fills if fill.bar < bars] for result in (whole, changed)]
    return fills[0] == fills[1] and np.array_equal(whole.equity[:bars], changed.equity[:bars])
