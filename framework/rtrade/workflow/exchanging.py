"""Pass stored answers on: out of the store into a recording, and from a recording into a store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rtrade.config.loading import find_workspace
from rtrade.config.overrides import Overrides
from rtrade.core.errors import UsageError
from rtrade.workflow.markets import FETCHED, Fetching, opened_store
from rtrade.workflow.prompting import Inquiry, named_run, open_inquiries

if TYPE_CHECKING:
    from rtrade.analysis.stored import StoredRun
    from rtrade.llm.recordings import Imported


@dataclass(frozen=True)
class Exported:
    """A recording: its file, how many answers it holds, and how many requests have none."""

    file: Path
    answers: int
    missing: int

    @property
    def whole(self) -> bool:
        """Whether the recording answers everything, so that a replay needs nothing else."""
        return not self.missing


@dataclass(frozen=True)
class Wanted:
    """The names of the answers that a strategy or a run rests on, and where they are stored."""

    workspace: Path
    keys: tuple[str, ...]


def export_answers(
    name: str,
    output: Path,
    overrides: Overrides,
    *,
    out: Path | None = None,
    fetching: Fetching = FETCHED,
) -> Exported:
    """Write the stored answers that a strategy file or a run asks for to `output`.

    `out` is the folder that runs are looked for in. Raises UsageError where `name` is neither, and
    WorldError where the store or the file cannot be used.
    """
    from rtrade.llm.cache import rows_of
    from rtrade.llm.recordings import write_recording

    run = named_run(name, overrides, out)
    wanted = _of_strategy(Path(name), overrides, fetching) if run is None else _of_run(run)
    with opened_store(wanted.workspace) as store:
        count = write_recording(rows_of(store, wanted.keys), output)
    return Exported(output, count, len(wanted.keys) - count)


def import_answers(file: Path, workspace: Path) -> Imported:
    """Add the answers of a recording to the store of a workspace; those that are there stay.

    Raises InvalidInput with the first line that is wrong; then nothing is added.
    """
    from rtrade.llm.recordings import read_recording

    with opened_store(workspace) as store:
        return read_recording(file, store)


def _of_strategy(file: Path, overrides: Overrides, fetching: Fetching) -> Wanted:
    inquiries = open_inquiries(file, overrides, fetching)
    keys: dict[str, None] = {}
    for inquiry in inquiries:
        keys |= dict.fromkeys(_keys(inquiry))
    return Wanted(inquiries[0].compiled.workspace, tuple(keys))


def _keys(inquiry: Inquiry) -> list[str]:
    name = inquiry.definition.name
    if inquiry.model.uses_state:
        raise UsageError(
            f"what `{name}` is asked depends on the course of the run: its prompt sees the account",
            hint="export the run instead: `rtrade llm export RUN --output answers.jsonl`",
        )
    questions = inquiry.questions(inquiry.points().tolist(), weights=inquiry.weights())
    return [request.key for one in questions for request in one.requests]


def _of_run(run: StoredRun) -> Wanted:
    if not run.decisions:
        raise UsageError(
            f"no model decided in the run `{run.run_id}`", hint="choose the run of an LLM strategy"
        )
    keys = dict.fromkeys(vote.key for one in run.decisions for vote in one.votes)
    return Wanted(_workspace(run.lock), tuple(keys))


def _workspace(lock: object) -> Path:
    """Return the workspace that a run was made in, or the current one where it is gone."""
    paths = lock.get("paths") if isinstance(lock, dict) else None
    stated = paths.get("workspace") if isinstance(paths, dict) else None
    if isinstance(stated, str) and Path(stated).is_dir():
        return Path(stated)
    return find_workspace(None)
