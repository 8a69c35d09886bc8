"""What `/metrics` counts, in the format of Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from rtrade import __version__

if TYPE_CHECKING:
    from rtrade.web.jobs import Jobs
    from rtrade.web.streams import Streams
    from rtrade.workflow.feeding import FeedLag

log = logging.getLogger("rtrade.web")

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """The meters of one server; each has a registry of its own."""

    def __init__(self, streams: Streams, jobs: Jobs) -> None:
        self._registry = CollectorRegistry()
        self._jobs = jobs
        # By the route and not by the address: an address is anybody's, and there is no end of them.
        self._requests = Counter(
            "rtrade_http_requests", "Requests that were answered.", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "rtrade_http_request_seconds", "From a request to the first byte of its answer.",
            ["method", "route"], buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._ready = Gauge(
            "rtrade_database_up", "1 where the database answered when it was last asked.",
            registry=self._registry,
        )  # fmt: skip
        self._lags = Gauge(
            "rtrade_feed_lag_seconds", "Age of what a running feed wrote last, at /readyz.",
            ["venue", "symbol", "stream"], registry=self._registry,
        )  # fmt: skip
        self._states = Gauge(
            "rtrade_jobs", "Jobs that are kept, by state.", ["state"], registry=self._registry
        )
        open_ = Gauge("rtrade_streams_open", "Streams that are open.", registry=self._registry)
        open_.set_function(lambda: len(streams))
        most = Gauge("rtrade_streams_most", "Streams there may be.", registry=self._registry)
        most.set(streams.most)
        about = Gauge("rtrade_info", "The version.", ["version"], registry=self._registry)
        about.labels(__version__).set(1)

    def watch(self, app: Flask) -> None:
        """Count the requests to an application."""

        def begin() -> None:
            g.began = perf_counter()

        def end(response: Response) -> Response:
            rule = request.url_rule
            route = "(none)" if rule is None else rule.rule
            # Any word can be sent as a method.
            method = request.method if request.method in _METHODS else "(other)"
            seconds = perf_counter() - g.began
            self._requests.labels(method, route, str(response.status_code)).inc()
            self._seconds.labels(method, route).observe(seconds)
            # Without the query: what is asked for may be nobody else's business.
            fields = {"method": method, "path": request.path, "status": response.status_code}
            log.info("answered", extra={**fields, "seconds": round(seconds, 4)})
            return response

        app.before_request(begin)
        app.after_request(end)

    def database(self, *, up: bool) -> None:
        """Note whether the database answered."""
        self._ready.set(int(up))

    def feeds(self, lags: Sequence[FeedLag]) -> None:
        """Note how far running feeds are behind."""
        self._lags.clear()
        for one in lags:
            self._lags.labels(one.venue, one.symbol, one.stream).set(one.lag_ms / 1000)

    def reply(self) -> Response:
        """Return all meters."""
        for state, count in self._jobs.counts().items():
            self._states.labels(state).set(count)
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
