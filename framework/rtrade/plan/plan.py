"""The compiled strategy: plain data that engines run and `explain` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rtrade.catalog.registry import Number
from rtrade.config.definitions import CostsDef, RiskDef, SizingDef
from rtrade.config.llm_definitions import LlmProviderDef, LlmSignalDef, PromptTemplate
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.timeframes import Timeframe
from rtrade.plan.nodes import Node, resting


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
class LlmPlan:
    """A model that is asked: by what definition, which provider, when, and with which prompts.

    `at` is the condition (on the base clock) of `at:`, None where `every:` is given. `templates`
    are the signal's own prompt and those of `vote.prompts`, in order.
    """

    definition: LlmSignalDef
    provider: LlmProviderDef
    at: Node | None
    templates: tuple[PromptTemplate, ...]

    @property
    def uses_state(self) -> bool:
        """Whether a prompt sees the position or the account, so that the run asks in order."""
        return any(one.in_run for one in self.templates)

    @property
    def names(self) -> frozenset[str]:
        """The names of the context that the prompts use."""
        return frozenset(name for one in self.templates for name in one.names)


@dataclass(frozen=True)
class Plan:
    """A strategy ready to run.

    `signals` are the named expressions, `rules` the conditions by rule name (absent = never),
    all on the base clock unless a signal is of a coarser one. `atr` has one node per period that
    a protective level needs, `volatility` the deviation per bar of log returns for volatility
    sizing, `scale` the factor in 0..1 for `scale_by`. `needs[0]` is the base series.
    `warmup` is the bars before which a rule may be unknown, `lookback` warm-up plus settle.
    `llm` are the models whose answers decide, by signal. `risk_level` is the choice of
    `risk_levels`, `risk_factors` the factor of each of its choices, in their order (0 vetoes).
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
    llm: Mapping[str, LlmPlan] = field(default_factory=dict)
    risk_level: Node | None = None
    risk_factors: tuple[float, ...] = ()

    def known_before_asking(self) -> dict[str, Node]:
        """Return the signals that rest on no answer: those that prompts are told."""
        asked = resting(*self.signals.values())
        return {name: node for name, node in self.signals.items() if id(node) not in asked}

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
