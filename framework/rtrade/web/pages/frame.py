"""The frame of all pages of the viewer: where one can go, and how a page becomes an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from rtrade import __version__
from rtrade.web.pages.assets import assets
from rtrade.web.site import Site, site
from rtrade.web.templates import page


@dataclass(frozen=True)
class Place:
    """A part of the viewer; it is offered while `there` says that there is something in it."""

    title: str
    address: str
    there: Callable[[Site], bool] = lambda _: True


PLACES = (
    Place("Runs", "/"),
    Place("Strategies", "/strategies"),
    Place("Data", "/data"),
    Place("Jobs", "/jobs", lambda here: bool(here.jobs.every())),
)


def show(template: str, *, at: str, status: int = 200, **named: Any) -> Response:
    """Return a page of the viewer; `at` is the address of the part that it belongs to."""
    places = [place for place in PLACES if place.there(site())]
    return _answer(template, status, at=at, places=places, version=__version__, **named)


def piece(template: str, *, status: int = 200, **named: Any) -> Response:
    """Return a part of a page, for a script that puts it in its place."""
    return _answer(template, status, **named)


def _answer(template: str, status: int, **named: Any) -> Response:
    addresses = {name: one.address for name, one in assets().items()}
    made = page(f"viewer/{template}", nonce=g.nonce, assets=addresses, **named)
    response = Response(site().redact(made), status, mimetype="text/html")
    response.vary.add("HX-Request")
    return response


def is_piece() -> bool:
    """Tell whether a script asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def go(address: str) -> AnyResponse:
    """Send a browser on after it has changed something."""
    return redirect(address, 303)


def address(path: str, given: Mapping[str, Any]) -> str:
    """Return an address with a query of what is given and not empty."""
    query = urlencode([(name, value) for name, value in given.items() if value not in ("", None)])
    return f"{path}?{query}" if query else path


def own(target: str) -> str:
    """Return `target` where it is an address of this server, else the first page."""
    inside = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if inside and target.isprintable() and " " not in target else "/"
