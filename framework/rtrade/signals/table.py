"""The values of a plan's nodes over all bars read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rtrade.catalog.registry import Kind
from rtrade.core.bars import TRUE, BoolArray, FloatArray, TriArray
from rtrade.core.errors import EngineFault
from rtrade.plan.nodes import Node


@dataclass(frozen=True, eq=False)
class SignalTable:
    """The values of rules, signals and what sizing and risk need, on the base clock.

    `numbers` and `conditions` are by node identity and cover all bars read, `first` of them
    before the run; so are `choices`, which index the choices of their node. `unknown` counts, by
    rule, the bars of the run where it is unknown; `stale`, by series of another symbol, those that
    show an older bar because its own is missing.
    """

    numbers: Mapping[int, FloatArray]
    conditions: Mapping[int, TriArray]
    rules: Mapping[str, Node]
    bars: int
    first: int
    unknown: Mapping[str, int]
    stale: Mapping[str, int]
    choices: Mapping[int, FloatArray] = field(default_factory=dict)

    def number(self, node: Node) -> FloatArray:
        """Return a number node's values over all bars read, NaN where unknown."""
        if node.kind is not Kind.NUMBER or id(node) not in self.numbers:
            raise EngineFault(f"no numbers were computed for {node!r}")
        return self.numbers[id(node)]

    def condition(self, node: Node) -> TriArray:
        """Return a condition's values over all bars read: 0 false, 1 unknown, 2 true."""
        if node.kind is not Kind.BOOLEAN or id(node) not in self.conditions:
            raise EngineFault(f"no condition was computed for {node!r}")
        return self.conditions[id(node)]

    def choice(self, node: Node) -> FloatArray:
        """Return a choice's index over all bars read, NaN where unknown."""
        if node.kind is not Kind.ENUM or id(node) not in self.choices:
            raise EngineFault(f"no choice was computed for {node!r}")
        return self.choices[id(node)]

    def rule(self, name: str) -> BoolArray:
        """Tell on which bars of the run a rule is true; never, where the plan has none."""
        if name not in self.rules:
            return np.zeros(self.bars - self.first, dtype=bool)
        return np.asarray(self.condition(self.rules[name])[self.first :] == TRUE)
