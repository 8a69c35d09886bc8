"""Run a strategy from file to report.

1. Compile the file to a plan; what the engine cannot do is refused here, before data moves.
2. Load the bars, ask the models, evaluate the signals, prepare the program, run the engine.
3. Measure, record, render, and publish the run folder in one step.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rtrade.config.overrides import Overrides
from rtrade.core.errors import InvalidInput
from rtrade.core.settings import load_settings
from rtrade.workflow.compiling import Compiled, compile_strategy, refusals
from rtrade.workflow.executing import Made, Manner, Progress, carry_out, since
from rtrade.workflow.markets import FETCHED, Fetching, plan_data

if TYPE_CHECKING:
    from rtrade.core.bars import MarketData
    from rtrade.plan.plan import Plan
    from rtrade.workflow.reporting import Shown

log = logging.getLogger("rtrade.run")


@dataclass(frozen=True)
class RunOutcome:
    """A finished run: the document of result.json and the folder with its files.

    The document also says what asking models took this time, which result.json does not.
    """

    document: dict[str, Any]
    folder: Path

    @property
    def valid(self) -> bool:
        """Whether it can be believed: the models that it rests on answered often enough, and two
        engines, where both were asked, agreed.
        """
        answered = self.document.get("llm", {"valid": True})["valid"]
        return bool(answered and self.document.get("verified", {"equal": True})["equal"])

    @property
    def report(self) -> Path:
        """The report, as an absolute path."""
        return self.folder / "report.html"


def run_strategy(
    path: Path,
    overrides: Overrides,
    *,
    manner: Manner,
    out: Path | None = None,
    fetching: Fetching = FETCHED,
    progress: Progress = lambda _: None,
) -> RunOutcome:
    """Run a strategy file and publish its run folder.

    `manner` says on which engine, and whether it is verified or traced. `out` is the folder that
    run folders are made in; None: RTRADE_OUT, else the workspace's `runs/`. What the store lacks
    of an exchange's bars is fetched as `fetching` says, and so are answers of models. Raises
    InvalidInput where a file is wrong and WorldError where the world fails.
    """
    compiled = compile_strategy(path, overrides)
    return run_compiled(compiled, manner=manner, out=out, fetching=fetching, progress=progress)


def run_compiled(
    compiled: Compiled,
    *,
    manner: Manner,
    out: Path | None = None,
    fetching: Fetching = FETCHED,
    progress: Progress = lambda _: None,
) -> RunOutcome:
    """Run a compiled strategy and publish its run folder, as `run_strategy` does."""
    started, clock = datetime.now(UTC), perf_counter()
    if refused := refusals(compiled, *manner.engines):
        raise InvalidInput(refused)
    progress("loading bars")
    market = _load(compiled, fetching)
    made = carry_out(compiled, market, manner, fetching, progress)
    progress("writing the report")
    root = output_root(compiled.workspace, out)
    files = _files(compiled, market, made)
    files["run.lock"] = _lock(compiled, root, made.spent, started, perf_counter() - clock)
    from rtrade.analysis.run_folder import publish

    folder = publish(root, made.record.run_id, files)
    log.info("run published", extra={"run": made.record.run_id, "seconds": since(clock)})
    document = made.record.document()
    if made.spent is not None:
        document["llm"].update(made.spent["total"])
    return RunOutcome(document, folder)


def _load(compiled: Compiled, fetching: Fetching) -> MarketData:
    clock = perf_counter()
    market = plan_data(compiled, fetching)
    fields = {"source": market.source, "bars": len(market.bars), "before": market.first}
    log.info("bars loaded", extra={**fields, "seconds": since(clock)})
    return market


def _files(compiled: Compiled, market: MarketData, made: Made) -> dict[str, bytes]:
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
    if made.trace is not None:
        from rtrade.analysis.trace import trace_csv

        files["trace.csv"] = trace_csv(market.bars, made.trace).encode()
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


def _shown(made: Made) -> Shown:
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
