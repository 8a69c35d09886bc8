"""Put the application together: doors, problems, endpoints, pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flask import Flask

from rtrade.web import replies
from rtrade.web.blueprints import apis, page_blueprints
from rtrade.web.health import health
from rtrade.web.jobs import Jobs
from rtrade.web.login import login
from rtrade.web.openapi import documentation
from rtrade.web.problems import register_problems
from rtrade.web.security import LOOPBACK, MOST_BODY, Doors, register_security
from rtrade.web.site import Site, attach
from rtrade.web.streams import Streams
from rtrade.workflow.holding import HeldStore
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
    """Return the application of a workspace.

    `hosts` are the names that it answers to, without ports; `secure` says that clients come by way
    of TLS. Raises UsageError for a weak token.
    """
    app = Flask("rtrade.web", static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BODY, MAX_FORM_MEMORY_SIZE=MOST_BODY)
    # An address has one spelling: no redirect makes another of what a client sent.
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    groups, store = apis(), HeldStore(workspace)
    site = Site(
        workspace=workspace,
        doors=Doors(hosts, token, secure=secure),
        store=store,
        runs=RunIndex(workspace, store),
        strategies=StrategyFiles(workspace),
        jobs=Jobs(workspace),
        streams=Streams(most_streams),
        endpoints=[endpoint for group in groups for endpoint in group.endpoints],
    )
    attach(app, site)
    # Steps after a request run last declared first: compression is the last of all.
    app.after_request(replies.finish)
    register_security(app, site.doors)
    register_problems(app)
    app.register_blueprint(health)
    app.register_blueprint(login)
    app.register_blueprint(documentation(groups))
    for group in groups:
        app.register_blueprint(group.blueprint())
    for blueprint in page_blueprints():
        app.register_blueprint(blueprint)
    return app
