"""Every value that a plan works out, over bars that were cut, scrambled or begun later.

What `causality` and `startup` compare: the plan's nodes on the base clock, evaluated by the same
code as a run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rtrade.catalog.registry import Kind
from rtrade.core.bars import Bars, FloatArray, IntArray, MarketData, TriArray
from rtrade.plan.asking import told_nodes
from rtrade.plan.nodes import Align, Const, Node, resting, walk
from rtrade.plan.plan import Plan
from rtrade.signals.evaluate import evaluate
from rtrade.signals.standins import drawn

Values = FloatArray | TriArray


@dataclass(frozen=True, eq=False)
class Probe:
    """A plan made to show all its nodes; arguments stand before what uses them."""

    plan: Plan
    nodes: tuple[Node, ...]

    def values(self, market: MarketData) -> list[Values]:
        """Return the values of each node over all bars read, on the base clock."""
        table = evaluate(self.plan, market, drawn(self.plan, market))
        return [
            table.number(node) if node.kind is Kind.NUMBER else table.condition(node)
            for node in self.nodes
        ]


def probe(plan: Plan, *, answered: bool = True) -> Probe:
    """Return a probe of everything that decides: rules, levels, sizes, when models are asked.

    Models' answers are drawn by lot; without `answered`, what rests on them is left out.
    """
    roots = [*plan.rules.values(), *plan.atr.values()]
    roots += [node for node in (plan.volatility, plan.scale) if node is not None]
    roots += told_nodes(plan.llm.values(), plan.signals.values())
    nodes = tuple(
        node
        for node in walk(*roots)
        if node.kind in {Kind.NUMBER, Kind.BOOLEAN} and not isinstance(node, Const | Align)
    )
    if not answered:
        left_out = resting(*nodes)
        nodes = tuple(node for node in nodes if id(node) not in left_out)
    shown = {f"node {place}": node for place, node in enumerate(nodes)}
    return Probe(replace(plan, signals=shown), nodes)


def until(market: MarketData, stop: int) -> MarketData:
    """Return what had closed by the close of base bar `stop - 1`."""
    base = market.base.slice(0, stop)
    return replace(
        market,
        base=base,
        flags=market.flags[:stop],
        first=min(market.first, stop),
        others={name: bars.slice(0, _closed(bars, base)) for name, bars in market.others.items()},
    )


def since(market: MarketData, start: int, plan: Plan) -> MarketData:
    """Return the market as it would have been read had the base series begun at bar `start`."""
    base = market.base.slice(start)
    lookbacks = {need.name: need.lookback for need in plan.needs[1:]}
    others = {}
    for name, bars in market.others.items():
        seen = _closed(bars, base.slice(0, 1)) - 1
        others[name] = bars.slice(max(0, seen - lookbacks[name]))
    first = max(0, market.first - start)
    return replace(market, base=base, flags=market.flags[start:], first=first, others=others)


def scrambled(market: MarketData, stop: int) -> MarketData:
    """Return the market with other prices after the close of base bar `stop - 1`.

    What comes after is put in another order and stretched, by a fixed rule; times stay.
    """
    known = market.base.slice(0, stop)
    others = {name: _stirred(bars, _closed(bars, known)) for name, bars in market.others.items()}
    return replace(market, base=_stirred(market.base, stop), others=others)


def _closed(bars: Bars, base: Bars) -> int:
    """Count the bars that have closed by the last close of `base`."""
    moment = base.timeframe.close(int(base.time[-1]))
    return int(np.searchsorted(bars.timeframe.closes(bars.time), moment, side="right"))


def _stirred(bars: Bars, start: int) -> Bars:
    count = len(bars) - start
    order = start + _order(count)
    stretch = np.where(np.arange(count) % 2 == 0, 1.5, 0.7)
    columns = {}
    for name in ("open", "high", "low", "close", "volume"):
        values = getattr(bars, name).copy()
        values[start:] = values[order] * stretch
        columns[name] = values
    return replace(bars, **columns)


def _order(count: int) -> IntArray:
    """Return 0 .. count - 1 in steps of about the golden section, which leaves nothing near."""
    step = max(1, round(count * 0.6180339887))
    while np.gcd(step, max(count, 1)) != 1:
        step += 1
    return np.asarray((np.arange(count, dtype=np.int64) * step + step // 2) % max(count, 1))
