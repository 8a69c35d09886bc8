"""Jobs: start a run or a sync, follow it, cancel it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request

from rtrade.core.errors import InvalidInput
from rtrade.core.timeframes import Timeframe
from rtrade.web.api.asking import asked_of
from rtrade.web.api.job_schemas import JOB, JOBS, RUN_REQUEST, SYNC_REQUEST
from rtrade.web.endpoints import PREFIX, Answer, Api, Body, Given, json_of
from rtrade.web.jobs import Job
from rtrade.web.parameters import text
from rtrade.web.problems import invalid_parameters
from rtrade.web.replies import NOW, json_reply
from rtrade.web.site import site
from rtrade.workflow.compiling import refusals
from rtrade.workflow.strategies import compile_asked, within
from rtrade.workflow.syncing import exchange_source

api = Api("jobs", "Runs and syncs that are started over HTTP, and how far they have come.")

_ID = text("job_id", "The id of a job.", pattern="[0-9a-f]{16}", longest=16, required=True)
_FULL = {503: "As many jobs wait as may."}


@api.on(
    "POST",
    "/runs",
    "Run a strategy; what comes of it is a job.",
    body=Body(RUN_REQUEST, "A strategy by its name, or its text; what is said instead of it.",
              {"name": {"strategy": "sma_btc", "set": ["params.fast=12"], "last": "90d"}}),
    answer=json_of(JOB, "The job; Location is its address.", status=202),
    refusals={404: "There is no such strategy.", **_FULL},
)  # fmt: skip
def start_run(given: Given) -> Response:
    """Check the strategy, and queue its run."""
    return _accepted(queue_run(given.body))


def queue_run(body: Mapping[str, Any]) -> Job:
    """Queue what a body of `RUN_REQUEST` asks for.

    Raises InvalidInput with what is wrong in the strategy, and Problem where no more may wait.
    """
    wanted = site()
    asked = asked_of(body)
    try:
        compiled = compile_asked(asked, wanted.workspace)
        found = refusals(compiled, asked.engine)
    except InvalidInput as invalid:
        found = list(invalid.diagnostics)
    if found:
        raise InvalidInput(within(wanted.workspace, found))
    data = compiled.definition.data
    title = f"{compiled.plan.name}: {data.symbol} {data.timeframe}"
    job = {
        "strategy": asked.strategy,
        "yaml": asked.yaml,
        "overrides": asked.overrides.given(),
        "engine": asked.engine,
        "verify": body.get("verify", False),
        "offline": body.get("offline", False),
    }
    return wanted.jobs.submit("run", title, job)


@api.on(
    "POST",
    "/syncs",
    "Fetch bars from an exchange into the store; what comes of it is a job.",
    body=Body(SYNC_REQUEST, "What to fetch.",
              {"day": {"source": "binance", "symbols": ["BTC/USDT"], "timeframe": "1h",
                       "from": 1704067200000}}),
    answer=json_of(JOB, "The job; Location is its address.", status=202),
    refusals=_FULL,
)  # fmt: skip
def start_sync(given: Given) -> Response:
    """Queue a sync."""
    return _accepted(queue_sync(given.body))


def queue_sync(body: Mapping[str, Any]) -> Job:
    """Queue what a body of `SYNC_REQUEST` asks for.

    Raises Problem for a range that is none and where no more may wait, and InvalidInput or
    UsageError for a source that is not there or is no exchange.
    """
    try:
        frame = Timeframe.parse(body["timeframe"])
    except ValueError as fault:
        raise invalid_parameters([{"name": "timeframe", "detail": str(fault)}]) from None
    if body.get("to") is not None and body["to"] <= body["from"]:
        raise invalid_parameters([{"name": "to", "detail": "is not after `from`"}])
    source = exchange_source(body["source"], site().workspace)
    title = f"{source.name}: {', '.join(body['symbols'])} {frame}"
    job = {
        "source": body["source"],
        "symbols": body["symbols"],
        "timeframe": str(frame),
        # JSON has one kind of number: 5.0 is a whole one too.
        "since": int(body["from"]),
        "until": None if body.get("to") is None else int(body["to"]),
    }
    return site().jobs.submit("sync", title, job)


def _accepted(job: Job) -> Response:
    response = json_reply(job.document(), status=202, cache=NOW)
    response.headers["Location"] = f"{PREFIX}/jobs/{job.id}"
    return response


@api.get("/jobs", "List jobs, the newest first.", answer=json_of(JOBS, "The jobs that are kept."))
def list_jobs(_: Given) -> Response:
    """Answer all jobs."""
    return json_reply({"jobs": [job.document() for job in site().jobs.every()]}, cache=NOW)


@api.get("/jobs/{job_id}", "A job as it is now.", path_params=(_ID,), answer=json_of(JOB))
def job_state(given: Given) -> Response:
    """Answer a job."""
    return json_reply(site().jobs.find(given["job_id"]).document(), cache=NOW)


@api.on(
    "DELETE",
    "/jobs/{job_id}",
    "Cancel a job that waits or runs; one that is over stays as it is.",
    path_params=(_ID,),
    answer=json_of(JOB, "The job as it is now."),
)
def cancel_job(given: Given) -> Response:
    """End a job's process."""
    return json_reply(site().jobs.cancel(given["job_id"]).document(), cache=NOW)


@api.get(
    "/jobs/{job_id}/events",
    "What a job tells, as it happens; Last-Event-ID goes on after that event.",
    path_params=(_ID,),
    answer=Answer(
        "Events `state`, `stage`, `said`, `bars` and `decisions`, each with JSON data; the stream "
        "ends with the job.",
        {"text/event-stream": {"type": "string"}},
    ),
    refusals={503: "As many streams are open as may be."},
)
def job_events(given: Given) -> Response:
    """Stream a job's events until it is over."""
    last: Any = request.headers.get("Last-Event-ID", "0")
    if not last.isascii() or not last.isdigit() or len(last) > 9:
        raise invalid_parameters([{"name": "Last-Event-ID", "detail": "is no number of an event"}])
    jobs, job_id = site().jobs, given["job_id"]
    subscription = jobs.listen(job_id, int(last))
    return site().streams.reply(subscription, lambda: jobs.leave(job_id, subscription))
