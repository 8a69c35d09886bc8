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
# What a status means to people.
_HEADINGS = {
    403: "Refused",
    404: "Not found",
    405: "Not possible here",
    409: "Not possible just now",
    413: "Too large",
    422: "Not understood",
    500: "A bug of rtrade",
    502: "Something that is asked failed",
    503: "Not available just now",
}


def show(template: str, *, at: str, status: int = 200, **named: Any) -> Response:
    """Return a page of the viewer; `at` is the address of the part that it belongs to."""
    places = [place for place in PLACES if place.there(site())]
    return _answer(template, status, at=at, places=places, version=__version__, **named)


def show_problem(problem: Mapping[str, Any]) -> Response:
    """Return a page that says what went wrong; it leads to the part that the address is of."""
    first = f"/{request.path.split('/')[1]}"
    place = next((one for one in PLACES if one.address == first), PLACES[0])
    status = problem["status"]
    heading = _HEADINGS.get(status, problem["title"])
    named = {"problem": problem, "heading": heading, "back": f"To the {place.title.lower()}"}
    return show("problem.html.j2", at=place.address, status=status, **named)


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
