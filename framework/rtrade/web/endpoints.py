"""Endpoints of the API, declared once: the router, the checks and the OpenAPI document share them.

    api = Api("runs", "Runs and what they came to")

    @api.get("/runs/{run_id}", "A run's result.", path=(run_id(),), answer=json_of("Result"))
    def result(given: Given) -> Response: ...

A query that holds what is not declared is refused, as is a body that its schema does not describe.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from rtrade.web.parameters import MOST_REPEATED, Param
from rtrade.web.problems import Problem, invalid_parameters

PREFIX = "/api/v1"
Schema = Mapping[str, Any]
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Given:
    """What a request gave, read and checked: parameters by name, and the body."""

    values: Mapping[str, Any]
    body: Any = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


Handler = Callable[[Given], Response]


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers when all is well: a status and a schema by media type."""

    doc: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    status: int = 200


def json_of(schema: Schema | str, doc: str = "As asked.", *, status: int = 200) -> Answer:
    """Return an answer of JSON; a text names a schema of the document's components."""
    return Answer(doc, {"application/json": component(schema)}, status)


def component(schema: Schema | str) -> Schema:
    """Return a schema, by reference where it is a name."""
    return {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema


@dataclass(frozen=True)
class Body:
    """The JSON body that an endpoint reads."""

    schema: Schema
    doc: str
    examples: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator

        return Draft202012Validator(self.schema)

    def read(self) -> Any:
        """Return the body of the request; raise Problem where it is not as declared."""
        if request.mimetype != "application/json":
            raise Problem(415, "unsupported-media-type", "send a body of application/json")
        text = _body_text()
        try:
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twice)
        except (ValueError, RecursionError) as fault:
            detail = "is nested too deeply" if isinstance(fault, RecursionError) else str(fault)
            raise _wrong_body([{"place": "", "detail": f"not JSON: {detail}"}]) from None
        if _HALVES.search(text) and not _is_text(value):
            raise _wrong_body([{"place": "", "detail": "holds half of a surrogate pair"}])
        self.check(value)
        return value

    def check(self, value: Any) -> None:
        """Raise Problem (422) for a value that is not as declared."""
        found = sorted(self._validator.iter_errors(value), key=lambda one: str(one.json_path))
        if found:
            raise _wrong_body(
                [{"place": one.json_path, "detail": _said(one)} for one in found[:20]]
            )


def _body_text() -> str:
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise Problem(413, "too-large", "the body is larger than is allowed") from None
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _wrong_body([{"place": "", "detail": "not UTF-8 text"}]) from None


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands in an object twice")
    return made


def _wrong_body(found: Sequence[Mapping[str, str]]) -> Problem:
    first = found[0]
    detail = f"{first['place']}: {first['detail']}" if first["place"] else first["detail"]
    return Problem(422, "invalid-body", detail, errors=list(found))


def _said(error: Any) -> str:
    if error.validator != "oneOf":
        return _short(error.message)
    # The library would repeat the whole body.
    names = [" and ".join(one.get("required", ())) for one in error.validator_value]
    return f"has to have exactly one of {', '.join(names)}"


def _short(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:197]}..."


@dataclass(frozen=True)
class Endpoint:
    """A method of an address of the API: what it takes, what it answers, and who does it."""

    method: str
    path: str
    summary: str
    tag: str
    handler: Handler
    answer: Answer
    path_params: tuple[Param, ...] = ()
    query: tuple[Param, ...] = ()
    body: Body | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def rule(self) -> str:
        """The address as Flask writes it; a parameter named `symbol` may hold a slash."""
        return re.sub(
            r"\{(\w+)\}",
            lambda found: f"<{'path:' if found[1] == 'symbol' else ''}{found[1]}>",
            self.path,
        )

    def __call__(self, **places: str) -> Response:
        """Answer a request: read what it gives, then have it handled."""
        values, wrong = _read_path(self.path_params, places)
        more, refused = _read_query(self.query)
        if wrong:
            raise Problem(404, "not-found", f"`{wrong[0]['name']}` {wrong[0]['detail']}")
        if refused:
            raise invalid_parameters(refused)
        body = None if self.body is None else self.body.read()
        return self.handler(Given({**values, **more}, body))


Found = tuple[dict[str, Any], list[dict[str, str]]]


def _read_path(params: Sequence[Param], places: Mapping[str, str]) -> Found:
    values: dict[str, Any] = {}
    wrong: list[dict[str, str]] = []
    for param in params:
        _read_one(param, places[param.name], values, wrong)
    return values, wrong


def _read_query(params: Sequence[Param]) -> Found:
    declared = {param.name: param for param in params}
    values: dict[str, Any] = {
        param.name: () if param.repeated else param.default for param in params
    }
    given = request.args
    wrong = [
        {"name": _short(name), "detail": _unknown(declared)}
        for name in given
        if name not in declared
    ]
    for param in params:
        texts = given.getlist(param.name)
        if not texts:
            if param.required:
                wrong.append({"name": param.name, "detail": "is missing"})
        elif param.repeated and len(texts) > MOST_REPEATED:
            detail = f"is given {len(texts):,} times: {MOST_REPEATED} are allowed"
            wrong.append({"name": param.name, "detail": detail})
        elif param.repeated:
            read: dict[str, Any] = {}
            several = []
            for one in texts:
                _read_one(param, one, read, wrong)
                several.append(read.get(param.name))
            values[param.name] = tuple(several)
        elif len(texts) > 1:
            wrong.append({"name": param.name, "detail": "is given more than once"})
        else:
            _read_one(param, texts[0], values, wrong)
    return values, wrong


def _read_one(param: Param, text: str, values: dict[str, Any], wrong: list[dict[str, str]]) -> None:
    try:
        values[param.name] = param.read(text)
    except ValueError as fault:
        wrong.append({"name": param.name, "detail": str(fault)})


def _unknown(declared: Mapping[str, Param]) -> str:
    known = ", ".join(declared)
    return f"is not known here; there are {known}" if known else "is not known; there are none here"


class Api:
    """A group of endpoints under `/api/v1`, collected while their module is imported."""

    def __init__(self, name: str, doc: str, *, prefix: str = PREFIX) -> None:
        self.name = name
        self.doc = doc
        self.prefix = prefix
        self.endpoints: list[Endpoint] = []

    def get(self, path: str, summary: str, **declared: Any) -> Callable[[Handler], Handler]:
        """Declare what GET of `path` answers; `declared` are the fields of `Endpoint`."""
        return self.on("GET", path, summary, **declared)

    def on(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        answer: Answer,
        path_params: tuple[Param, ...] = (),
        query: tuple[Param, ...] = (),
        body: Body | None = None,
        refusals: Mapping[int, str] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare what a method of `path` answers.

        `refusals` are statuses beyond those that any endpoint may answer, with what they mean.
        """

        def declare(handler: Handler) -> Handler:
            self.endpoints.append(
                Endpoint(
                    method,
                    f"{self.prefix}{path}",
                    summary,
                    self.name,
                    handler,
                    answer,
                    path_params,
                    query,
                    body,
                    refusals or {},
                )
            )
            return handler

        return declare

    def blueprint(self) -> Blueprint:
        """Return the endpoints as a blueprint."""
        made = Blueprint(f"api_{self.name}", __name__)
        for endpoint in self.endpoints:
            made.add_url_rule(
                endpoint.rule,
                endpoint=f"{endpoint.method.lower()}_{endpoint.name}",
                view_func=endpoint.__call__,
                methods=[endpoint.method],
            )
        return made
