"""The page that takes the token and gives the viewer's cookie for it."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from rtrade.web.problems import not_found
from rtrade.web.security import give_cookie
from rtrade.web.site import site
from rtrade.web.templates import page

login = Blueprint("login", __name__)


@login.get("/login")
def ask() -> Response:
    """Ask for the token; there is nothing to ask for on a server that has none."""
    if not site().doors.guarded:
        raise not_found("this server asks for no token")
    return _page(wrong=False)


@login.post("/login")
def take() -> AnyResponse:
    """Give the viewer's cookie for the token."""
    doors = site().doors
    if not doors.guarded:
        raise not_found("this server asks for no token")
    if not doors.is_token(request.form.get("token", "")):
        return _page(wrong=True)
    response = redirect("/", HTTPStatus.SEE_OTHER)
    give_cookie(response, doors)
    return response


def _page(*, wrong: bool) -> Response:
    made = page("serving/login.html.j2", wrong=wrong, nonce=g.nonce)
    return Response(made, HTTPStatus.FORBIDDEN if wrong else HTTPStatus.OK, mimetype="text/html")
