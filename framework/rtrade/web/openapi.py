"""The OpenAPI 3.1 document, made of the declarations of endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from rtrade import __version__
from rtrade.web.components import COMPONENTS
from rtrade.web.endpoints import Answer, Api, Endpoint
from rtrade.web.parameters import MOST_REPEATED, Param
from rtrade.web.problems import KINDS, MEDIA_TYPE

Document = dict[str, Any]

DESCRIPTION = """\
Times are whole milliseconds since 1970 UTC, and prices and sizes are JSON numbers of float64, in \
quote and base currency, unless an endpoint says otherwise. Documents of runs keep the times of \
result.json, ISO-8601. What fails is answered by an RFC 9457 problem document. Parameters that are \
not declared are refused."""

# What any endpoint may answer besides its own.
_ALWAYS = {
    400: "The request is not HTTP that can be understood.",
    401: "A token is asked for, and was not given.",
    421: "The Host header names another server.",
    500: "A bug of rtrade.",
    502: "An exchange, a model or a file failed.",
    503: "The database, or room for one more, is not there just now.",
}


def openapi_document(groups: Sequence[Api]) -> Document:
    """Return the OpenAPI document of `groups`, in their order."""
    paths: dict[str, Document] = {}
    for group in groups:
        for endpoint in group.endpoints:
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rtrade",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "tags": [{"name": group.name, "description": group.doc} for group in groups],
        "paths": paths,
        "components": {
            "schemas": {**COMPONENTS, "Problem": _problem_schema()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "RTRADE_TOKEN of the server, where it has one.",
                }
            },
        },
    }


def _operation(endpoint: Endpoint) -> Document:
    made: Document = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [
            *(_parameter(param, "path") for param in endpoint.path_params),
            *(_parameter(param, "query") for param in endpoint.query),
        ],
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        content: Document = {"schema": endpoint.body.schema}
        if endpoint.body.examples:
            content["examples"] = {
                name: {"value": value} for name, value in endpoint.body.examples.items()
            }
        made["requestBody"] = {
            "description": endpoint.body.doc,
            "required": True,
            "content": {"application/json": content},
        }
    return made


def _parameter(param: Param, place: str) -> Document:
    schema: Mapping[str, Any] = param.schema
    if param.repeated:
        schema = {"type": "array", "items": schema, "maxItems": MOST_REPEATED}
    return {
        "name": param.name,
        "in": place,
        "required": param.required or place == "path",
        "description": param.doc,
        "schema": schema,
    }


def refusals_of(endpoint: Endpoint) -> dict[int, str]:
    """Return the statuses of problems that an endpoint may answer, with what they mean."""
    found = dict(_ALWAYS)
    if endpoint.path_params or any(param.name == "symbol" for param in endpoint.query):
        found[404] = "There is no such thing."
    found[409] = "It cannot be done as things are now."
    found[422] = "Parameters or the body are not as declared."
    if endpoint.method not in ("GET", "HEAD"):
        found[403] = "The request comes from another site."
    if endpoint.body is not None:
        found[413] = "The body is larger than is allowed."
        found[415] = "The body is not application/json."
    return dict(sorted((found | dict(endpoint.refusals)).items()))


def _responses(endpoint: Endpoint) -> Document:
    answers = {str(endpoint.answer.status): _answer(endpoint.answer)}
    if endpoint.method == "GET" and endpoint.answer.status == HTTPStatus.OK:
        answers["304"] = {"description": "The client has it: If-None-Match named its tag."}
    for status, doc in refusals_of(endpoint).items():
        answers[str(status)] = {
            "description": doc,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return answers


def _answer(answer: Answer) -> Document:
    made: Document = {"description": answer.doc}
    if answer.content:
        made["content"] = {
            media: {"schema": schema} if schema else {} for media, schema in answer.content.items()
        }
    return made


def _problem_schema() -> Document:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": {
                "type": "string",
                "description": "The kind; the part after `#problem-` is one of the names on the "
                "documentation page.",
                "pattern": f"^/api/docs#problem-({'|'.join(KINDS)})$",
            },
            "title": {**text, "description": "The status in words."},
            "status": {"type": "integer", "description": "The HTTP status.", "minimum": 400},
            "detail": {**text, "description": "What is wrong with this request."},
            "instance": {**text, "description": "The address that was asked."},
            "hint": {**text, "description": "What to do about it."},
            "errors": {
                "type": "array",
                "description": "Every parameter, or place of the body, that is wrong.",
                "items": {
                    "type": "object",
                    "required": ["detail"],
                    "properties": {"name": text, "place": text, "detail": text},
                },
            },
            "diagnostics": {
                "type": "array",
                "description": "Findings in a file, each with its place.",
                "items": {"$ref": "#/components/schemas/Diagnostic"},
            },
            "incident": {**text, "description": "The number of a bug in the server's log."},
        },
    }
