"""From the folder of a run back to its strategy as it was compiled, and to its bars.

A run's folder has all but the bars. They come again from the source, by the plan, and must be the
very bars of the run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.loading import find_workspace
from rtrade.config.overrides import Overrides
from rtrade.core.errors import WorldError
from rtrade.core.timeframes import parse_time
from rtrade.workflow.compiling import Compiled, compile_strategy
from rtrade.workflow.markets import FETCHED, Fetching, market_data

if TYPE_CHECKING:
    from rtrade.analysis.stored import StoredRun
    from rtrade.core.bars import MarketData


def reopened(run: StoredRun, fetching: Fetching = FETCHED) -> tuple[Compiled, MarketData]:
    """Return a run's strategy as it was compiled, and its bars.

    Raises WorldError where the bars are no longer those of the run.
    """
    compiled = recompiled(run)
    market, data = bars_again(run, compiled, fetching), run.document["data"]
    if market.base.digest() != data["sha256"]:
        raise WorldError(
            f"source `{data['source']}` does not give the bars of run `{run.run_id}` any more: "
            f"sha256 {market.base.digest()[:12]}..., then {data['sha256'][:12]}...",
            hint="the page in its folder stays as it was written; to see what the new bars make "
            "of the strategy, run it again",
        )
    return compiled, market


def recompiled(run: StoredRun) -> Compiled:
    """Compile the strategy as it was run: with the options and the prompts given then, in the same
    workspace.
    """
    paths = run.lock.get("paths", {})
    path = run.folder / "strategy.yaml"
    try:
        overrides = Overrides.read(run.lock.get("arguments", {}))
    except ValueError as error:
        raise WorldError(f"{run.folder / 'run.lock'}: {error}") from error
    beside = Path(paths.get("working", ""), overrides.source or "")
    if overrides.source is not None and beside.is_file():
        overrides = replace(overrides, source=str(beside))
    stated = Path(paths.get("workspace", ""))
    workspace = stated if stated.is_absolute() and stated.is_dir() else find_workspace(path)
    return compile_strategy(path, overrides, workspace, run.prompts)


def bars_again(run: StoredRun, compiled: Compiled, fetching: Fetching = FETCHED) -> MarketData:
    """Load the bars of a run from its source, whether they are still the same or not."""
    data, plan = run.document["data"], compiled.plan
    # Of a source that has grown since, the same stretch.
    start = parse_time(data["start"]) if plan.last is not None else plan.start
    return market_data(
        compiled.source,
        plan.needs,
        compiled.workspace,
        start=start,
        end=parse_time(data["end"]),
        fetching=fetching,
    )
