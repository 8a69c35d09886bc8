"""The compiled strategy: plain data that engines run and `explain` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rtrade.catalog.registry import Number
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.timeframes import Timeframe
from rtrade.plan.nodes import Node


@dataclass(frozen=True)
class SeriesNeed:
    """A series that the plan reads, and how far back.

    `lookback` is warm-up + settle in its own bars. For the base series (`needs[0]`, name "") they
    are counted back from the run's first bar; for the others from the last bar that has closed
    by the close of the first base bar read. `warmup` is the part of it before the first value.
    """

    name: str
    symbol: str
    timeframe: Timeframe
    lookback: int
    warmup: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Plan:
    """A strategy ready to run.

    `signals` are the named expressions, `rules` the conditions by rule name (absent = never),
    all on the base clock unless a signal is of a coarser one. `atr` has one node per period that
    a protective level needs, `volatility` the deviation per bar of log returns for volatility
    sizing, `scale` the factor in 0..1 for `scale_by`. `needs[0]` is the base series.
    `warmup` is the bars before which a rule may be unknown, `lookback` warm-up plus settle.
    """

    name: str
    source: str
    start: int | None
    end: int | None
    last: int | None
    params: Mapping[str, Number]
    signals: Mapping[str, Node]
    rules: Mapping[str, Node]
    atr: Mapping[int, Node]
    volatility: Node | None
    scale: Node | None
    needs: tuple[SeriesNeed, ...]
    warmup: int
    sizing: SizingDef
    risk: RiskDef
    costs: CostsDef
    cash: float
    benchmark: str
    warnings: tuple[Diagnostic, ...] = ()

    def only(self, signal: str) -> Plan:
        """Return the plan with no signal but `signal`, or its results where it has several."""
        kept = {
            name: node
            for name, node in self.signals.items()
            if name == signal or name.startswith(f"{signal}.")
        }
        return replace(self, signals=kept)

    @property
    def symbol(self) -> str:
        """The traded symbol."""
        return self.needs[0].symbol

    @property
    def timeframe(self) -> Timeframe:
        """The timeframe of the base series."""
        return self.needs[0].timeframe

    @property
    def lookback(self) -> int:
        """Bars of the base series to read before `start`."""
        return self.needs[0].lookback
