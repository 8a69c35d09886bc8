"""What went wrong, as RFC 9457 problem documents for programs and as a page for people.

Exceptions of ours become statuses by one table. What was not foreseen is a 500 that says nothing
of its cause to the client: that stands in the log, under the same number.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from rtrade.core import errors
from rtrade.core.rendering import as_dict

log = logging.getLogger("rtrade.web")

MEDIA_TYPE = "application/problem+json"
# Where the kinds of problems are explained.
_TYPES = "/api/docs#problem-"

# What each kind means, for the document of the API and for the page of errors.
KINDS: Mapping[str, str] = {
    "bad-request": "The request is not HTTP that can be understood.",
    "unauthorized": "The token is missing or wrong.",
    "forbidden": "The request comes from another site, or asks for what is not allowed.",
    "not-found": "There is no such thing.",
    "method-not-allowed": "The address exists, and has other methods.",
    "conflict": "It cannot be done as things are now.",
    "too-large": "The body or a header is larger than is allowed.",
    "unsupported-media-type": "The body is of another media type than the endpoint reads.",
    "misdirected-request": "The Host header names none of the names of this server.",
    "invalid-parameters": "Parameters are unknown, missing or out of range; `errors` lists them.",
    "invalid-body": "The body is not what the endpoint reads; `errors` lists what is wrong.",
    "invalid-input": "A file of rtrade is wrong; `diagnostics` holds every finding.",
    "world-failed": "An exchange, a model or a file failed; `hint` says what to do.",
    "unavailable": "The database, or room for one more, is not there just now.",
    "internal": "A bug of rtrade. `incident` is the number under which the log has more.",
}


class Problem(Exception):
    """A request that cannot be answered as asked."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.members = members

    def document(self) -> dict[str, Any]:
        """Return the problem document, without `instance`."""
        found: dict[str, Any] = {
            "type": f"{_TYPES}{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.hint:
            found["hint"] = self.hint
        return found | self.members


def not_found(what: str, *, hint: str | None = None) -> Problem:
    """Return the problem of a thing that is not there."""
    return Problem(404, "not-found", what, hint=hint)


def invalid_parameters(found: Sequence[Mapping[str, str]]) -> Problem:
    """Return the problem of parameters; each of `found` has `name` and `detail`."""
    listed = "; ".join(f"`{one['name']}` {one['detail']}" for one in found)
    return Problem(422, "invalid-parameters", listed, errors=list(found))


def register_problems(app: Flask) -> None:
    """Answer every failure of `app` with a problem document or a page of errors."""
    app.register_error_handler(Problem, _answer)
    app.register_error_handler(errors.RtradeError, lambda fault: _answer(problem_of(fault)))
    app.register_error_handler(HTTPException, lambda fault: _answer(_of_http(fault)))
    app.register_error_handler(Exception, lambda fault: _answer(_unforeseen(fault)))


# The first class that fits decides.
_STATUSES: tuple[tuple[type[errors.RtradeError], int, str], ...] = (
    (errors.UsageError, 422, "invalid-parameters"),
    (errors.DataUnavailable, 404, "not-found"),
    (errors.UnknownMarket, 404, "not-found"),
    (errors.UnknownTimeframe, 404, "not-found"),
    (errors.QualityError, 409, "conflict"),
    (errors.AnswerMissing, 409, "conflict"),
    (errors.StoreError, 503, "unavailable"),
    (errors.ExchangeBusy, 503, "unavailable"),
    (errors.ExchangeBanned, 503, "unavailable"),
    (errors.ExchangeError, 502, "world-failed"),
    (errors.LlmError, 502, "world-failed"),
    (errors.EngineFault, 500, "internal"),
    (errors.RtradeError, 502, "world-failed"),
)


def problem_of(fault: errors.RtradeError) -> Problem:
    """Return the problem that an exception of ours is to a client."""
    if isinstance(fault, errors.InvalidInput):
        found = [as_dict(one) for one in fault.diagnostics]
        return Problem(422, "invalid-input", fault.message, hint=fault.hint, diagnostics=found)
    status, kind = next((s, k) for known, s, k in _STATUSES if isinstance(fault, known))
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Problem(status, kind, fault.message, hint=fault.hint, headers=headers)


_HTTP = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
    421: "misdirected-request",
    431: "too-large",
}
_WORDS = {
    404: "there is nothing at this address",
    405: "the address exists, and has other methods: see the header Allow",
    413: "the body is larger than is allowed",
}


def _of_http(fault: HTTPException) -> Problem:
    status = fault.code or 500
    kept = ("Allow", "Retry-After", "WWW-Authenticate")
    headers = {name: value for name, value in fault.get_headers() if name in kept}
    detail = _WORDS.get(status) or HTTPStatus(status).phrase.lower()
    kind = _HTTP.get(status, "bad-request" if status < 500 else "internal")
    return Problem(status, kind, detail, headers=headers)


def _unforeseen(fault: Exception) -> Problem:
    incident = secrets.token_hex(4)
    log.error("internal error", exc_info=fault, extra={"incident": incident, "path": request.path})
    detail = "an error that was not foreseen; this is a bug of rtrade"
    return Problem(500, "internal", detail, incident=incident)


def wants_page() -> bool:
    """Tell whether a person looks at what is answered: not a program, and not the API."""
    if request.path.startswith("/api/"):
        return False
    offered = ("application/json", "text/html")
    return request.accept_mimetypes.best_match(offered, "application/json") == "text/html"


def _page(document: Mapping[str, Any]) -> Response:
    """Return the page of a problem: within the viewer for whoever may see that."""
    if g.get("inside", False):
        from rtrade.web.pages.frame import show_problem

        return show_problem(document)
    from rtrade.web.templates import page

    made = page("serving/problem.html.j2", problem=document, nonce=g.get("nonce", ""))
    return Response(made, document["status"], mimetype="text/html")


def _answer(problem: Problem) -> Response:
    document = {**problem.document(), "instance": request.path}
    if wants_page():
        response = _page(document)
    else:
        body = json.dumps(document, ensure_ascii=True, allow_nan=False)
        response = Response(body, problem.status, mimetype=MEDIA_TYPE)
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response
