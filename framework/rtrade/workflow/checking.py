"""Check a strategy: what it can never do, what it sees too early, what it remembers too long.

1. Compile the file; the compiler's warnings count as findings.
2. Review the plan without data: rules, levels, what is unused.
3. Load its bars, at most the last `CHECKED`, and try: cut and scramble the future, begin later.

No model is asked: what rests on answers is tried with answers that are drawn by lot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.catalog.installed import registry
from rtrade.config.overrides import Overrides
from rtrade.core.diagnostics import Diagnostic
from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import iso
from rtrade.plan.consistency import percent
from rtrade.plan.findings import Findings
from rtrade.plan.nodes import Node, rests_on_answers
from rtrade.plan.plan import Plan
from rtrade.plan.printing import formula
from rtrade.plan.review import review, round_trip
from rtrade.plan.warmup import unforgetting
from rtrade.workflow.compiling import Compiled, compile_strategy, refusals
from rtrade.workflow.markets import FETCHED, Fetching, plan_data

if TYPE_CHECKING:
    from rtrade.analysis.causality import Causality
    from rtrade.analysis.startup import Startup
    from rtrade.core.bars import MarketData
    from rtrade.core.results import RunResult
    from rtrade.signals.table import SignalTable

CHECKED = 20_000
_SHOWN = 60
Progress = Callable[[str], None]


@dataclass(frozen=True)
class RuleCount:
    """At how many of the run's closes a rule was true, and unknown."""

    rule: str
    true: int
    unknown: int
    closes: int


@dataclass(frozen=True)
class Checked:
    """What was found in a strategy, and what was tried to find it.

    `rules` counts those that can be known without asking a model; `models` are not asked.
    """

    path: Path
    findings: tuple[Diagnostic, ...]
    rules: tuple[RuleCount, ...]
    causality: Causality
    startup: Startup
    models: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def check_strategy(
    path: Path,
    overrides: Overrides,
    *,
    engine: str,
    fetching: Fetching = FETCHED,
    progress: Progress = lambda _: None,
) -> Checked:
    """Check a strategy file over its data.

    Raises InvalidInput where the file does not compile, WorldError where its data cannot be read.
    """
    from rtrade.analysis.causality import look_ahead
    from rtrade.analysis.startup import start_dependence
    from rtrade.signals.answers import unanswered
    from rtrade.signals.evaluate import evaluate

    compiled = compile_strategy(path, overrides)
    plan = compiled.plan
    if refused := refusals(compiled, engine):
        raise InvalidInput(refused)
    progress("loading bars")
    market = _load(compiled, fetching)
    signals = evaluate(plan, market, unanswered(plan, len(market.base)))
    progress("cutting and scrambling the future")
    causality = look_ahead(plan, market, lambda changed: _run(compiled, changed, engine))
    progress("beginning later")
    startup = start_dependence(plan, market)
    findings = Findings(compiled.definition.document)
    findings.include([*plan.warnings, *review(plan, compiled.definition, registry())])
    _note_causality(findings, causality)
    _note_startup(findings, startup)
    _note_unknown(findings, compiled, market, signals)
    _note_near_stops(findings, compiled, market, signals)
    rules = _counts(compiled, market, signals)
    return Checked(path, findings.sorted(), rules, causality, startup, tuple(plan.llm))


def _load(compiled: Compiled, fetching: Fetching) -> MarketData:
    from rtrade.analysis.probing import since

    plan = compiled.plan
    market = plan_data(compiled, fetching)
    spare = len(market.base) - max(CHECKED, 4 * plan.lookback)
    return since(market, spare, plan) if spare > 0 else market


def _run(compiled: Compiled, market: MarketData, name: str) -> RunResult:
    from rtrade.execution.engines import engine
    from rtrade.execution.preparing import prepare
    from rtrade.signals.evaluate import evaluate
    from rtrade.signals.standins import drawn

    plan = compiled.plan
    signals = evaluate(plan, market, drawn(plan, market))
    return engine(name)(prepare(plan, market, signals), market.bars)


def _note_causality(findings: Findings, causality: Causality) -> None:
    for leak in causality.leaks:
        findings.warning(
            "RT151",
            f"{_text(leak.node)} sees the future: its value at {iso(leak.bar)} changed when the "
            f"bars from {iso(leak.cut)} on did",
            leak.node.span,
            "a run with it means nothing; the function that it calls needs mending",
        )
    if causality.fills and not causality.leaks:
        findings.warning(
            "RT151",
            f"fills changed in {causality.fills} of {causality.runs} runs when only later bars did",
            None,
            "this is a bug of rtrade: please report it with the strategy",
        )


def _note_startup(findings: Findings, startup: Startup) -> None:
    for drift in startup.drifts:
        if unforgetting([drift.node], registry()):
            # The compiler has said so (RT150).
            continue
        found = f"differs by {drift.difference:.2g} of its size"
        if drift.difference == float("inf"):
            found = "is known in one case and unknown in another"
        findings.warning(
            "RT152",
            f"{_text(drift.node)} {found} where the data begin {drift.before:,} bars before, "
            f"though {startup.lookback:,} should be enough",
            drift.node.span,
            "choose a function that forgets where it began",
        )


def _note_unknown(
    findings: Findings, compiled: Compiled, market: MarketData, signals: SignalTable
) -> None:
    from rtrade.analysis.startup import never_known

    plan = compiled.plan
    for name, rule in _unasked(plan).items():
        values = signals.condition(rule)[market.first :]
        if never_known(values):
            findings.warning(
                "RT153",
                f"`{name}` is unknown at all {len(values):,} closes of the data: it needs "
                f"{plan.warmup:,} bars before",
                findings.document.value_span(("rules", name)),
                "take more data, or shorter windows",
            )


def _note_near_stops(
    findings: Findings, compiled: Compiled, market: MarketData, signals: SignalTable
) -> None:
    """Note stops in ATRs that are usually nearer than what a trade costs."""
    from rtrade.analysis.startup import typical_distance

    cost = round_trip(compiled.definition)
    for name in ("stop_loss", "trailing_stop"):
        stop = getattr(compiled.definition.risk, name)
        if stop is None or stop.kind != "atr":
            continue
        atr = signals.number(compiled.plan.atr[stop.period])
        usual = typical_distance(atr, market.base.close, stop.value)
        if usual is not None and usual <= cost:
            findings.warning(
                "RT154",
                f"`{name}` is usually {percent(round(usual, 6))} away, not wider than the "
                f"{percent(cost)} that entering and leaving costs: a stopped trade loses more "
                "to costs than to the market",
                findings.document.value_span(("risk", name)),
                "widen the stop, or trade longer bars",
            )


def _text(node: Node) -> str:
    text = formula(node)
    return f"`{text}`" if len(text) <= _SHOWN else f"`{text[: _SHOWN - 3]}...`"


def _unasked(plan: Plan) -> dict[str, Node]:
    """Return the rules that rest on no answer: of the others it is not known when they are true."""
    return {name: rule for name, rule in plan.rules.items() if not rests_on_answers(rule)}


def _counts(compiled: Compiled, market: MarketData, signals: SignalTable) -> tuple[RuleCount, ...]:
    from rtrade.analysis.startup import times_true

    return tuple(
        RuleCount(
            name,
            times_true(signals.condition(rule)[market.first :]),
            signals.unknown[name],
            len(market.base) - market.first,
        )
        for name, rule in _unasked(compiled.plan).items()
    )
