"""Run a strategy from file to report.

1. Compile the file to a plan; what the engine cannot do is refused here, before data moves.
2. Load the bars, ask the models, evaluate the signals, prepare the program, run the engine.
3. Measure, record, render, and publish the run folder in one step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rtrade.config.overrides import Overrides
from rtrade.core.errors import InvalidInput
from rtrade.core.settings import load_settings
from rtrade.execution.engines import unsupported
from rtrade.workflow.compiling import Compiled, compile_strategy
from rtrade.workflow.markets import FETCHED, Fetching, plan_data

if TYPE_CHECKING:
    from rtrade.analysis.llm_decisions import DecisionRecord
    from rtrade.analysis.llm_record import Asked
    from rtrade.analysis.record import RunRecord
    from rtrade.core.bars import MarketData
    from rtrade.core.results import RunResult
    from rtrade.plan.plan import Plan
    from rtrade.signals.table import SignalTable
    from rtrade.workflow.answering import Answers
    from rtrade.workflow.reporting import Shown

log = logging.getLogger("rtrade.run")

# Told what begins, so that a terminal can show it.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunOutcome:
    """A finished run: the document of result.json and the folder with its files.

    The document also says what asking models took this time, which result.json does not.
    """

    document: dict[str, Any]
    folder: Path

    @property
    def valid(self) -> bool:
        """Whether the models that it rests on answered often enough."""
        return bool(self.document.get("llm", {"valid": True})["valid"])

    @property
    def report(self) -> Path:
        """The report, as an absolute path."""
        return self.folder / "report.html"


def run_strategy(
    path: Path,
    overrides: Overrides,
    *,
    engine: str,
    out: Path | None = None,
    fetching: Fetching = FETCHED,
    progress: Progress = lambda _: None,
) -> RunOutcome:
    """Run a strategy file and publish its run folder.

    `out` is the folder that run folders are made in; None: RTRADE_OUT, else the workspace's
    `runs/`. What the store lacks of an exchange's bars is fetched as `fetching` says, and so are
    answers of models. Raises InvalidInput where a file is wrong and WorldError where the world
    fails.
    """
    started, clock = datetime.now(UTC), perf_counter()
    compiled = compile_strategy(path, overrides)
    refusals = unsupported(compiled.plan, engine)
    if refusals:
        raise InvalidInput(refusals)
    progress("loading bars")
    market = _load(compiled, fetching)
    made = _made(compiled, market, fetching, progress)
    progress("writing the report")
    root = output_root(compiled.workspace, out)
    files = _files(compiled, market, made)
    files["run.lock"] = _lock(compiled, root, made.spent, started, perf_counter() - clock)
    from rtrade.analysis.run_folder import publish

    folder = publish(root, made.record.run_id, files)
    log.info("run published", extra={"run": made.record.run_id, "seconds": _since(clock)})
    document = made.record.document()
    if made.spent is not None:
        document["llm"].update(made.spent["total"])
    return RunOutcome(document, folder)


@dataclass(frozen=True, eq=False)
class _Made:
    """A run as it came out; `spent` is what asking models took this time, None: none was asked."""

    record: RunRecord
    signals: SignalTable
    decisions: tuple[DecisionRecord, ...] = ()
    spent: dict[str, Any] | None = None


def _made(compiled: Compiled, market: MarketData, fetching: Fetching, progress: Progress) -> _Made:
    if not compiled.plan.llm:
        progress("running")
        return _execute(compiled, market)
    from rtrade.workflow.answering import answered, spent_on

    progress("asking")
    clock = perf_counter()
    with answered(compiled, market, fetching) as answers:
        log.info("models asked", extra={"signals": len(answers.talks), "seconds": _since(clock)})
        progress("running")
        made = _execute(compiled, market, answers)
        return replace(made, spent=spent_on(answers))


def _load(compiled: Compiled, fetching: Fetching) -> MarketData:
    clock = perf_counter()
    market = plan_data(compiled, fetching)
    fields = {"source": market.source, "bars": len(market.bars), "before": market.first}
    log.info("bars loaded", extra={**fields, "seconds": _since(clock)})
    return market


def _execute(compiled: Compiled, market: MarketData, answers: Answers | None = None) -> _Made:
    from rtrade.execution import bt
    from rtrade.execution.preparing import prepare
    from rtrade.signals.evaluate import evaluate

    clock, plan = perf_counter(), compiled.plan
    signals = evaluate(plan, market, answers.series() if answers else None)
    log.info("signals evaluated", extra={"rules": len(plan.rules), "seconds": _since(clock)})
    clock = perf_counter()
    asking = answers.asking() if answers else None
    result = bt.run(prepare(plan, market, signals), market.bars, asking=asking)
    log.info("engine done", extra={"fills": len(result.fills), "seconds": _since(clock)})
    if answers is None:
        return _Made(_record(plan, market, signals, result), signals)
    if asking is not None:
        signals = evaluate(plan, market, answers.series())
    from rtrade.analysis.llm_record import records_of

    asked = answers.asked()
    decisions = records_of(asked, result)
    told = _Told(asked, decisions, answers.digest())
    return _Made(_record(plan, market, signals, result, told), signals, decisions)


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
) -> RunRecord:
    from rtrade.analysis.benchmark import benchmark_equity
    from rtrade.analysis.fingerprint import fingerprint
    from rtrade.analysis.metrics import measure
    from rtrade.analysis.record import build
    from rtrade.analysis.warnings import rule_facts, warming_up, warnings_of
    from rtrade.catalog.installed import kernels_version
    from rtrade.execution.core import FILL_RULES_VERSION
    from rtrade.plan.canonical import canonical_json, entries_of

    bars, filters, cash, costs = market.bars, market.filters, plan.cash, plan.costs
    metrics = measure(result, bars, cash=cash, costs=costs, filters=filters)
    warmup = warming_up(plan, market)
    facts = {
        name: rule_facts(signals.condition(rule)[market.first :], warmup)
        for name, rule in plan.rules.items()
    }
    identity = fingerprint(
        canonical_json(plan),
        market,
        fill_rules=FILL_RULES_VERSION,
        kernels=kernels_version(entries_of(plan)),
        answers=None if told is None else told.digest,
    )
    warnings, document = warnings_of(plan, market, result, metrics, facts), None
    if told is not None:
        from rtrade.analysis.llm_record import llm_document, llm_warnings, verdicts

        warnings = (*verdicts(told.asked), *warnings, *llm_warnings(told.asked, result))
        document = llm_document(told.asked, told.decisions, told.digest, plan, metrics)
    return build(
        plan,
        market,
        result,
        metrics,
        fingerprint=identity,
        benchmark=benchmark_equity(bars, cash, costs, filters),
        warnings=warnings,
        llm=document,
    )


def _files(compiled: Compiled, market: MarketData, made: _Made) -> dict[str, bytes]:
    from rtrade.analysis.record import to_json
    from rtrade.plan.canonical import plan_document
    from rtrade.workflow.reporting import report_page

    record = made.record
    files = {
        "report.html": report_page(compiled, market, _shown(made), made.signals).encode(),
        "result.json": record.result_json(),
        "trades.csv": record.trades_csv().encode(),
        "equity.csv": record.equity_csv().encode(),
        "strategy.yaml": compiled.definition.document.text.encode(),
        "plan.json": to_json(plan_document(compiled.plan)),
    }
    if record.llm is not None:
        from rtrade.analysis.llm_decisions import to_lines

        files["decisions.jsonl"] = to_lines(made.decisions)
        files["prompts.json"] = to_json(_prompts(compiled.plan))
    return files


def _prompts(plan: Plan) -> dict[str, str]:
    """Return the texts of all prompts by the path that the strategy names."""
    return {
        prompt.text: template.text
        for llm in plan.llm.values()
        for prompt, template in zip(
            (llm.definition.prompt, *llm.definition.vote.prompts), llm.templates, strict=True
        )
    }


def _shown(made: _Made) -> Shown:
    from rtrade.workflow.reporting import Shown

    record = made.record
    return Shown(
        record.document(), record.equity, record.position, record.benchmark, made.decisions
    )


def output_root(workspace: Path, out: Path | None = None) -> Path:
    """Return the folder that run folders are in: `out`, else RTRADE_OUT, else `runs/`."""
    if out is not None:
        return out.resolve()
    stated = load_settings(workspace)["RTRADE_OUT"]
    return (workspace / stated).resolve() if stated else (workspace / "runs").resolve()


def _lock(
    compiled: Compiled,
    root: Path,
    spent: dict[str, Any] | None,
    started: datetime,
    seconds: float,
) -> bytes:
    from rtrade.analysis.run_lock import run_lock
    from rtrade.catalog.installed import installed

    document = compiled.definition.document
    paths = {
        "workspace": str(compiled.workspace),
        "working": str(Path.cwd()),
        "strategy": str(Path(document.file).resolve()),
        "runs": str(root),
    }
    times: dict[str, str | float] = {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
    }
    plugins = [one.identity for one in installed().plugins if one.problem is None]
    arguments = compiled.overrides.given()
    return run_lock(paths=paths, times=times, plugins=plugins, arguments=arguments, llm=spent)


def _since(clock: float) -> float:
    return round(perf_counter() - clock, 3)
