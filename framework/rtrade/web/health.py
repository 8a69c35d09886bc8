"""`/healthz`, `/readyz` and `/metrics`: whether the server lives, can answer, and how it fares."""

from __future__ import annotations

from flask import Blueprint, Response

from rtrade.core.errors import StoreError
from rtrade.web.replies import NOW, json_reply
from rtrade.web.site import site

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """Say that the process lives and answers."""
    return json_reply({"status": "ok"}, cache=NOW)


@health.get("/readyz")
def readyz() -> Response:
    """Say whether the database answers, 503 where it does not."""
    try:
        with site().store.opened() as store:
            store.document("ready", "")
    except StoreError as fault:
        site().meters.database(up=False)
        found = {
            "status": "unavailable",
            "database": {"ok": False, "detail": fault.message},
        }
        return json_reply(found, status=503, cache=NOW)
    site().meters.database(up=True)
    return json_reply({"status": "ok", "database": {"ok": True}}, cache=NOW)


@health.get("/metrics")
def metrics() -> Response:
    """Answer the meters in the format of Prometheus."""
    return site().meters.reply()
