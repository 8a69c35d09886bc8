"""The OpenAPI 3.1 document, made of the declarations of endpoints, and the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from rtrade import __version__
from rtrade.web.components import COMPONENTS
from rtrade.web.endpoints import Answer, Api, Endpoint
from rtrade.web.parameters import Param
from rtrade.web.problems import KINDS, MEDIA_TYPE
from rtrade.web.replies import REVALIDATE, json_reply

Document = dict[str, Any]

_DESCRIPTION = """\
Times are whole milliseconds since 1970 UTC, and prices and sizes are JSON numbers of float64, in \
quote and base currency, unless an endpoint says otherwise. Documents of runs keep the times of \
result.json, ISO-8601. What fails is answered by an RFC 9457 problem document. Parameters that are \
not declared are refused."""

_GENERATED = """\
Generated from the declarations of `web/api/`; `make docs` writes it. `rtrade serve` has the same at
`/api/docs`, and the OpenAPI 3.1 document at `/api/openapi.json`.
"""

# What any endpoint may answer besides its own.
_ALWAYS = {
    400: "The request is not HTTP that can be understood.",
    401: "A token is asked for, and was not given.",
    421: "The Host header names another server.",
    500: "A bug of rtrade.",
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
            "description": _DESCRIPTION,
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
        schema = {"type": "array", "items": schema, "maxItems": 20}
    return {
        "name": param.name,
        "in": place,
        "required": param.required or place == "path",
        "description": param.doc,
        "schema": schema,
    }


def _responses(endpoint: Endpoint) -> Document:
    refusals = dict(_ALWAYS)
    if endpoint.path_params:
        refusals[404] = "There is no such thing."
    refusals[422] = "Parameters or the body are not as declared."
    if endpoint.method not in ("GET", "HEAD"):
        refusals[403] = "The request comes from another site."
    if endpoint.body is not None:
        refusals[413] = "The body is larger than is allowed."
        refusals[415] = "The body is not application/json."
    refusals |= dict(endpoint.refusals)
    answers = {str(endpoint.answer.status): _answer(endpoint.answer)}
    if endpoint.method == "GET" and endpoint.answer.status == HTTPStatus.OK:
        answers["304"] = {"description": "The client has it: If-None-Match named its tag."}
    for status, doc in sorted(refusals.items()):
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


def documentation(groups: Sequence[Api]) -> Blueprint:
    """Return the addresses of the document and of the page that shows it."""
    document = openapi_document(groups)
    made = Blueprint("documentation", __name__)

    @made.get("/api/openapi.json")
    def openapi() -> Response:
        """Answer the OpenAPI document."""
        return json_reply(document, cache=REVALIDATE)

    return made


def api_page(groups: Sequence[Api]) -> str:
    """Return docs/api.md: every endpoint with its parameters, answers and problems."""
    document = openapi_document(groups)
    parts = [
        "# The data API\n",
        _GENERATED,
        _wrapped(_DESCRIPTION),
    ]
    for group in groups:
        parts.append(f"## {group.name}\n\n{group.doc}\n")
        parts += [_section(endpoint) for endpoint in group.endpoints]
    rows = [f"| `{name}` | {doc} |" for name, doc in KINDS.items()]
    parts.append("## Problems\n\n| kind | meaning |\n|---|---|\n" + "\n".join(rows) + "\n")
    assert document["paths"]
    return "\n".join(parts)


def _section(endpoint: Endpoint) -> str:
    lines = [f"### {endpoint.method} {endpoint.path}\n", f"{endpoint.summary}\n"]
    params = [*endpoint.path_params, *endpoint.query]
    if params:
        lines += ["| parameter | meaning | values |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.doc} | {_values(one)} |" for one in params]
        lines.append("")
    if endpoint.body is not None:
        lines.append(f"Body: {endpoint.body.doc}\n")
    answer = endpoint.answer
    medias = ", ".join(f"`{media}`" for media in answer.content)
    lines.append(f"{answer.status}: {answer.doc} {medias}".rstrip() + "\n")
    return "\n".join(lines)


def _values(param: Param) -> str:
    schema = param.schema
    if "enum" in schema:
        text = ", ".join(f"`{one}`" for one in schema["enum"])
    elif "minimum" in schema:
        text = f"{schema['minimum']:,} to {schema['maximum']:,}"
    else:
        text = str(schema["type"])
    if param.required:
        return f"{text}; required"
    if param.default is not None:
        shown = str(param.default).lower() if isinstance(param.default, bool) else param.default
        return f"{text}; default `{shown}`"
    return text


def _wrapped(text: str, width: int = 100) -> str:
    words: Iterable[str] = re.split(r"\s+", text)
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line]) + "\n"
