"""How many bars each node needs before it is known, and before its start stops to matter.

1. A field and a constant need nothing.
2. A node on one clock needs what its neediest argument needs, plus its own: a call its declared
   `warmup` (and `settle`), a shift its bars.
3. `Align` needs nothing of the finer clock: the coarser series is read from as far before the
   first base bar as the aligned node needs, so its values are there from the first bar on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rtrade.catalog.registry import Registry
from rtrade.config.definitions import StrategyDef
from rtrade.core.timeframes import Timeframe
from rtrade.plan.nodes import Align, Call, Field, Node, Shift, walk
from rtrade.plan.plan import SeriesNeed


@dataclass(frozen=True)
class Lead:
    """Bars of a node's own clock: `warmup` until its first value, `need` until that has settled."""

    warmup: int = 0
    need: int = 0


_NOTHING = Lead()


def leads(roots: Iterable[Node], registry: Registry) -> dict[int, Lead]:
    """Return what each node below `roots` needs, by the node's id."""
    return _leads(walk(*roots), registry)


def _leads(order: Iterable[Node], registry: Registry) -> dict[int, Lead]:
    """Return what each node needs, by its id; arguments come before what uses them."""
    found: dict[int, Lead] = {}
    for node in order:
        warmup, settle = _own(node, registry)
        need = warmup + settle
        below = () if isinstance(node, Align) else node.args
        if below:
            known = [found[id(arg)] for arg in below]
            warmup += max([lead.warmup for lead in known])
            need += max([lead.need for lead in known])
        found[id(node)] = Lead(warmup, need)
    return found


def _own(node: Node, registry: Registry) -> tuple[int, int]:
    if isinstance(node, Shift):
        return node.bars, 0
    if isinstance(node, Call):
        entry = registry.get(node.entry)
        assert entry is not None, node.entry
        params = dict(node.params)
        return entry.warmup(params), entry.settle(params) or 0
    return 0, 0


def unforgetting(roots: Iterable[Node], registry: Registry) -> list[Call]:
    """Return the calls below `roots` whose values depend on where the data begin, for ever."""
    calls = {node.entry: node for node in walk(*roots) if isinstance(node, Call)}
    found = []
    for name, node in calls.items():
        entry = registry.get(name)
        assert entry is not None, name
        if entry.settle(dict(node.params)) is None:
            found.append(node)
    return found


def clock_leads(
    roots: Iterable[Node], base: Timeframe, registry: Registry
) -> dict[Timeframe, Lead]:
    """Return what is needed on each clock that is below `roots`, the base clock included."""
    tops = tuple(roots)
    order = [*walk(*tops)]
    found = _leads(order, registry)
    result: dict[Timeframe, Lead] = {base: _NOTHING}
    for node in (*tops, *(node.arg for node in order if isinstance(node, Align))):
        lead, own = result.get(node.clock, _NOTHING), found[id(node)]
        if own.warmup > lead.warmup or own.need > lead.need or node.clock not in result:
            result[node.clock] = Lead(max(lead.warmup, own.warmup), max(lead.need, own.need))
    return result


def series_needs(
    definition: StrategyDef,
    roots: Iterable[Node],
    signals: Mapping[str, Node],
    registry: Registry,
    windows: Mapping[str, int] | None = None,
) -> tuple[SeriesNeed, ...]:
    """Return the series to read and how far back; the base comes first.

    `roots` decide: signals that no rule uses add series that only they read, never bars to the
    others, so that they cannot change a result. The others come in an order that renaming does not
    change, since the first of a timeframe leads its clock.
    """
    data, tops, seen = definition.data, tuple(roots), windows or {}
    used, shown = _series(tops) | seen.keys(), _series(signals.values())
    by_roots = clock_leads(tops, data.timeframe, registry)
    by_signals = clock_leads(signals.values(), data.timeframe, registry)
    own = by_roots[data.timeframe]
    need = max(own.need, seen.get("", 0))
    base = SeriesNeed("", data.symbol, data.timeframe, need, own.warmup)
    others = []
    for also in data.also:
        if also.name not in used and also.name not in shown:
            continue
        lead = Lead()
        if also.timeframe != data.timeframe:
            source = by_roots if also.name in used else by_signals
            lead = source.get(also.timeframe, lead)
        bars = max(lead.need, seen.get(also.name, 0))
        one = SeriesNeed(also.name, also.symbol, also.timeframe, bars, lead.warmup)
        place = (also.name not in used, also.timeframe, also.symbol != data.symbol, also.symbol)
        others.append(((*place, also.name), one))
    return (base, *(one for _, one in sorted(others, key=lambda pair: pair[0])))


def _series(roots: Iterable[Node]) -> set[str]:
    return {node.series for node in walk(*roots) if isinstance(node, Field)}
