"""What all requests to one server share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app

if TYPE_CHECKING:
    from rtrade.report.drawn import Drawn
    from rtrade.web.endpoints import Endpoint
    from rtrade.web.jobs import Jobs
    from rtrade.web.meters import Meters
    from rtrade.web.reruns import Reruns
    from rtrade.web.security import Doors
    from rtrade.web.streams import Streams
    from rtrade.workflow.held_markets import HeldMarkets
    from rtrade.workflow.holding import HeldStore
    from rtrade.workflow.redacting import Redactor
    from rtrade.workflow.runs import RunIndex
    from rtrade.workflow.strategies import StrategyFiles
    from rtrade.workflow.why import Explainer

_NAME = "rtrade"


@dataclass(frozen=True, eq=False)
class Site:
    """A server's workspace, its doors, and what it keeps open between requests.

    `store` is opened when it is first needed; `endpoints` are those of the API, in their order.
    """

    workspace: Path
    doors: Doors
    redact: Redactor
    store: HeldStore
    markets: HeldMarkets
    runs: RunIndex
    strategies: StrategyFiles
    jobs: Jobs
    explainers: Reruns[Explainer]
    charts: Reruns[Drawn]
    streams: Streams
    meters: Meters
    endpoints: tuple[Endpoint, ...]

    def close(self) -> None:
        """End streams and jobs, and close what is open; a second call changes nothing."""
        self.streams.close()
        self.jobs.close()
        self.markets.close()
        self.store.close()


def attach(app: Flask, site: Site) -> None:
    """Make `site` what `site_of` returns while `app` answers."""
    app.extensions[_NAME] = site


def site() -> Site:
    """Return the site of the request that is being answered."""
    return site_of(current_app)


def site_of(app: Flask) -> Site:
    """Return the site of an application, to be closed in the end."""
    return cast("Site", app.extensions[_NAME])
