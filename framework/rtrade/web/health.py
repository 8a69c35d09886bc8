"""`/healthz`, `/readyz` and `/metrics`: whether the server lives, can answer, and how it fares."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response

from rtrade.core.errors import StoreError
from rtrade.web.replies import NOW, json_reply
from rtrade.web.site import site
from rtrade.workflow.feeding import feed_lags

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """Say that the process lives and answers."""
    return json_reply({"status": "ok"}, cache=NOW)


@health.get("/readyz")
def readyz() -> Response:
    """Say whether the database answers and running feeds keep up, 503 where not."""
    try:
        feeds = feed_lags(site().store)
    except StoreError as fault:
        site().meters.database(up=False)
        found = {
            "status": "unavailable",
            "database": {"ok": False, "detail": fault.message},
        }
        return json_reply(found, status=503, cache=NOW)
    site().meters.database(up=True)
    site().meters.feeds(feeds)
    late = any(one.late for one in feeds)
    document = {
        "status": "late" if late else "ok",
        "database": {"ok": True},
        "feeds": [{**asdict(one), "late": one.late} for one in feeds],
    }
    return json_reply(document, status=503 if late else 200, cache=NOW)


@health.get("/metrics")
def metrics() -> Response:
    """Answer the meters in the format of Prometheus."""
    return site().meters.reply()
