"""Jobs: runs and syncs that were started from a page, how far they are, and an end to them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from rtrade.core.timeframes import iso
from rtrade.report.formatting import moment
from rtrade.web.jobs import Job
from rtrade.web.pages import frame
from rtrade.web.site import site

pages = Blueprint("jobs", __name__)
AT = "/jobs"


@dataclass(frozen=True)
class Shown:
    """A job with its times as people read them; `seconds` is how long it took, `running` how long
    (whole seconds) one that is under way has been so far.

    `run_id` is the run that it made, empty where it made none; `added` the bars that a sync did.
    """

    job: Job
    created: str
    seconds: str
    running: int | None
    run_id: str
    added: int | None


def _shown(job: Job) -> Shown:
    ended = job.ended is not None and job.started is not None
    took = f"{((job.ended or 0) - (job.started or 0)) / 1000:.1f} s" if ended else ""
    running = None if job.over or job.started is None else time.time() - job.started / 1000
    result = job.result or {}
    series = result.get("series")
    added = None if series is None else sum(one["added"] for one in series)
    return Shown(
        job=job,
        created=moment(iso(job.created))[:19],
        seconds=took,
        running=None if running is None else max(int(running), 0),
        run_id=result.get("run_id", ""),
        added=added,
    )


@pages.get("/jobs")
def every() -> Response:
    """List the jobs."""
    return frame.show("jobs.html.j2", at=AT, jobs=[_shown(one) for one in site().jobs.every()])


@pages.get("/jobs/<job_id>")
def one(job_id: str) -> Response:
    """Show a job as it is now; a script adds what it tells from then on."""
    shown = _shown(site().jobs.find(job_id))
    if frame.is_piece():
        return frame.piece("job_state.html.j2", shown=shown)
    return frame.show("job.html.j2", at=AT, shown=shown)


@pages.post("/jobs/<job_id>/cancel")
def cancel(job_id: str) -> AnyResponse:
    """Cancel a job."""
    site().jobs.cancel(job_id)
    return frame.go(f"/jobs/{job_id}")
