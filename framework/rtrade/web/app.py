"""Put the application together: doors, problems, endpoints, pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask import Flask

from rtrade.web import replies
from rtrade.web.blueprints import apis, page_blueprints
from rtrade.web.documentation import documentation
from rtrade.web.endpoints import Api
from rtrade.web.health import health
from rtrade.web.jobs import Jobs
from rtrade.web.login import login
from rtrade.web.meters import Meters
from rtrade.web.problems import register_problems
from rtrade.web.reruns import Reruns, drawn, explainer
from rtrade.web.security import LOOPBACK, MOST_BODY, Doors, register_security
from rtrade.web.site import Site, attach
from rtrade.web.streams import Streams
from rtrade.workflow.held_markets import HeldMarkets
from rtrade.workflow.holding import HeldStore
from rtrade.workflow.redacting import Redactor
from rtrade.workflow.runs import RunIndex
from rtrade.workflow.strategies import StrategyFiles

# Streams that may be open at a time.
MOST_STREAMS = 64


def create_app(
    workspace: Path,
    *,
    token: str | None = None,
    hosts: Sequence[str] = LOOPBACK,
    secure: bool = False,
    most_streams: int = MOST_STREAMS,
) -> Flask:
    """Return the application of a workspace, whose `site_of` has to be closed in the end.

    `hosts` are the names that it answers to, without ports; `secure` says that clients come by way
    of TLS. Raises UsageError for a weak token.
    """
    app = Flask("rtrade.web", static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BODY, MAX_FORM_MEMORY_SIZE=MOST_BODY)
    # An address has one spelling: no redirect makes another of what a client sent.
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    groups = apis()
    site = _site(workspace, groups, Doors(hosts, token, secure=secure), most_streams)
    attach(app, site)
    # What is declared first is the last step after a request: its time and status are final then,
    # and nothing is added to what was compressed.
    site.meters.watch(app)
    app.after_request(replies.finish)
    register_security(app, site.doors)
    register_problems(app)
    blueprints = [health, login, documentation(groups), *(group.blueprint() for group in groups)]
    for blueprint in (*blueprints, *page_blueprints()):
        app.register_blueprint(blueprint)
    return app


def _site(workspace: Path, groups: Sequence[Api], doors: Doors, most_streams: int) -> Site:
    store, streams, redact = HeldStore(workspace), Streams(most_streams), Redactor(workspace)
    jobs = Jobs(workspace, redact)
    return Site(
        workspace=workspace,
        doors=doors,
        redact=redact,
        store=store,
        markets=HeldMarkets(store),
        runs=RunIndex(workspace, store),
        strategies=StrategyFiles(workspace),
        jobs=jobs,
        explainers=Reruns(explainer),
        charts=Reruns(drawn),
        streams=streams,
        meters=Meters(streams, jobs),
        endpoints=tuple(endpoint for group in groups for endpoint in group.endpoints),
    )
