"""Runs and syncs that were started over HTTP: a bounded queue, a process for each, its events.

A job waits, runs, and is done, failed or cancelled. What it tells is kept, up to a limit, so that
who comes late or comes back is told what was missed.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time_ns
from typing import Any

from rtrade.web.problems import Problem, not_found
from rtrade.web.streams import Event, Subscription

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
STATES = (WAITING, RUNNING, DONE, FAILED, CANCELLED)
# Side by side; more of them would wait for one another's processor.
_AT_ONCE = 2
_MOST_WAITING = 20
_KEPT, _EVENTS = 200, 1000
# Seconds that a process gets to end by itself.
_PATIENCE = 1.0
_WORKER = "rtrade.web.worker"


@dataclass(eq=False)
class Job:
    """One job. Times are ms; `events` are numbered from 1, and the oldest are dropped."""

    id: str
    kind: str
    title: str
    created: int
    state: str = WAITING
    started: int | None = None
    ended: int | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    progress: Mapping[str, Any] | None = None
    count: int = 0
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    listeners: set[Subscription] = field(default_factory=set)
    process: subprocess.Popen[str] | None = None

    def document(self) -> dict[str, Any]:
        """Return the job as plain data."""
        names = ("id", "kind", "title", "state", "created", "started", "ended", "result", "error",
                 "progress")  # fmt: skip
        return {name: getattr(self, name) for name in names}

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (DONE, FAILED, CANCELLED)


class Jobs:
    """The jobs of a server; safe to use from any thread. `redact` hides secrets in what is told."""

    def __init__(self, workspace: Path, redact: Callable[[str], str] = str) -> None:
        self._workspace = workspace
        self._redact = redact
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[tuple[Job, Mapping[str, Any]]] = deque()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(self, kind: str, title: str, wanted: Mapping[str, Any]) -> Job:
        """Queue a job; raise Problem (503) where as many wait as may."""
        with self._changed:
            if self._closed or len(self._queue) >= _MOST_WAITING:
                what = f"{_MOST_WAITING} jobs are waiting, which is all there may be"
                detail = "the server is stopping" if self._closed else what
                raise Problem(503, "unavailable", detail, headers={"Retry-After": "10"})
            job = Job(secrets.token_hex(8), kind, title, _now())
            self._jobs[job.id] = job
            self._forget()
            self._queue.append((job, {"kind": kind, **wanted}))
            self._tell(job, "state", {"state": WAITING})
            self._ensure_threads()
            self._changed.notify()
        return job

    def every(self) -> list[Job]:
        """Return the jobs that are kept, the newest first."""
        with self._changed:
            return list(reversed(self._jobs.values()))

    def find(self, job_id: str) -> Job:
        """Return a job; raise Problem (404) where there is none of that id."""
        with self._changed:
            if job_id not in self._jobs:
                raise not_found(f"there is no job `{job_id}`, or no longer")
            return self._jobs[job_id]

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that waits or runs; one that is over stays as it is."""
        job = self.find(job_id)
        with self._changed:
            if not job.over:
                self._queue = deque(entry for entry in self._queue if entry[0] is not job)
                self._finish(job, CANCELLED)
            process = job.process
        if process is not None:
            _end(process)
        return job

    def listen(self, job_id: str, after: int = 0) -> Subscription:
        """Return what a job tells, from the event after number `after` on, until it is over."""
        job = self.find(job_id)
        subscription = Subscription(2 * _EVENTS)
        with self._changed:
            for event in job.events:
                if int(event.id or 0) > after:
                    subscription.put(event)
            if job.over:
                subscription.end()
            else:
                job.listeners.add(subscription)
        return subscription

    def leave(self, job_id: str, subscription: Subscription) -> None:
        """Forget who has stopped listening."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is not None:
                job.listeners.discard(subscription)

    def close(self) -> None:
        """Cancel everything and wait for the processes to end; a second call changes nothing."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            going = [job for job in self._jobs.values() if not job.over]
            for job in going:
                self._finish(job, CANCELLED)
            self._changed.notify_all()
        _end(*[job.process for job in going if job.process is not None])
        # One that was being started just now is ended by the thread that started it.
        for thread in self._threads:
            thread.join(_PATIENCE)

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        with self._changed:
            states = [job.state for job in self._jobs.values()]
            return {state: states.count(state) for state in STATES}

    # With the lock held

    def _tell(self, job: Job, name: str, document: Mapping[str, Any]) -> None:
        job.count += 1
        event = Event(json.dumps(document), name, str(job.count))
        job.events.append(event)
        for listener in job.listeners:
            listener.put(event)

    def _finish(self, job: Job, state: str) -> None:
        job.state, job.ended = state, _now()
        self._tell(job, "state", {"state": state, "result": job.result, "error": job.error})
        for listener in job.listeners:
            listener.end()
        job.listeners.clear()

    def _forget(self) -> None:
        """Drop the oldest jobs that are over, beyond as many as are kept."""
        over = [job.id for job in self._jobs.values() if job.over]
        for job_id in over[: max(0, len(self._jobs) - _KEPT)]:
            del self._jobs[job_id]

    def _ensure_threads(self) -> None:
        while len(self._threads) < _AT_ONCE:
            name = f"jobs-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    # In a thread for each job that may run

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                job, wanted = self._queue.popleft()
                job.state, job.started = RUNNING, _now()
                self._tell(job, "state", {"state": RUNNING})
            self._carry_out(job, wanted)

    def _carry_out(self, job: Job, wanted: Mapping[str, Any]) -> None:
        try:
            process = _start(self._workspace)
        except OSError as fault:
            with self._changed:
                job.error = _crash(f"no process can be started: {fault.strerror}")
                self._finish(job, FAILED)
            return
        with self._changed:
            job.process = process
            cancelled = job.over
        with process:
            if cancelled:
                _end(process)
            _give(process, {**wanted, "workspace": str(self._workspace)})
            assert process.stdout is not None
            for line in process.stdout:
                self._hear(job, line)
        with self._changed:
            job.process = None
            if not job.over:
                # It ended without a word: killed, or out of memory.
                job.error = _crash(f"its process ended with code {process.returncode}")
                self._finish(job, FAILED)

    def _hear(self, job: Job, line: str) -> None:
        try:
            told = json.loads(self._redact(line))
        except ValueError:
            # The half of a line, of a process that was killed in the middle of it.
            return
        name = told.pop("event")
        with self._changed:
            if job.over:
                return
            if name == "done":
                job.result = told["result"]
                self._finish(job, DONE)
            elif name == "failed":
                job.error = told["error"]
                self._finish(job, FAILED)
            else:
                job.progress = {"event": name, **told}
                self._tell(job, name, told)


def _start(workspace: Path) -> subprocess.Popen[str]:
    surroundings = {name: value for name, value in os.environ.items() if name != "RTRADE_TOKEN"}
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        # -P: files of the workspace are not taken for modules.
        [sys.executable, "-P", "-m", _WORKER],
        cwd=workspace,
        env=surroundings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # The server's own stderr: what a worker logs stands among its lines.
        stderr=None,
        text=True,
        encoding="utf-8",
        # Ctrl-C goes to the server, which ends its workers in order.
        start_new_session=True,
    )


def _give(process: subprocess.Popen[str], wanted: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    try:
        with process.stdin as stream:
            json.dump(wanted, stream)
    except BrokenPipeError:
        # It was ended meanwhile, or died: what its process ends with says so.
        return


def _end(*processes: subprocess.Popen[str]) -> None:
    """End processes: asked first, then made to."""
    for process in processes:
        process.terminate()
    until = monotonic() + _PATIENCE
    for process in processes:
        try:
            process.wait(max(0.0, until - monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _crash(message: str) -> dict[str, Any]:
    return {"kind": "crash", "message": message, "hint": None, "diagnostics": []}


def _now() -> int:
    return time_ns() // 1_000_000
