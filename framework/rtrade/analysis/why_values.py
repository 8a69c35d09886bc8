"""The values of nodes at single bars, each on its own clock, and how clocks see one another.

A place is a timeframe and the index of a bar on it, -1 before the first: a value there is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from rtrade.analysis.why import FALSE, TRUE, UNKNOWN, Scalar
from rtrade.catalog.registry import Kind
from rtrade.core import bars as tri
from rtrade.core.bars import BoolArray, FloatArray, IntArray, MarketData
from rtrade.core.timeframes import Timeframe, iso
from rtrade.plan.nodes import Const, Node, choices_of
from rtrade.plan.plan import Plan
from rtrade.signals.answers import AnswerSeries
from rtrade.signals.clocks import Clocks, last_closed
from rtrade.signals.evaluate import evaluate_on_own_clocks


@dataclass(frozen=True)
class Place:
    """A bar of a clock."""

    clock: Timeframe
    at: int

    def back(self, bars: int) -> Place:
        """Return the place that many bars before; before the first bar there is one such place."""
        return Place(self.clock, max(self.at - bars, -1))


class Values:
    """Values of the nodes of a plan over the bars that a run reads.

    `silence` says of a model's signal why it has no answer at a bar, counted from the first read.
    """

    def __init__(
        self,
        plan: Plan,
        market: MarketData,
        answers: Mapping[str, AnswerSeries],
        silence: Callable[[str, int], str] = lambda signal, _: f"`{signal}` was not asked",
    ) -> None:
        self.plan = plan
        self.market = market
        self.silence = silence
        self._clocks = Clocks(plan, market)
        self._answers = answers
        self._arrays: dict[int, Any] = {}
        # Nodes are known by identity, so they have to live.
        self._kept: list[Node] = []
        self._shown: dict[tuple[Timeframe, Timeframe], IntArray] = {}

    def compute(self, nodes: Sequence[Node]) -> None:
        """Compute nodes that are not known yet, in one pass."""
        new = list({id(node): node for node in nodes if id(node) not in self._arrays}.values())
        if new:
            self._arrays |= evaluate_on_own_clocks(self._clocks, new, self._answers)
            self._kept += new

    @contextmanager
    def holding(self, nodes: Sequence[Node]) -> Iterator[None]:
        """Have nodes computed within the context; those that were not known before are let go."""
        before = set(self._arrays)
        self.compute(nodes)
        try:
            yield
        finally:
            self._arrays = {key: self._arrays[key] for key in before}
            self._kept = [node for node in self._kept if id(node) in before]

    def array(self, node: Node) -> Any:
        """Return all values of a node on its own clock."""
        if id(node) not in self._arrays:
            self.compute([node])
        return self._arrays[id(node)]

    # What an engine asks for, all of it on the clock of the run.

    def rule(self, name: str) -> BoolArray:
        """Tell on which bars of the run a rule is true."""
        values = self.array(self.plan.rules[name])[self.market.first :]
        return np.asarray(values == tri.TRUE)

    def number(self, node: Node) -> FloatArray:
        """Return a number's values over all bars read, NaN where unknown."""
        return np.asarray(self.array(node))

    def choice(self, node: Node) -> FloatArray:
        """Return a choice's index over all bars read, NaN where unknown."""
        return np.asarray(self.array(node))

    # Single bars.

    def seen(self, node: Node, place: Place) -> Place:
        """Return the place on a node's own clock that shows at `place`."""
        if node.clock == place.clock or isinstance(node, Const) or place.at < 0:
            return Place(node.clock, place.at)
        key = (node.clock, place.clock)
        if key not in self._shown:
            self._shown[key] = last_closed(*(self._clocks.bars(clock) for clock in key))
        return Place(node.clock, int(self._shown[key][place.at]))

    def known(self, node: Node, place: Place) -> bool:
        """Tell whether a node has a value at a place of any clock."""
        return self.scalar(node, place) is not None

    def scalar(self, node: Node, place: Place) -> Scalar | None:
        """Return a node's value at a place: a number, a text, a truth value, None where unknown."""
        if isinstance(node, Const):
            return node.value
        own = self.seen(node, place)
        if own.at < 0:
            return None
        value = self.array(node)[own.at]
        if node.kind is Kind.BOOLEAN:
            return None if value == tri.UNKNOWN else bool(value == tri.TRUE)
        if np.isnan(value):
            return None
        return choices_of(node)[int(value)] if node.kind is Kind.ENUM else float(value)

    def state(self, node: Node, place: Place) -> str:
        """Return whether a condition is true, false or unknown at a place."""
        found = self.scalar(node, place)
        return UNKNOWN if found is None else TRUE if found else FALSE

    def time(self, place: Place) -> str | None:
        """Return the open of the bar at a place; None before the first."""
        bars = self._clocks.bars(place.clock)
        return None if place.at < 0 else iso(int(bars.time[place.at]))

    def close(self, place: Place) -> str:
        """Return the close of the bar at a place."""
        return iso(place.clock.close(int(self._clocks.bars(place.clock).time[place.at])))

    def length(self, clock: Timeframe) -> int:
        """Return how many bars there are on a clock."""
        return len(self._clocks.bars(clock))
