"""Carry out a run: ask the models, evaluate the signals, run the engine, measure, record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rtrade.core.errors import EngineFault, UsageError
from rtrade.execution.engines import COMPILED, DEFAULT_ENGINE, cold, engine, other_than
from rtrade.workflow.compiling import Compiled
from rtrade.workflow.markets import Fetching

if TYPE_CHECKING:
    from rtrade.analysis.assumptions import Ledger
    from rtrade.analysis.llm_decisions import DecisionRecord
    from rtrade.analysis.llm_record import Asked
    from rtrade.analysis.record import RunRecord
    from rtrade.analysis.verification import Verification
    from rtrade.core.bars import MarketData
    from rtrade.core.results import RunResult
    from rtrade.execution.asking import Asking
    from rtrade.execution.program import Program
    from rtrade.execution.tracing import TracedBar
    from rtrade.plan.plan import Plan
    from rtrade.signals.table import SignalTable
    from rtrade.workflow.answering import Answers

log = logging.getLogger("rtrade.run")

# Told what begins, so that a terminal can show it.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Manner:
    """How a run is carried out; whatever it is, the run is the same.

    `verify` runs the other engine too and compares; `trace` looks at every bar and keeps each.
    `assumptions` makes it again under other ones; None: unless it is too long for that. Raises
    UsageError for a trace on an engine that has none.
    """

    engine: str = DEFAULT_ENGINE
    verify: bool = False
    trace: bool = False
    assumptions: bool | None = None

    def __post_init__(self) -> None:
        if self.trace and self.engine != DEFAULT_ENGINE:
            raise UsageError(
                f"the engine `{self.engine}` does not look at every bar, so it has no trace",
                hint=f"`--trace` goes with `--engine {DEFAULT_ENGINE}`: the run is the same, and "
                "`--verify` proves it",
            )

    @property
    def engines(self) -> tuple[str, ...]:
        """All engines that have to run the strategy."""
        return (self.engine, other_than(self.engine)) if self.verify else (self.engine,)


@dataclass(frozen=True, eq=False)
class Made:
    """A run as it came out; `spent` is what asking models took this time, None: none was asked.

    `trace` has every bar of a run that was traced.
    """

    record: RunRecord
    signals: SignalTable
    decisions: tuple[DecisionRecord, ...] = ()
    spent: dict[str, Any] | None = None
    trace: Sequence[TracedBar] | None = None


def carry_out(
    compiled: Compiled,
    market: MarketData,
    manner: Manner,
    fetching: Fetching,
    progress: Progress,
) -> Made:
    """Run a strategy over its bars; its models are asked first, or within the run."""
    again = () if manner.assumptions is False else (COMPILED,)
    if any(cold(name) for name in (*manner.engines, *again)):
        fetching.told(f"compiling kernels of the engine `{COMPILED}`, once for this installation")
    if not compiled.plan.llm:
        progress("running")
        return _execute(compiled, market, manner)
    from rtrade.workflow.answering import answered, spent_on

    progress("asking")
    clock = perf_counter()
    with answered(compiled, market, fetching) as answers:
        log.info("models asked", extra={"signals": len(answers.talks), "seconds": since(clock)})
        progress("running")
        made = _execute(compiled, market, manner, answers)
        return replace(made, spent=spent_on(answers))


def _execute(
    compiled: Compiled, market: MarketData, manner: Manner, answers: Answers | None = None
) -> Made:
    from rtrade.execution.preparing import prepare
    from rtrade.signals.evaluate import evaluate

    clock, plan = perf_counter(), compiled.plan
    signals = evaluate(plan, market, answers.series() if answers else None)
    log.info("signals evaluated", extra={"rules": len(plan.rules), "seconds": since(clock)})
    asking = answers.asking() if answers else None
    program = prepare(plan, market, signals)
    result, trace = _run(plan.name, program, market, manner, asking)
    verification = _verified(program, market, result) if manner.verify else None
    ledger = _assumed(program, market, plan, manner)
    if answers is None:
        record = _record(plan, market, signals, result, verification=verification, ledger=ledger)
        return Made(record, signals, trace=trace)
    if asking is not None:
        signals = evaluate(plan, market, answers.series())
    from rtrade.analysis.llm_record import records_of

    asked = answers.asked()
    decisions = records_of(asked, result)
    told = _Told(asked, decisions, answers.digest())
    record = _record(plan, market, signals, result, told, verification, ledger)
    return Made(record, signals, decisions, trace=trace)


def _run(
    strategy: str, program: Program, market: MarketData, manner: Manner, asking: Asking | None
) -> tuple[RunResult, Sequence[TracedBar] | None]:
    clock, trace = perf_counter(), None
    try:
        if manner.trace:
            from rtrade.execution import bt

            result, trace = bt.trace(program, market.bars, asking=asking)
        elif asking is not None:
            from rtrade.execution import bt

            result = bt.run(program, market.bars, asking=asking)
        else:
            result = engine(manner.engine)(program, market.bars)
    except EngineFault as fault:
        message = f"`{strategy}` on the engine `{manner.engine}`: {fault.message}"
        raise EngineFault(message, hint=fault.hint) from fault
    log.info("engine done", extra={"fills": len(result.fills), "seconds": since(clock)})
    return result, trace


def _verified(program: Program, market: MarketData, result: RunResult) -> Verification:
    from rtrade.workflow.verifying import verify

    clock = perf_counter()
    verification = verify(program, market.bars, result)
    log.info("verified", extra={"equal": verification.equal, "seconds": since(clock)})
    return verification


def _assumed(program: Program, market: MarketData, plan: Plan, manner: Manner) -> Ledger | None:
    from rtrade.workflow.assuming import assume

    clock = perf_counter()
    ledger = assume(program, market.bars, plan, wanted=manner.assumptions)
    log.info("run under other assumptions", extra={"seconds": since(clock)})
    return ledger


@dataclass(frozen=True, eq=False)
class _Told:
    """What models said in a run; `digest` is that of all answers."""

    asked: tuple[Asked, ...]
    decisions: tuple[DecisionRecord, ...]
    digest: str


def _record(
    plan: Plan,
    market: MarketData,
    signals: SignalTable,
    result: RunResult,
    told: _Told | None = None,
    verification: Verification | None = None,
    ledger: Ledger | None = None,
) -> RunRecord:
    from rtrade.analysis.benchmark import benchmark_equity
    from rtrade.analysis.diagnoses import diagnose
    from rtrade.analysis.evidence import Evidence
    from rtrade.analysis.metrics import measure
    from rtrade.analysis.record import build
    from rtrade.analysis.warnings import rule_facts, warming_up, warnings_of

    bars, filters, cash, costs = market.bars, market.filters, plan.cash, plan.costs
    metrics = measure(result, bars, cash=cash, costs=costs, filters=filters)
    warmup = warming_up(plan, market)
    facts = {
        name: rule_facts(signals.condition(rule)[market.first :], warmup)
        for name, rule in plan.rules.items()
    }
    warnings, document = warnings_of(plan, market, result, metrics, facts), None
    if told is not None:
        from rtrade.analysis.llm_record import llm_document, llm_warnings, verdicts

        warnings = (*verdicts(told.asked), *warnings, *llm_warnings(told.asked, result))
        document = llm_document(told.asked, told.decisions, told.digest, plan, metrics)
    if verification is not None:
        warnings = (*verification.warnings(), *warnings)
    benchmark = benchmark_equity(bars, cash, costs, filters)
    evidence = Evidence(plan, market, result, metrics, benchmark, warmup, ledger)
    return build(
        plan,
        market,
        result,
        metrics,
        fingerprint=fingerprint_of(plan, market, None if told is None else told.digest),
        benchmark=benchmark,
        warnings=warnings,
        llm=document,
        verified=None if verification is None else verification.document(),
        assumptions=None if ledger is None else ledger.document(),
        diagnoses=[found.document() for found in diagnose(evidence)],
    )


def fingerprint_of(plan: Plan, market: MarketData, answers: str | None) -> str:
    """Return the fingerprint of a run; `answers` is the digest of what models said."""
    from rtrade.analysis.fingerprint import fingerprint
    from rtrade.catalog.installed import kernels_version
    from rtrade.execution.core import FILL_RULES_VERSION
    from rtrade.plan.canonical import canonical_json, entries_of

    return fingerprint(
        canonical_json(plan),
        market,
        fill_rules=FILL_RULES_VERSION,
        kernels=kernels_version(entries_of(plan)),
        answers=answers,
    )


def since(clock: float) -> float:
    """Return the seconds that have passed since `perf_counter` said `clock`, to print."""
    return round(perf_counter() - clock, 3)
