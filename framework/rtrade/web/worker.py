"""One job in a process of its own: what to do is read from stdin, what happens goes to stdout.

A run that crashes, or eats memory, takes no server with it, and is ended by ending its process:
whatever it publishes or stores, it does in one step. Each line of stdout is an event, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from rtrade.config.overrides import Overrides
from rtrade.core.errors import RtradeError
from rtrade.core.rendering import as_dict
from rtrade.core.timeframes import Timeframe

if TYPE_CHECKING:
    from rtrade.data.syncing import Step

# How often one thing is told of, in seconds, until it is done.
_PACE = 0.2

Tell = Callable[[str, Mapping[str, Any]], None]


class _Telling:
    """Writes events, of those that come fast only some."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last: dict[str, float] = {}

    def tell(self, name: str, document: Mapping[str, Any]) -> None:
        # One write a line: several threads tell of their series.
        self._stream.write(json.dumps({"event": name, **document}) + "\n")
        self._stream.flush()

    def stage(self, text: str) -> None:
        self.tell("stage", {"stage": text})

    def say(self, text: str) -> None:
        self.tell("said", {"text": text})

    def watch(self, step: Step) -> None:
        key = f"{step.key.symbol} {step.key.timeframe}"
        if self._is_due(key, done=step.done >= step.total):
            self.tell("bars", {"series": key, "done": step.done, "total": step.total,
                               "added": step.added})  # fmt: skip

    def decided(self, signal: str, done: int, total: int) -> None:
        if self._is_due(signal, done=done >= total):
            self.tell("decisions", {"signal": signal, "done": done, "total": total})

    def _is_due(self, key: str, *, done: bool) -> bool:
        now = monotonic()
        if not done and now - self._last.get(key, 0.0) < _PACE:
            return False
        self._last[key] = now
        return True


def work(job: Mapping[str, Any], telling: _Telling) -> dict[str, Any]:
    """Do a job; return what came of it, as plain data."""
    does = {"run": _run, "sync": _sync}[job["kind"]]
    return does(job, Path(job["workspace"]), telling)


def _run(job: Mapping[str, Any], workspace: Path, telling: _Telling) -> dict[str, Any]:
    from rtrade.workflow.executing import Manner
    from rtrade.workflow.markets import Fetching
    from rtrade.workflow.running import run_compiled
    from rtrade.workflow.strategies import Asked, compile_asked

    overrides = Overrides.read(job["overrides"])
    asked = Asked(job.get("strategy"), job.get("yaml"), overrides, job["engine"])
    outcome = run_compiled(
        compile_asked(asked, workspace),
        manner=Manner(job["engine"], verify=job["verify"]),
        fetching=Fetching(job["offline"], telling.say, telling.watch, telling.decided),
        progress=telling.stage,
    )
    return {"run_id": outcome.document["run_id"], "valid": outcome.valid}


def _sync(job: Mapping[str, Any], workspace: Path, telling: _Telling) -> dict[str, Any]:
    from rtrade.workflow.syncing import sync_symbols

    found = sync_symbols(
        job["source"],
        job["symbols"],
        Timeframe.parse(job["timeframe"]),
        workspace,
        since=job["since"],
        until=job["until"],
        watch=telling.watch,
    )
    counts = ("added", "corrected")
    return {
        "series": [
            {
                "symbol": one.synced.key.symbol,
                "timeframe": str(one.synced.key.timeframe),
                "bars": one.bars,
                "holes": one.holes,
                "missing": one.missing,
                **{name: getattr(one.synced, name) for name in counts},
            }
            for one in found
        ]
    }


def failure(fault: Exception) -> dict[str, Any]:
    """Return what failed, in the words of the command line."""
    if not isinstance(fault, RtradeError):
        return {"kind": "internal", "message": f"{type(fault).__name__}: a bug of rtrade",
                "hint": None, "diagnostics": []}  # fmt: skip
    found = getattr(fault, "diagnostics", ())
    return {
        "kind": type(fault).__name__,
        "message": fault.message,
        "hint": fault.hint,
        "diagnostics": [as_dict(one) for one in found],
    }


def main() -> int:
    """Do the job on stdin; return the exit code."""
    # Whatever a library prints is not an event.
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    telling = _Telling(stream)
    wanted = sys.stdin.read()
    if not wanted:
        # The server went before it said what to do.
        return 4
    job = json.loads(wanted)
    try:
        done = work(job, telling)
    except Exception as fault:  # noqa: BLE001  the edge of the process: the server is told
        if not isinstance(fault, RtradeError):
            import traceback

            traceback.print_exc()
        telling.tell("failed", {"error": failure(fault)})
        return getattr(fault, "exit_code", 4)
    telling.tell("done", {"result": done})
    return 0


if __name__ == "__main__":
    sys.exit(main())
